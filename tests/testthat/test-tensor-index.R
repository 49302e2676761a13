# R's meaning is meant here; test-tensor-index-warnings.R has the warnings.
withr::local_options(torch.extract.style = "R", .local_envir = testthat::teardown_env())

test_that("x[...] selects what base R selects", {
  torch <- torch_or_skip()
  r <- array(as.double(1:24), 2:4)
  m <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  v <- c(10, 20, 30, 40)
  x <- tensor_of(torch, r)
  y <- tensor_of(torch, m)
  z <- tensor_of(torch, v)
  expect_like_r(x[1, , ], r[1, , ])
  expect_like_r(x[, 2, 3:4], r[, 2, 3:4])
  expect_like_r(x[2:1, c(1, 3), c(4, 1, 1)], r[2:1, c(1, 3), c(4, 1, 1)])
  expect_like_r(x[, -1, c(TRUE, FALSE)], r[, -1, c(TRUE, FALSE)])
  expect_like_r(x[, , 0], r[, , 0])
  expect_like_r(x[1, 2, , drop = FALSE], r[1, 2, , drop = FALSE])
  expect_like_r(x[5], r[5])
  expect_like_r(x[c(24, 1, 7)], r[c(24, 1, 7)])
  expect_like_r(x[-(1:20)], r[-(1:20)])
  expect_like_r(x[], r[])
  expect_like_r(x[rbind(c(1, 2, 3), c(2, 3, 4))], r[rbind(c(1, 2, 3), c(2, 3, 4))])
  expect_like_r(y[1, 2], m[1, 2])
  expect_like_r(y[2, ], m[2, ])
  expect_like_r(y[c(2, 2), c(3, 1)], m[c(2, 2), c(3, 1)])
  expect_like_r(y[m > 2], m[m > 2])
  expect_like_r(y[y > 2], m[m > 2])
  expect_like_r(y[c(TRUE, FALSE)], m[c(TRUE, FALSE)])
  expect_like_r(y[cbind(c(1, 0, 2), c(3, 1, 1))], m[cbind(c(1, 0, 2), c(3, 1, 1))])
  expect_like_r(z[2:3], v[2:3])
  expect_like_r(z[-1], v[-1])
  expect_like_r(z[z >= 20], v[v >= 20])
  expect_like_r(z[c(4, 4, 1)], v[c(4, 4, 1)])
  expect_like_r(z[c(TRUE, FALSE)], v[c(TRUE, FALSE)])
  expect_like_r(z[integer()], v[integer()])
  expect_like_r(z[NULL], v[NULL])
  expect_like_r(z[c(0, 1)], v[c(0, 1)])
  expect_like_r(z[-10], v[-10])
  expect_like_r(z[4:1], v[4:1])
})

test_that("dimensions of length one are dropped", {
  torch <- torch_or_skip()
  x <- torch$ones(3L, 1L, 2L)
  expect_equal(dim(x[, , ]), c(3, 2))
  expect_equal(dim(x[, , , drop = FALSE]), c(3, 1, 2))
  expect_equal(dim(x[]), c(3, 1, 2))
  expect_null(dim(x[1, 1, 1]))
  expect_null(dim(x[2]))
  expect_equal(dim(x[2, drop = FALSE]), 1)
  expect_equal(dim(x[cbind(1, 1, 1)]), 1)
  mask <- torch$zeros(3L, 1L, 2L, dtype = torch$bool)
  mask[1, 1, 2] <- TRUE
  expect_equal(dim(x[mask]), 1)
  expect_tensor_error(x[1, 1, 1, drop = NA], "`drop` must be TRUE or FALSE")
  expect_tensor_error(x[1, 1, 1, drop = "no"], "`drop` must be TRUE or FALSE, not a string")
})

test_that("a tensor without dimensions counts as a vector of one", {
  torch <- torch_or_skip()
  x <- torch$tensor(5)
  expect_like_r(x[1], 5)
  expect_like_r(x[], 5)
  expect_null(dim(x[]))
  expect_tensor_error(x[2], "out of bounds: the tensor has 1 element, the index is 2")
  expect_tensor_error(x[1, 1], "2 indices for a tensor with 0")
  x[1] <- 7
  expect_like_r(x, 7)
})

