symbols <- c(
  "+" = "+", "-" = "-", "*" = "*", "/" = "/", "^" = "**", "%%" = "%", "%/%" = "//",
  "==" = "==", "!=" = "!=", "<" = "<", "<=" = "<=", ">" = ">", ">=" = ">="
)

test_that("every operator gives NumPy's and base R's numbers", {
  torch <- torch_or_skip()
  r1 <- matrix(c(-3.5, 2, 0.5, 4, -1, 7), 2)
  r2 <- matrix(c(2, -2, 0.5, 3, 5, -3), 2)
  x <- tensor_of(torch, r1)
  y <- tensor_of(torch, r2)
  for (symbol in names(symbols)) {
    op <- match.fun(symbol)
    expect_like_r(op(x, y), op(r1, r2))
    expect_like_r(op(x, 2), op(r1, 2))
    expect_like_r(op(-2, y), op(-2, r2))
    expect_like_r(op(x, r2), op(r1, r2))
    expect_like_r(op(r1, y), op(r1, r2))
    expect_like_r(op(x, c(2, -2)), op(r1, c(2, -2)))
    expect_like_r(op(1:3 + 0.5, tensor_of(torch, 3:1)), op(1:3 + 0.5, 3:1))
    numpy <- suppressWarnings(numpy_says(paste("x", symbols[[symbol]], "y"), x = x, y = y))
    expect_equal(as.array(op(x, y)), numpy)
  }
})

test_that("unary and logical operators", {
  torch <- torch_or_skip()
  x <- tensor_of(torch, c(-1, 0, 2))
  yes <- torch$tensor(c(TRUE, FALSE, TRUE))
  expect_like_r(-x, -c(-1, 0, 2))
  expect_like_r(+x, c(-1, 0, 2))
  expect_like_r(!x, !c(-1, 0, 2))
  expect_like_r(!yes, c(FALSE, TRUE, FALSE))
  expect_like_r(x & yes, c(TRUE, FALSE, TRUE))
  expect_like_r(x | FALSE, c(TRUE, FALSE, TRUE))
  expect_like_r(c(FALSE, TRUE, TRUE) & yes, c(FALSE, FALSE, TRUE))
  expect_like_r(x > -1 & x < 2, c(FALSE, TRUE, FALSE))
  expect_tensor_error(x & NA, "Missing values")
  expect_tensor_error(!(x / x), "Missing values")
})

test_that("bools count as 0 and 1, as in R", {
  torch <- torch_or_skip()
  yes <- torch$tensor(c(TRUE, FALSE, TRUE))
  expect_like_r(yes + yes, c(2L, 0L, 2L))
  expect_like_r(yes - TRUE, c(0L, -1L, 0L))
  expect_like_r(-yes, c(-1L, 0L, -1L))
  expect_like_r(yes * 0.5, c(0.5, 0, 0.5))
  expect_like_r(yes + c(TRUE, TRUE, FALSE), c(2L, 1L, 1L))
})

test_that("types are promoted as the help page says", {
  torch <- torch_or_skip()
  whole <- torch$tensor(1:3)
  narrow <- torch$ones(3L)
  wide <- torch$ones(3L, dtype = torch$float64)
  type <- function(x) as.character(x$dtype)
  expect_equal(type(whole + 2L), "torch.int64")
  expect_equal(type(whole + 2), "torch.float32")
  expect_equal(type(whole + 1:3), "torch.int64")
  expect_equal(type(whole + c(0.5, 1, 2)), "torch.float32")
  expect_equal(type(narrow + 2), "torch.float32")
  expect_equal(type(narrow + c(1, 2, 3)), "torch.float32")
  expect_equal(type(matrix(1:3) - wide), "torch.float64")
  expect_equal(type(narrow + wide), "torch.float64")
  expect_equal(type(torch$ones(3L, dtype = torch$float16) * 2), "torch.float16")
  expect_equal(type(torch$ones(3L, dtype = torch$bfloat16) * c(1, 2, 3)), "torch.bfloat16")
  # As float32 both sides would be 2^24.
  expect_false(any(torch$tensor(16777217L) == 16777216))
  expect_false(any(torch$tensor(list(16777217L, 5L)) == c(16777216, 6)))
})

test_that("a vector is recycled down the columns, other shapes are broadcast", {
  torch <- torch_or_skip()
  r <- matrix(1:6, 2)
  x <- tensor_of(torch, r)
  expect_like_r(x + 1:2, r + 1:2)
  expect_like_r(x + 1:3, r + 1:3)
  expect_like_r(x + 1:6, r + 1:6)
  expect_like_r(x + matrix(1:3, 1), r + rep(1:3, each = 2))
  expect_like_r(torch$tensor(2) * 1:3, c(2, 4, 6))
  cube <- array(1:24, 2:4)
  expect_like_r(tensor_of(torch, cube) * 1:6, cube * 1:6)
  expect_like_r(tensor_of(torch, cube) * cube, cube * cube)
  expect_tensor_error(x + 1:4, "length 4 cannot be recycled over a 2x3 float64 tensor")
  expect_tensor_error(x + numeric(), "length 0")
  expect_tensor_error(x + torch$ones(4L), "`\\+` fails between a 2x3 float64 tensor and a length-4")
  expect_equal(dim(torch$ones(0L, 3L) + 1), c(0L, 3L))
})

