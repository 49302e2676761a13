#' Convert tensors to R vectors and arrays
#'
#' `as.array()` and similar functions copy the values of a PyTorch tensor into R. The tensor may be
#' on any device and may require a gradient.
#'
#' Floating-point numbers of any width become doubles, and bools become logicals. Whole numbers
#' become integers if all of them fit into R's integers, whose smallest value means `NA`, and
#' doubles otherwise. Whole numbers beyond 2^53, which a double cannot hold exactly, are an error.
#' So are complex tensors: convert `x$real` and `x$imag`.
#'
#' @param x,object A tensor.
#' @param ... For `as.data.frame()`, passed on to the method for matrices; otherwise not used.
#' @param mode As in [base::as.vector()].
#' @param row.names,optional As in [base::as.data.frame()].
#' @return
#' * `as.array()`: an array with the tensor's dimensions; of length 1 for a tensor without
#'   dimensions.
#' * `as.matrix()`: a matrix. As in R, a vector becomes a column, and so does a tensor with more
#'   than two dimensions.
#' * `as.numeric()`, `as.integer()`, `as.logical()`, `as.vector()`: a vector, column by column. As
#'   in R, `as.integer()` drops decimals, and `as.logical()` gives `NA` for `NaN`.
#' * `as.data.frame()`: a data frame of the matrix.
#' * `xtfrm()`: the numbers, as `order()`, `sort()` and `median()` need them.
#' * `all.equal()`: `TRUE`, or a description of the differences in shape and values.
#' * `format()`: the text that Python shows.
#' * `print()`: `x`, invisibly. It shows what Python shows.
#' @seealso [as_tensor()] for the way back, [tensor-generics], [tensor-index]
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

# A method that applies R's own function to the values.
conversion <- function(f) {
  force(f)
  function(x, ...) {
    check_caller(x, parent.frame())
    f(as_r_array(tensor_value("to_r", x)))
  }
}

#' @rdname tensor-convert
#' @export
as.array.torch.Tensor <- conversion(as.array) # nolint: object_name_linter.

#' @rdname tensor-convert
#' @export
as.matrix.torch.Tensor <- conversion(as.matrix) # nolint: object_name_linter.

#' @rdname tensor-convert
#' @export
as.vector.torch.Tensor <- function(x, mode = "any") { # nolint: object_name_linter.
  # R's as.vector() is a closure that dispatches inside, so the caller is one frame further up.
  frame <- parent.frame()
  check_caller(x, if (is_base_frame(frame)) frame_above(frame) else frame)
  as.vector(as_r_array(tensor_value("to_r", x)), mode)
}

#' @rdname tensor-convert
#' @export
as.double.torch.Tensor <- conversion(as.double) # nolint: object_name_linter.

#' @rdname tensor-convert
#' @export
as.integer.torch.Tensor <- conversion(as.integer) # nolint: object_name_linter.

#' @rdname tensor-convert
#' @export
as.logical.torch.Tensor <- conversion(as.logical) # nolint: object_name_linter.

#' @rdname tensor-convert
#' @export
as.data.frame.torch.Tensor <- function(x, row.names = NULL, optional = FALSE, # nolint
                                       ...) {
  check_caller(x, parent.frame())
  values <- as_r_values(x, check = FALSE)
  as.data.frame(values, row.names = row.names, optional = optional, ..., nm = "x")
}

# order() and sort() compare these numbers.
#' @rdname tensor-convert
#' @export
xtfrm.torch.Tensor <- function(x) as.double(as_r_values(x)) # nolint: object_name_linter.

#' @rdname tensor-convert
#' @export
print.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  writeLines(tensor_text(x))
  invisible(x)
}

#' @rdname tensor-convert
#' @export
format.torch.Tensor <- function(x, ...) tensor_text(x) # nolint: object_name_linter.

tensor_text <- function(x) {
  if (py_is_null_xptr(x)) {
    return("<a tensor of another R session>")
  }
  reticulate::py_str(x)
}

# Editors complete names with this. reticulate's own method evaluates every attribute, and Python
# warns about some of them.
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

