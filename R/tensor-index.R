#' Parts of tensors, by R's indices
#'
#' `x[i, j]` takes a part of a PyTorch tensor and `x[i, j] <- value` replaces it, with the indices
#' of an R array: they count from 1, both ends of `2:4` are included, and negative ones are left
#' out. `x[[i, j]]` takes a single element in the same way; `x[["grad"]]`, with a name, is `x$grad`.
#' `set_at(x, i, j, value = value)` writes into the tensor itself.
#'
#' @section Indices:
#' Give one index for each dimension. It can be
#'
#' * whole numbers: positions, in any order and also repeatedly; 0 is dropped; negative positions
#'   are left out, and cannot be mixed with positive ones;
#' * logicals, recycled to the dimension's length; or a bool tensor of exactly that length;
#' * empty: everything;
#' * a slice in Python's notation, see below;
#' * a tensor of whole numbers, for example from `x$argmax(dim = 0L)` or `torch$randperm(5L)`: these
#'   are PyTorch's positions, which count from 0, and from the end if negative.
#'
#' `all_dims()` stands for as many empty indices as are needed: `x[all_dims(), 1]`. With at least
#' two indices, but fewer than dimensions, the remaining dimensions are taken whole.
#'
#' Or give a single index for the whole tensor:
#'
#' * numbers or logicals: positions in the tensor as one long vector, column by column, as in R;
#' * a numeric matrix with a column for each dimension and a row for each element;
#' * a mask: a bool tensor or a logical array of the tensor's shape. The elements come in R's order,
#'   column by column, always as a vector;
#' * a tensor of whole numbers: positions along the first dimension, as in PyTorch.
#'
#' A position beyond the end, a missing value, a text and a number such as 1.5 are errors, and so is
#' a tensor of type uint8, which older versions of PyTorch took for a mask.
#'
#' @section Slices:
#' Python's slices can be written as they are where R's grammar allows it, as in `x[, 1:5:2]`.
#' Others need backticks, `` x[`2:`, ] ``, `` x[, `::2`] ``, or `NULL` for an open end,
#' `x[2:NULL, ]`, `x[, NULL:NULL:2]`. Positions count from 1 and both ends are included:
#' `` `2:6:2` `` is `seq(2, 6, 2)`. With a step below 0, or from a larger number to a smaller one, a
#' slice runs down. Negative positions are an error. Ends that are tensors have Python's meaning:
#' they count from 0, and the last one is not included. A variable whose name is the text in
#' backticks takes precedence: with a variable `a:b`, `` x[`a:b`] `` uses its value.
#'
#' @section Taking:
#' `x[i, j]` is a *view*, as in PyTorch, if each index is empty, one position, or whole numbers that
#' count up in equal steps, such as `2:4`, `seq(1, 9, 2)` or what a negative index leaves if that is
#' such a sequence. One single position, `x[5]`, is a view too. A view shares the memory of `x`:
#' PyTorch's methods with an underscore write through it, as in `x[1, ]$fill_(0)` or
#' `torch$nn$init$ones_(x[, 2])`. Everything else is a copy: logicals, masks, tensors, matrices of
#' positions, `c(3, 1)`, repeated positions. Gradients flow through both.
#'
#' `drop = TRUE` drops all dimensions of length 1, so `x[1, ]` has one dimension and `x[1, 2]` none.
#'
#' @section Replacing:
#' `x[i] <- value` works as in R: it binds `x` to a new tensor. No other R variable, no view and no
#' Python object sees the change, so functions such as `replace()` do not change what they are
#' given. The new tensor has the type of the old one; a value that this type cannot hold, such as
#' 1.5 in a tensor of whole numbers, is an error. Gradients flow to the unchanged elements of `x`
#' and to `value`. In `with(torch$no_grad(), x[i] <- value)` the new tensor requires a gradient if
#' `x` did, and has a copy of its `$grad`.
#'
#' The same holds for `diag(x) <-`, `is.na(x) <-`, `dim(x) <-`, which arranges the elements in R's
#' order, column by column, and `length(x) <-`, which fills up with `NaN`. Tensors have no names,
#' dimnames or levels; assigning them is an error.
#'
#' If several indices name the same element, the last of their values is used.
#'
#' @section Writing in place:
#' To change a tensor so that other references see it, use
#'
#' * `x[1, ]$fill_(0)`, `x[1, ]$copy_(values)`: PyTorch's methods, on views;
#' * `set_at(x, i, j, value = value)`, for every kind of index. For a tensor that requires a
#'   gradient, call it in `with(torch$no_grad(), ...)`;
#' * `lin$weight[1, ] <- 0` in `with(torch$no_grad(), ...)`, for the parameters of PyTorch's
#'   modules, also along paths such as `model[[0]]$weight[1, ] <- 0` and `net$fc1$bias[2] <- 1`. A
#'   tensor that is assigned there to a parameter of the same shape is copied into the parameter, so
#'   that an existing optimiser still updates it. While PyTorch records operations, the assignment
#'   is an error; a `torch$nn$Parameter()` can replace the old one at any time;
#' * `param$data[1, ] <- 0`: the parameter stays the same Python object.
#'
#' The cost of `x[i] <- value` grows with the size of `x`, which it copies; that of `set_at()` only
#' with the selection. For one element of 1000 both take the same time; for one of a million
#' `x[i] <- value` takes about 6 times as long, and for one of ten million about 40 times. Changing
#' half of the elements takes between 1 and 1.5 times as long.
#'
#' @section Warnings:
#' Where R's meaning differs from that of the package rTorch or of Python, the first such use in a
#' session gives a warning of class `pytwolayer_warning_index`. This concerns negative indices and
#' 0, a single index for a tensor of several dimensions, fewer indices than dimensions, and a tensor
#' of whole numbers as index. `options(torch.extract.style = "R")`, for R's meaning, turns these
#' warnings off. R's own functions, such as `head()`, do not cause them.
#'
#' @section rTorch's options:
#' Code that was written with rTorch's options keeps its meaning if they are set. R's own functions
#' count as in R nevertheless.
#'
#' * `torch.extract.one_based = FALSE`: positions count from 0, and a single index names rows.
#' * `torch.extract.inclusive_stop = FALSE`: a range that is written in the brackets does not
#'   include its end.
#' * `torch.extract.disallow_out_of_bounds = FALSE`: a range may end beyond the dimension.
#' * `torch.extract.style = "python"`: all of these, and negative positions count from the end.
#' * `torch.extract.warn_negatives_pythonic = FALSE`: negative positions count from the end, as in
#'   rTorch with and without that option.
#'
#' @param x A tensor.
#' @param ... Indices, see below.
#' @param drop Whether to drop dimensions of length 1: `TRUE` or `FALSE`.
#' @param value One of: a number; an R vector, matrix or array, whose elements are taken column by
#'   column and recycled, if their number divides the number of elements to change; a tensor of the
#'   selected shape (dimensions of length 1 do not count), or one that can be broadcast to it. For
#'   `dim(x) <-` and `length(x) <-`, whole numbers.
#' @return
#' * `x[...]`: a tensor;
#' * `x[[...]]`: a tensor without dimensions;
#' * `x[...] <- value` and the other assignments: a new tensor;
#' * `set_at()`: `x`, invisibly;
#' * `all_dims()`: Python's `Ellipsis`.
#' @seealso [tensor-generics], [tensor-functions], [tensor-convert]
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$arange(6)$reshape(2L, 3L)
#' x[1, ]
#' x[, `2:`]
#' x[x > 2]
#' x[2, 3] <- 10
#' x[1, ]$fill_(0)
#' set_at(x, x > 4, value = 4)
#' x
#' @name tensor-index
NULL