test_that("indices that are not there or no indices at all are errors", {
  torch <- torch_or_skip()
  x <- torch$ones(2L, 3L)
  v <- torch$ones(3L)
  expect_tensor_error(x[3, 1], "out of bounds: dimension 1 has 2 elements, the index is 3")
  expect_tensor_error(x[1, 2:5], "out of bounds: dimension 2 has 3 elements, the index is 4")
  expect_tensor_error(x[7], "out of bounds: the tensor has 6 elements, the index is 7")
  expect_tensor_error(v[4], "out of bounds: dimension 1 has 3 elements, the index is 4")
  expect_tensor_error(v[1e10], "out of bounds")
  expect_tensor_error(v[Inf], "out of bounds")
  expect_tensor_error(x[cbind(1, 4)], "out of bounds: dimension 2")
  expect_tensor_error(x[cbind(1, -1)], "matrix of indices cannot have negative")
  expect_tensor_error(x[1, 1, 1], "3 indices for a tensor with 2")
  expect_tensor_error(v["a"], "must be numbers or logicals, not character")
  expect_tensor_error(x[1, list(1)], "index of dimension 2 must be numbers or logicals, not a list")
  expect_tensor_error(v[factor("a")], "must be numbers or logicals, not a <factor>")
  expect_tensor_error(v[NA], "missing values")
  expect_tensor_error(v[c(1, NA)], "missing values")
  expect_tensor_error(v[c(NA, TRUE, TRUE)], "missing values")
  expect_tensor_error(v[1.5], "must be whole, not 1.5")
  expect_tensor_error(v[c(-1, 1)], "mixes positive and negative")
  expect_tensor_error(v[rep(TRUE, 4)], "Logical subscript too long")
  expect_tensor_error(x[x], "bool or of whole numbers, not a 2x3 float32 tensor")
  expect_tensor_error(v[v$byte()], "uint8 .* use `i\\$bool\\(\\)` or `i\\$long\\(\\)`")
  expect_tensor_error(x[v > 0], "mask must have the tensor's shape")
  told <- "index of dimension 2 must have one dimension and the length 3, not the shape 2x3"
  expect_tensor_error(x[, x > 0], told)
  expect_error(v[stop("inner")], "inner")
})

test_that("a bool tensor indexes one dimension", {
  torch <- torch_or_skip()
  r <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  x <- tensor_of(torch, r)
  expect_like_r(x[, torch$tensor(c(TRUE, FALSE, TRUE))], r[, c(1, 3)])
})

test_that("x[[...]] counts as x[...] does, and takes names as reticulate does", {
  torch <- torch_or_skip()
  x <- torch$arange(6)$reshape(2L, 3L)
  expect_like_r(x[[1, 2]], 1)
  expect_like_r(x[[2]], 3)
  expect_like_r(torch$tensor(c(7, 8))[[1]], 7)
  expect_identical(x[["ndim"]], 2L)
  expect_tensor_error(x[[0]], "one element, not 0")
  expect_tensor_error(x[[1, ]], "one element, not 3")
  x[[1, 2]] <- 9
  expect_like_r(x, rbind(c(0, 9, 2), 3:5))
  x[["requires_grad"]] <- TRUE
  expect_true(x$requires_grad)
})

test_that("indices may come through functions, and be left out there", {
  torch <- torch_or_skip()
  x <- torch$arange(6)$reshape(2L, 3L)
  pick <- function(i, j) x[i, j]
  forward <- function(...) x[...]
  expect_like_r(pick(2, 3), 5)
  expect_like_r(pick(2), c(3, 4, 5))
  expect_like_r(forward(, 1), c(0, 3))
  expect_like_r(do.call("[", alist(x, 1, )), c(0, 1, 2))
  expect_like_r(head(x, 1), matrix(0:2, 1))
  expect_like_r(rev(torch$tensor(c(1, 2, 3))), c(3, 2, 1))
})

