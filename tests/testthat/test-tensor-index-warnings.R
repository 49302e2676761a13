fresh_warnings <- function(env = parent.frame()) {
  withr::local_options(torch.extract.style = NULL, .local_envir = env)
  pytwolayer:::forget_index_warnings()
  withr::defer(pytwolayer:::forget_index_warnings(), envir = env)
}

expect_told_once <- function(expr, regexp) {
  expr <- substitute(expr)
  env <- parent.frame()
  expect_warning(eval(expr, env), regexp, class = "pytwolayer_warning_index")
  expect_no_warning <- function(object) expect_warning(object, NA)
  expect_no_warning(eval(expr, env))
}

test_that("where R's meaning is not rTorch's, it is said once per session", {
  torch <- torch_or_skip()
  fresh_warnings()
  x <- torch$ones(3L, 3L, 3L)
  v <- torch$ones(4L)
  expect_told_once(v[-1], "leaves out what it names")
  expect_told_once(x[2], "column by column.*`x\\[i, , \\]`")
  expect_told_once(x[1:2, ], "Incorrect number of dimensions: 2 indices for a tensor with 3")
  expect_told_once(v[torch$tensor(1L)], "count from 0")
  expect_told_once(v[0], "0 names nothing")
  pytwolayer:::forget_index_warnings()
  expect_told_once(v[0] <- 5, "changes nothing")
  expect_told_once(v[-1] <- 5, "leaves out")
  expect_told_once(set_at(x, 1, value = 5), "column by column")
  expect_told_once(x[[5]], NA)
  expect_equal(dim(suppressWarnings(x[1:2, 2])), c(2, 3))
})

test_that("what means the same everywhere, and R's own functions, are not warned of", {
  torch <- torch_or_skip()
  fresh_warnings()
  x <- torch$ones(2L, 3L)
  v <- torch$tensor(list(1, 2, 3))
  expect_warning(
    {
      x[x > 0]
      x[as.array(x) > 0]
      x[cbind(1, 2)]
      x[]
      x[all_dims()]
      x[all_dims(), 1]
      v[2]
      v[`2:`]
      v[v > 1]
      head(v, -1)
      head(x, 1)
      rev(v)
      diag(x) <- 0
      replace(x, 1, 5)
      is.na(x) <- 2
    },
    NA
  )
})

test_that("rTorch's options that silence warnings are heard", {
  torch <- torch_or_skip()
  fresh_warnings()
  v <- torch$tensor(list(1, 2, 3, 4))
  m <- torch$ones(2L, 2L)
  withr::with_options(list(torch.extract.style = "R"), {
    expect_warning(v[-1], NA)
    expect_warning(m[1], NA)
  })
  withr::with_options(list(torch.extract.warn_negatives_pythonic = FALSE), {
    expect_like_r(v[-1], 4)
    expect_like_r(m[-1, ], c(1, 1))
    expect_like_r(v[NULL:-2], 1:3)
    expect_like_r(v[1], 1)
  })
  withr::with_options(list(torch.extract.one_based = TRUE), expect_like_r(v[1], 1))
  withr::with_options(list(torch.extract.warn_tensors_passed_asis = FALSE), {
    expect_warning(v[torch$tensor(1L)], NA)
  })
  expect_like_r(v[1, style = "R"], 1)
  expect_tensor_error(v[0, style = "python"], "`style` within the brackets is not supported")
})

test_that("with rTorch's options code counts as it was written, and R's functions as R", {
  torch <- torch_or_skip()
  fresh_warnings()
  r <- matrix(c(1, 2, 3, 4, 5, 6, 7, 8), 4)
  v <- tensor_of(torch, c(1, 2, 3, 4))
  m <- tensor_of(torch, r)
  for (name in c("torch.extract.one_based", "torch.one_based_extract")) {
    withr::with_options(stats::setNames(list(FALSE), name), {
      expect_like_r(v[0], 1)
      expect_like_r(v[[3]], 4)
      expect_like_r(v[1:2], c(2, 3))
      expect_like_r(v[c(3, 0)], c(4, 1))
      expect_like_r(v[`1:`], c(2, 3, 4))
      expect_like_r(m[1:2, 0], r[2:3, 1])
      expect_like_r(m[2, ], r[3, ])
      expect_like_r(m[2], r[3, ])
      expect_like_r(m[cbind(0, 1)], r[1, 2])
      expect_like_r(v[v > 2], c(3, 4))
      expect_like_r(v[c(TRUE, FALSE)], c(1, 3))
      expect_like_r(v[], c(1, 2, 3, 4))
      expect_like_r(head(v, 1), 1)
      expect_like_r(rev(v), c(4, 3, 2, 1))
      shift <- function(x, i) x[i - 1]
      expect_like_r(shift(v, 1:2), c(1, 2))
      expect_tensor_error(v[4], "out of bounds")
      expect_tensor_error(v[3:1], "elements, not be `3:1`")
      z <- v
      z[0] <- 9
      expect_like_r(z, c(9, 2, 3, 4))
    })
  }
  withr::with_options(list(torch.extract.style = "python"), {
    expect_like_r(m[1:3, ], r[2:3, ])
    expect_like_r(m[1:-1, ], r[2:3, ])
    expect_like_r(v[-1], 4)
    expect_like_r(v[c(0, -1)], c(1, 4))
    expect_like_r(v[`-2:`], c(3, 4))
    expect_like_r(v[2:10], c(3, 4))
    expect_like_r(v[3:1], numeric())
    expect_like_r(v[0:4:2], c(1, 3))
    expect_tensor_error(v[0:4:-1], "the step of a slice must be above 0, not -1")
    expect_tensor_error(v[4], "out of bounds")
    expect_tensor_error(v[-5], "out of bounds|0")
    expect_like_r(tail(v, 1), 4)
  })
  withr::with_options(list(torch.extract.style = "R", torch.extract.one_based = FALSE), {
    expect_like_r(v[0:1], c(1, 2))
  })
  withr::with_options(list(torch.extract.inclusive_stop = FALSE), {
    expect_like_r(v[1:3], c(1, 2))
    expect_like_r(v[c(1, 3)], c(1, 3))
  })
  withr::with_options(list(torch.extract.disallow_out_of_bounds = FALSE), {
    expect_like_r(v[3:9], c(3, 4))
    expect_tensor_error(v[9], "out of bounds")
  })
})
