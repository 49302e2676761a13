# R's functions that move, repeat or select elements: R's own function is applied to the elements'
# positions, and PyTorch gathers the elements there. So every argument has R's meaning, and
# gradients flow.

# Positions from 1 in R's order; vectors and single numbers without dimensions, as in R.
positions_of <- function(x) {
  size <- dim(x)
  positions <- seq_len(length(x))
  if (length(size) > 1) dim(positions) <- size
  positions
}

gather_elements <- function(x, positions, call = rlang::caller_env()) {
  if (anyNA(positions)) {
    abort_tensor("Some positions have no element: the tensor is too short.", call)
  }
  size <- if (is.null(dim(positions))) length(positions) else dim(positions)
  tensor_result("gather", x, x, send_values(as.vector(positions)), as.list(as.double(size)),
    call = call
  )
}

by_positions <- function(x, f, ..., call = rlang::caller_env()) {
  gather_elements(x, f(positions_of(x), ...), call)
}

#' Several arguments, tensors and R numbers, as one pool of elements
#'
#' @return A list: the `pool`, one long tensor, and each argument's `positions` in it.
#' @noRd
pool_elements <- function(values, name, call) {
  values <- lapply(values, unwrap_tensor)
  sent <- lapply(values, as_operand,
    argument = sprintf("Each argument of `%s()`", name), scalar = FALSE, call = call
  )
  ends <- cumsum(vapply(values, length, 0))
  places <- Map(function(value, end) {
    positions <- if (is_tensor(value)) positions_of(value) else value
    positions[] <- end - length(value) + seq_len(length(value))
    positions
  }, values, ends)
  like <- Find(is_tensor, values)
  list(pool = tensor_result("combine", like, unname(sent), call = call), positions = places)
}

# Whether there is a tensor among a mask's arguments; empty ones, as in f(1, ), are skipped.
has_tensor <- function(...) {
  expressions <- substitute(alist(...))
  for (k in seq_len(...length())) {
    place <- k + 1L
    empty <- is.symbol(expressions[[place]]) && !nzchar(as.character(expressions[[place]]))
    if (!empty && is.object(...elt(k)) && is_tensor(...elt(k))) {
      return(TRUE)
    }
  }
  FALSE
}

combine_tensors <- function(..., recursive = FALSE, use.names = TRUE) { # nolint
  values <- Filter(Negate(is.null), list(...))
  if (any(vapply(values, is_plain_list, TRUE))) {
    as_lists <- lapply(values, function(each) if (is_plain_list(each)) each else list(each))
    return(do.call(c, as_lists))
  }
  pool_elements(values, "c", sys.call())$pool
}

append_tensors <- function(x, values, after = length(x)) {
  call <- call("append")
  parts <- pool_elements(list(x, values), "append", call)
  gather_elements(parts$pool, append(parts$positions[[1]], parts$positions[[2]], after), call)
}

is_plain_list <- function(x) {
  is.list(x) && !is_python(x)
}

# `name` is cbind or rbind.
bind_tensors <- function(name) {
  force(name)
  function(..., deparse.level = 1) { # nolint: object_name_linter.
    call <- sys.call()
    values <- Filter(Negate(is.null), list(...))
    frames <- vapply(values, is.data.frame, TRUE)
    if (any(frames)) {
      values <- lapply(values, plain_values, name)
      return(do.call(getExportedValue("base", name), values))
    }
    deep <- vapply(values, function(each) length(dim(each)) > 2, TRUE)
    if (any(deep)) {
      abort_tensor(
        sprintf("`%s()` takes vectors and matrices: use `torch$cat()` or `torch$stack()`.", name),
        call
      )
    }
    parts <- pool_elements(values, name, call)
    bound <- do.call(getExportedValue("base", name), unname(parts$positions))
    gather_elements(parts$pool, bound, call)
  }
}

