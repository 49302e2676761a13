#' Tensors to R vectors and arrays
#'
#' `as.array()` and its like copy a PyTorch tensor's values into R. It may be on any device and
#' may require a gradient.
#'
#' Floating-point numbers of any width become doubles, bools become logicals. Whole numbers become
#' integers if all of them fit R's integer, whose smallest value means `NA` in R, and else doubles;
#' numbers beyond 2^53, which a double cannot hold exactly, are an error. Complex tensors are an
#' error: convert `x$real` and `x$imag`.
#'
#' @param x,object A tensor.
#' @param ... For `as.data.frame()`, passed on to its method for matrices; else not used.
#' @param mode As in [base::as.vector()].
#' @param row.names,optional As in [base::as.data.frame()].
#' @return
#' * `as.array()`: an array with the tensor's dimensions, of length 1 for a tensor without.
#' * `as.matrix()`: a matrix; a vector becomes a column, as does a tensor with more than two
#'   dimensions, as in R.
#' * `as.numeric()`, `as.integer()`, `as.logical()`, `as.vector()`: a vector, column by column.
#'   `as.integer()` cuts decimals off, and `as.logical()` is `NA` for `NaN`, as in R.
#' * `as.data.frame()`: a data frame of the matrix.
#' * `xtfrm()`: what `order()`, `sort()` and `median()` need, the numbers.
#' * `print()`: `x`, invisibly; it shows what Python shows.
#' @seealso [tensor-generics], [tensor-index]
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$arange(6)$reshape(2L, 3L)
#' as.array(x)
#' as.numeric(x)
#' @name tensor-convert
NULL

as_r_array <- function(sent) {
  values <- received_values(sent)
  size <- unlist(sent$dim)
  if (length(size)) {
    dim(values) <- size
  }
  values
}

