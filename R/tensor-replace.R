# R's replacement functions: they return a new tensor, and modify no existing one.

#' @rdname tensor-index
#' @export
`[<-.torch.Tensor` <- function(x, ..., value) { # nolint: object_name_linter.
  call <- rlang::current_env()
  index <- resolve_indices(capture_indices(...), x, call, parent.frame())
  value <- as_operand(value, "`value`", call = call)
  tensor_result("put", x, x, index, value, call = call)
}

#' @rdname tensor-index
#' @export
`[[<-.torch.Tensor` <- function(x, ..., value) { # nolint: object_name_linter.
  if (is_name(...)) {
    return(NextMethod())
  }
  call <- rlang::current_env()
  index <- resolve_indices(capture_indices(...), x, call, parent.frame())
  value <- as_operand(value, "`value`", call = call)
  tensor_result("put", x, x, index, value, call = call)
}

#' @rdname tensor-index
#' @export
set_at <- function(x, ..., value) {
  call <- rlang::current_env()
  if (!is_tensor(x)) {
    abort_tensor(sprintf("`x` must be a tensor, not %s.", friendly_type(x)), call)
  }
  if (missing(value)) {
    abort_tensor("`value` is missing: `set_at(x, i, j, value = value)`.", call)
  }
  index <- resolve_indices(capture_indices(...), x, call, parent.frame())
  value <- as_operand(value, "`value`", call = call)
  tensor_result("put_in_place", x, x, index, value, call = call)
  invisible(x)
}

#' @rdname tensor-index
#' @export
`dim<-.torch.Tensor` <- function(x, value) { # nolint: object_name_linter.
  call <- rlang::current_env()
  size <- if (is.null(value)) length(x) else check_sizes(value, "`dim(x)`", call)
  tensor_result("with_dim", x, x, as.list(as.double(size)), call = call)
}

#' @rdname tensor-index
#' @export
`length<-.torch.Tensor` <- function(x, value) { # nolint: object_name_linter.
  call <- rlang::current_env()
  size <- check_sizes(value, "`length(x)`", call)
  if (length(size) != 1) {
    abort_tensor(sprintf("`length(x)` must be one number, not %s.", friendly_type(value)), call)
  }
  tensor_result("with_length", x, x, as.double(size), call = call)
}

check_sizes <- function(value, what, call) {
  if (is_python(value)) {
    value <- unlist(reticulate::py_to_r(value))
  }
  right <- is.numeric(value) && !anyNA(value) && all(value >= 0 & value == trunc(value))
  if (!right || !length(value)) {
    abort_tensor(
      sprintf(
        "%s must be whole numbers that are not negative, not %s.", what, friendly_type(value)
      ),
      call
    )
  }
  value
}

#' @rdname tensor-index
#' @export
`names<-.torch.Tensor` <- function(x, value) no_attribute(x, value, "names", rlang::current_env()) # nolint

#' @rdname tensor-index
#' @export
`dimnames<-.torch.Tensor` <- function(x, value) { # nolint: object_name_linter.
  no_attribute(x, value, "dimnames", rlang::current_env())
}

#' @rdname tensor-index
#' @export
`levels<-.torch.Tensor` <- function(x, value) { # nolint: object_name_linter.
  no_attribute(x, value, "levels", rlang::current_env())
}

# As attributes of the R object they would appear on every variable that refers to the tensor.
no_attribute <- function(x, value, what, call) {
  if (!is.null(value)) {
    abort_tensor(
      sprintf("Tensors have no %s: convert the tensor first, `as.array(x)`.", what), call
    )
  }
  x
}

# `lin$weight[1, ] <- 0` computes a tensor from a parameter, and assigns it with this method.
#' @export
`$<-.torch.nn.modules.module.Module` <- function(x, name, value) { # nolint
  if (is_tensor(value)) {
    call <- rlang::current_env()
    done <- tensor_value("assign_parameter", x, name, value, call = call)
    if (done) {
      return(x)
    }
  }
  NextMethod()
}

# For `model[[0]]$weight[1, ] <- 0`, which finally assigns the layer to `model[[0]]`; reticulate
# can only assign attributes. As in `model[[0]]`, a number counts from 0.
#' @export
`[[<-.torch.nn.modules.module.Module` <- function(x, name, value) { # nolint
  if (is.character(name)) {
    return(do.call("$<-", list(x, name, value)))
  }
  call <- rlang::current_env()
  if (!is.numeric(name) || length(name) != 1 || !isTRUE(name == trunc(name))) {
    abort_tensor(sprintf("`[[` takes one whole number or name, not %s.", friendly_type(name)), call)
  }
  tensor_value("assign_item", x, as.double(name), value, call = call)
  x
}
