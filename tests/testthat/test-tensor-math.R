test_that("Math gives base R's numbers", {
  torch <- torch_or_skip()
  values <- list(
    anywhere = c(-2.5, -1.5, -0.5, -0.3, 0, 0.25, 0.5, 1.5, 2, 2.5, 7.3, 123.456),
    positive = c(0.01, 0.25, 0.5, 1, 2.5, 10),
    unit = c(-1, -0.6, 0, 0.3, 1),
    above = c(1, 1.5, 20)
  )
  functions <- list(
    anywhere = c(
      "abs", "sign", "floor", "ceiling", "trunc", "round", "signif", "exp", "expm1", "cos",
      "sin", "tan", "cospi", "sinpi", "atan", "cosh", "sinh", "tanh", "asinh", "cumsum",
      "cumprod", "cummax", "cummin"
    ),
    positive = c(
      "sqrt", "log", "log2", "log10", "log1p", "gamma", "lgamma", "digamma", "trigamma"
    ),
    unit = c("acos", "asin", "atanh"),
    above = "acosh"
  )
  for (domain in names(functions)) {
    r <- values[[domain]]
    x <- tensor_of(torch, r)
    for (name in functions[[domain]]) {
      f <- match.fun(name)
      expect_like_r(f(x), f(r), tolerance = 1e-13, label = name)
      if (!startsWith(name, "cum")) {
        expect_like_r(f(x$reshape(1L, -1L)), matrix(f(r), 1), tolerance = 1e-13)
      }
    }
  }
})

test_that("every member of the group is there", {
  torch <- torch_or_skip()
  one <- torch$tensor(0.5)
  for (name in getGroupMembers("Math")) {
    expect_s3_class(match.fun(name)(one), "torch.Tensor")
  }
})

test_that("multiples of pi are exact, and differentiable there", {
  torch <- torch_or_skip()
  r <- c(-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 100.5)
  expect_identical(as.numeric(cospi(tensor_of(torch, r))) == cospi(r), rep(TRUE, 10))
  expect_identical(as.numeric(sinpi(tensor_of(torch, r))) == sinpi(r), rep(TRUE, 10))
  expect_like_r(tanpi(torch$tensor(c(0, 0.25, 1))), c(0, 1, 0))
  x <- torch$tensor(0.5, requires_grad = TRUE)
  slope <- cospi(x)
  slope$backward()
  expect_equal(as.numeric(x$grad), -pi, tolerance = 1e-6)
})

test_that("round() and signif() round as R does", {
  torch <- torch_or_skip()
  set.seed(1)
  r <- c(0.15, 0.25, 0.35, 0.45, 2.5, -2.5, 2.675, 1e-5, 5e-324, 1e300, 0, Inf, NaN, rnorm(200),
    round(rnorm(200) * 10) / 20, 10^runif(100, -20, 20)
  )
  x <- tensor_of(torch, r)
  for (digits in c(-400, -3, -1, 0, 1, 2, 3, 5, 10, 16, 20, 400)) {
    expect_identical(as.numeric(round(x, digits)), round(r, digits), label = digits)
  }
  for (digits in c(-1, 1, 2, 3, 6, 10, 15, 22, 30)) {
    expect_equal(as.numeric(signif(x, digits)), signif(r, digits), tolerance = 1e-15)
  }
  expect_like_r(round(torch$tensor(c(15L, 25L, 149L)), -1), c(20L, 20L, 150L))
  expect_like_r(round(torch$tensor(c(0.5, 1.5, 2.5))), c(0, 2, 2))
  expect_like_r(round(x = torch$tensor(c(1.25, 2)), digits = 1), c(1.2, 2), tolerance = 1e-6)
})

test_that("trigamma() below zero", {
  torch <- torch_or_skip()
  r <- c(-2.5, -0.3, 0, 1, 3)
  expect_like_r(trigamma(tensor_of(torch, r)), trigamma(r))
  w <- torch$tensor(c(1, -0.3), dtype = torch$float64, requires_grad = TRUE)
  total <- sum(trigamma(w))
  total$backward()
  expect_like_r(w$grad, psigamma(c(1, -0.3), 2))
})

test_that("log() takes a base", {
  torch <- torch_or_skip()
  r <- c(1, 8, 100)
  x <- tensor_of(torch, r)
  expect_identical(as.numeric(log(x, 2)), log(r, 2))
  expect_identical(as.numeric(log(x, base = 10)), log(r, 10))
  expect_like_r(log(x, 3), log(r, 3))
  expect_like_r(log(x, torch$tensor(3, dtype = torch$float64)), log(r, 3))
  expect_like_r(log(torch$tensor(1:3), 2), log(1:3, 2), tolerance = 1e-6)
  expect_like_r(log(x, c(2, 3, 10)), log(r, c(2, 3, 10)))
  expect_like_r(log(x$reshape(3L, 1L), matrix(2, 3, 1)), matrix(log(r, 2)))
  expect_tensor_error(log(x, c(2, 3)), "length 2 cannot be recycled over a length-3")
})

test_that("cumulative functions follow R's order and hold no surprise", {
  torch <- torch_or_skip()
  r <- matrix(c(3, 1, 2, 5, 4, 6), 2)
  x <- tensor_of(torch, r)
  for (f in list(cumsum, cumprod, cummax, cummin)) {
    expect_like_r(f(x), f(r))
  }
  expect_like_r(cumsum(torch$tensor(c(TRUE, TRUE, FALSE))), c(1L, 2L, 2L))
  expect_like_r(cumprod(torch$tensor(1:25)), cumprod(1:25))
  expect_like_r(cumsum(torch$tensor(2)), 2)
  expect_equal(length(cummax(torch$ones(0L))), 0)
})

