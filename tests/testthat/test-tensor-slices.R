# R's meaning is meant here; test-tensor-index-warnings.R has the warnings.
withr::local_options(torch.extract.style = "R", .local_envir = testthat::teardown_env())

test_that("Python's slices count from 1 and include their ends", {
  torch <- torch_or_skip()
  m <- matrix(as.double(1:40), 20)
  x <- tensor_of(torch, m)
  start <- 5
  stop_at <- function() 6
  expect_like_r(x[`5:`, ], m[5:20, ])
  expect_like_r(x[`5:NULL`, ], m[5:20, ])
  expect_like_r(x[5:NULL, ], m[5:20, ])
  expect_like_r(x[5:NULL:NULL, ], m[5:20, ])
  expect_like_r(x[`5::`, ], m[5:20, ])
  expect_like_r(x[`:5:`, ], m[1:5, ])
  expect_like_r(x[NULL:5, ], m[1:5, ])
  expect_like_r(x[`:5`, ], m[1:5, ])
  expect_like_r(x[`2:5`, ], m[2:5, ])
  expect_like_r(x[`:`, 1], m[, 1])
  expect_like_r(x[`::`, 1], m[, 1])
  expect_like_r(x[`::2`, ], m[seq(1, 20, 2), ])
  expect_like_r(x[NULL:NULL:2, ], m[seq(1, 20, 2), ])
  expect_like_r(x[`2:6:2`, ], m[seq(2, 6, 2), ])
  expect_like_r(x[2:6:2, ], m[seq(2, 6, 2), ])
  expect_like_r(x[`2:7:2`, ], m[seq(2, 7, 2), ])
  expect_like_r(x[`start:`, ], m[5:20, ])
  expect_like_r(x[start:NULL, ], m[5:20, ])
  expect_like_r(x[start:stop_at():1, ], m[5:6, ])
  expect_like_r(x[start:(stop_at() + 1), ], m[5:7, ])
  expect_like_r(x[6:2:-2, ], m[c(6, 4, 2), ])
  expect_like_r(x[6:2:2, ], m[c(6, 4, 2), ])
  expect_like_r(x[`6:2`, ], m[6:2, ])
  expect_like_r(x[6:2, ], m[6:2, ])
  expect_like_r(x[`::-1`, ], m[20:1, ])
  expect_like_r(x[`3::-1`, ], m[3:1, ])
  expect_like_r(x[`21:`, ], m[integer(), ])
  expect_like_r(x[`20:`, 1], m[20, 1])
  expect_like_r(x[(2:6):3, 1], m[suppressWarnings((2:6):3), 1]) |> suppressWarnings()
  v <- x[, 1]
  expect_like_r(v[1:5:2], c(1, 3, 5))
  expect_like_r(v[[`20:`]], 20)
  v[`::2`] <- 0
  expect_like_r(v, m[, 1] * rep(0:1, 10))
  v[[2:NULL:50]] <- -1
  expect_like_r(v[1:3], c(0, -1, 0))
})

test_that("slices that make no sense are errors", {
  torch <- torch_or_skip()
  v <- torch$ones(5L)
  expect_tensor_error(v[`-2:`], "count from 1, but one of dimension 1 is -2. Leave an end open")
  expect_tensor_error(v[`0:3`], "count from 1, but one of dimension 1 is 0")
  expect_tensor_error(v[`2:6`], "out of bounds: dimension 1 has 5 elements, the index is 6")
  expect_tensor_error(v[`8:`], "out of bounds")
  expect_tensor_error(v[`1:5:0`], "step .* is 0")
  expect_tensor_error(v[2:4:-1], "goes up, but its step is below 0")
  expect_tensor_error(v[1.5:NULL], "whole number, not 1.5")
  expect_tensor_error(v[1:3:1:1], "at most two colons")
  expect_tensor_error(v[c(1, 2):NULL], "one whole number, not a double vector")
  expect_error(v[`nowhere:`], "nowhere")
  expect_tensor_error(v["2:"], "must be numbers or logicals, not character")
})

test_that("variables with such names come first, and no argument is evaluated twice", {
  torch <- torch_or_skip()
  x <- tensor_of(torch, matrix(as.double(1:9), 3))
  `a:b` <- c(3, 1) # nolint: object_name_linter.
  expect_like_r(x[`a:b`, 1], c(3, 1))
  count <- 0
  once <- function(value) {
    count <<- count + 1
    value
  }
  x[once(1):3, once(2)]
  x[once(1):NULL, `once(2):`]
  expect_equal(count, 4)
  x[once(1):3, 1] <- once(0)
  x[[once(1):1, 1]] <- 5
  expect_equal(count, 7)
  set_at(x, once(2):3, 1, value = 1)
  x[[once(2):2]]
  expect_equal(count, 9)
  both <- function(...) list(x[...], x[...])
  both(once(1):2, once(3))
  expect_equal(count, 11)
  x[(last <- 2):3, 1]
  expect_equal(last, 2)
})

