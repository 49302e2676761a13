test_that("arrays keep shape and values", {
  torch <- torch_or_skip()
  for (size in list(4L, c(2L, 3L), c(2L, 3L, 4L), c(2L, 1L, 2L, 3L))) {
    r <- array(rnorm(prod(size)), size)
    expect_identical(as.array(tensor_of(torch, r)), r)
  }
  r <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  expect_identical(as.array(tensor_of(torch, r)$t()), t(r))
  expect_identical(as.array(tensor_of(torch, r)[, 3:1]), r[, 3:1])
  expect_identical(as.array(torch$tensor(3)), array(3))
  expect_identical(as.array(torch$ones(0L, 3L)), array(0, c(0, 3)))
  expect_identical(as.array(torch$ones(2L)$expand(3L, 2L)), matrix(1, 3, 2))
})

test_that("each type has its R type", {
  torch <- torch_or_skip()
  as_type <- function(name) as.array(torch$ones(2L)$to(torch[[name]]))
  for (name in c("float16", "bfloat16", "float32", "float64")) {
    expect_identical(as_type(name), array(1, 2))
  }
  for (name in c("uint8", "int8", "int16", "int32", "int64")) {
    expect_identical(as_type(name), array(1L, 2))
  }
  expect_identical(as_type("bool"), array(TRUE, 2))
  expect_identical(as.numeric(torch$tensor(0.1)), 0.1 + 1.490116119384765625e-09)
  expect_identical(as.numeric(torch$tensor(c(NaN, Inf, -Inf))), c(NaN, Inf, -Inf))
})

test_that("whole numbers beyond R's integer become doubles, beyond doubles an error", {
  torch <- torch_or_skip()
  power <- function(n) torch$tensor(2L)$pow(as.integer(n))
  expect_identical(as.numeric(power(40)), 2^40)
  expect_type(as.array(power(31)), "double")
  expect_type(as.array(power(31) - 1L), "integer")
  expect_type(as.array(-power(31)), "double")
  expect_identical(as.numeric(-power(31)), -2^31)
  expect_identical(as.numeric(power(53)), 2^53)
  expect_tensor_error(as.array(power(53) + 1L), "beyond 2\\^53")
  expect_identical(as.numeric(power(60)$to(torch$float64)), 2^60)
})

test_that("tensors with gradients, parameters and odd layouts convert, complex ones do not", {
  torch <- torch_or_skip()
  w <- torch$ones(2L, requires_grad = TRUE)
  expect_identical(as.array(w * 2), array(2, 2))
  expect_identical(as.numeric(torch$nn$Parameter(torch$ones(2L))), c(1, 1))
  expect_identical(as.matrix(torch$eye(2L)$to_sparse()), diag(2))
  z <- torch$complex(torch$ones(2L), torch$ones(2L))
  told <- "Complex numbers cannot be passed to R: `x` is a length-2 complex64 tensor"
  expect_tensor_error(as.array(z), told)
  expect_identical(as.numeric(z$conj()$imag), c(-1, -1))
  expect_tensor_error(as.array(torch$ones(2L, device = "meta")), "meta")
})

test_that("vectors, matrices and data frames", {
  torch <- torch_or_skip()
  r <- matrix(c(0, 1.7, -1.7, NaN), 2)
  x <- tensor_of(torch, r)
  expect_identical(as.matrix(x), r)
  expect_identical(as.numeric(x), as.vector(r))
  expect_identical(as.double(x), as.vector(r))
  expect_identical(as.vector(x), as.vector(r))
  expect_identical(as.integer(x), c(0L, 1L, -1L, NA))
  expect_identical(as.logical(x), c(FALSE, TRUE, TRUE, NA))
  expect_identical(as.matrix(torch$tensor(c(1, 2))), matrix(c(1, 2)))
  expect_identical(as.matrix(torch$tensor(1)), matrix(1))
  expect_identical(as.data.frame(x), as.data.frame(r))
  expect_identical(as.data.frame(x, row.names = c("a", "b")), as.data.frame(r, c("a", "b")))
  expect_identical(lapply(torch$tensor(c(1, 2)), identity), list(1, 2))
  expect_identical(apply(tensor_of(torch, matrix(1:4, 2)), 1, sum), c(4, 6))
  expect_identical(ifelse(torch$tensor(c(TRUE, FALSE)), 1, 2), c(1, 2))
})

test_that("tensors can be sorted", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(3, 1, 2))
  expect_like_r(sort(x), c(1, 2, 3))
  expect_identical(order(x), c(2L, 3L, 1L))
  expect_like_r(median(x), 2)
})

test_that("large arrays travel in pieces", {
  expect_identical(unlist(pytwolayer:::as_pieces(1:10, 4)), writeBin(1:10, raw()))
  expect_length(pytwolayer:::as_pieces(1:10, 4), 3)
  torch <- torch_or_skip()
  sent <- list(bytes = pytwolayer:::as_pieces(c(1, 2, 3), 2), kind = "double", dim = NULL)
  answer <- pytwolayer:::call_checked("binary", "+", torch$zeros(3L), sent)
  expect_like_r(answer, c(1, 2, 3))
})

