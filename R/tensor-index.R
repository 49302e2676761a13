#' Parts of tensors, by R's indices
#'
#' `x[i, j]` takes and `x[i, j] <- value` changes parts of a PyTorch tensor, with the indices of
#' an R array: they count from 1, both ends of `2:4` belong to it, and what is negative is left
#' out. `x[[i, j]]` takes a single element in the same way; `x[["grad"]]`, with a name, is
#' `x$grad`.
#'
#' @section Indices:
#' One index per dimension, each of them
#'
#' * whole numbers: positions, in any order and also repeatedly; 0 is dropped; negative ones are
#'   left out, and cannot be mixed with positive ones;
#' * logicals, recycled to the dimension's length; or a bool tensor of just that length;
#' * empty: everything.
#'
#' Or a single one for the whole tensor:
#'
#' * numbers or logicals: positions in the tensor seen as one long vector, column by column, as
#'   in R;
#' * a numeric matrix with a column per dimension and a row per element;
#' * a mask: a bool tensor or a logical array of the tensor's shape. The elements come in R's
#'   order, column by column, always as a vector.
#'
#' A tensor that is not bool is no index, because it would not be known whether it counts from 0,
#' as what `x$argmax()` gives, or from 1. A position beyond the end, a missing value, a text and a
#' number such as 1.5 are errors.
#'
#' @section Taking:
#' `x[i]` is a copy, through which gradients flow. `drop = TRUE` drops all dimensions of length 1,
#' so `x[1, ]` has one dimension and `x[1, 2]` none.
#'
#' @section Changing:
#' `x[i] <- value` changes the tensor itself: every R variable and Python object that refers to it
#' sees the change. Write `x <- x$clone()` before to keep the old one. The tensor keeps its type:
#' a value that it cannot hold, such as 1.5 in a tensor of whole numbers, is an error. A tensor
#' that requires a gradient is changed in `with(torch$no_grad(), x[1] <- 0)`.
#'
#' @param x A tensor.
#' @param ... Indices, see below.
#' @param drop Whether to drop dimensions of length 1: `TRUE` or `FALSE`.
#' @param value A number; an R vector, matrix or array, whose elements are taken column by column
#'   and recycled, if their number divides that of the elements to change; or a tensor of the
#'   selected shape (dimensions of length 1 do not count), or one that can be broadcast to it.
#' @return `x[...]`: a tensor; `x[[...]]`: one without dimensions;
#'   `x[...] <- value`: `x`, the same tensor.
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$arange(6)$reshape(2L, 3L)
#' x[1, ]
#' x[, -1]
#' x[x > 2]
#' x[2, 3] <- 10
#' @name tensor-index
NULL

#' @rdname tensor-index
#' @export
`[.torch.Tensor` <- function(x, ..., drop = TRUE) { # nolint: object_name_linter.
  call <- rlang::current_env()
  if (!is.logical(drop) || length(drop) != 1 || is.na(drop)) {
    abort_tensor(
      sprintf("`drop` must be TRUE or FALSE, not %s.", kind_of(drop)), call
    )
  }
  given <- given_indices(...)
  all_of_it <- length(given) < 2 && all(vapply(given, is_missing_index, TRUE))
  index <- resolve_indices(given, x, call)
  tensor_result("take", x, x, index, drop && !all_of_it, call = call)
}

#' @rdname tensor-index
#' @export
`[<-.torch.Tensor` <- function(x, ..., value) { # nolint: object_name_linter.
  call <- rlang::current_env()
  value <- as_operand(value, "`value`", call = call)
  tensor_result("put", x, x, resolve_indices(given_indices(...), x, call), value, call = call)
  x
}

# Left to reticulate, x[[1]] would be Python's x[1]: the second element, beside x[1] the first.
#' @rdname tensor-index
#' @export
`[[.torch.Tensor` <- function(x, ...) { # nolint: object_name_linter.
  if (...length() == 1 && is.character(..1)) {
    # Not NextMethod(), by which reticulate would try the name as an index first.
    return(eval(call("$", quote(x), ..1)))
  }
  found <- x[...]
  if (length(found) != 1) {
    abort_tensor(
      sprintf("`[[` takes one element, not %d: use `[`.", length(found)), rlang::current_env()
    )
  }
  found
}

#' @rdname tensor-index
#' @export
`[[<-.torch.Tensor` <- function(x, ..., value) { # nolint: object_name_linter.
  if (...length() == 1 && is.character(..1)) {
    return(NextMethod())
  }
  x[...] <- value
  x
}

# The values of the indices, with a marker for those left empty: as in x[1, ], or in x[i, j] of
# a function that was called without its j.
given_indices <- function(...) {
  here <- environment()
  lapply(seq_len(...length()), function(k) {
    empty <- eval(call("missing", as.name(paste0("..", k))), here)
    if (empty) missing_index() else plain_logical(...elt(k))
  })
}

