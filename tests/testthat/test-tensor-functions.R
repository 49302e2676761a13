# R's own answer to an expression, with R's arrays in place of the tensors.
values_of_r <- function() {
  list(
    x = c(0.5, -1.5, 2.5, 3), y = c(1, 2, 0.25, 4), i = c(2L, 1L, 2L, 3L),
    b = c(TRUE, FALSE, TRUE, TRUE), s = 2, m = matrix(c(1, 2, 3, 4, 5, 6.5), 2),
    w = matrix(c(1, 2, 4, 3, 5, 9), 3), a = array(1:24 + 0.5, 2:4), q = matrix(c(2, 1, 1, 3), 2),
    p = matrix(c(1, 1, 2, 2), 2), v = c(1, 2), g = c("u", "v", "u", "v"), d = data.frame(k = 1:4)
  )
}

tensors_of_r <- function(torch, requires_grad = FALSE) {
  lapply(values_of_r(), function(value) {
    if (is.character(value) || is.data.frame(value)) {
      return(value)
    }
    tensor <- as_tensor(value, dtype = if (is.double(value)) torch$float64)
    if (identical(value, 2)) tensor <- tensor$reshape(list())
    if (requires_grad && is.double(value)) tensor$requires_grad_(TRUE)
    tensor
  })
}

as_plain <- function(x) {
  if (inherits(x, "torch.Tensor")) {
    x <- as.array(x)
  } else if (is.list(x)) {
    return(lapply(unname(unclass(x)), as_plain))
  }
  size <- if (length(dim(x)) > 1) dim(x)
  x <- if (is.numeric(x)) as.double(x) else as.vector(x)
  dim(x) <- size
  names(x) <- NULL
  x
}

# `gives` is "tensor" where a tensor is to come, with a gradient if its operands have one.
expect_as_in_r <- function(code, gives) {
  torch <- reticulate::import("torch")
  for (each in code) {
    expression <- str2lang(each)
    tensors <- tensors_of_r(torch)
    found <- eval(expression, tensors)
    testthat::expect_equal(as_plain(found), as_plain(eval(expression, values_of_r())), label = each)
    testthat::expect_identical(inherits(found, "torch.Tensor"), gives == "tensor", label = each)
    if (gives == "tensor") {
      found <- eval(expression, tensors_of_r(torch, TRUE))
      testthat::expect_true(found$requires_grad, label = paste(each, "with a gradient"))
    }
  }
}

test_that("elements are joined, repeated and moved as in R, with their gradient", {
  torch_or_skip()
  expect_as_in_r(gives = "tensor", c(
    "c(x, y)", "c(x, 1)", "c(x, 1:3)", "c(m, x)", "c(s, x)", "c(x, TRUE)", "c(i, x)", "c(x, NULL)",
    "c(x, c(a = 1))", "do.call(c, list(x, y))", "mean(c(x, y))", "append(x, 9, after = 1)",
    "append(x, 9, after = 0)", "append(9, x)", "append(c(8, 9), x, 0)",
    "cbind(x, y)", "cbind(x, 1)", "cbind(1, x)", "cbind(m, 1:2)", "cbind(a = x, b = y)",
    "cbind(x)", "cbind(x, y, deparse.level = 0)", "rbind(x, y)", "rbind(m, 1:3)", "rbind(m, 0)",
    "rbind(x, 1:4, y)", "do.call(rbind, list(x, y))", "Reduce(rbind, list(x, y, x))",
    "rep(x, 2)", "rep(x, each = 2)", "rep(x, times = c(1, 2, 1, 0))", "rep(x, length.out = 6)",
    "rep(s, 3)", "rep(m, 2)", "rep_len(x, 6)", "rep.int(x, 2)", "rev(x)", "rev(m)",
    "sort(x)", "sort(x, decreasing = TRUE)", "sort(m)", "x[order(x)]", "unique(x)", "unique(p)",
    "aperm(a)", "aperm(a, c(2, 1, 3))", "aperm(m)", "array(x, c(2, 2))", "array(m, c(3, 2))",
    "matrix(x, 2)", "matrix(x, nrow = 2, byrow = TRUE)", "matrix(s, 2, 2)", "matrix(x)",
    "drop(t(x))", "drop(m)", "head(x, 2)", "tail(x, -1)", "head(m, 1)", "subset(x, x > 1)",
    "unlist(list(x, y))", "unlist(lapply(1:2, function(k) x[k] * k))", "x[which(x > 1)]"
  ))
  expect_as_in_r(gives = "list", c("split(x, g)", "split(x, c(1, 1, 2, 2))"))
})