#' @rdname tensor-index
#' @export
`[.torch.Tensor` <- function(x, ..., drop = TRUE) { # nolint: object_name_linter.
  call <- rlang::current_env()
  check_true_false(drop, "drop", call)
  given <- capture_indices(...)
  all_of_it <- length(given) < 2 && all(vapply(given, is_missing_index, TRUE))
  index <- resolve_indices(given, x, call, parent.frame())
  tensor_result("take", x, x, index, drop && !all_of_it, call = call)
}

# reticulate's x[[1]] would be Python's x[1]: the second element, while x[1] is the first.
#' @rdname tensor-index
#' @export
`[[.torch.Tensor` <- function(x, ...) { # nolint: object_name_linter.
  if (is_name(...)) {
    # Not NextMethod(): reticulate would try the name as an index first.
    return(eval(call("$", quote(x), ..1)))
  }
  call <- rlang::current_env()
  index <- resolve_indices(capture_indices(...), x, call, parent.frame())
  found <- tensor_result("take", x, x, index, TRUE, call = call)
  if (length(found) != 1) {
    abort_tensor(sprintf("`[[` takes one element, not %d: use `[`.", length(found)), call)
  }
  found
}

# Whether the index is a name, as in x[["grad"]]. Slices and ranges are not evaluated here.
is_name <- function(...) {
  if (...length() != 1) {
    return(FALSE)
  }
  written <- substitute(...)
  if (is_call_to(written, ":") || is_slice_written(written) || !nzchar(deparse(written)[[1]])) {
    return(FALSE)
  }
  is.character(..1)
}

