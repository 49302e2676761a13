# R's functions of statistics and matrices on tensors: arguments are R's, Python computes.

numbers_for <- function(x, name, call) {
  as_operand(bare_tensor(x), sprintf("Each argument of `%s()`", name),
    scalar = FALSE, call = call
  )
}

like_of <- function(...) Find(is_tensor, list(...))

# ---- Element by element ---------------------------------------------------------------------

extreme_tensors <- function(name) {
  force(name)
  function(..., na.rm = FALSE) { # nolint: object_name_linter.
    call <- call(name)
    check_true_false(na.rm, "na.rm", call)
    values <- list(...)
    sent <- unname(lapply(values, numbers_for, name, call))
    tensor_result("extreme", Find(is_tensor, values), name, na.rm, sent, call = call)
  }
}

two_way_tensors <- function(name) {
  force(name)
  function(x, y) {
    call <- call(name)
    tensor_result(
      "two_way", like_of(x, y), name, numbers_for(x, name, call), numbers_for(y, name, call),
      call = call
    )
  }
}

# Numbers where both alternatives are R's, in the shape of the test.
ifelse_tensors <- function(test, yes, no) {
  call <- call("ifelse")
  if (!is_tensor(yes) && !is_tensor(no)) {
    return(base::ifelse(as_r_truth(test), yes, no))
  }
  test <- bare_tensor(test)
  if (!is_tensor(test)) test <- send_values(as_logical_array(test))
  tensor_result(
    "choose", like_of(yes, no), test, numbers_for(yes, "ifelse", call),
    numbers_for(no, "ifelse", call),
    call = call
  )
}

as_r_truth <- function(x) {
  values <- as_r_values(x, check = FALSE)
  storage.mode(values) <- "logical"
  values
}

# A plain vector has the dimension that a tensor of one dimension has.
as_logical_array <- function(x) {
  array(if (anyNA(x)) as.double(as.logical(x)) else as.logical(x), sizes_in(x))
}

outer_tensors <- function(X, Y, FUN = "*", ...) { # nolint: object_name_linter.
  call <- call("outer")
  size <- c(sizes_in(X), sizes_in(Y))
  if (identical(FUN, "*") || identical(FUN, `*`)) {
    return(tensor_result(
      "outer", like_of(X, Y), numbers_for(X, "outer", call), numbers_for(Y, "outer", call),
      as.list(as.double(size)),
      call = call
    ))
  }
  f <- match.fun(FUN)
  second <- rep(seq_len(length(Y)), each = length(X))
  first <- rep(seq_len(length(X)), times = length(Y))
  found <- f(chosen(X, first), chosen(Y, second), ...)
  if (is_plain_list(found)) found <- unlist_tensors(found)
  if (length(found) != length(X) * length(Y)) {
    abort_tensor("`FUN` of `outer()` must give one element for each pair.", call)
  }
  if (is_tensor(found)) {
    tensor_result("reshape", found, found, as.list(as.double(size)), call = call)
  } else {
    array(found, size)
  }
}

chosen <- function(x, positions) {
  if (is_tensor(x)) gathered(x, positions) else as.vector(x)[positions]
}

sizes_in <- function(x) if (is.null(dim(x))) length(x) else dim(x)

sweep_tensors <- function(x, MARGIN, STATS, FUN = "-", check.margin = TRUE, ...) { # nolint
  size <- dim(x)
  if (!is.numeric(MARGIN) || !length(MARGIN) || !all(MARGIN %in% seq_along(size))) {
    abort_tensor(
      sprintf("`MARGIN` must be dimensions of `x`, from 1 to %d.", length(size)), call("sweep")
    )
  }
  perm <- c(MARGIN, seq_along(size)[-MARGIN])
  if (!length(STATS) || prod(size[MARGIN]) %% length(STATS) != 0) {
    abort_tensor(
      sprintf(
        "`STATS` must fit the dimensions swept, with %d elements, not %d.",
        prod(size[MARGIN]), length(STATS)
      ),
      call("sweep")
    )
  }
  places <- aperm(array(seq_len(length(STATS)), size[perm]), order(perm))
  statistics <- chosen(STATS, as.vector(places))
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
  function(x, y = NULL, ...) {
    call <- call(name)
    second <- if (!is.null(y)) numbers_for(y, name, call)
    tensor_result(
      "cross_product", like_of(x, y), name, numbers_for(x, name, call), second,
      call = call
    )
  }
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
  call <- call("solve")
  if (missing(b)) {
    return(tensor_result("decompose", a, "inverse", a, call = call))
  }
  sent <- lapply(list(a, b), numbers_for, "solve", call)
  tensor_result("solve", like_of(a, b), sent[[1]], sent[[2]], call = call)
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
    abort_tensor("`lag` and `differences` must be whole numbers of at least 1.", call("diff"))
  }
  tensor_result("differences", x, x, as.double(lag), as.double(differences), call = call("diff"))
}

# ---- Statistics -----------------------------------------------------------------------------

covariance_tensors <- function(name) {
  force(name)
  function(x, y = NULL, na.rm = FALSE, use = NULL, method = "pearson") { # nolint
    call <- call(name)
    uses <- c("all.obs", "complete.obs", "pairwise.complete.obs", "everything", "na.or.complete")
    use <- if (is.null(use)) if (isTRUE(na.rm)) "na.or.complete" else "everything" else use
    use <- uses[pmatch(use, uses)]
    if (is.na(use)) {
      abort_tensor("`use` must be one of R's ways to treat missing values.", call)
    }
    if (!identical(method[[1]], "pearson") || use == "pairwise.complete.obs") {
      original <- getExportedValue("stats", if (name == "var") "cov" else name)
      return(original(
        plain_values(x, name), plain_values(y, name),
        use = use, method = method
      ))
    }
    second <- if (!is.null(y)) numbers_for(y, name, call)
    tensor_result(
      "covariance", like_of(x, y), name, numbers_for(x, name, call), second, use,
      call = call
    )
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
    abort_tensor("`probs` must be numbers from 0 to 1.", call)
  }
  if (!is.numeric(type) || length(type) != 1 || !type %in% 1:9) {
    abort_tensor("`type` must be one of R's definitions, from 1 to 9.", call)
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
  tensor_result("weighted_mean", x, x, numbers_for(w, "weighted.mean", call), na.rm, call = call)
}

scale_tensor <- function(x, center = TRUE, scale = TRUE) {
  call <- call("scale")
  given <- function(value) {
    if (isTRUE(value) || isFALSE(value)) value else numbers_for(value, "scale", call)
  }
  tensor_result("scaled", x, x, given(center), given(scale), call = call)
}

summary_tensor <- function(object, ...) {
  summary(as_r_values(object), ...)
}