#' @rdname tensor-convert
#' @export
as.array.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  check_caller(x, parent.frame())
  as.array(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.matrix.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  check_caller(x, parent.frame())
  as.matrix(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.vector.torch.Tensor <- function(x, mode = "any") { # nolint: object_name_linter.
  # R's as.vector() is a function that dispatches within.
  frame <- parent.frame()
  check_caller(x, if (is_base_frame(frame)) frame_above(frame) else frame)
  as.vector(as_r_array(tensor_value("to_r", x)), mode)
}

#' @rdname tensor-convert
#' @export
as.double.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  check_caller(x, parent.frame())
  as.double(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.integer.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  check_caller(x, parent.frame())
  as.integer(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.logical.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  check_caller(x, parent.frame())
  as.logical(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.data.frame.torch.Tensor <- function(x, row.names = NULL, optional = FALSE, # nolint
                                       ...) {
  check_caller(x, parent.frame())
  values <- as_r_values(x, check = FALSE)
  as.data.frame(values, row.names = row.names, optional = optional, ..., nm = "x")
}

# What order() and sort() compare.
#' @rdname tensor-convert
#' @export
xtfrm.torch.Tensor <- function(x) { # nolint: object_name_linter.
  as.double(as_r_values(x))
}

#' @rdname tensor-convert
#' @export
print.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  writeLines(tensor_text(x))
  invisible(x)
}

#' @rdname tensor-convert
#' @export
format.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  tensor_text(x)
}

tensor_text <- function(x) {
  if (py_is_null_xptr(x)) {
    return("<a tensor of another R session>")
  }
  tensor_value("text", x)
}

# Editors complete names by this. reticulate's own evaluates each attribute for its kind, and
# Python warns of some.
#' @importFrom utils .DollarNames
#' @export
.DollarNames.torch.Tensor <- function(x, pattern = "") { # nolint: object_name_linter.
  if (py_is_null_xptr(x)) {
    return(character())
  }
  known <- reticulate::py_list_attributes(x)
  known <- sort(grep("^_", known, value = TRUE, invert = TRUE))
  structure(grep(pattern, known, value = TRUE), helpHandler = "reticulate:::help_handler")
}

# What error messages call it; they would ask for its dimensions, which may be the error.
#' @rawNamespace S3method(pillar::type_sum, torch.Tensor)
type_sum.torch.Tensor <- function(x) { # nolint: object_name_linter.
  "tensor"
}

#' @rdname tensor-convert
#' @importFrom utils str
#' @export
str.torch.Tensor <- function(object, ...) { # nolint: object_name_linter.
  cat(" ", paste(tensor_text(object), collapse = "\n"), "\n", sep = "")
  invisible()
}

#' Make a tensor of R numbers
#'
#' Copies an R vector, matrix, array or data frame of numbers into a tensor of the same shape,
#' with every version of reticulate.
#'
#' @param x R numbers or logicals: a vector, matrix, array, or a data frame of such columns. Or a
#'   tensor, which is given back, of another type or on another device if these are named.
#' @param ... Must be empty.
#' @param dtype Type of the tensor, such as `torch$float64` or `"float64"`. `NULL` takes what
#'   PyTorch usually does: doubles become `torch$get_default_dtype()`, integers `torch$int64`,
#'   logicals `torch$bool`. Of a data frame's columns the widest counts.
#' @param device Where to put it, such as `"auto"` or `"cuda"`, see [select_device()]. `NULL` is
#'   the CPU, and for a tensor where it is.
#' @return A tensor with the dimensions of `x`; a vector has one. Missing integers and logicals
#'   become `NaN`, which a type of whole numbers cannot hold.
#' @section Errors:
#' What is neither numbers nor logicals is an error of class `pytwolayer_error_tensor`, as is a
#' `dtype` that there is not; a device that is not there is one of class `pytwolayer_error_device`.
#' @seealso [tensor-convert] for the way back, [tensor-generics].
#' @examplesIf pytwolayer:::has_torch()
#' as_tensor(matrix(1:6, 2))
#' as_tensor(c(0.1, 0.2), dtype = torch$float64)
#' @export
as_tensor <- function(x, ..., dtype = NULL, device = NULL) {
  check_dots(as_tensor, ...)
  x <- plain_logical(x)
  ready_torch()
  call <- rlang::current_env()
  dtype <- as_dtype(dtype, call)
  device <- as_device(device, call)
  if (is_python(x)) {
    check_alive(x, call)
    return(raise_failure(tensor_helpers()$convert(x, dtype, device), call))
  }
  device <- if (is.null(device)) "cpu" else device
  if (is.data.frame(x) || is.matrix(x) && are_numbers(x) && shares_memory()) {
    sent <- send_columns(x, call)
    return(raise_failure(tensor_helpers()$create_from_columns(sent, dtype, device), call))
  }
  sent <- as_operand(x, "`x`", scalar = FALSE, call = call)
  raise_failure(tensor_helpers()$create(sent, dtype, device), call)
}

as_dtype <- function(dtype, call) {
  if (is.null(dtype) || inherits(dtype, "torch.dtype")) {
    return(dtype)
  }
  if (!is.character(dtype) || length(dtype) != 1 || is.na(dtype)) {
    abort_tensor(
      sprintf(
        "`dtype` must be a type of PyTorch's, such as `torch$float32` or \"float32\", not %s.",
        kind_of(dtype)
      ),
      call
    )
  }
  raise_failure(tensor_helpers()$dtype_named(dtype), call)
}

# The CPU needs no search; PyTorch's own kinds that the core has no use for are PyTorch's matter.
as_device <- function(device, call) {
  name <- if (inherits(device, "torch.device")) reticulate::py_str(device) else device
  if (is.null(name) || identical(name, "cpu") || identical(name, "meta")) {
    return(name)
  }
  chosen <- call_core("select_device", check_settings(list(device = name))$device, call = call)
  as.character(chosen)
}

# Of a data frame each column, a matrix as a whole.
send_columns <- function(x, call) {
  columns <- list(x)
  if (is.data.frame(x)) {
    columns <- lapply(unname(as.list(x)), plain_column)
    Map(check_column, columns, names(x), list(call))
  }
  columns <- lapply(columns, function(column) {
    if (!is.double(column) && anyNA(column)) as.double(column) else column
  })
  c(
    send_vectors(columns),
    list(
      kinds = lapply(columns, typeof), dim = as.list(as.double(dim(x))), matrix = is.matrix(x)
    )
  )
}

check_column <- function(column, name, call) {
  argument <- sprintf("Column \"%s\" of `x`", name)
  check_numbers(column, argument, call)
  if (!is.null(dim(column))) {
    abort_tensor(sprintf("%s must be one column, not %s.", argument, kind_of(column)), call)
  }
}

#' @rdname tensor-convert
#' @param target,current Tensors to be compared: their shapes and values, whatever their types.
#'   Bools count as 0 and 1.
#' @method all.equal torch.Tensor
#' @export
all.equal.torch.Tensor <- function(target, current, ...) { # nolint: object_name_linter.
  current <- bare_tensor(current)
  if (!is_tensor(current)) {
    return(paste("target is a tensor, current is", kind_of(current)))
  }
  all.equal(as_number_array(target), as_number_array(current), ...)
}

as_number_array <- function(x) {
  values <- as.array(x)
  storage.mode(values) <- "double"
  values
}
