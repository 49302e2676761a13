# R's functions of statistics and matrices: arguments are checked here, Python computes.

vector_operand <- function(x, name, call) {
  as_operand(unwrap_tensor(x), sprintf("Each argument of `%s()`", name),
    scalar = FALSE, call = call
  )
}

first_tensor <- function(...) Find(is_tensor, list(...))

# Calls a Python function of two operands, at least one of them a tensor; NULL stays NULL.
result_of_two <- function(function_name, x, y, ..., name, call = base::call(name)) {
  operand <- function(value) if (!is.null(value)) vector_operand(value, name, call)
  tensor_result(function_name, first_tensor(x, y), operand(x), operand(y), ..., call = call)
}

# ---- Element by element ---------------------------------------------------------------------

extreme_tensors <- function(name) {
  force(name)
  function(..., na.rm = FALSE) { # nolint: object_name_linter.
    call <- call(name)
    check_true_false(na.rm, "na.rm", call)
    values <- list(...)
    sent <- unname(lapply(values, vector_operand, name, call))
    tensor_result("extreme", Find(is_tensor, values), name, na.rm, sent, call = call)
  }
}

two_way_tensors <- function(name) {
  force(name)
  function(...) result_of_two("two_way", ..1, ..2, name, name = name)
}

# R's values in the shape of the test where both alternatives are R's, else a tensor.
ifelse_tensors <- function(test, yes, no) {
  if (!is_tensor(yes) && !is_tensor(no)) {
    return(base::ifelse(as_r_truth(test), yes, no))
  }
  test <- unwrap_tensor(test)
  if (!is_tensor(test)) test <- send_values(as_logical_array(test))
  result_of_two("choose", yes, no, test, name = "ifelse")
}

as_r_truth <- function(x) {
  values <- as_r_values(x, check = FALSE)
  storage.mode(values) <- "logical"
  values
}

# With dimensions also for a vector, since Python recycles what has none.
as_logical_array <- function(x) {
  array(if (anyNA(x)) as.double(as.logical(x)) else as.logical(x), sizes_in(x))
}

outer_tensors <- function(X, Y, FUN = "*", ...) { # nolint: object_name_linter.
  call <- call("outer")
  size <- c(sizes_in(X), sizes_in(Y))
  if (identical(FUN, "*") || identical(FUN, `*`)) {
    return(result_of_two("outer", X, Y, as.list(as.double(size)), name = "outer"))
  }
  f <- match.fun(FUN)
  second <- rep(seq_len(length(Y)), each = length(X))
  first <- rep(seq_len(length(X)), times = length(Y))
  found <- f(elements_at(X, first), elements_at(Y, second), ...)
  if (is_plain_list(found)) found <- unlist_tensors(found)
  if (length(found) != length(X) * length(Y)) {
    abort_tensor(
      sprintf(
        "`FUN` of `outer()` must give one element for each of the %d pairs, not %d.",
        length(X) * length(Y), length(found)
      ),
      call
    )
  }
  if (is_tensor(found)) {
    tensor_result("reshape", found, found, as.list(as.double(size)), call = call)
  } else {
    array(found, size)
  }
}

elements_at <- function(x, positions) {
  if (is_tensor(x)) gather_elements(x, positions) else as.vector(x)[positions]
}

sizes_in <- function(x) if (is.null(dim(x))) length(x) else dim(x)

sweep_tensors <- function(x, MARGIN, STATS, FUN = "-", check.margin = TRUE, ...) { # nolint
  size <- dim(x)
  if (!is.numeric(MARGIN) || !length(MARGIN) || !all(MARGIN %in% seq_along(size))) {
    expected <- sprintf("dimensions of `x`, from 1 to %d", length(size))
    refuse_value("MARGIN", expected, MARGIN, call("sweep"))
  }
  perm <- c(MARGIN, seq_along(size)[-MARGIN])
  if (!length(STATS) || prod(size[MARGIN]) %% length(STATS) != 0) {
    abort_tensor(
      sprintf(
        "`STATS` must have one element for each place along `MARGIN`, %d, not %d.",
        prod(size[MARGIN]), length(STATS)
      ),
      call("sweep")
    )
  }
  places <- aperm(array(seq_len(length(STATS)), size[perm]), order(perm))
  statistics <- elements_at(STATS, as.vector(places))
  if (is_tensor(statistics)) {
    statistics <- tensor_result("reshape", statistics, statistics, as.list(as.double(size)))
  } else {
    statistics <- array(statistics, size)
  }
  match.fun(FUN)(x, statistics, ...)
}

proportions_of <- function(x, margin = NULL) {
  if (is.null(margin)) x / sum(x) else sweep_tensors(x, margin, margin_sums(x, margin), "/")
}

margin_sums <- function(x, margin = NULL) {
  if (is.null(margin)) {
    return(sum(x))
  }
  perm <- c(margin, seq_along(dim(x))[-margin])
  if (length(margin) == length(dim(x))) {
    return(aperm_tensor(x, perm))
  }
  margin_tensors("rowSums")(aperm_tensor(x, perm), dims = length(margin))
}

# ---- Matrices -------------------------------------------------------------------------------

cross_tensors <- function(name) {
  force(name)
  function(x, y = NULL, ...) result_of_two("cross_product", x, y, name, name = name)
}

diagonal_tensor <- function(x = 1, nrow, ncol, names = TRUE) {
  number <- function(given) if (!is.null(given)) as.double(given)
  rows <- if (!missing(nrow)) number(nrow)
  columns <- if (!missing(ncol)) number(ncol)
  tensor_result("diagonal", x, x, rows, columns, call = call("diag"))
}