missing_index <- function() {
  structure(list(), class = "pytwolayer_missing_index")
}

is_missing_index <- function(i) {
  inherits(i, "pytwolayer_missing_index")
}

# The three forms of an index that Python knows: along, cells, mask.
resolve_indices <- function(given, x, call) {
  size <- tensor_shape(x, call)
  if (length(given) == 0) {
    given <- list(missing_index())
  }
  if (length(given) == 1 && (length(size) != 1 || is_missing_index(given[[1]]))) {
    return(resolve_single(given[[1]], size, call))
  }
  if (length(given) == 1 && is_tensor(given[[1]])) {
    return(list(mask = given[[1]]))
  }
  if (length(given) != length(size)) {
    abort_tensor(
      sprintf(
        "Incorrect number of dimensions: %d indices for a tensor with %d.",
        length(given), length(size)
      ),
      call
    )
  }
  list(along = lapply(seq_along(size), function(k) {
    resolve_along(given[[k]], size[[k]], sprintf("dimension %d", k), call)
  }))
}

# One index for a tensor of any number of dimensions.
resolve_single <- function(i, size, call) {
  if (is_missing_index(i)) {
    return(list(along = lapply(size, function(each) NULL)))
  }
  if (is_tensor(i)) {
    return(list(mask = i))
  }
  position <- if (is_matrix_index(i, size)) {
    matrix_positions(i, size, call)
  } else {
    positions_along(i, prod(size), "the tensor", call)
  }
  mask <- is.logical(i) && length(size) > 1 && identical(as.integer(dim(i)), as.integer(size))
  list(cells = send_values(as.double(position) - 1), vector = mask || is.matrix(i))
}

is_matrix_index <- function(i, size) {
  is.matrix(i) && is.numeric(i) && !is.object(i) && length(size) > 1 && ncol(i) == length(size)
}

# An index for one dimension: NULL for all, a run, or positions from 0.
resolve_along <- function(i, size, where, call) {
  if (is_missing_index(i)) {
    return(NULL)
  }
  if (is_tensor(i)) {
    i <- mask_along(i, size, where, call)
  }
  position <- positions_along(i, size, where, call)
  count <- length(position)
  if (count && position[[count]] - position[[1]] == count - 1 && all(diff(position) == 1)) {
    return(list(start = position[[1]] - 1, count = count))
  }
  send_values(as.double(position) - 1)
}

mask_along <- function(i, size, where, call) {
  mask <- as_r_array(tensor_value("to_r", i, call = call))
  if (!is.logical(mask) || length(dim(mask)) != 1 || length(mask) != size) {
    abort_tensor(
      sprintf("A tensor as index of %s must be bool and of length %s.", where, in_code(size)),
      call
    )
  }
  as.vector(mask)
}

# Positions from 1, by R's own rules for what is negative, zero or logical.
positions_along <- function(i, size, where, call) {
  i <- if (is.null(i)) integer() else i
  if (!(is.numeric(i) || is.logical(i)) || is.object(i)) {
    abort_tensor(
      sprintf(
        "The index of %s must be numbers or logicals, not %s.", where, kind_of(i)
      ),
      call
    )
  }
  i <- as.vector(i)
  check_positions(i, size, where, call)
  seq_len(size)[i]
}

check_positions <- function(i, size, where, call) {
  has <- sprintf("%s has %s element%s", where, in_code(size), if (size == 1) "" else "s")
  problem <- if (anyNA(i)) {
    sprintf("The index of %s has missing values (NA).", where)
  } else if (is.logical(i)) {
    if (length(i) > size) {
      sprintf("Logical subscript too long: %s, the index %d.", has, length(i))
    }
  } else if (any(i != trunc(i))) {
    sprintf("The index of %s must be whole, not %s.", where, in_code(i[i != trunc(i)][[1]]))
  } else if (any(i < 0) && any(i > 0)) {
    sprintf("The index of %s mixes positive and negative numbers.", where)
  } else if (any(i > size)) {
    sprintf("Subscript out of bounds: %s, the index is %s.", has, in_code(i[i > size][[1]]))
  }
  if (!is.null(problem)) {
    abort_tensor(problem, call)
  }
}

# A row per element, a column per dimension; a row with a zero names no element.
matrix_positions <- function(i, size, call) {
  for (k in seq_along(size)) {
    where <- sprintf("dimension %d", k)
    check_positions(i[, k], size[[k]], where, call)
    if (any(i[, k] < 0)) {
      abort_tensor("A matrix of indices cannot hold negative numbers.", call)
    }
  }
  i <- i[rowSums(i == 0) == 0, , drop = FALSE]
  strides <- c(1, cumprod(as.double(size))[-length(size)])
  drop((i - 1) %*% strides) + 1
}
