# Calling the Python side of the tensor methods, and moving vectors across.

tensor_session <- new.env(parent = emptyenv())

#' The Python functions behind the methods for tensors
#'
#' @param convert What reticulate calls the flag that makes a method of the result, such as
#'   `$item()`, give an R value. A result takes it over from its operand.
#' @noRd
tensor_helpers <- function(convert = TRUE) {
  survive_fork()
  key <- if (convert) "converting" else "plain"
  if (is.null(tensor_session[[key]])) {
    ready_torch()
    tensor_session[[key]] <- import_own("pytwolayer.r_interop.tensors.api", convert)
  }
  tensor_session[[key]]
}

is_tensor <- function(x) {
  inherits(x, "torch.Tensor")
}

is_python <- function(x) {
  inherits(x, "python.builtin.object")
}

# Functions whose answer is a tensor, which keeps its operand's flag, go through here.
tensor_result <- function(name, x, ..., call = rlang::caller_env()) {
  check_alive(x, call)
  look_at_memory()
  answer <- call_helper(name, converts(x), ...)
  if (ran_out_of_memory(answer)) {
    gc()
    answer <- call_helper(name, converts(x), ...)
  }
  raise_failure(answer, call)
}

# Functions whose answer is an R value go through here.
tensor_value <- function(name, x, ..., call = rlang::caller_env()) {
  check_alive(x, call)
  raise_failure(call_helper(name, TRUE, x, ...), call)
}

# What reticulate does, less looking for the function and at tensors.
call_helper <- function(name, convert, ...) {
  arguments <- list(...)
  named <- nzchar(names2(arguments))
  answer <- call_python(helper_function(name, convert), arguments[!named], arguments[named])
  if (convert && !is_tensor(answer)) py_to_r(answer) else answer
}

helper_function <- function(name, convert) {
  survive_fork()
  key <- if (convert) name else paste("plain", name)
  found <- tensor_session$functions[[key]]
  if (is.null(found)) {
    found <- py_get_attr(tensor_helpers(convert), name)
    tensor_session$functions[[key]] <- found
  }
  found
}

is_failure <- function(answer) {
  inherits(answer, "pytwolayer.r_interop.tensors.values.Failure")
}

ran_out_of_memory <- function(answer) {
  is_failure(answer) &&
    told_of_memory(py_to_r(py_get_attr(answer, "message")))
}

raise_failure <- function(answer, call) {
  if (!is_failure(answer)) {
    return(answer)
  }
  abort_tensor(
    py_to_r(py_get_attr(answer, "message")), call,
    traceback = py_to_r(py_get_attr(answer, "traceback"))
  )
}

abort_tensor <- function(message, call, ...) {
  rlang::abort(message, class = c("pytwolayer_error_tensor", "pytwolayer_error"), call = call, ...)
}

# readRDS() and a new session leave a pointer to nothing; old reticulates crash on it.
check_alive <- function(x, call) {
  if (py_is_null_xptr(x)) {
    what <- if (is_tensor(x)) "tensor" else "Python object"
    abort_tensor(
      c(
        sprintf("The %s is gone: it belonged to another R session.", what),
        i = "Tensors do not survive `saveRDS()`: save `as.array(x)`, or use `torch$save()`."
      ),
      call
    )
  }
}

#' An operand as Python takes it
#'
#' A single number goes as it is, a vector or array as its bytes. R's missing integers and
#' logicals have no counterpart there and become missing doubles (NaN).
#'
#' @param scalar Whether a vector of length 1 is a number.
#' @noRd
as_operand <- function(x, argument, scalar = TRUE, call = rlang::caller_env()) {
  if (is_python(x)) {
    check_alive(x, call)
    return(x)
  }
  if (is_tensor_logical(x)) {
    return(bare_tensor(x))
  }
  check_numbers(x, argument, call)
  x <- with_missing_numbers(x)
  if (scalar && length(x) == 1 && is.null(dim(x))) {
    return(x[[1]])
  }
  send_values(x)
}

# Python has no missing integer or logical.
with_missing_numbers <- function(x) {
  if ((is.integer(x) || is.logical(x)) && anyNA(x)) {
    storage.mode(x) <- "double"
  }
  x
}

check_numbers <- function(x, argument, call) {
  if (!(is.numeric(x) || is.logical(x)) || is.object(x)) {
    abort_tensor(
      sprintf(
        "%s must be a tensor or R numbers or logicals, not %s.",
        argument, kind_of(x)
      ),
      call
    )
  }
}

send_values <- function(x) {
  list(bytes = as_pieces(x), kind = typeof(x), dim = if (!is.null(dim(x))) as.list(dim(x)))
}

# A raw vector that R writes ends at 2^31 bytes.
as_pieces <- function(x, size = 2^27) {
  write <- function(part) writeBin(as.vector(part), raw())
  if (length(x) <= size) {
    return(list(write(x)))
  }
  starts <- seq(1, length(x), by = size)
  lapply(starts, function(start) write(x[start:min(start + size - 1, length(x))]))
}

received_values <- function(sent) {
  what <- if (sent$kind == "double") "double" else "integer"
  width <- if (what == "double") 8 else 4
  values <- lapply(sent$bytes, function(piece) readBin(piece, what, n = length(piece) / width))
  values <- if (length(values) == 1) values[[1]] else as.vector(unlist(values), what)
  if (sent$kind == "logical") as.logical(values) else values
}

# "a character vector", "a list" and so on.
kind_of <- function(x) {
  cli::format_inline("{.obj_type_friendly {x}}")
}