# For error messages: pillar would ask for the dimensions, which may be what failed.
#' @rawNamespace S3method(pillar::type_sum, torch.Tensor)
type_sum.torch.Tensor <- function(x) "tensor" # nolint: object_name_linter.

#' @rdname tensor-convert
#' @importFrom utils str
#' @export
str.torch.Tensor <- function(object, ...) { # nolint: object_name_linter.
  cat(" ", paste(tensor_text(object), collapse = "\n"), "\n", sep = "")
  invisible()
}

#' Make a tensor of R numbers
#'
#' `as_tensor()` copies an R vector, matrix, array or data frame of numbers into a tensor of the
#' same shape. It works alike with every version of reticulate.
#'
#' @param x R numbers or logicals: a vector, matrix or array, or a data frame of such columns. Or a
#'   tensor, which is returned, converted to another type or moved to another device if these are
#'   given.
#' @param ... Must be empty.
#' @param dtype Type of the tensor, such as `torch$float64` or `"float64"`. `NULL` takes PyTorch's
#'   usual type: doubles become `torch$get_default_dtype()`, integers `torch$int64`, logicals
#'   `torch$bool`. For a data frame, the widest type of its columns is used.
#' @param device Device of the tensor, such as `"auto"` or `"cuda"`, see [select_device()]. `NULL`
#'   is the CPU, or for a tensor its own device.
#' @return A tensor with the dimensions of `x`; that of a vector has one dimension. Missing integers
#'   and logicals become `NaN`, which a type of whole numbers cannot hold.
#' @section Errors:
#' If `x` is neither numbers nor logicals, or the `dtype` does not exist, it is an error of class
#' `pytwolayer_error_tensor`. A device that is not available is an error of class
#' `pytwolayer_error_device`.
#' @seealso [tensor-convert] for the way back, [tensor-generics]
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
    return(call_checked("convert", x, dtype, device, call = call))
  }
  device <- if (is.null(device)) "cpu" else device
  if (is.data.frame(x) || is.matrix(x) && are_numbers(x) && shares_memory()) {
    sent <- send_columns(x, call)
    return(call_checked("create_from_columns", sent, dtype, device, call = call))
  }
  sent <- as_operand(x, "`x`", scalar = FALSE, call = call)
  call_checked("create", sent, dtype, device, call = call)
}

as_dtype <- function(dtype, call) {
  if (is.null(dtype) || inherits(dtype, "torch.dtype")) {
    return(dtype)
  }
  named <- rlang::is_string(dtype)
  found <- if (named) call_checked("dtype_named", dtype, call = call)
  if (is.null(found)) {
    abort_tensor(
      sprintf(
        "`dtype` must be a PyTorch type, such as `torch$float32` or \"float32\", not %s.",
        if (named) sprintf("\"%s\"", dtype) else friendly_type(dtype)
      ),
      call
    )
  }
  found
}

# The CPU needs no search, and "meta" is a device of PyTorch's that the core does not support.
as_device <- function(device, call) {
  name <- if (inherits(device, "torch.device")) reticulate::py_str(device) else device
  if (is.null(name) || identical(name, "cpu") || identical(name, "meta")) {
    return(name)
  }
  settings <- check_settings(list(device = name))
  as.character(call_core("select_device", settings$device, call = call))
}

# A data frame is sent column by column, a matrix as one vector.
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
    abort_tensor(sprintf("%s must be one column, not %s.", argument, friendly_type(column)), call)
  }
}

#' @rdname tensor-convert
#' @param target,current Tensors to compare, by shape and values and whatever their types. Bools
#'   count as 0 and 1.
#' @method all.equal torch.Tensor
#' @export
all.equal.torch.Tensor <- function(target, current, ...) { # nolint: object_name_linter.
  current <- unwrap_tensor(current)
  if (!is_tensor(current)) {
    return(paste("target is a tensor, current is", friendly_type(current)))
  }
  all.equal(as_number_array(target), as_number_array(current), ...)
}

as_number_array <- function(x) {
  values <- as.array(x)
  storage.mode(values) <- "double"
  values
}