test_that("statistics are as in R, with their gradient", {
  torch_or_skip()
  expect_as_in_r(gives = "tensor", c(
    "diff(x)", "diff(x, lag = 2)", "diff(x, differences = 2)", "diff(m)", "median(x)", "median(m)",
    "quantile(x)", "quantile(x, 0.5)", "quantile(m, c(0, 0.1, 0.9, 1))",
    paste0("quantile(x, c(0, 0.2, 0.25, 0.3, 0.5, 0.99, 1), type = ", 1:9, ")"),
    "var(x)", "var(w)", "var(x, y)", "var(w, na.rm = TRUE)", "cov(w)", "cor(x, y)", "cor(w)",
    "cov(w, c(1, 5, 2))", "sd(x)", "sd(m)", "mad(x)", "IQR(x)", "weighted.mean(x, y)",
    "weighted.mean(x, 1:4)", "scale(w)", "scale(w, scale = FALSE)", "scale(w, center = FALSE)",
    "scale(w, center = c(1, 2), scale = c(2, 3))", "scale(x)", "(x - mean(x)) / sd(x)",
    "rowSums(m)", "colSums(m)", "rowMeans(m)", "colMeans(m)", "rowSums(a)", "colSums(a, dims = 2)",
    "rowMeans(a, dims = 2)", "sweep(m, 2, colMeans(m))", "sweep(m, 1, c(1, 2), \"*\")",
    "prop.table(x)", "proportions(m, 2)", "prop.table(m, 1)", "marginSums(a, c(3, 1))"
  ))
})

test_that("matrices and pairs are as in R, with their gradient", {
  torch_or_skip()
  expect_as_in_r(gives = "tensor", c(
    "crossprod(m)", "crossprod(m, m)", "crossprod(x)", "crossprod(x, y)", "tcrossprod(m)",
    "tcrossprod(x)", "crossprod(m, v)", "outer(x, y)", "outer(x, 1:3)", "outer(1:3, x)",
    "outer(x, y, \"+\")", "outer(x, y, function(p, q) p - q)", "outer(m, x)",
    "outer(x, y, Vectorize(`*`))", "x %o% y",
    "diag(q)", "diag(m)", "diag(x)", "diag(v, 3)", "diag(v, 2, 4)", "det(q)", "solve(q)",
    "solve(q, c(1, 2))", "solve(q, v)", "solve(q, q)", "chol(q)", "determinant(q)$modulus",
    "pmax(x, 0)", "pmin(x, 1)", "pmax(x, y)", "pmax(0, x)", "pmin(m, 2)", "pmax(x, y, 1)",
    "pmin(pmax(x, 0), 1)", "pmax(m, c(2, 4))", "atan2(x, y)", "atan2(1, x)", "beta(y, 2)",
    "ifelse(x > 1, x, 0)", "ifelse(x > 1, x, y)", "ifelse(m > 2, m, 0)", "ifelse(m > 2, 1:2, m)",
    "ifelse(c(TRUE, FALSE, TRUE, FALSE), x, y)", "sum(ifelse(x > 1, x, -x))"
  ))
  expect_as_in_r(gives = "R", c(
    "ifelse(x > 1, 1, 0)", "ifelse(m > 2, 1, 0)", "ifelse(b, \"yes\", \"no\")",
    "ifelse(x > 1, 1:4, 0)"
  ))
})

test_that("positions, ranks, counts and words are R's", {
  torch_or_skip()
  expect_as_in_r(gives = "R", c(
    "order(x)", "order(i, x)", "rank(x)", "rank(i, ties.method = \"min\")", "duplicated(i)",
    "duplicated(p)", "anyDuplicated(i)", "which(x > 1)", "which(m > 2, arr.ind = TRUE)",
    "which.max(x)", "which.min(x)", "match(i, c(2, 1))", "match(2, i)", "x %in% c(0.5, 3)",
    "1:3 %in% i", "table(i)", "tabulate(i)", "as.vector(table(b))",
    "cut(x, c(-5, 0, 5), labels = FALSE)",
    "findInterval(x, c(0, 1, 2))", "max.col(m)", "as.character(x)", "as.character(b)",
    "toString(x)", "paste0(\"a\", i)", "paste(x, collapse = \",\")", "nchar(i)", "summary(x)",
    "sprintf(\"%.2f\", x)", "rle(i)$lengths", "as.integer(factor(i))", "is.numeric(x)",
    "is.numeric(b)", "is.matrix(m)", "is.matrix(x)", "is.array(m)", "seq_along(x)",
    "length(unique(i))", "tapply(x, g, sum)", "dnorm(x)", "setdiff(i, c(1, 2))", "identical(x, y)"
  ))
  expect_as_in_r(gives = "list", c("as.list(x)", "lapply(x, function(u) u + 1)"))
  expect_as_in_r(gives = "R", c(
    "sapply(x, function(u) u^2)", "apply(m, 1, sum)", "vapply(x, function(u) u^2, 1)",
    "Reduce(`+`, x)", "sapply(list(x, y), length)"
  ))
})

