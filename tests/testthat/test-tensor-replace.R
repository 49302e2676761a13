# R's meaning is meant here; test-tensor-index-warnings.R has the warnings.
withr::local_options(torch.extract.style = "R", .local_envir = testthat::teardown_env())

test_that("x[i] <- value changes no other name, view or Python object", {
  torch <- torch_or_skip()
  x <- torch$zeros(2L, 3L)
  same <- x
  view <- x[1, ]
  holder <- list(x)
  x[1, ] <- 1
  x[[2, 2]] <- 5
  expect_like_r(x, rbind(1, c(0, 5, 0)))
  expect_like_r(same, matrix(0, 2, 3))
  expect_like_r(view, c(0, 0, 0))
  expect_like_r(holder[[1]], matrix(0, 2, 3))
  holder[[1]][1, 1] <- 2
  expect_like_r(same, matrix(0, 2, 3))
  change <- function(z) {
    z[1, ] <- -1
    z
  }
  expect_like_r(change(same), rbind(-1, c(0, 0, 0)))
  expect_like_r(same, matrix(0, 2, 3))
  nothing <- same
  nothing[0, 0] <- 5
  nothing$add_(1)
  expect_like_r(same, matrix(0, 2, 3))
})

test_that("pure functions of R leave their tensors as they were", {
  torch <- torch_or_skip()
  values <- c(4, 1, 3, 2)
  x <- tensor_of(torch, values)
  y <- tensor_of(torch, rev(values))
  groups <- c(1, 1, 2, 2)
  square <- tensor_of(torch, matrix(c(1, 2, 3, 4), 2))
  calls <- expression(
    pmax(x, y), pmin(x, y), replace(x, 2, 99), replace(x, c(1, 4), c(7, 8)),
    `is.na<-`(x, 2), `split<-`(x, groups, value = list(c(9, 8), c(7, 6))), `length<-`(x, 6),
    `length<-`(x, 2), `dim<-`(x, c(2, 2)), `[[<-`(x, 3, value = 0)
  )
  in_r <- list2env(list(x = values, y = rev(values), groups = groups))
  for (k in seq_along(calls)) {
    expect_like_r(eval(calls[[k]]), eval(calls[[k]], in_r), label = deparse(calls[[k]]))
    expect_like_r(x, values, label = deparse(calls[[k]]))
    expect_like_r(y, rev(values), label = deparse(calls[[k]]))
    expect_identical(names(attributes(x)), "class")
  }
  expect_like_r(`diag<-`(square, 0), matrix(c(0, 2, 3, 0), 2))
  expect_like_r(replace(square, upper.tri(square), 0), matrix(c(1, 2, 0, 4), 2))
  expect_like_r(square, matrix(c(1, 2, 3, 4), 2))
  averages <- ave(x, groups, FUN = function(part) part * 10)
  expect_like_r(averages, values * 10)
  expect_like_r(x, values)
})

test_that("a loss function that replaces does not change the training", {
  skip_without_torch()
  loss <- function(change) {
    function(prediction, y) {
      kept <- change(y)
      mean((prediction - y)^2)
    }
  }
  plain <- quick(loss = loss(identity))
  replacing <- quick(loss = loss(function(y) replace(y, 1, 100)))
  own <- quick(loss = loss(function(y) {
    y[1, ] <- -1
    y
  }))
  expect_identical(as.data.frame(replacing), as.data.frame(plain))
  expect_identical(as.data.frame(own), as.data.frame(plain))
})