# The index in one of the forms of r_interop/tensors/index.py: along, cell, cells, mask.
resolve_indices <- function(given, x, call, caller) {
  size <- tensor_shape(x, call)
  given <- as_many_indices(given, size, call, caller)
  index <- if (length(given) == 1 && length(size) != 1) {
    resolve_single(given[[1]], size, call, caller)
  } else if (length(given) == 1 && is_mask(given[[1]], call)) {
    list(mask = given[[1]])
  } else {
    list(along = lapply(seq_along(size), function(k) {
      resolve_along(given[[k]], size[[k]], sprintf("dimension %d", k), call)
    }))
  }
  warn_about_indices(given, call, caller)
  index
}

# As many indices as dimensions, or a single one, converted to R's way of counting.
as_many_indices <- function(given, size, call, caller) {
  style <- index_style(caller)
  if (is.null(style)) {
    return(fill_dimensions(given, length(size), call, caller))
  }
  if (length(given) == 1 && counts_positions(given[[1]])) {
    given <- c(given, rep(list(missing_index()), max(length(size) - 1, 0)))
  }
  given <- fill_dimensions(given, length(size), call, caller)
  if (length(size)) indices_of_style(given, size, style) else given
}

# As many indices as dimensions, or a single one.
fill_dimensions <- function(given, dimensions, call, caller) {
  if (length(given) == 0) {
    return(list(missing_index()))
  }
  everywhere <- vapply(given, is_all_dims, TRUE)
  if (sum(everywhere) > 1) {
    abort_tensor("`all_dims()` can be given only once among the indices.", call)
  }
  if (any(everywhere)) {
    rest <- max(dimensions - length(given) + 1, 0)
    at <- which(everywhere)
    given <- c(given[seq_len(at - 1)], rep(list(missing_index()), rest), given[-seq_len(at)])
    given <- if (length(given)) given else list(missing_index())
  }
  missing <- dimensions - length(given)
  if (missing < 0 && !(dimensions == 0 && length(given) == 1)) {
    abort_tensor(
      sprintf(
        "Incorrect number of dimensions: %d indices for a tensor with %d.",
        length(given), dimensions
      ),
      call
    )
  }
  if (missing > 0 && length(given) > 1) {
    warn_index("fewer", caller, call, length(given), dimensions)
    given <- c(given, rep(list(missing_index()), missing))
  }
  given
}

# One index for a tensor of any number of dimensions but one.
resolve_single <- function(i, size, call, caller) {
  if (is_missing_index(i)) {
    return(list(along = lapply(size, function(each) NULL)))
  }
  if (is_mask(i, call)) {
    return(list(mask = i))
  }
  if (is_tensor(i) && length(size)) {
    return(list(along = c(list(list(places = i)), lapply(size[-1], function(each) NULL))))
  }
  if (is_matrix_index(i, size)) {
    return(list(cells = send_values(as.double(matrix_positions(i, size, call)) - 1), vector = TRUE))
  }
  resolve_vector(if (is_tensor(i)) as_positions(i) else i, size, call, caller)
}

# Positions in the tensor seen as one long vector.
resolve_vector <- function(i, size, call, caller) {
  whole_mask <- is_whole_mask(i, size)
  if (!whole_mask && length(size) > 1) {
    warn_index("single", caller, call, length(size), strrep(", ", length(size) - 1))
  }
  position <- as.double(positions_along(i, prod(size), "the tensor", call)) - 1
  if (length(position) == 1 && !is.logical(i)) {
    return(list(cell = position))
  }
  list(cells = send_values(position), vector = whole_mask || is.matrix(i))
}