test_that("results of sapply() and mapply() that are tensors are joined", {
  torch_or_skip()
  expect_as_in_r(gives = "tensor", c(
    "sapply(list(x, y), mean)", "sapply(1:3, function(k) x[k] * 2)",
    "sapply(list(x, y), function(z) z * 2)", "mapply(function(u, v) sum(u) + v, list(x, y), 1:2)"
  ))
  expect_as_in_r(gives = "list", "sapply(list(x, y), mean, simplify = FALSE)")
})

test_that("gradients are PyTorch's", {
  torch <- torch_or_skip()
  gradient <- function(f) {
    w <- torch$tensor(c(1, 4, 2), dtype = torch$float64, requires_grad = TRUE)
    f(w)$backward()
    as.numeric(w$grad)
  }
  expect_equal(gradient(function(w) sum(c(w, w) * 1:6)), c(5, 7, 9))
  expect_equal(gradient(function(w) sum(rep(w, times = 3:1))), c(3, 2, 1))
  expect_equal(gradient(function(w) median(w)), c(0, 0, 1))
  expect_equal(gradient(function(w) quantile(w, 0.25)$sum()), c(0.5, 0, 0.5))
  expect_equal(gradient(function(w) var(w)), 2 * (c(1, 4, 2) - 7 / 3) / 2)
  expect_equal(gradient(function(w) sum(pmax(w, 1.5))), c(0, 1, 1))
  expect_equal(gradient(function(w) sum(ifelse(w > 1.5, w^2, 3 * w))), c(3, 8, 4))
  expect_equal(gradient(function(w) sum(cbind(w, 1)[, 1] * 2)), c(2, 2, 2))
})

test_that("what cannot be done is an error that says what", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, NaN))
  expect_tensor_error(c(x, "a"), "Each argument of `c\\(\\)` must be")
  expect_tensor_error(quantile(x), "missing values")
  expect_tensor_error(quantile(x, 2), "`probs` must be numbers from 0 to 1, not 2")
  expect_tensor_error(quantile(x, type = 10), "types of quantiles, from 1 to 9, not 10")
  expect_tensor_error(var(x, use = "some"), "`use` must be one of \"all.obs\", .*, not \"some\"")
  m <- torch$ones(2L, 3L)
  expect_tensor_error(sweep(m, 3, 1), "`MARGIN` must be dimensions of `x`, from 1 to 2, not 3")
  expect_tensor_error(sweep(m, 1, 1:3), "one element for each place along `MARGIN`, 2, not 3")
  expect_tensor_error(outer(x, x, function(a, b) 1), "each of the 4 pairs, not 1")
  expect_tensor_error(aperm(torch$ones(2L, 2L), c(1, 1)), "`perm` must hold")
  expect_tensor_error(rowSums(x), "at least two dimensions")
  expect_tensor_error(cor(x), "`cor\\(\\)` needs `x` and `y`")
  expect_tensor_error(var(x, torch$ones(3L)), "as many elements")
  expect_tensor_error(sd(torch$complex(x, x)), "does not accept complex numbers")
  expect_identical(as.numeric(rep(torch$ones(1L), torch$tensor(2L))), c(1, 1))
  expect_tensor_error(diff(x, lag = 0), "must be whole numbers of at least 1, not 0 and 1")
  expect_tensor_error(crossprod(torch$ones(2L, 2L), torch$ones(3L)), "non-conformable")
  expect_tensor_error(rbind(torch$ones(1L, 2L, 3L), 1), "torch\\$cat")
  expect_tensor_error(names(x) <- c("a", "b"), "no names")
  expect_identical(as.numeric(var(torch$tensor(c(1, NaN, 3)), na.rm = TRUE)), 2)
  expect_true(is.nan(as.numeric(median(x))))
  expect_identical(as.numeric(median(x, na.rm = TRUE)), 1)
})

test_that("an argument that R's functions do not have is an error, not swallowed", {
  torch <- torch_or_skip()
  x <- torch$tensor(list(3, 1, 2))
  m <- torch$eye(2L)
  expect_tensor_error(sort(x, descending = TRUE), "`sort\\(\\)` of a tensor has no .*`descending`")
  expect_tensor_error(median(m, dim = 0), "`dim`")
  expect_tensor_error(unique(x, return_counts = TRUE), "`return_counts`")
  expect_tensor_error(diff(x, n = 2), "`n`")
  expect_tensor_error(quantile(x, q = 0.5), "`q`")
  expect_tensor_error(aperm(m, dims = 1), "`dims`")
  expect_tensor_error(chol(m, pivot = TRUE), "`pivot`")
  expect_like_r(sort(x, na.last = TRUE, method = "radix"), c(1, 2, 3))
  expect_like_r(unique(x, fromLast = TRUE), c(3, 1, 2))
})