test_that("gradients flow to what is left of x and to what replaces", {
  torch <- torch_or_skip()
  w <- torch$ones(3L, requires_grad = TRUE)
  v <- torch$tensor(list(2, 3), requires_grad = TRUE)
  y <- w
  y[2:3] <- v
  expect_like_r(w, c(1, 1, 1))
  total <- sum(y^2)
  total$backward()
  expect_like_r(w$grad, c(2, 0, 0))
  expect_like_r(v$grad, c(4, 6))
  z <- torch$zeros(3L)
  z[c(1, 3, 1)] <- w[c(1, 2, 3)] * 2
  expect_true(z$requires_grad)
  w$grad <- NULL
  total <- sum(z)
  total$backward()
  expect_like_r(w$grad, c(0, 2, 2))
  u <- w * 2
  u[2] <- 0
  w$grad <- NULL
  total <- sum(u)
  total$backward()
  expect_like_r(w$grad, c(2, 0, 2))
})

test_that("in no_grad() what replaces a tensor to be trained is one too", {
  torch <- torch_or_skip()
  w <- torch$ones(3L, requires_grad = TRUE)
  total <- sum(w * 3)
  total$backward()
  before <- w
  with(torch$no_grad(), {
    w[1] <- 5
  })
  expect_like_r(w, c(5, 1, 1))
  expect_true(w$requires_grad && w$is_leaf)
  expect_like_r(w$grad, c(3, 3, 3))
  w$grad$zero_()
  expect_like_r(before$grad, c(3, 3, 3))
  expect_like_r(before, c(1, 1, 1))
  with(torch$no_grad(), {
    dim(w) <- c(3, 1)
  })
  expect_true(w$requires_grad && w$is_leaf)
  expect_equal(dim(w$grad), c(3, 1))
  inner <- before * 2
  with(torch$no_grad(), {
    inner[1] <- 0
  })
  expect_false(inner$requires_grad)
})

test_that("dim<- and length<- are R's, and names are refused", {
  torch <- torch_or_skip()
  m <- matrix(as.double(1:6), 2)
  x <- tensor_of(torch, m)
  same <- x
  dim(x) <- c(3, 2)
  dim(m) <- c(3, 2)
  expect_like_r(x, m)
  x$view(-1L)
  x$fill_(0)
  expect_like_r(same, matrix(as.double(1:6), 2))
  dim(same) <- NULL
  expect_like_r(same, as.double(1:6))
  expect_tensor_error(dim(x) <- c(2, 2), "2x2 do not fit a 3x2 float64 tensor with 6 elements")
  expect_tensor_error(dim(x) <- c(-1, 6), "`dim\\(x\\)` must be whole numbers")
  whole <- torch$tensor(1:3)
  expect_tensor_error(length(whole) <- 5, "cannot hold the missing values")
  length(whole) <- 2
  expect_like_r(whole, 1:2)
  length(x) <- 7
  expect_like_r(x, c(0, 0, 0, 0, 0, 0, NaN))
  other <- whole
  expect_tensor_error(names(whole) <- c("a", "b"), "Tensors have no names: .*as.array\\(x\\)")
  expect_tensor_error(dimnames(whole) <- list("a"), "no dimnames")
  expect_tensor_error(dimnames(other)[[1]] <- "a", "no dimnames")
  expect_tensor_error(levels(whole) <- "a", "no levels")
  names(whole) <- NULL
  dimnames(whole) <- NULL
  expect_identical(names(attributes(other)), "class")
})

