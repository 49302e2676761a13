comparisons <- c("==", "!=", "<", "<=", ">", ">=")

# What the operators give for a smaller, an equal and a larger left side.
expect_ordered <- function(left, right, order) {
  for (symbol in comparisons) {
    op <- match.fun(symbol)
    expect_identical(as.logical(op(left, right)), op(order, 0), label = symbol)
  }
}

whole <- function(torch, n, add = 0L) torch$tensor(2L, dtype = torch$int64)$pow(n) + add

test_that("whole numbers beyond 2^53 are compared exactly, with whatever", {
  torch <- torch_or_skip()
  big <- whole(torch, 53L, 1L)
  vector <- big$reshape(1L)
  for (x in list(big, vector)) {
    others <- list(
      2^53, matrix(2^53), torch$tensor(2^53, dtype = torch$float64),
      torch$tensor(list(2^53), dtype = torch$float64), torch$tensor(2^53), whole(torch, 53L)
    )
    for (other in others) {
      expect_ordered(x, other, 1)
      expect_ordered(other, x, -1)
    }
    expect_ordered(x, 2^53 + 2, -1)
    expect_ordered(x, Inf, -1)
    expect_ordered(-Inf, x, -1)
    expect_ordered(x, big, 0)
  }
  expect_identical(as.logical(torch$stack(list(big, big - 1L)) == c(2^53, 2^53)), c(FALSE, TRUE))
  expect_ordered(-big, -2^53, -1)
})

test_that("the ends of int64 are no exception", {
  torch <- torch_or_skip()
  last <- whole(torch, 62L) + (whole(torch, 62L) - 1L)
  first <- -last - 1L
  end <- torch$tensor(list(2^63), dtype = torch$float64)
  expect_ordered(last, 2^63, -1)
  expect_ordered(last$reshape(1L), end, -1)
  expect_ordered(first, -2^63, 0)
  expect_ordered(first$reshape(1L), -end, 0)
  expect_ordered(end, last$reshape(1L), 1)
  expect_ordered(last, 1e300, -1)
})

test_that("float32 and smaller types lose no digit of a whole number", {
  torch <- torch_or_skip()
  for (type in c("int32", "int64")) {
    x <- torch$tensor(16777217L)$to(torch[[type]])
    expect_ordered(x, torch$tensor(16777216), 1)
    expect_ordered(x$reshape(1L), torch$tensor(16777216), 1)
    expect_ordered(x, torch$tensor(list(16777216)), 1)
  }
  expect_ordered(torch$tensor(2049L, dtype = torch$int16), torch$tensor(2048)$half(), 1)
  expect_ordered(torch$tensor(257L), torch$tensor(256)$bfloat16(), 1)
})

test_that("small types do not wrap round", {
  torch <- torch_or_skip()
  u <- torch$tensor(list(44L), dtype = torch$uint8)
  for (x in list(u, u[1])) {
    for (other in list(300L, 300, torch$tensor(300L), torch$tensor(list(300L)), c(300L), 44.5)) {
      expect_ordered(x, other, -1)
    }
    expect_ordered(x, -1L, 1)
    expect_ordered(x, 43.5, 1)
    expect_ordered(x, 44, 0)
  }
  expect_ordered(torch$tensor(list(44L), dtype = torch$int8), -212L, 1)
  expect_ordered(torch$tensor(TRUE), 2L, -1)
  expect_ordered(torch$tensor(TRUE), 1, 0)
  expect_ordered(torch$tensor(TRUE), 0.5, 1)
  expect_ordered(torch$tensor(TRUE), TRUE, 0)
  expect_ordered(whole(torch, 40L), torch$tensor(list(0L), dtype = torch$int32), 1)
  expect_like_r(u + 300L, 344L)
  expect_like_r(u - 45L, 255L)
  expect_like_r(u * -1L, -44L)
  expect_equal(reticulate::py_str((u + 1L)$dtype), "torch.uint8")
})

test_that("unsigned types of more than 8 bits compare", {
  torch <- torch_or_skip()
  for (type in c("uint16", "uint32", "uint64")) {
    x <- torch$tensor(list(3L))$to(torch[[type]])
    expect_ordered(x, 4, -1)
    expect_ordered(x, torch$tensor(3L), 0)
    expect_ordered(torch$tensor(5), x, 1)
  }
})

test_that("real numbers keep their type, but do not become infinite", {
  torch <- torch_or_skip()
  expect_ordered(torch$tensor(0.1), 0.1, 0)
  expect_ordered(torch$tensor(list(0.1)), c(0.1), 0)
  expect_like_r(torch$tensor(c(0.1, 0.2)) == c(0.1, 0.2), c(TRUE, TRUE))
  expect_ordered(torch$tensor(Inf)$half(), 1e6, 1)
  expect_ordered(torch$tensor(Inf), 1e300, 1)
  expect_like_r(torch$tensor(c(Inf, 1))$half() == c(1e6, 1), c(FALSE, TRUE))
})

test_that("NaN is unequal to everything", {
  torch <- torch_or_skip()
  for (x in list(torch$tensor(1:2), torch$tensor(c(1, 2)), torch$tensor(c(TRUE, FALSE)))) {
    for (other in list(NaN, NA, c(NaN, NaN), torch$tensor(c(NaN, NaN)), torch$tensor(NaN))) {
      for (symbol in comparisons) {
        op <- match.fun(symbol)
        expect_like_r(op(x, other), rep(symbol == "!=", 2))
        expect_like_r(op(other, x), rep(symbol == "!=", 2))
      }
    }
  }
})

test_that("max(), min() and range() are exact between kinds of numbers", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2))
  y <- torch$tensor(16777217L)
  expect_like_r(max(x, y), 16777217)
  expect_like_r(max(y, x), 16777217)
  expect_like_r(max(x, 16777217L), 16777217)
  expect_like_r(max(x, c(16777217L, 0L)), 16777217)
  expect_like_r(range(y, x), c(1, 16777217))
  expect_like_r(min(-x, -y), -16777217)
  expect_like_r(max(x$half(), torch$tensor(2049L)), 2049)
  for (same in list(max(x, 3L), max(x, TRUE), min(x, c(FALSE, TRUE)), range(x, 1:3), max(x, 0.1))) {
    expect_equal(reticulate::py_str(same$dtype), "torch.float32")
  }
  big <- whole(torch, 53L, 1L)
  expect_true(max(big, 1L) == big)
  expect_true(max(big, big - 1L) == big)
  expect_like_r(min(big, 1), 1)
  expect_like_r(min(big, torch$tensor(2^53, dtype = torch$float64)), 2^53)
  expect_tensor_error(max(big, 1), "9007199254740993, which no tensor of float64 holds exactly")
  expect_tensor_error(range(big, 1.5), "9007199254740993")
  expect_like_r(max(torch$tensor(3L), NaN), NaN)
})