is_whole_mask <- function(i, size) {
  is.logical(i) && length(size) > 1 && identical(as.integer(dim(i)), as.integer(size))
}

# A tensor of PyTorch's positions, as R's numbers from 1.
as_positions <- function(i) {
  as.vector(as_r_array(tensor_value("to_r", i))) + 1
}

is_matrix_index <- function(i, size) {
  is.matrix(i) && is.numeric(i) && !is.object(i) && length(size) > 1 && ncol(i) == length(size)
}

# An index for one dimension: NULL for all, a run, PyTorch's positions, or positions from 0.
resolve_along <- function(i, size, where, call) {
  if (is_missing_index(i)) {
    return(NULL)
  }
  if (is_tensor(i)) {
    if (!is_mask(i, call)) {
      return(list(places = i))
    }
    i <- mask_along(i, size, where, call)
  }
  position <- as.double(positions_along(i, size, where, call)) - 1
  step <- if (is.logical(i)) NA else step_of(position)
  if (is.na(step)) {
    return(send_values(position))
  }
  list(start = position[[1]], count = as.double(length(position)), step = step)
}

# The step if positions count up in equal steps, for which Python makes a view; else NA.
step_of <- function(position) {
  count <- length(position)
  if (count == 1) {
    return(1)
  }
  if (count == 0 || position[[2]] <= position[[1]]) {
    return(NA)
  }
  step <- position[[2]] - position[[1]]
  even <- position[[count]] - position[[1]] == (count - 1) * step
  if (even && (count == 2 || all(diff(position) == step))) step else NA
}

is_mask <- function(i, call) {
  is_tensor(i) && tensor_value("index_kind", i, call = call) == "mask"
}

mask_along <- function(i, size, where, call) {
  mask <- as_r_array(tensor_value("to_r", i, call = call))
  if (length(dim(mask)) != 1 || length(mask) != size) {
    abort_tensor(
      sprintf(
        "A bool tensor as index of %s must have one dimension and the length %s, not the shape %s.",
        where, format_value(size), paste(dim(mask), collapse = "x")
      ),
      call
    )
  }
  as.vector(mask)
}

is_plain_index <- function(i) {
  (is.numeric(i) || is.logical(i)) && !is.object(i)
}

# Positions from 1, by R's own rules for what is negative, zero or logical.
positions_along <- function(i, size, where, call) {
  if (is_slice(i)) {
    return(slice_positions(i, size, where, call))
  }
  i <- if (is.null(i)) integer() else i
  if (!is_plain_index(i)) {
    abort_tensor(
      sprintf(
        "The index of %s must be numbers or logicals, not %s.", where,
        if (is.character(i)) "character" else friendly_type(i)
      ),
      call
    )
  }
  i <- as.vector(i)
  check_positions(i, size, where, call)
  seq_len(size)[i]
}

check_positions <- function(i, size, where, call) {
  has <- sprintf("%s has %s element%s", where, format_value(size), if (size == 1) "" else "s")
  problem <- if (anyNA(i)) {
    sprintf("The index of %s has missing values (NA).", where)
  } else if (is.logical(i)) {
    if (length(i) > size) {
      sprintf("Logical subscript too long: %s, the index %d.", has, length(i))
    }
  } else if (any(i != trunc(i))) {
    sprintf("The index of %s must be whole, not %s.", where, format_value(i[i != trunc(i)][[1]]))
  } else if (any(i < 0) && any(i > 0)) {
    sprintf("The index of %s mixes positive and negative numbers.", where)
  } else if (any(i > size)) {
    sprintf("Subscript out of bounds: %s, the index is %s.", has, format_value(i[i > size][[1]]))
  }
  if (!is.null(problem)) {
    abort_tensor(problem, call)
  }
}

# Column-major positions of a matrix of indices: a row per element, a column per dimension. A row
# with a zero names no element.
matrix_positions <- function(i, size, call) {
  for (k in seq_along(size)) {
    where <- sprintf("dimension %d", k)
    check_positions(i[, k], size[[k]], where, call)
    if (any(i[, k] < 0)) {
      abort_tensor("A matrix of indices cannot have negative numbers.", call)
    }
  }
  i <- i[rowSums(i == 0) == 0, , drop = FALSE]
  strides <- c(1, cumprod(as.double(size))[-length(size)])
  drop((i - 1) %*% strides) + 1
}
