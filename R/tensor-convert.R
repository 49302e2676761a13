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
  as.array(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.matrix.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  as.matrix(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.vector.torch.Tensor <- function(x, mode = "any") { # nolint: object_name_linter.
  as.vector(as_r_array(tensor_value("to_r", x)), mode)
}

#' @rdname tensor-convert
#' @export
as.double.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  as.double(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.integer.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  as.integer(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.logical.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  as.logical(as_r_array(tensor_value("to_r", x)))
}

#' @rdname tensor-convert
#' @export
as.data.frame.torch.Tensor <- function(x, row.names = NULL, optional = FALSE, # nolint
                                       ...) {
  as.data.frame(as.matrix(x), row.names = row.names, optional = optional, ...)
}

# What order() and sort() compare.
#' @rdname tensor-convert
#' @export
xtfrm.torch.Tensor <- function(x) { # nolint: object_name_linter.
  as.double(x)
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
  if (reticulate::py_is_null_xptr(x)) {
    return("<a tensor of another R session>")
  }
  tensor_value("text", x)
}

#' @rdname tensor-convert
#' @importFrom utils str
#' @export
str.torch.Tensor <- function(object, ...) { # nolint: object_name_linter.
  cat(" ", paste(tensor_text(object), collapse = "\n"), "\n", sep = "")
  invisible()
}