test_that("x[...] is a view by positions and runs, and else a copy", {
  torch <- torch_or_skip()
  views <- expression(
    x[1, ], x[, 2:3], x[2:3, seq(1, 4, 2)], x[-1, ], x[-3, -4], x[], x[1, 1], x[[2, 1]], x[-2, ],
    x[5], x[[5]], x[, `::2`], x[2:NULL, ], x[all_dims(), 1], x[1:3, , drop = FALSE],
    x[5, drop = FALSE], x[3, 2]
  )
  copies <- expression(
    x[c(3, 1), ], x[c(1, 1), ], x[c(TRUE, FALSE, TRUE), ], x[x > 4], x[cbind(1, 1)], x[3:1, ],
    x[torch$tensor(1L), ], x[torch$tensor(list(0L, 1L)), ], x[, -3], x[2:3], x[TRUE],
    x[integer(), ], x[torch$tensor(list(TRUE, TRUE, FALSE)), ]
  )
  start <- matrix(as.double(1:12), 3)
  for (k in seq_along(views)) {
    x <- tensor_of(torch, start)
    part <- eval(views[[k]])
    part$add_(100)
    expect_equal(sum(as.array(x) != start), length(part), label = deparse(views[[k]]))
    expect_equal(sum(as.array(x)), sum(start) + 100 * length(part), label = deparse(views[[k]]))
  }
  for (k in seq_along(copies)) {
    x <- tensor_of(torch, start)
    eval(copies[[k]])$add_(100)
    expect_like_r(x, start, label = deparse(copies[[k]]))
  }
  v <- torch$ones(3L, 3L)
  v[1L, ]$fill_(2L)
  expect_like_r(v, rbind(rep(2, 3), 1, 1))
  torch$nn$init$zeros_(v[3, ])
  expect_like_r(v[3, ], rep(0, 3))
  scalar <- torch$tensor(5)
  scalar[1]$fill_(6)
  expect_like_r(scalar, 6)
  lin <- torch$nn$Linear(2L, 2L)
  with(torch$no_grad(), lin$weight[1, ]$zero_())
  expect_like_r(lin$weight[1, ], c(0, 0))
})

test_that("gradients flow through what is taken", {
  torch <- torch_or_skip()
  w <- torch$ones(2L, 3L, requires_grad = TRUE)
  total <- sum(w[1, ]) + 2 * w[2, 3] + sum(w[cbind(1, 1)]) + sum(w[c(1, 1)]) + 3 * w[6] +
    sum(w[, c(1, 3)][1, ])
  total$backward()
  expect_like_r(w$grad, matrix(c(5, 0, 1, 0, 2, 5), 2))
})

test_that("parts of tensors of every type and layout are taken", {
  torch <- torch_or_skip()
  m <- matrix(c(1, 0, 1, 1, 0, 0), 2)
  for (type in c("bool", "uint8", "int32", "int64", "float16", "bfloat16", "float64")) {
    x <- tensor_of(torch, m)$to(torch[[type]])
    expect_equal(as.double(x[2, 2:3]), m[2, 2:3], label = type)
    expect_equal(as.double(x[4]), m[4], label = type)
    expect_equal(as.double(x[c(1, 6, 4)]), m[c(1, 6, 4)], label = type)
    x[2, ] <- c(1, 1, 0)
    expect_equal(as.double(x[2, ]), c(1, 1, 0), label = type)
    expect_equal(reticulate::py_str(x$dtype), paste0("torch.", type))
  }
  expect_like_r(t(tensor_of(torch, m))[2, ], t(m)[2, ])
  expect_like_r(t(tensor_of(torch, m))[4], t(m)[4])
  wide <- torch$tensor(list(1, 2))$expand(3L, 2L)
  expect_like_r(wide[, 2], rep(2, 3))
  expect_equal(dim(torch$ones(0L, 3L)[, 2]), 0)
  expect_like_r(torch$eye(2L)$to_sparse()[]$to_dense(), diag(2))
  expect_tensor_error(torch$ones(0L, 3L)[1, 2], "dimension 1 has 0 elements")
})