test_that("slices come through functions, dots, do.call() and tensors", {
  torch <- torch_or_skip()
  m <- matrix(as.double(1:15), 5)
  x <- tensor_of(torch, m)
  pick <- function(i, j) x[i, j]
  outer_pick <- function(k) pick(k, 1)
  forward <- function(...) x[...]
  deeper <- function(...) forward(...)
  end <- 3
  expect_like_r(pick(`2:`, 1), m[2:5, 1])
  expect_like_r(outer_pick(`::2`), m[c(1, 3, 5), 1])
  expect_like_r(pick(`2:`), m[2:5, ])
  expect_like_r(pick(2:end, 1), m[2:3, 1])
  expect_like_r(forward(`2:`, ), m[2:5, ])
  expect_like_r(deeper(1:5:2, 1), m[c(1, 3, 5), 1])
  expect_like_r(deeper(`2:end`, 1), m[2:3, 1])
  expect_like_r(deeper(, end), m[, 3])
  expect_like_r(do.call("[", list(x, quote(`2:`), 1)), m[2:5, 1])
  expect_like_r(do.call("[", list(x, 2:3, 1)), m[2:3, 1])
  zeroed <- do.call(set_at, list(x$clone(), quote(`4:`), 1:3, value = 0))
  expect_like_r(zeroed, rbind(m[1:3, ], 0, 0))
  expect_like_r(sapply(1:3, function(k) as.double(x[k, 1])) |> torch$tensor(), m[1:3, 1])
  expect_like_r(x[torch$tensor(1L):torch$tensor(4L), 1], m[2:4, 1])
  expect_like_r(x[torch$tensor(-2L):NULL, 1], m[4:5, 1])
})

test_that("all_dims() stands for the indices that are left", {
  torch <- torch_or_skip()
  r <- array(as.double(1:24), 2:4)
  x <- tensor_of(torch, r)
  expect_like_r(x[all_dims()], r)
  expect_like_r(x[1, all_dims()], r[1, , ])
  expect_like_r(x[all_dims(), 2], r[, , 2])
  expect_like_r(x[1, all_dims(), 2], r[1, , 2])
  expect_like_r(x[1, 2, all_dims(), 2], r[1, 2, 2])
  expect_like_r(x[1, 2, 3, all_dims()], r[1, 2, 3])
  x[all_dims(), 1] <- 0
  r[, , 1] <- 0
  expect_like_r(x, r)
  expect_tensor_error(x[all_dims(), all_dims()], "only once among the indices")
  expect_tensor_error(x[1, 1, 1, 1, all_dims()], "4 indices for a tensor with 3")
})

test_that("tensors of whole numbers are PyTorch's positions", {
  torch <- torch_or_skip()
  m <- matrix(as.double(1:12), 4)
  x <- tensor_of(torch, m)
  v <- x[, 1]
  rows <- torch$tensor(list(2L, -1L))
  expect_like_r(x[torch$tensor(2L), ], m[3, ])
  expect_like_r(x[rows, ], m[3:4, ])
  expect_like_r(x[rows], m[3:4, ])
  expect_like_r(x[rows, 2], m[3:4, 2])
  expect_like_r(v[v$argmax()], 4)
  expect_like_r(v[rows$int()], c(3, 4))
  expect_equal(dim(v[torch$tensor(1:3)$reshape(3L, 1L)$expand(3L, 2L)]), c(3, 2))
  expect_like_r(torch$tensor(3)[torch$tensor(0L)], 3)
  x[rows, 1] <- c(0, 10)
  expect_like_r(x[, 1], c(1, 2, 0, 10))
  x[torch$tensor(0L)] <- -1
  expect_like_r(x[1, ], c(-1, -1, -1))
  v[torch$tensor(list(0L, 0L))] <- c(5, 6)
  expect_like_r(v, c(6, 2, 3, 4))
  expect_tensor_error(v[torch$tensor(4L)], "dimension 1 has 4 elements, .* counts from 0, is 4")
  expect_tensor_error(x[x > 0, 1], "must have one dimension")
  expect_tensor_error(x[x[, 1] > 0], "For rows write `x\\[mask, \\]`")
})