test_that("missing values become NaN", {
  torch <- torch_or_skip()
  x <- torch$tensor(1:3)
  for (missing in list(NA, NA_integer_, NA_real_, c(NA, 1L, NA), c(NA, TRUE, NA))) {
    sum <- x + missing
    expect_equal(as.vector(is.nan(sum)), rep_len(is.na(missing), 3))
  }
  expect_like_r(x + c(NA, 1L, NA), c(NaN, 3, NaN))
})

test_that("a step of gradient descent has Python's bits", {
  torch <- torch_or_skip()
  torch$manual_seed(1L)
  python <- reticulate::py_run_string("
def stepped(param):
    return param.data - param.grad * 1e-4
def same(x, y):
    return x.dtype == y.dtype and x.shape == y.shape and bool((x == y).all())
", local = TRUE)
  param <- torch$nn$Parameter(torch$randn(17L, 5L))
  loss <- sum((torch$randn(3L, 17L) %@% param - torch$randn(3L, 5L))^2)
  loss$backward()
  expect_true(python$same(param$data - param$grad * 1e-4, python$stepped(param)))
  expect_true(python$same(param$data - 1e-4 * param$grad, python$stepped(param)))
})

test_that("gradients flow through operators", {
  torch <- torch_or_skip()
  w <- torch$tensor(c(1, 2, 3), requires_grad = TRUE)
  y <- 2 * w^2 / 4 - w %% 10 + c(1, 1, 1)
  expect_false(is.null(y$grad_fn))
  loss <- sum(y)
  loss$backward()
  expect_like_r(w$grad, c(0, 1, 2))
  expect_type(loss$item(), "double")
})

test_that("a tensor keeps whether its methods give R values", {
  torch_or_skip()
  plain <- reticulate::import("torch", convert = FALSE)
  total <- sum(plain$ones(2L) + 1)
  expect_s3_class(total$item(), "python.builtin.float")
  expect_s3_class(plain$ones(2L)[1]$item(), "python.builtin.float")
  expect_equal(as.numeric(total), 4)
})

test_that("a wrong operand is named", {
  torch <- torch_or_skip()
  x <- torch$ones(2L)
  expect_tensor_error(x + "a", "right side of `\\+` must be .*, not a string")
  expect_tensor_error(list(1) * x, "left side of `\\*` must be .*, not a list")
  expect_tensor_error(x + NULL, "not NULL")
  expect_tensor_error(x + 1i, "complex")
  expect_tensor_error(torch$tensor(1:2) %/% 0L, "fails between .* division by zero")
  condition <- expect_tensor_error(x + torch$ones(3L), "size of tensor")
  expect_equal(deparse(condition$call), "x + torch$ones(3L)")
  expect_match(condition$traceback, "Traceback")
})

test_that("%@% multiplies matrices by Python's rules", {
  torch <- torch_or_skip()
  a <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  b <- matrix(c(2, 0, 1, 1, 3, 5), 3)
  x <- tensor_of(torch, a)
  y <- tensor_of(torch, b)
  expect_like_r(x %@% y, a %*% b)
  expect_like_r(x %@% b, a %*% b)
  expect_like_r(a %@% y, a %*% b)
  expect_like_r(x %@% c(1, 2, 3), as.vector(a %*% c(1, 2, 3)))
  expect_like_r(c(1, 2) %@% x, as.vector(c(1, 2) %*% a))
  expect_equal(as.numeric(torch$ones(2L) %@% 1:2), 3)
  expect_equal(numpy_says("x @ y", x = x, y = y), as.array(x %@% y))
  expect_tensor_error(x %@% x, "`%@%` fails between a 2x3 float64 tensor and a 2x3")
  expect_tensor_error(x %@% "a", "right side of `%@%`")
  expect_tensor_error(a %@% b, "One side of `%@%` must be a tensor")
})

test_that("%*% is the same", {
  torch <- torch_or_skip()
  x <- torch$ones(2L, 3L)
  expect_like_r(x %*% t(x), matrix(3, 2, 2))
  expect_like_r(x %*% diag(3), matrix(1, 2, 3))
  expect_like_r(diag(2) %*% x, matrix(1, 2, 3))
})

test_that("NumPy arrays are operands where R finds one method", {
  torch <- torch_or_skip()
  numpy <- reticulate::import("numpy", convert = FALSE)
  x <- torch$ones(3L)
  skip_if(getRversion() < "4.3.0" && utils::packageVersion("reticulate") > "1.28")
  expect_like_r(x + numpy$ones(3L), c(2, 2, 2))
})

test_that("a tensor from another session is an error, not a crash", {
  torch <- torch_or_skip()
  file <- withr::local_tempfile()
  saveRDS(torch$ones(2L), file)
  gone <- readRDS(file)
  expect_tensor_error(gone + 1, "another R session")
  expect_tensor_error(sum(torch$ones(2L), gone), "another R session")
  expect_tensor_error(as.array(gone), "another R session")
  expect_output(print(gone), "another R session")
})
