test_that("summaries are tensors without dimensions that have R's values", {
  torch <- torch_or_skip()
  r <- matrix(c(3, -1, 2.5, 5, 4, 6), 2)
  x <- tensor_of(torch, r)
  for (f in list(sum, prod, max, min, mean)) {
    expect_like_r(f(x), f(r))
    expect_null(dim(f(x)))
  }
  expect_like_r(range(x), range(r))
  expect_equal(numpy_says("x.sum()", x = x), as.array(sum(x)))
  expect_equal(numpy_says("x.mean()", x = x), as.array(mean(x)))
})

test_that("several arguments are summarised together", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2))
  y <- torch$tensor(c(0.5, 5), dtype = torch$float64)
  expect_like_r(sum(x, y, 10, 1:3), 24.5)
  expect_like_r(max(x, y, 3), 5)
  expect_like_r(min(x, y, matrix(-1:2, 2)), -1)
  expect_like_r(prod(x, 3, y), 15)
  expect_like_r(range(x, y, 7L), c(0.5, 7))
  expect_identical(as.numeric(max(y, 5.1)), 5.1)
  expect_identical(as.numeric(max(torch$tensor(1:2), 0.1 + 2)), 2.1)
})

test_that("missing values stay, or go with na.rm", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, NaN, 3))
  for (f in list(sum, prod, max, min, mean)) {
    expect_like_r(f(x), NaN)
    expect_like_r(f(x, na.rm = TRUE), f(c(1, 3)))
  }
  expect_like_r(sum(x, NA, na.rm = TRUE), 4)
  expect_like_r(range(x, na.rm = TRUE), c(1, 3))
  expect_tensor_error(sum(x, na.rm = NA), "`na.rm` must be TRUE or FALSE")
  expect_tensor_error(mean(x, na.rm = "yes"), "`na.rm` must be TRUE or FALSE, not a string")
})

test_that("nothing to summarise is as in R", {
  torch <- torch_or_skip()
  none <- torch$ones(0L)
  expect_like_r(sum(none), 0)
  expect_like_r(prod(none), 1)
  expect_like_r(mean(none), NaN)
  expect_warning(expect_like_r(max(none), -Inf), "no non-missing arguments to max; returning -Inf")
  expect_warning(expect_like_r(min(none), Inf), "no non-missing arguments to min; returning Inf")
  suppressWarnings(expect_like_r(range(torch$tensor(NaN), na.rm = TRUE), c(Inf, -Inf)))
  expect_like_r(max(none, 3), 3)
  expect_true(all(none))
  expect_false(any(none))
})

test_that("whole numbers and bools", {
  torch <- torch_or_skip()
  whole <- torch$tensor(1:4)
  yes <- torch$tensor(c(TRUE, FALSE, TRUE))
  expect_like_r(sum(whole), 10L)
  expect_like_r(mean(whole), 2.5)
  expect_like_r(prod(torch$tensor(1:25)), prod(1:25))
  expect_like_r(sum(yes), 2L)
  expect_like_r(max(yes), 1L)
  expect_like_r(mean(yes), 2 / 3)
  expect_like_r(range(whole), c(1L, 4L))
})

test_that("any() and all() can stand in if", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2, 3))
  expect_identical(any(x > 2), TRUE)
  expect_identical(all(x > 2), FALSE)
  expect_identical(if (all(x > 0)) "positive" else "not", "positive")
  expect_identical(any(x > 5, x == 1), TRUE)
  expect_identical(all(x > 0, FALSE), FALSE)
  expect_identical(as.logical(any(torch$tensor(c(0, NaN)))), NA)
  expect_identical(as.logical(any(torch$tensor(c(1, NaN)))), TRUE)
  expect_identical(as.logical(all(torch$tensor(c(1, NaN)))), NA)
  expect_identical(as.logical(all(torch$tensor(c(1, NaN)), na.rm = TRUE)), TRUE)
  expect_tensor_error(any(x, "a"), "Each argument of `any\\(\\)` must be .*, not a string")
})

test_that("gradients flow through summaries", {
  torch <- torch_or_skip()
  w <- torch$tensor(c(1, 4, 2), requires_grad = TRUE)
  total <- sum(w) + max(w) + mean(w) * 3
  total$backward()
  expect_like_r(w$grad, c(2, 3, 2))
})

