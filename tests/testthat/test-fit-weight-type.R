times <- rep(0:3, 8)
unequal <- seq(0.2, 3, length.out = 32)

test_that("the scale of weights does not matter", {
  skip_without_torch()
  for (more in list(list(), list(reduction = "sum", learning_rate = 1e-3, batch_size = 8))) {
    given <- function(weights) {
      do.call(quick, c(more, list(case_weights = weights)))[c("history", "fitted", "settings")]
    }
    plain <- given(NULL)
    for (size in c(1, 100, 10000, 1e-6)) {
      expect_identical(given(rep(size, 32)), plain)
    }
    expect_identical(given(unequal * 2^20), given(unequal))
    expect_equal(given(unequal * 100), given(unequal), tolerance = 1e-4)
  }
  fit <- quick_formula(mpg ~ ., mtcars, case_weights = rep(100, 32))
  expect_identical(fit$history, quick_formula(mpg ~ ., mtcars)$history)
})

test_that("frequencies are the rows written out, however it is said", {
  skip_without_torch()
  rows <- rep(1:32, times)
  for (more in list(list(), list(batch_size = 8), list(n_models = 2, bootstrap = TRUE))) {
    given <- function(...) {
      fit <- do.call(quick, c(more, list(...)))
      list(fit$history, predict(fit, mtcars))
    }
    written_out <- given(x = mtcars[rows, -1], y = mtcars$mpg[rows])
    expect_identical(given(case_weights = times, weight_type = "frequency"), written_out)
    expect_identical(given(case_weights = hardhat::frequency_weights(times)), written_out)
  }
  fit <- quick_formula(mpg ~ ., mtcars, case_weights = hardhat::frequency_weights(times))
  expect_identical(fit$history, quick(mtcars[rows, -1], mtcars$mpg[rows])$history)
  expect_identical(weights(fit), as.double(times))
})

test_that("a recipe's column of frequencies are frequencies", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  data <- transform(mtcars, w = hardhat::frequency_weights(times))
  fit <- two_layer(recipes::recipe(mpg ~ hp + wt + w, data), data, epochs = 5, seed = 1)
  rows <- rep(1:32, times)
  plain <- two_layer(mpg ~ hp + wt, mtcars[rows, ], epochs = 5, seed = 1)
  expect_identical(fit$history, plain$history)
})

test_that("weights of a class that says another type are an error, and so are halves of rows", {
  skip_without_torch()
  frequencies <- hardhat::frequency_weights(times)
  expect_refused(
    quick(case_weights = frequencies, weight_type = "importance"),
    "`weight_type`", "\"frequency\" with frequency_weights()", "\"importance\""
  )
  importance <- hardhat::importance_weights(times)
  expect_refused(quick(case_weights = importance, weight_type = "frequency"), "`weight_type`")
  expect_refused(
    quick(case_weights = unequal, weight_type = "frequency"), "`case_weights`", "whole numbers"
  )
  expect_refused(quick(case_weights = times, weight_type = "count"), "`weight_type`", "one of")
  same <- quick(case_weights = frequencies, weight_type = "frequency")
  expect_identical(same$history, quick(case_weights = frequencies)$history)
})

test_that("a fit to frequencies goes on as one, and knows its data again", {
  skip_without_torch()
  file <- withr::local_tempfile(fileext = ".safetensors")
  for (weights in list(hardhat::frequency_weights(times), times)) {
    fit <- two_layer(
      mtcars[-1], mtcars$mpg,
      case_weights = weights, weight_type = "frequency", epochs = 3, seed = 1
    )
    longer <- continue_training(fit, 2)
    expect_identical(nrow(longer$history), 5L)
    save_two_layer(fit, file)
    again <- continue_training(
      load_two_layer(file), 2,
      x = mtcars[-1], y = mtcars$mpg, case_weights = weights, weight_type = "frequency"
    )
    expect_identical(again$history, longer$history)
    expect_identical(nrow(model.frame(fit)), sum(times > -1))
  }
  several <- two_layer(
    mtcars[-1], mtcars$mpg,
    case_weights = times, weight_type = "frequency", n_models = 2, bootstrap = TRUE, epochs = 3
  )
  expect_identical(nrow(model.frame(several)), 32L)
})