margin_tensors <- function(name) {
  force(name)
  function(x, na.rm = FALSE, dims = 1L) { # nolint: object_name_linter.
    call <- call(name)
    check_true_false(na.rm, "na.rm", call)
    tensor_result("margins", x, name, x, na.rm, as.double(dims), call = call)
  }
}

solve_tensors <- function(a, b, ...) {
  if (missing(b)) {
    return(tensor_result("decompose", a, "inverse", a, call = call("solve")))
  }
  result_of_two("solve", a, b, name = "solve")
}

chol_tensor <- function(x, ...) {
  refuse_further("chol", list(...))
  tensor_result("decompose", x, "chol", x, call = call("chol"))
}

determinant_tensor <- function(x, logarithm = TRUE, ...) {
  parts <- tensor_result("decompose", x, "determinant", x, call = call("determinant"))
  if (!is.list(parts)) parts <- lapply(0:1, function(k) reticulate::py_get_item(parts, k))
  modulus <- parts[[2]]
  structure(
    list(modulus = if (logarithm) modulus else exp(modulus), sign = parts[[1]]),
    class = "det"
  )
}

difference_tensor <- function(x, lag = 1L, differences = 1L, ...) {
  refuse_further("diff", list(...))
  whole <- function(n) is.numeric(n) && length(n) == 1 && !is.na(n) && n >= 1
  if (!whole(lag) || !whole(differences)) {
    abort_tensor(
      sprintf(
        "`lag` and `differences` must be whole numbers of at least 1, not %s and %s.",
        describe_value(lag), describe_value(differences)
      ),
      call("diff")
    )
  }
  tensor_result("differences", x, x, as.double(lag), as.double(differences), call = call("diff"))
}

# ---- Statistics -----------------------------------------------------------------------------

refuse_value <- function(name, expected, value, call) {
  abort_tensor(sprintf("`%s` must be %s, not %s.", name, expected, describe_value(value)), call)
}

covariance_tensors <- function(name) {
  force(name)
  function(x, y = NULL, na.rm = FALSE, use = NULL, method = "pearson") { # nolint
    call <- call(name)
    uses <- c("all.obs", "complete.obs", "pairwise.complete.obs", "everything", "na.or.complete")
    use <- if (is.null(use)) if (isTRUE(na.rm)) "na.or.complete" else "everything" else use
    given <- use
    use <- uses[pmatch(use, uses)]
    if (is.na(use)) {
      refuse_value("use", paste("one of", quote_names(uses)), given, call)
    }
    if (!identical(method[[1]], "pearson") || use == "pairwise.complete.obs") {
      original <- getExportedValue("stats", if (name == "var") "cov" else name)
      return(original(
        plain_values(x, name), plain_values(y, name),
        use = use, method = method
      ))
    }
    result_of_two("covariance", x, y, name, use, name = name)
  }
}

deviation_tensor <- function(x, na.rm = FALSE) { # nolint: object_name_linter.
  flat <- combine_tensors(x)
  sqrt(covariance_tensors("var")(flat, na.rm = na.rm))
}

quantile_tensor <- function(x, probs = seq(0, 1, 0.25), na.rm = FALSE, # nolint: object_name_linter.
                            names = TRUE, type = 7, ...) {
  call <- call("quantile")
  refuse_further("quantile", list(...), "fuzz")
  probs <- plain_values(probs, "quantile")
  check_true_false(na.rm, "na.rm", call)
  if (!is.numeric(probs) || any(probs < 0 | probs > 1, na.rm = TRUE)) {
    refuse_value("probs", "numbers from 0 to 1", probs, call)
  }
  if (!is.numeric(type) || length(type) != 1 || !type %in% 1:9) {
    refuse_value("type", "one of R's types of quantiles, from 1 to 9", type, call)
  }
  tensor_result("quantiles", x, x, send_values(as.double(probs)), na.rm, as.double(type),
    call = call
  )
}

median_tensor <- function(x, na.rm = FALSE, ...) { # nolint: object_name_linter.
  refuse_further("median", list(...))
  check_true_false(na.rm, "na.rm", call("median"))
  tensor_result("median", x, x, na.rm, call = call("median"))
}

interquartile_tensor <- function(x, na.rm = FALSE, type = 7) { # nolint: object_name_linter.
  difference_tensor(quantile_tensor(x, c(0.25, 0.75), na.rm, type = type))$reshape(list())
}

absolute_deviation <- function(x, center = stats::median(x), constant = 1.4826, na.rm = FALSE, # nolint
                               low = FALSE, high = FALSE) {
  if (low || high) {
    return(stats::mad(
      plain_values(x, "mad"), plain_values(center, "mad"), constant, na.rm, low, high
    ))
  }
  center <- if (missing(center)) median_tensor(x, na.rm) else center
  median_tensor(abs(x - center), na.rm) * constant
}

weighted_tensor <- function(x, w, ..., na.rm = FALSE) { # nolint: object_name_linter.
  call <- call("weighted.mean")
  if (missing(w)) {
    return(mean(x, na.rm = na.rm))
  }
  check_true_false(na.rm, "na.rm", call)
  tensor_result("weighted_mean", x, x, vector_operand(w, "weighted.mean", call), na.rm, call = call)
}

scale_tensor <- function(x, center = TRUE, scale = TRUE) {
  call <- call("scale")
  given <- function(value) {
    if (isTRUE(value) || isFALSE(value)) value else vector_operand(value, "scale", call)
  }
  tensor_result("scaled", x, x, given(center), given(scale), call = call)
}

summary_tensor <- function(object, ...) {
  summary(as_r_values(object), ...)
}