test_that("x[...] <- value changes what base R changes", {
  torch <- torch_or_skip()
  m <- matrix(as.double(1:12), 3)
  changes <- expression(
    m[2, 3] <- 100,
    m[1, ] <- c(5, 6, 7, 8),
    m[, 2] <- -1,
    m[, -1] <- 1:9,
    m[c(3, 1), c(4, 2)] <- matrix(c(21, 22, 23, 24), 2),
    m[2:3, 1:2] <- c(1, 2),
    m[m > 5] <- 0,
    m[7] <- 77,
    m[c(1, 12, 1)] <- c(1, 2, 3),
    m[cbind(1:3, 3:1)] <- c(8, 9, 10),
    m[c(1, 1), 2] <- c(5, 6),
    m[c(2, 2), c(1, 3, 1)] <- 1:6,
    m[] <- 12:1,
    m[] <- 0,
    m[integer(), ] <- 5,
    m[c(TRUE, FALSE, TRUE), ] <- NA_real_,
    m[1, 1] <- TRUE,
    m[m < 0] <- c(3, 4),
    m[3, ] <- m[1, ],
    m[1:2, ] <- m[2:3, ]
  )
  for (k in seq_along(changes)) {
    in_r <- list2env(list(m = m))
    in_torch <- list2env(list(m = tensor_of(torch, m)))
    same <- in_torch$m
    eval(changes[[k]], in_r)
    eval(changes[[k]], in_torch)
    expect_like_r(in_torch$m, in_r$m, label = deparse(changes[[k]]))
    expect_like_r(same, m)
  }
})

test_that("tensors can be assigned", {
  torch <- torch_or_skip()
  x <- torch$zeros(2L, 3L)
  x[1, ] <- torch$tensor(c(1, 2, 3))
  expect_like_r(x, rbind(1:3, 0))
  x[, 2] <- torch$tensor(c(7, 8))
  expect_like_r(x, cbind(c(1, 0), c(7, 8), c(3, 0)))
  x[1:2, ] <- torch$tensor(c(1, 2, 3))
  expect_like_r(x, rbind(1:3, 1:3))
  x[x > 2] <- torch$tensor(c(5, 6))
  expect_like_r(x, rbind(c(1, 2, 5), c(1, 2, 6)))
  x[2, 2] <- torch$tensor(4L)
  expect_like_r(x[2, ], c(1, 4, 6))
  square <- torch$arange(9)$reshape(3L, 3L)
  square[] <- t(square)
  expect_like_r(square, matrix(0:8, 3))
  expect_tensor_error(x[1, ] <- torch$ones(2L), "fit the selected elements \\(1x3\\), but is")
})

test_that("what does not fit is an error and changes nothing", {
  torch <- torch_or_skip()
  x <- torch$zeros(2L, 3L)
  whole <- torch$tensor(1:3)
  byte <- torch$zeros(2L, dtype = torch$uint8)
  yes <- torch$tensor(c(TRUE, FALSE))
  expect_tensor_error(x[1, ] <- c(1, 2), "elements to replace \\(3\\) is not a multiple .* \\(2\\)")
  expect_tensor_error(x[1, ] <- numeric(), "length of `value` \\(0\\)")
  expect_tensor_error(x[1, ] <- "a", "`value` must be .*, not a string")
  expect_tensor_error(x[1, ] <- NULL, "`value` must be .*, not NULL")
  expect_tensor_error(x[3, ] <- 1, "out of bounds")
  expect_tensor_error(whole[1] <- 1.5, "1.5 does not fit into a length-3 int64 tensor")
  expect_tensor_error(whole[1] <- NA, "nan does not fit")
  expect_tensor_error(whole[1:2] <- torch$tensor(c(1, 2.5)), "2.5 does not fit")
  expect_tensor_error(byte[1] <- 256, "256.0 does not fit into a length-2 uint8 tensor")
  expect_tensor_error(byte[1] <- -1L, "-1 does not fit")
  expect_tensor_error(yes[1] <- 2, "does not fit into a length-2 bool tensor")
  whole[1] <- 9
  byte[1] <- 255
  yes[2] <- TRUE
  expect_like_r(whole, c(9L, 2L, 3L))
  expect_like_r(byte, c(255L, 0L))
  expect_like_r(yes, c(TRUE, TRUE))
  expect_like_r(x, matrix(0, 2, 3))
})
