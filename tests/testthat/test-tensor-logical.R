scalar <- function(torch, value = 6) torch$tensor(value)

test_that("a comparison without dimensions is an R logical that has its tensor", {
  torch <- torch_or_skip()
  s <- scalar(torch)
  for (flag in list(s > 1, 1 < s, s == 6, s != torch$tensor(5), s >= 6L, s <= 6, !(s < 1),
    (s > 1) & TRUE, (s > 9) | (s > 1), any(torch$ones(2L) > 0), all(torch$ones(2L, 2L)))) {
    expect_s3_class(flag, "tensor_logical", exact = TRUE)
    expect_type(flag, "logical")
    expect_length(flag, 1)
    expect_null(dim(flag))
    expect_identical(as.logical(flag), TRUE)
    expect_s3_class(attr(flag, "tensor"), "torch.Tensor")
    expect_identical(length(attr(flag, "tensor")$shape), 0L)
    expect_identical(flag$item(), TRUE)
    expect_equal(reticulate::py_str(flag$dtype), "torch.bool")
  }
  expect_identical(as.logical(s > 9), FALSE)
  expect_s3_class(torch$ones(1L) > 0, "torch.Tensor")
  expect_s3_class(s$gt(1), "torch.Tensor")
  expect_s3_class(torch$all(torch$ones(2L)), "torch.Tensor")
})

test_that("it stands wherever R wants TRUE or FALSE", {
  torch <- torch_or_skip()
  s <- scalar(torch)
  x <- torch$tensor(c(1, 2, 3))
  expect_identical(if (s > 1) "yes" else "no", "yes")
  expect_identical(if (s > 9) "yes" else "no", "no")
  expect_no_error(stopifnot(s > 1, "all" = all(x > 0)))
  expect_error(stopifnot("too small" = s > 9), "too small")
  expect_identical(isTRUE(s > 1), TRUE)
  expect_identical(isTRUE(s > 9), FALSE)
  expect_identical(isFALSE(s > 9), TRUE)
  expect_identical(s > 1 && s > 2, TRUE)
  expect_identical(s > 9 || FALSE, FALSE)
  loss <- s
  steps <- 0
  while (loss > 1) {
    loss <- loss / 2
    steps <- steps + 1
  }
  expect_identical(steps, 3)
  expect_identical(base::ifelse(s > 1, "a", "b"), "a")
  expect_identical(which(s > 1), 1L)
  expect_identical(which(s > 9), integer())
  expect_identical(sum(s > 1), 1L)
  expect_identical(sum(s > 1, s > 2, TRUE), 3L)
  expect_like_r(sum(s > 1, dim = 0), 1L)
  expect_identical(mean(s > 1), 1)
  expect_identical(max(s > 1, 3), 3)
  expect_identical(paste(s > 1, "!"), "TRUE !")
  expect_output(cat(s > 1), "^TRUE$")
  expect_identical(sprintf("%s", s > 1), "TRUE")
  expect_identical(Filter(function(z) z > 5, list(s, s / 2)), list(s))
  expect_identical(vapply(list(s, s / 6), function(z) z > 5, NA), c(TRUE, FALSE))
  expect_true(s > 1)
  expect_false(s > 9)
  expect_identical(letters[1:2][c(s > 1, s > 9)], "a")
})

test_that("put together with others it is a plain logical", {
  torch <- torch_or_skip()
  flag <- scalar(torch) > 1
  plain <- list(
    c(flag, FALSE), c(TRUE, flag), rep(flag, 2), unlist(list(flag, flag)), as.vector(flag),
    flag[1], flag[[1]], unlist(lapply(1:2, function(i) flag)), sapply(1:2, function(i) flag),
    as.array(flag), as.matrix(flag), matrix(flag, 1), append(flag, NA), unique(flag), rev(flag)
  )
  for (each in plain) {
    expect_type(each, "logical")
    expect_false(inherits(each, "tensor_logical"))
    expect_null(attr(each, "tensor"))
  }
  expect_identical(c(flag, FALSE), c(TRUE, FALSE))
  expect_identical(as.list(flag), list(TRUE))
  changed <- flag
  changed[2] <- FALSE
  expect_identical(changed, c(TRUE, FALSE), ignore_attr = FALSE)
  expect_null(attributes(changed))
  changed <- flag
  changed[[1]] <- NA
  expect_null(attributes(changed))
  taken <- c(NA, NA)
  taken[2] <- flag
  expect_identical(taken, c(NA, TRUE))
  frame <- data.frame(ok = flag, n = 1)
  expect_identical(frame, data.frame(ok = TRUE, n = 1))
  expect_identical(summary(flag), summary(TRUE))
  expect_identical(as.integer(flag), 1L)
  expect_identical(as.numeric(flag), 1)
})

test_that("it prints, and shows its structure, as R's logicals do", {
  torch <- torch_or_skip()
  s <- scalar(torch)
  expect_output(print(s > 1), "^\\[1\\] TRUE$")
  expect_identical(capture.output(s > 9), "[1] FALSE")
  expect_identical(format(s > 1), "TRUE")
  expect_identical(toString(s > 1), "TRUE")
  expect_output(str(s > 1), "^ logi TRUE$")
  expect_output(print(list(s > 1)), "\\[1\\] TRUE")
  capture.output(shown <- withVisible(print(s > 1)))
  expect_false(shown$visible)
})

