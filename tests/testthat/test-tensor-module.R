# R's meaning is meant here; test-tensor-index-warnings.R has the warnings.
withr::local_options(torch.extract.style = "R", .local_envir = testthat::teardown_env())

test_that("parts of a module's parameters are replaced in the module itself", {
  torch <- torch_or_skip()
  lin <- torch$nn$Linear(2L, 3L)
  weight <- lin$weight
  optimizer <- torch$optim$SGD(lin$parameters(), lr = 0.5)
  with(torch$no_grad(), {
    lin$weight[1, ] <- 0
    lin$bias[2] <- 1
    lin[["weight"]][3, 2] <- 7
  })
  expect_like_r(weight[1, ], c(0, 0))
  expect_like_r(weight[3, 2], 7)
  expect_like_r(lin$bias[2], 1)
  expect_s3_class(lin$weight, "torch.nn.parameter.Parameter")
  expect_true(lin$weight$requires_grad)
  total <- sum(lin$weight)
  total$backward()
  optimizer$step()
  expect_like_r(weight[1, ], c(-0.5, -0.5))
  with(torch$no_grad(), {
    lin$weight <- lin$weight * 2
  })
  expect_like_r(weight[1, ], c(-1, -1))
  with(torch$no_grad(), {
    lin$weight <- pmax(lin$weight, torch$zeros(3L, 2L))
  })
  expect_like_r(weight[1, ], c(0, 0))
})

test_that("paths to parameters work", {
  torch <- torch_or_skip()
  model <- torch$nn$Sequential(torch$nn$Linear(2L, 3L), torch$nn$ReLU(), torch$nn$Linear(3L, 1L))
  first <- model[[0]]$weight
  with(torch$no_grad(), {
    model[[0]]$weight[1, ] <- 0
    model[[2]]$bias[1] <- 4
  })
  expect_like_r(first[1, ], c(0, 0))
  expect_like_r(model[[2]]$bias, 4)
  expect_equal(length(model), 3)
  net <- torch$nn$Module()
  net$fc1 <- torch$nn$Linear(2L, 2L)
  net$layers <- torch$nn$ModuleList(list(torch$nn$Linear(2L, 2L)))
  net$free <- torch$nn$ParameterList(list(torch$nn$Parameter(torch$ones(2L))))
  held <- list(net$fc1$bias, net$layers[[0]]$weight, net$free[[0]])
  with(torch$no_grad(), {
    net$fc1$bias[2] <- 1
    net$layers[[0]]$weight[, 1] <- c(5, 6)
    net$free[[0]][1] <- 9
  })
  expect_like_r(held[[1]][2], 1)
  expect_like_r(held[[2]][, 1], c(5, 6))
  expect_like_r(held[[3]], c(9, 1))
  expect_equal(length(iterate(net$parameters())), 5)
  kept <- iterate(model$parameters())
  iterate(model$parameters(), function(p) p$data[1] <- 0)
  for (p in kept) {
    expect_equal(as.vector(p)[[1]], 0)
  }
  kept[[1]]$data[2, ] <- 3
  expect_like_r(first[2, ], c(3, 3))
})

test_that("what cannot be put into a parameter is an error, and other values go as ever", {
  torch <- torch_or_skip()
  lin <- torch$nn$Linear(2L, 3L)
  before <- as.array(lin$weight)
  expect_tensor_error(lin$weight[1, ] <- 0, "`weight` is a parameter.*torch\\$no_grad\\(\\)")
  expect_tensor_error(
    with(torch$no_grad(), {
      lin$weight <- torch$ones(3L, 3L)
    }),
    "`weight` is a 3x2 float32 tensor, which a 3x3 float32 tensor does not fit"
  )
  expect_like_r(lin$weight, before)
  lin$weight <- torch$nn$Parameter(torch$zeros(3L, 2L))
  expect_like_r(lin$weight, matrix(0, 3, 2))
  lin$note <- "a note"
  expect_identical(lin$note, "a note")
  lin$scale <- torch$ones(2L)
  lin$scale[1] <- 5
  expect_like_r(lin$scale, c(5, 1))
  norm <- torch$nn$BatchNorm1d(2L)
  norm$running_mean[1] <- 5
  expect_like_r(norm$running_mean, c(5, 0))
  model <- torch$nn$Sequential(torch$nn$Linear(2L, 3L), torch$nn$ReLU())
  model[[1]] <- torch$nn$Tanh()
  expect_match(class(model[[1]])[[1]], "Tanh")
  expect_tensor_error(model[[5]] <- torch$nn$Tanh(), "out of range")
  expect_tensor_error(model[[0.5]] <- torch$nn$Tanh(), "one whole number or name")
})
