#' R's functions on tensors: what works, and what to write instead
#'
#' Most of R's functions take tensors in the same way as R's vectors and arrays. A tensor without
#' dimensions counts as a single number, and a tensor with one dimension as a vector. Tensors have
#' no names and dimnames, so results have none either.
#'
#' @section Functions that return tensors, with their gradient:
#' * Joining and moving elements: `c()`, `cbind()`, `rbind()`, `append()`, `rep()`, `rep_len()`,
#'   `rev()`, `sort()`, `unique()`, `split()`, `subset()`, `head()`, `tail()`, `t()`, `aperm()`,
#'   `drop()`, `matrix()`, `array()`, `unlist()` of a list of tensors.
#' * Element by element: R's operators and its group Math, `pmax()`, `pmin()`, `atan2()`, `beta()`,
#'   `lbeta()`, and `ifelse()` if one of the values to choose from is a tensor.
#' * Statistics: `mean()`, `median()`, `quantile()` of all nine types, `weighted.mean()`, `var()`,
#'   `cov()`, `cor()`, `sd()`, `mad()`, `IQR()`, `diff()`, `scale()`, `rowSums()` and similar
#'   functions, `sweep()`, `proportions()`, `marginSums()`. PyTorch computes them, so the last
#'   digits may differ from R's.
#' * Matrices: `crossprod()`, `tcrossprod()`, `outer()`, `diag()`, `det()`, `determinant()`,
#'   `solve()`, `chol()`.
#' * `sapply()` and `mapply()`, if each result is a tensor of the same length.
#'
#' @section Functions that return R's numbers, logicals or text:
#' `which()`, `which.max()`, `order()`, `rank()`, `match()`, `%in%` (positions count from 1),
#' `duplicated()`, `table()`, `tapply()`, `cut()`, `findInterval()`, `identical()`, `summary()`,
#' `as.character()`, `paste()`, `cat()`, `sprintf()`, `ifelse()` between R's values, which keeps the
#' shape of the test, and all functions of [tensor-convert]. In a data frame, a tensor becomes a
#' column of numbers.
#'
#' @section Functions that take R's numbers:
#' `apply()`, `lapply()` over a tensor's elements, `svd()`, `eigen()`, `dnorm()`, `t.test()` and
#' many others get the tensor's numbers. This would lose its gradient, so a tensor that requires one
#' is an error of class `pytwolayer_error_tensor`; write `x$detach()` or `as.numeric(x)` if you do
#' not need the gradient. Printing, plotting, positions and ranks do not need it, and take such
#' tensors too.
#'
#' @section Attributes:
#' A tensor is a Python object that all its names in R share, and R does not let a package copy it
#' when an attribute is set. So `class(x) <- "a"`, `attr(x, "unit") <- "m"`, `I(x)` and `noquote(x)`
#' mark the tensor for every name. Keep such notes beside the tensor, or on `as.array(x)`.
#'
#' @eval section_of_instead()
#' @eval section_of_masks()
#' @section Comparison:
#' `identical(x, y)` is `TRUE` for tensors of the same type, shape and values. Any two `NaN` count
#' as the same, and the device and whether a gradient is required do not count. `all.equal()`
#' compares shapes and values, whatever the types. The third edition of testthat compares types,
#' shapes and values, `expect_equal()` with a tolerance.
#'
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$tensor(c(3, 1, 2))
#' c(x, 10)
#' quantile(x, 0.9)
#' which(x > 1)
#' ifelse(x > 1, x, 0)
#' cbind(x, rev(x))
#' @seealso [tensor-generics], [tensor-index], [tensor-convert].
#' @name tensor-functions
NULL