test_that("missing and infinite values are found", {
  torch <- torch_or_skip()
  r <- matrix(c(1, NaN, Inf, -Inf, 0, 2), 2)
  x <- tensor_of(torch, r)
  expect_identical(is.na(x), is.na(r))
  expect_identical(is.nan(x), is.nan(r))
  expect_identical(is.finite(x), is.finite(r))
  expect_identical(is.infinite(x), is.infinite(r))
  expect_true(anyNA(x))
  expect_identical(is.na(torch$tensor(1:3)), array(FALSE, 3))
  expect_identical(is.nan(torch$tensor(NaN)), TRUE)
})

test_that("dim, length and t", {
  torch <- torch_or_skip()
  x <- torch$ones(2L, 3L)
  expect_identical(dim(x), c(2L, 3L))
  expect_identical(nrow(x), 2L)
  expect_identical(dim(torch$ones(4L)), 4L)
  expect_null(dim(torch$tensor(1)))
  expect_identical(length(torch$tensor(1)), 1L)
  expect_identical(length(x), 6L)
  expect_identical(length(torch$ones(0L, 3L)), 0L)
  expect_identical(length(torch$nn$Parameter(torch$ones(3L))), 3L)
  expect_identical(length(torch$empty(50000L, 50000L, device = "meta")), 2.5e9)
  expect_identical(dim(t(x)), c(3L, 2L))
  expect_identical(dim(t(torch$ones(3L))), c(1L, 3L))
  expect_identical(dim(t(torch$tensor(1))), c(1L, 1L))
  expect_tensor_error(t(torch$ones(1L, 2L, 3L)), "at most 2 dimensions, not a 1x2x3")
})

test_that("`dim` names PyTorch's dimensions, from 0, and `keepdim` keeps them", {
  torch <- torch_or_skip()
  r <- matrix(c(3, -1, 2.5, 5, 4, 6), 2)
  x <- tensor_of(torch, r)
  for (name in c("sum", "prod", "max", "min", "mean")) {
    f <- match.fun(name)
    expect_like_r(f(x, dim = 0), apply(r, 2, name))
    expect_like_r(f(x, dim = 1L), apply(r, 1, name))
    expect_like_r(f(x, dim = -1), apply(r, 1, name))
    expect_like_r(f(x, dim = c(0, 1)), f(r))
    expect_like_r(f(x, dim = list(0L, 1L)), f(r))
    expect_like_r(f(x, dim = reticulate::tuple(0L, 1L)), f(r))
    expect_like_r(f(x, dim = NULL), f(r))
    expect_like_r(f(x, dim = 1, keepdim = TRUE), matrix(apply(r, 1, name)))
    expect_like_r(f(x, keepdim = TRUE), matrix(f(r)))
    expect_like_r(f(tensor_of(torch, 1:3)[1], dim = 0), 1)
  }
  expect_like_r(range(x, dim = 0), apply(r, 2, range))
  expect_like_r(range(x, dim = 1), apply(r, 1, range))
  expect_identical(dim(range(x, dim = 1, keepdim = TRUE)), c(2L, 2L, 1L))
  cube <- array(as.double(1:24), 2:4)
  expect_like_r(sum(tensor_of(torch, cube), dim = c(0, 2)), apply(cube, 2, sum))
  expect_like_r(max(tensor_of(torch, cube), dim = c(-1, 0)), apply(cube, 2, max))
  expect_like_r(mean(torch$tensor(1:4)$reshape(2L, 2L), dim = 0), c(2, 3))
  expect_like_r(sum(torch$ones(2L, 3L) > 0, dim = 1), c(3L, 3L))
})