unlist_tensors <- function(x, recursive = TRUE, use.names = TRUE) { # nolint: object_name_linter.
  if (!all(vapply(x, is_joinable, TRUE))) {
    return(base::unlist(x, recursive, use.names))
  }
  do.call(combine_tensors, unname(as.list(x)))
}

is_joinable <- function(x) {
  is_tensor(x) || is.numeric(x) || is.logical(x)
}

# sapply() and mapply() join their results with this.
simplify_tensors <- function(x, higher = TRUE, except = c(0L, 1L)) {
  if (!is.list(x) || !length(x) || !all(vapply(x, is_joinable, TRUE)) || !some_tensor(x)) {
    return(base::simplify2array(x, higher))
  }
  lengths <- vapply(x, length, 0)
  if (any(lengths != lengths[[1]])) {
    return(x)
  }
  joined <- do.call(combine_tensors, unname(x))
  if (lengths[[1]] == 1) joined else by_positions(joined, matrix, lengths[[1]])
}

repeat_tensor <- function(x, ...) {
  arguments <- lapply(list(...), plain_values)
  gather_elements(x, do.call(rep, c(list(as.vector(positions_of(x))), arguments)))
}

# Refuses arguments that a method would ignore, such as PyTorch's own `descending`.
refuse_further <- function(generic, given, allowed = character()) {
  unknown <- setdiff(names(given), c(allowed, ""))
  if (length(unknown)) {
    abort_tensor(
      sprintf(
        "`%s()` of a tensor has no argument `%s`: use a method of PyTorch for it, `x$...()`.",
        generic, unknown[[1]]
      ),
      call(generic)
    )
  }
}

sort_tensor <- function(x, decreasing = FALSE, ...) {
  further <- list(...)
  refuse_further("sort", further, c("na.last", "method"))
  na_last <- if (is.null(further$na.last)) NA else further$na.last
  gather_elements(x, order(as_r_values(x), decreasing = decreasing, na.last = na_last))
}

reverse_tensor <- function(x) by_positions(x, function(p) rev(as.vector(p)))

aperm_tensor <- function(a, perm = NULL, ...) {
  refuse_further("aperm", list(...), "resize")
  count <- length(dim(a))
  perm <- if (is.null(perm)) rev(seq_len(count)) else perm
  if (!is.numeric(perm) || !identical(sort(as.integer(perm)), seq_len(count))) {
    message <- sprintf("`perm` must hold each of the numbers from 1 to %d once.", count)
    abort_tensor(message, call("aperm"))
  }
  tensor_result("permute", a, a, as.list(as.double(perm - 1)))
}

# Unique rows of a matrix, as in R.
unique_tensor <- function(x, incomparables = FALSE, ..., MARGIN = 1) { # nolint: object_name_linter.
  refuse_further("unique", list(...), c("fromLast", "nmax"))
  positions <- positions_of(x)
  if (is.null(dim(positions))) {
    return(gather_elements(x, which(!duplicated(as_r_values(x), incomparables, ...))))
  }
  kept <- !duplicated(as_r_values(x), incomparables, MARGIN = MARGIN, ...)
  where <- rep(list(TRUE), length(dim(positions)))
  where[[MARGIN]] <- as.vector(kept)
  gather_elements(x, do.call(`[`, c(list(positions), where, list(drop = FALSE))))
}

split_tensor <- function(x, f, drop = FALSE, ...) {
  parts <- split(seq_len(length(x)), plain_values(f), drop = drop, ...)
  lapply(parts, function(positions) gather_elements(x, positions))
}

subset_tensor <- function(x, subset, ...) {
  subset <- plain_values(subset)
  if (!is.logical(subset)) {
    abort_tensor(sprintf("`subset` must be logical, not %s.", friendly_type(subset)), sys.call())
  }
  gather_elements(x, which(rep_len(subset, length(x))))
}

as_list_of_numbers <- function(x, ...) {
  check_caller(x, parent.frame(), listing = TRUE)
  as.list(as_r_values(x, check = FALSE))
}