test_that("whole numbers, bools, half precision and special values", {
  torch <- torch_or_skip()
  expect_like_r(sqrt(torch$tensor(c(4L, 9L))), c(2, 3))
  expect_like_r(abs(torch$tensor(c(-4L, 9L))), c(4L, 9L))
  expect_like_r(floor(torch$tensor(c(-4L, 9L))), c(-4L, 9L))
  expect_like_r(exp(torch$tensor(c(TRUE, FALSE))), exp(c(1, 0)), tolerance = 1e-6)
  expect_like_r(abs(torch$tensor(-2, dtype = torch$bfloat16)), 2)
  expect_like_r(gamma(tensor_of(torch, c(0, -1, -0.5, 5))), c(NaN, NaN, gamma(-0.5), 24))
  expect_like_r(sign(torch$tensor(c(-Inf, 0, NaN))), c(-1, 0, NaN))
  expect_like_r(sqrt(torch$tensor(-1)), NaN)
})

test_that("gradients flow through Math", {
  torch <- torch_or_skip()
  for (name in c("exp", "log", "sqrt", "gamma", "lgamma", "digamma", "log2", "sinpi")) {
    w <- torch$tensor(1.5, dtype = torch$float64, requires_grad = TRUE)
    f <- match.fun(name)
    y <- f(w)
    y$backward()
    numeric <- (f(1.5 + 1e-6) - f(1.5 - 1e-6)) / 2e-6
    expect_equal(as.numeric(w$grad), numeric, tolerance = 1e-6, label = name)
  }
})

test_that("a wrong further argument is an error", {
  torch <- torch_or_skip()
  x <- torch$ones(2L)
  expect_tensor_error(round(x, "a"), "`digits` must be one number, not a string")
  expect_tensor_error(round(x, c(1, 2)), "`digits` must be one number")
  expect_tensor_error(round(x, NA), "`digits` must be one number")
  expect_tensor_error(round(x, torch$ones(2L)), "`digits` must be one number")
  expect_tensor_error(log(x, "a"), "`base` must be .*, not a string")
  expect_tensor_error(log(x, torch$ones(3L)), "`log\\(\\)` fails for a length-2 float32 tensor")
  expect_tensor_error(trunc(x, 2), "no further argument")
})

test_that("names of further arguments are looked at", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1.25, 8))
  expect_like_r(round(x, digits = 1), c(1.2, 8), tolerance = 1e-6)
  expect_tensor_error(round(x, foo = 1), "no further argument for a tensor but `digits`")
  # Some versions of R refuse it themselves.
  expect_error(signif(x, dim = 1), "but `digits`|unused argument")
})

test_that("infinitely many digits are all there are, or none", {
  torch <- torch_or_skip()
  r <- c(1.25, -8, 0)
  for (x in list(tensor_of(torch, r), torch$tensor(c(3L, -8L, 0L)))) {
    values <- as.vector(as.array(x))
    for (digits in c(Inf, -Inf)) {
      expect_like_r(round(x, digits), round(values, digits))
      expect_like_r(signif(x, digits), signif(values, max(digits, 1)))
    }
  }
})

test_that("whole numbers are rounded exactly, or refused where they do not fit", {
  torch <- torch_or_skip()
  big <- torch$tensor(2L)$pow(53L) + 1L
  expect_true(signif(big, 16) == big)
  expect_true(round(big, -1) == big - 3L)
  r <- c(-127L, -115L, -25L, -5L, 0L, 5L, 15L, 25L, 96L, 127L)
  for (digits in -3:-1) {
    expect_like_r(round(torch$tensor(r), digits), round(r, digits))
  }
  for (digits in 1:4) {
    expect_like_r(signif(torch$tensor(r), digits), signif(r, digits))
  }
  expect_like_r(round(torch$tensor(r), -30), rep(0L, 10))
  expect_tensor_error(round(torch$tensor(r, dtype = torch$int8), -1), "do not fit into .* int8")
  expect_tensor_error(signif(torch$tensor(127L, dtype = torch$int8), 2), "do not fit")
})

test_that("rounding lets a gradient of zero flow, as PyTorch's does", {
  torch <- torch_or_skip()
  w <- torch$tensor(c(1.26, 3), requires_grad = TRUE)
  y <- sum(round(w, 1) + signif(w, 2) + round(w) + w)
  y$backward()
  expect_like_r(w$grad, c(1, 1))
})

test_that("complex numbers are refused where they would lose a part", {
  torch <- torch_or_skip()
  z <- torch$complex(torch$ones(2L), torch$ones(2L))
  for (name in c("round", "signif", "floor", "ceiling", "trunc", "gamma", "lgamma", "digamma",
    "trigamma", "sinpi", "cospi", "tanpi", "cummax")) {
    expect_tensor_error(match.fun(name)(z), "takes real numbers only, not a length-2 complex64")
  }
  expect_like_r(abs(z), rep(sqrt(2), 2), tolerance = 1e-6)
  expect_like_r(exp(z)$real, Re(exp(c(1 + 1i, 1 + 1i))), tolerance = 1e-6)
})