# What does not work or has another meaning, what to write instead, and the value of that.
instead_of <- c(
  "for (v in x) v", "for (k in seq_along(x)) x[k]", "NULL",
  "c(1, x)", "c(as_tensor(1), x)", "c(1, 1, 2, 3)",
  "unlist(list(1, x))", "unlist(list(as_tensor(1), x))", "c(1, 1, 2, 3)",
  "max(1, x)", "max(x, 1)", "3",
  "sum(1, x)", "sum(x, 1)", "7",
  "if (x > 1) \"yes\"", "if (any(x > 1)) \"yes\"", "\"yes\"",
  "s && TRUE", "s != 0 && TRUE", "TRUE",
  "1:s", "seq_len(as.integer(s))", "1:2",
  "letters[s]", "letters[as.integer(s)]", "\"b\"",
  "numeric(s)", "numeric(as.integer(s))", "c(0, 0)",
  "rep(\"a\", s)", "rep(\"a\", as.integer(s))", "c(\"a\", \"a\")",
  "switch(s, \"one\", \"two\")", "switch(as.integer(s), \"one\", \"two\")", "\"two\"",
  "r[1] <- s", "r[1] <- as.numeric(s)", "2",
  "vapply(list(x, w), sum, 1)", "vapply(list(x, w), function(v) as.numeric(sum(v)), 1)", "c(6, 7)",
  "mean(x, trim = 0.5)", "mean(as.numeric(x), trim = 0.5)", "2",
  "is.vector(x)", "is.vector(as.numeric(x))", "TRUE",
  "is.logical(b)", "b$dtype == torch$bool", "TRUE",
  "names(x) <- c(\"a\", \"b\", \"c\")", "setNames(as.numeric(x), c(\"a\", \"b\", \"c\"))",
  "c(a = 1, b = 2, c = 3)",
  "rnorm(0, x)", "rnorm(0, as.numeric(x))", "numeric()",
  "optimize(abs, s)$minimum > 9", "optimize(abs, c(as.numeric(s), 9))$minimum > 9", "FALSE",
  "model.frame(~ x)$x", "model.frame(~ as.numeric(x))[[1]]", "c(1, 2, 3)",
  "poly(x, 1)[2]", "poly(as.numeric(x), 1)[2]", "0",
  "tibble::tibble(x = x)$x", "tibble::tibble(x = as.numeric(x))$x", "c(1, 2, 3)",
  "sapply(w, function(v) v^2)", "sapply(seq_along(w), function(k) w[k]^2)", "c(1, 16, 4)",
  "apply(m, 1, sum)", "rowSums(m)", "c(2, 2)",
  "svd(m)$d", "torch$linalg$svdvals(m)", "c(2, 0)",
  "plogis(w) > 2", "torch$sigmoid(w) > 2", "c(FALSE, FALSE, FALSE)",
  "dnorm(w) > 2", "exp(-w^2 / 2) / sqrt(2 * pi) > 2", "c(FALSE, FALSE, FALSE)",
  "data.frame(w = w)$w", "data.frame(w = as.numeric(w))$w", "c(1, 4, 2)",
  "cor(w, w, method = \"spearman\")",
  "cor(as.numeric(w), as.numeric(w), method = \"spearman\")", "1"
)

# As a data frame with the columns `not`, `write`, `gives`.
instead_of_rows <- function() {
  rows <- matrix(instead_of, ncol = 3, byrow = TRUE)
  data.frame(not = rows[, 1], write = rows[, 2], gives = rows[, 3])
}

section_of_instead <- function() {
  rows <- instead_of_rows()
  c(
    "@section Write instead:",
    paste(
      "In this table, `x` is a tensor of several elements, `s` one of a single whole number, `b`",
      "one of bools, `w` a vector and `m` a matrix that require a gradient, and `r` an R vector of",
      "numbers."
    ),
    "",
    "| Not | But |", "|---|---|", sprintf("| `%s` | `%s` |", rows$not, rows$write),
    "",
    paste(
      "`max(1, x)`, `c(1, x)`, `for` and `r[1] <- s` cannot be extended: R does not look for the",
      "tensor's methods there."
    )
  )
}

section_of_masks <- function() {
  c(
    "@section Masks:",
    paste(
      "Where R has no method to add to, this package exports a function by R's own name:",
      paste0("`", mask_names(), "`", collapse = ", ")
    ),
    "",
    paste(
      "Each is R's own function that first looks for tensors among its arguments. Without one,",
      "nothing differs, in values, messages or missing arguments. R's own code and other packages",
      "still call R's functions."
    )
  )
}

mask_names <- function() {
  names <- base::unlist(lapply(mask_table, names), use.names = FALSE)
  sort(c(names, "sapply", "mapply", "%*%"), method = "radix") # alike in every locale
}
