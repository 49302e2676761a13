test_that("sizes have R's indices: positions from 1, negative ones left out", {
  torch <- torch_or_skip()
  for (s in list(torch$zeros(2L, 3L, 4L)$shape, torch$zeros(2L, 3L, 4L)$size())) {
    expect_identical(s[1], 2L)
    expect_identical(s[[1]], 2L)
    expect_identical(s[[3]], 4L)
    expect_identical(s[2:3], c(3L, 4L))
    expect_identical(s[-1], c(3L, 4L))
    expect_identical(s[c(TRUE, FALSE, TRUE)], c(2L, 4L))
    expect_identical(s[0], integer())
    expect_identical(s[], c(2L, 3L, 4L))
    expect_identical(length(s), 3L)
    expect_identical(rev(s), c(4L, 3L, 2L))
    expect_identical(utils::tail(s, 1), 4L)
  }
  expect_identical(torch$zeros(2L, 3L)$size(1L), 3L)
  expect_identical(length(torch$tensor(1)$shape), 0L)
  expect_identical(torch$tensor(1)$shape[], integer())
})

test_that("a size that is not there is an error, never another one", {
  s <- torch_or_skip()$zeros(2L, 3L)$shape
  expect_tensor_error(s[3], "there are 2 sizes, the index is 3")
  expect_tensor_error(s[[3]], "Subscript out of bounds")
  expect_tensor_error(s[-3:3], "mixes positive and negative")
  expect_tensor_error(s[NA], "must be whole numbers")
  expect_tensor_error(s[1.5], "must be whole numbers")
  expect_tensor_error(s["a"], "must be whole numbers")
  expect_tensor_error(s[[1:2]], "one size, not 2")
  expect_tensor_error(s[[0]], "one size, not 0")
})

test_that("sizes become R's vectors", {
  s <- torch_or_skip()$zeros(2L, 3L)$shape
  expect_identical(as.integer(s), c(2L, 3L))
  expect_identical(as.numeric(s), c(2, 3))
  expect_identical(as.vector(s), c(2L, 3L))
  expect_identical(as.list(s), list(2L, 3L))
  expect_identical(unlist(s), c(2L, 3L))
  expect_identical(paste(s, collapse = "x"), "2x3")
  expect_identical(c(s, 5L), c(2L, 3L, 5L))
  expect_identical(vapply(s, function(n) n * 2L, 0L), c(4L, 6L))
  expect_identical(unlist(Map(function(n) n + 1L, s)), c(3L, 4L))
  expect_identical(rep(s, 2), c(2L, 3L, 2L, 3L))
  expect_identical(sort(s, decreasing = TRUE), c(3L, 2L))
  expect_null(names(s))
  s[1] <- 7L
  expect_identical(s, c(7L, 3L))
})

test_that("sizes take part in arithmetic, comparison and summaries", {
  torch <- torch_or_skip()
  s <- torch$zeros(2L, 3L)$shape
  expect_identical(s == c(2, 3), c(TRUE, TRUE))
  expect_identical(c(2, 4) == s, c(TRUE, FALSE))
  expect_identical(s == torch$ones(2L, 3L)$shape, c(TRUE, TRUE))
  expect_identical(s * 2L, c(4L, 6L))
  expect_identical(-s, c(-2L, -3L))
  expect_identical(10 - s, c(8, 7))
  expect_identical(prod(s), 6)
  expect_identical(sum(s), 5L)
  expect_identical(max(s, 10L), 10L)
  expect_identical(range(s), c(2L, 3L))
  expect_identical(any(s == 3), TRUE)
  expect_identical(cumprod(s), c(2, 6))
  expect_identical(mean(s), 2.5)
  expect_true(all.equal(s, c(2, 3)))
  expect_true(all.equal(s, torch$ones(2L, 3L)$shape))
  expect_match(all.equal(s, c(2, 4)), "difference")
})

test_that("sizes print as Python shows them, and are sizes to PyTorch", {
  skip_without_torch()
  s <- torch$zeros(2L, 3L)$shape
  expect_identical(format(s), "torch.Size([2, 3])")
  expect_output(print(s), "torch.Size([2, 3])", fixed = TRUE)
  expect_identical(as.array(torch$ones(s)), matrix(1, 2, 3))
  expect_identical(dim(torch$arange(6)$reshape(s)), c(2L, 3L))
  expect_identical(dim(torch$zeros(s[1], s[2])), c(2L, 3L))
  expect_identical(dim(torch$zeros(c(s, 4L))), c(2L, 3L, 4L))
  expect_identical(s$numel(), 6L)
})