test_that("with operators, beside tensors and in Python it is its tensor", {
  torch <- torch_or_skip()
  s <- scalar(torch)
  x <- torch$tensor(c(1, 2))
  flag <- s > 1
  expect_no_warning({
    expect_like_r(flag * x, c(1, 2))
    expect_like_r(x * flag, c(1, 2))
    expect_like_r(x > 1 & flag, c(FALSE, TRUE))
    expect_like_r(!flag | x > 1, c(FALSE, TRUE))
    expect_like_r(flag + 1L, 2)
    expect_like_r(-flag, -1)
    expect_like_r(exp(flag), exp(1), tolerance = 1e-6)
  })
  yes <- torch$tensor(TRUE)
  for (same in list(flag == TRUE, TRUE == flag, flag == flag, xor(flag, FALSE), flag == yes)) {
    expect_s3_class(same, "tensor_logical")
    expect_true(same)
  }
  expect_like_r(torch$where(flag, x, -x), c(1, 2))
  expect_like_r(x$masked_fill(flag, 0), c(0, 0))
  expect_like_r(torch$stack(list(flag, !flag)), c(TRUE, FALSE))
  expect_like_r(sum(flag, x), 4)
  expect_like_r(sum(x, flag), 4)
  expect_like_r(x %@% x * flag, 5)
  expect_like_r(x[flag], c(1, 2))
  expect_identical(length(x[s > 9]), 0L)
  expect_true(all(flag, s > 2))
  expect_true(any(s > 9, flag))
  expect_false(all(flag, x > 1))
  expect_identical(flag == "TRUE", TRUE)
  expect_identical(flag == NULL, logical())
  expect_tensor_error(flag + "a", "non-numeric argument")
  expect_tensor_error(flag & list(1), "right side of `&` must be .*, not a list")
  expect_identical(flag[["dtype"]], flag$dtype)
  expect_tensor_error(flag$grad <- 1, "`grad` cannot be set")
  w <- torch$tensor(3, requires_grad = TRUE)
  y <- w * (w > 1)
  y$backward()
  expect_like_r(w$grad, 1)
})

test_that("it equals a plain logical, and a tensor of the same value", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2))
  expect_equal(all(x > 0), TRUE)
  expect_identical(all(x > 0), TRUE)
  expect_identical(all.equal(all(x > 0), TRUE), TRUE)
  expect_identical(all.equal(all(x > 0), all(x > 0)), TRUE)
  expect_identical(all.equal(all(x > 0), torch$tensor(TRUE)), TRUE)
  expect_identical(all.equal(torch$tensor(TRUE), all(x > 0)), TRUE)
  expect_type(all.equal(all(x > 0), FALSE), "character")
  expect_type(all.equal(all(x > 0), torch$tensor(FALSE)), "character")
  expect_failure(expect_equal(all(x > 0), FALSE))
})

test_that("$numpy() gives R's value with every reticulate", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2))
  expect_identical(all(x > 0)$numpy(), array(TRUE))
  expect_identical((x[1] > 1)$numpy(), array(FALSE))
  expect_identical(as.numeric(any(torch$tensor(NaN))$numpy()), NaN)
  expect_true("numpy" %in% utils::.DollarNames(all(x > 0), "^num"))
})

test_that("undecided is NA, by R's three-valued logic", {
  torch <- torch_or_skip()
  open <- any(torch$tensor(c(0, NaN)))
  expect_identical(as.logical(open), NA)
  expect_true(is.na(open))
  expect_true(is.nan(open$item()))
  expect_identical(as.logical(all(torch$tensor(c(1, NaN)))), NA)
  expect_error(if (open) 1, "missing value where TRUE/FALSE needed")
  expect_identical(as.logical(open & FALSE), FALSE)
  expect_identical(as.logical(FALSE & open), FALSE)
  expect_identical((open & FALSE)$item(), FALSE)
  expect_identical(as.logical(open | TRUE), TRUE)
  expect_identical(as.logical(open | FALSE), NA)
  expect_identical(as.logical(!open), NA)
  expect_identical(as.logical(open == TRUE), NA)
  expect_like_r(open + 1, NaN)
  expect_tensor_error(open & torch$tensor(c(TRUE, FALSE)), "Missing values")
})

test_that("saveRDS() keeps the logical, not the tensor", {
  torch <- torch_or_skip()
  file <- withr::local_tempfile()
  saveRDS(scalar(torch) > 1, file)
  kept <- readRDS(file)
  expect_identical(if (kept) 1, 1)
  expect_identical(as.logical(kept), TRUE)
  expect_output(print(kept), "TRUE")
  expect_identical(!kept, FALSE)
  expect_identical(kept & TRUE, TRUE)
  expect_identical(as.logical(all(kept)), TRUE)
  expect_like_r(torch$tensor(c(1, 2)) * kept, c(1, 2))
  expect_like_r(torch$logical_not(torch$tensor(TRUE)), FALSE)
  expect_identical(reticulate::py_to_r(reticulate::r_to_py(kept)), TRUE)
  expect_tensor_error(kept$item(), "another R session")
})

test_that("it keeps whether its methods give R values", {
  torch_or_skip()
  plain <- reticulate::import("torch", convert = FALSE)
  for (flag in list(plain$ones(2L)[1] > 0, all(plain$ones(2L)), !(plain$ones(2L)[1] > 2))) {
    expect_identical(as.logical(flag), TRUE)
    expect_s3_class(flag$item(), "python.builtin.bool")
  }
})

test_that("a tensor that has no values stays a tensor", {
  torch <- torch_or_skip()
  expect_s3_class(torch$ones(list(), device = "meta") > 0, "torch.Tensor")
})

test_that("GPUs answer too", {
  torch <- torch_or_skip()
  skip_if_not(torch$cuda$is_available(), "no CUDA device")
  x <- torch$ones(2L, device = "cuda")
  flag <- sum(x) > 1
  expect_identical(if (flag) 1, 1)
  expect_equal(flag$device$type, "cuda")
  expect_equal(all(x > 0)$device$type, "cuda")
  expect_identical(as.numeric(flag * x), c(1, 1))
})