test_that("set_at() writes into the tensor itself, by every kind of index", {
  torch <- torch_or_skip()
  m <- matrix(as.double(1:12), 3)
  changes <- alist(
    list(2, 3, value = 100), list(1, , value = c(5, 6, 7, 8)), list(, -1, value = 1:9),
    list(c(3, 1), c(4, 2), value = matrix(c(21, 22, 23, 24), 2)), list(m > 5, value = 0),
    list(7, value = 77), list(c(1, 12, 1), value = c(1, 2, 3)), list(c(1, 1), 2, value = c(5, 6)),
    list(cbind(1:3, 3:1), value = c(8, 9, 10)), list(value = 12:1), list(integer(), , value = 5),
    list(c(TRUE, FALSE, TRUE), , value = NA_real_), list(c(2, 2), c(1, 3, 1), value = 1:6),
    list(, seq(1, 3, 2), value = 1:6), list(0, value = 3)
  )
  for (each in changes) {
    x <- tensor_of(torch, m)
    same <- x
    given <- as.list(each)[-1]
    in_r <- eval(as.call(c(as.name("[<-"), list(quote(m)), given)))
    result <- withVisible(eval(as.call(c(as.name("set_at"), list(quote(x)), given))))
    expect_false(result$visible)
    expect_like_r(same, in_r, label = deparse(each))
    expect_like_r(result$value, in_r)
  }
  x <- tensor_of(torch, m)
  set_at(x, x > 5, value = torch$zeros(7L))
  expect_like_r(x, replace(m, m > 5, 0))
  set_at(x[2, ], 3, value = -1)
  expect_like_r(x[2, 3], -1)
  set_at(x, `2:`, `::2`, value = 50)
  expect_like_r(x[, 3], c(0, 50, 50))
  set_at(t(x), 4, 1, value = 9)
  expect_like_r(x[1, 4], 9)
  scalar <- torch$tensor(1)
  scalar[] <- 2
  expect_like_r(scalar, 2)
  set_at(scalar, value = 3)
  set_at(scalar, 1, value = scalar + 1)
  expect_like_r(scalar, 4)
  set_at(x, 1:2, , value = x[2:3, ])
  expect_like_r(x[1, ], c(2, 5, 50, 0)[c(1, 2, 3, 4)] * c(25, 1, 1, 1))
})

test_that("set_at() says what cannot be written to", {
  torch <- torch_or_skip()
  w <- torch$ones(3L, requires_grad = TRUE)
  for (target in list(w, w[1:2])) {
    expect_tensor_error(set_at(target, 1, value = 5), "with\\(torch\\$no_grad\\(\\), set_at\\(")
  }
  with(torch$no_grad(), set_at(w, 1, value = 5))
  expect_like_r(w, c(5, 1, 1))
  expect_true(w$requires_grad)
  y <- w * 2
  set_at(y, 2, value = 0)
  total <- sum(y)
  total$backward()
  expect_like_r(w$grad, c(2, 0, 2))
  expect_tensor_error(set_at(torch$ones(1L)$expand(3L), 1, value = 2), "change `x\\$clone\\(\\)`")
  expect_tensor_error(set_at(torch$tensor(1:3), 1, value = 1.5), "1.5 does not fit")
  expect_tensor_error(set_at(torch$ones(3L), 4, value = 1), "out of bounds")
  expect_tensor_error(set_at(1:3, 1, value = 1), "`x` must be a tensor, not an integer vector")
  expect_tensor_error(set_at(torch$ones(3L), 1), "`value` is missing")
})

test_that("an index that comes twice has the last value, and types are kept", {
  torch <- torch_or_skip()
  for (type in c("bool", "uint8", "int16", "int64", "float16", "float64")) {
    x <- torch$zeros(3L, dtype = torch[[type]])
    x[c(2, 2, 3)] <- c(1, 0, 1)
    expect_equal(as.double(x), c(0, 0, 1), label = type)
    expect_equal(reticulate::py_str(x$dtype), paste0("torch.", type))
  }
  wide <- torch$tensor(list(1, 2))$expand(3L, 2L)
  wide[1, ] <- 0
  expect_like_r(wide, rbind(0, c(1, 2), c(1, 2)))
  turned <- t(torch$ones(2L, 3L))
  turned[3, 1] <- 4
  expect_like_r(turned, matrix(c(1, 1, 4, 1, 1, 1), 3))
  plain <- reticulate::import("torch", convert = FALSE)$ones(2L, 2L)
  plain[1, 1] <- 5
  expect_like_r(plain, matrix(c(5, 1, 1, 1), 2))
  expect_s3_class(plain$sum()$item(), "python.builtin.float")
  set_at(plain, 2, 2, value = 7)
  expect_like_r(plain[2, ], c(1, 7))
})