test_that("any() and all() along a dimension give a bool tensor", {
  torch <- torch_or_skip()
  r <- matrix(c(TRUE, FALSE, TRUE, TRUE, FALSE, FALSE), 2)
  x <- torch$tensor(list(c(TRUE, TRUE, FALSE), c(FALSE, TRUE, FALSE)))
  expect_like_r(any(x, dim = 0L), apply(r, 2, any))
  expect_like_r(all(x, dim = 0), apply(r, 2, all))
  expect_like_r(any(x, dim = 1, keepdim = TRUE), matrix(apply(r, 1, any)))
  expect_like_r(all(x > 0, dim = c(0, 1), keepdim = TRUE), matrix(FALSE))
  expect_true(any(x[1, ], dim = 0))
  expect_true(any(x, dim = c(0, 1)))
  missing <- tensor_of(torch, matrix(c(1, NaN, 0, NaN), 2))
  expect_like_r(any(missing, dim = 0, na.rm = TRUE), c(TRUE, FALSE))
  expect_like_r(all(missing, dim = 0, na.rm = TRUE), c(TRUE, FALSE))
  expect_like_r(any(missing[, 1], dim = 0, na.rm = TRUE)$reshape(1L), TRUE)
  expect_like_r(any(missing[1, ]$reshape(1L, 2L), dim = 1), TRUE)
  expect_tensor_error(any(missing, dim = 0), "undecided because of NaN.*na.rm = TRUE")
})

test_that("missing values go along a dimension too", {
  torch <- torch_or_skip()
  r <- matrix(c(1, NaN, 3, 4, 5, NaN), 2)
  x <- tensor_of(torch, r)
  for (name in c("sum", "prod", "max", "min", "mean")) {
    f <- match.fun(name)
    expect_like_r(f(x, dim = 1, na.rm = TRUE), apply(r, 1, name, na.rm = TRUE))
    expect_like_r(f(x, dim = 1), apply(r, 1, name))
  }
  expect_like_r(range(x, dim = 1, na.rm = TRUE), apply(r, 1, range, na.rm = TRUE))
  nothing <- tensor_of(torch, matrix(c(NaN, 1), 2))
  expect_warning(
    expect_like_r(max(nothing, dim = 1, na.rm = TRUE), c(-Inf, 1)),
    "no non-missing arguments to max; returning -Inf"
  )
  expect_like_r(sum(nothing, dim = 1, na.rm = TRUE), c(0, 1))
  none <- torch$ones(0L, 2L)
  expect_warning(expect_like_r(min(none, dim = 0), c(Inf, Inf)), "no non-missing arguments to min")
  expect_like_r(prod(none, dim = 0), c(1, 1))
  expect_identical(length(max(none, dim = 1)), 0L)
})

test_that("range() leaves out what is not finite", {
  torch <- torch_or_skip()
  r <- c(1, Inf, NaN, -2, -Inf)
  x <- tensor_of(torch, r)
  expect_like_r(range(x, finite = TRUE), range(r, finite = TRUE))
  expect_like_r(range(x, na.rm = TRUE), range(r, na.rm = TRUE))
  expect_like_r(range(x, 10, NaN, finite = TRUE), c(-2, 10))
  expect_like_r(range(x$reshape(5L, 1L), dim = 0, finite = TRUE), matrix(c(-2, 1)))
})

test_that("mean() trims as R does", {
  torch <- torch_or_skip()
  set.seed(1)
  for (n in c(1, 4, 9, 20)) {
    r <- rnorm(n)
    for (trim in c(0, 0.1, 0.25, 0.5, 0.7)) {
      expect_like_r(mean(tensor_of(torch, r), trim = trim), mean(r, trim = trim))
    }
  }
  expect_like_r(mean(torch$tensor(c(1L, 5L, 100L)), trim = 0.4), 5)
  expect_like_r(mean(torch$tensor(c(1, NaN, 3, 5)), trim = 0.2), NaN)
  expect_like_r(mean(torch$tensor(c(1, NaN, 3, 5)), trim = 0.4, na.rm = TRUE), 3)
  x <- torch$ones(2L, 2L)
  expect_tensor_error(mean(x, trim = 0.1, dim = 0), "`trim` for the whole tensor only")
  expect_tensor_error(mean(x, trim = "a"), "`trim` must be one number, not a string")
  expect_tensor_error(mean(x, 0.1), "no argument but .* write `dim = ` or `trim = `")
  expect_tensor_error(mean(x, axis = 0), "It got axis")
})