test_that("print() shows what Python shows, where R's output goes", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2))
  expect_identical(capture.output(print(x)), "tensor([1., 2.])")
  expect_identical(capture.output(x), "tensor([1., 2.])")
  capture.output(shown <- withVisible(print(x)))
  expect_false(shown$visible)
  expect_identical(shown$value, x)
  expect_output(print(torch$nn$Parameter(x)), "Parameter containing")
  expect_identical(format(x), "tensor([1., 2.])")
  expect_output(str(x), "tensor\\(\\[1., 2.\\]\\)")
  expect_output(str(list(a = x)), "tensor")
  expect_no_error(capture.output(summary(x)))
})

test_that("what reticulate gives stays", {
  torch <- torch_or_skip()
  x <- torch$ones(2L, 3L)
  expect_true(all(c("backward", "grad", "sum") %in% utils::.DollarNames(x)))
  expect_true("backward" %in% utils::.DollarNames(x, "^back"))
  expect_identical(x$dim(), 2L)
  expect_identical(as.character(x), rep("1", 6))
})

test_that("other devices", {
  torch <- torch_or_skip()
  skip_if_not(torch$cuda$is_available(), "no CUDA device")
  x <- torch$ones(2L, 3L, device = "cuda")
  expect_identical(as.array(x * 2 + matrix(1:6, 2)), 2 + matrix(as.double(1:6), 2))
  x[1, ] <- c(5, 6, 7)
  expect_identical(as.numeric(x[1, -1]), c(6, 7))
  expect_identical(as.numeric(x[x > 5]), c(6, 7))
  x[c(1, 1)] <- c(2, 3)
  expect_identical(as.numeric(round(x[1, 1] / 3, 1)), 1)
  expect_identical(as.numeric(max(x, 100)), 100)
  expect_true(all(x > 0 & TRUE))
  expect_identical(as.numeric(signif(x[1, 1] * 12345, 2)), 37000)
})

test_that("R numbers become tensors of their shape and PyTorch's usual type", {
  skip_without_torch()
  x <- as_tensor(matrix(1:6, 2))
  expect_identical(dim(x), c(2L, 3L))
  expect_identical(as.array(x), matrix(1:6, 2))
  expect_true(x$dtype == torch$int64)
  expect_true(x$is_contiguous())
  expect_true(as_tensor(0.5)$dtype == torch$float32)
  expect_true(as_tensor(TRUE)$dtype == torch$bool)
  expect_identical(dim(as_tensor(0.5)), 1L)
  exact <- as_tensor(c(0.1, NA), dtype = torch$float64)
  expect_identical(as.array(exact)[[1]], 0.1)
  expect_true(is.na(as.array(exact)[[2]]))
  expect_true(is.nan(as.array(as_tensor(c(1L, NA)))[[2]]))
  cube <- array(as.double(1:24), 2:4)
  expect_identical(as.array(as_tensor(cube)), cube)
  expect_identical(length(as_tensor(double())), 0L)
  copied <- c(1, 2)
  as_tensor(copied)$add_(1)
  expect_identical(copied, c(1, 2))
})

test_that("what is not numbers does not become a tensor", {
  skip_without_torch()
  expect_error(as_tensor("a"), "`x` must be", class = "pytwolayer_error_tensor")
  expect_error(as_tensor(iris), "Column \"Species\" of `x` must", class = "pytwolayer_error_tensor")
  expect_error(as_tensor(1, dytpe = 3), "dytpe", class = "pytwolayer_error_argument")
})

test_that("all.equal compares shape and values", {
  skip_without_torch()
  x <- torch$ones(2L)
  expect_true(all.equal(x, torch$ones(2L)))
  expect_true(all.equal(x, x + 1e-9))
  expect_false(isTRUE(all.equal(x, torch$zeros(2L))))
  expect_false(isTRUE(all.equal(x, torch$ones(5L))))
  expect_true(all.equal(x, x$double()))
  expect_true(all.equal(x, x$long()))
  expect_true(all.equal(x, x$bool()))
  expect_match(all.equal(x, x[1:1])[[1]], "dim|Length")
  expect_match(all.equal(x, 1), "tensor")
})

test_that("a data frame of numbers becomes a tensor, in place or by bytes, whatever its size", {
  skip_without_torch()
  x <- data.frame(a = c(1.5, NA, 3), i = c(1L, NA, 3L), l = c(TRUE, FALSE, NA))
  for (shares in c(TRUE, FALSE)) {
    before <- pytwolayer:::shares_memory()
    session <- pytwolayer:::session
    session$shares <- shares
    tensor <- as_tensor(x)
    expect_true(tensor$dtype == torch$float32)
    expect_equal(as.matrix(tensor), unname(as.matrix(x) + 0))
    expect_true(as_tensor(x[1, 2:3])$dtype == torch$int64)
    expect_true(as_tensor(x[1, 3, drop = FALSE])$dtype == torch$bool)
    many <- matrix(as.double(1:120000), 60000)
    many[[2]] <- 0.1
    expect_identical(as.matrix(as_tensor(as.data.frame(many), dtype = torch$float64)), many)
    tensor <- as_tensor(many, dtype = torch$float64)
    expect_identical(as.matrix(tensor), many)
    tensor$add_(1)
    expect_identical(many[[2]], 0.1)
    expect_identical(dim(as_tensor(x[0, ])), c(0L, 3L))
    expect_identical(dim(as_tensor(x[0])), c(3L, 0L))
    expect_identical(dim(as_tensor(matrix(0, 0, 2))), c(0L, 2L))
    brain <- as_tensor(x["a"], dtype = torch$bfloat16)
    expect_identical(as.array(brain)[[1]], 1.5)
    session$shares <- before
  }
})