test_that("names that no summary knows are an error, of tensors R's own way", {
  torch <- torch_or_skip()
  x <- torch$ones(2L, 3L)
  for (f in list(sum, prod, max, min, any, all)) {
    expect_tensor_error(f(x, axis = 0), "no argument `axis`.*`dim`, `keepdim`, `na.rm`")
    expect_tensor_error(f(x, foo = 1), "no argument `foo`")
    expect_tensor_error(f(x, finite = TRUE), "no argument `finite`")
  }
  expect_tensor_error(range(x, foo = 1), "`dim`, `keepdim`, `na.rm`, `finite`")
  expect_tensor_error(max(x, other = x), "`pmax\\(\\)`")
  expect_tensor_error(sum(x, dtype = torch$float64), "x\\$to\\(dtype\\)")
  expect_like_r(do.call(sum, list(a = x, b = x)), 12)
  expect_like_r(sum(x, NULL), 6)
})

test_that("a dimension that is not there is an error that says where counting begins", {
  torch <- torch_or_skip()
  x <- torch$ones(2L, 3L)
  for (f in list(sum, prod, max, range, any, all, mean)) {
    expect_tensor_error(f(x, dim = 2), "`dim` counts from 0.*2x3 float32.*dimensions 0 to 1.*not 2")
    expect_tensor_error(f(x, dim = -3), "not -3")
    expect_tensor_error(f(x, dim = 0.5), "not 0.5")
    expect_tensor_error(f(x, dim = NA_real_), "`dim` counts from 0")
    expect_tensor_error(f(x, dim = c(0, -2)), "twice")
    expect_tensor_error(f(x, dim = "a"), "count from 0, not a string")
    expect_tensor_error(f(x, dim = TRUE), "count from 0, not `TRUE`")
    expect_tensor_error(f(x, dim = integer()), "count from 0, not an empty")
    expect_tensor_error(f(x, keepdim = NA), "`keepdim` must be TRUE or FALSE")
    expect_tensor_error(f(x, dim = 0, na.rm = "yes"), "`na.rm` must be TRUE or FALSE")
  }
  expect_tensor_error(sum(torch$ones(3L), dim = 1), "length-3 float32 tensor has only 0")
  expect_tensor_error(sum(x, x, dim = 0), "takes one tensor, not 2 arguments")
})

test_that("gradients flow along dimensions", {
  torch <- torch_or_skip()
  w <- torch$tensor(list(c(1, 4), c(3, NaN)), requires_grad = TRUE)
  y <- sum(sum(w, dim = 0, na.rm = TRUE)) + sum(max(w, dim = 1, na.rm = TRUE)) * 10 +
    sum(mean(w, dim = 1, na.rm = TRUE)) * 100 + sum(range(w, dim = 1, finite = TRUE)) * 1000
  y$backward()
  expect_like_r(w$grad, matrix(c(1 + 0 + 50 + 1000, 1 + 10 + 100 + 2000, 1 + 10 + 50 + 1000, 0), 2))
})

test_that("complex numbers have sums, but no largest", {
  torch <- torch_or_skip()
  z <- torch$complex(torch$ones(2L), torch$ones(2L))
  expect_like_r(sum(z)$real, 2)
  expect_like_r(mean(z, dim = 0)$imag, 1)
  expect_true(any(z))
  for (f in list(max, min, range)) {
    expect_tensor_error(f(z), "fails for a length-2 complex64 tensor")
    expect_tensor_error(f(z, dim = 0), "fails for a length-2 complex64 tensor")
  }
  expect_tensor_error(z < z, "`<` fails between a length-2 complex64 tensor")
})

test_that("a number beside any() and all() may have been meant as a dimension", {
  torch <- torch_or_skip()
  x <- torch$tensor(list(c(TRUE, FALSE), c(TRUE, TRUE)))
  withr::local_options(torch.extract.style = NULL)
  pytwolayer:::forget_index_warnings()
  expect_warning(all(x, 0L), "all\\(x, dim = 0\\)", class = "pytwolayer_warning_index")
  expect_warning(expect_true(any(x, 1)), "one more value", class = "pytwolayer_warning_index")
  expect_no_warning(all(x, TRUE))
  withr::local_options(torch.extract.style = "R")
  expect_no_warning(expect_false(all(x, 0L)))
})
