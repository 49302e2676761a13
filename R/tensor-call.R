# Calling the Python functions behind the methods for tensors, and sending R's vectors.

tensor_session <- new.env(parent = emptyenv())

is_tensor <- function(x) {
  inherits(x, "torch.Tensor")
}

is_python <- function(x) {
  inherits(x, "python.builtin.object")
}

# For functions that give a tensor, which takes over its operand's `convert` flag.
tensor_result <- function(name, x, ..., call = rlang::caller_env()) {
  check_alive(x, call)
  collect_if_grown()
  call_checked(name, ..., convert = converts_results(x), call = call)
}

# For functions of a tensor that give an R value.
tensor_value <- function(name, x, ..., call = rlang::caller_env()) {
  check_alive(x, call)
  call_checked(name, x, ..., call = call)
}

# A failure is raised as an R error; where memory ran out, only after a second try.
call_checked <- function(name, ..., convert = TRUE, call = NULL) {
  answer <- call_api(name, convert, ...)
  if (ran_out_of_memory(answer)) {
    gc()
    answer <- call_api(name, convert, ...)
  }
  raise_failure(answer, call)
}

# What reticulate does, but without looking the function up each time, and without trying to
# convert tensors.
call_api <- function(name, convert, ...) {
  answer <- call_python(api_function(name, convert), list(...), list())
  if (convert && !is_tensor(answer)) py_to_r(answer) else answer
}

#' A Python function behind the methods for tensors, looked up once
#'
#' @param convert What reticulate calls the flag that makes a method of the result, such as
#'   `$item()`, give an R value. A result takes it over from its operand.
#' @noRd
api_function <- function(name, convert) {
  reset_after_fork()
  key <- if (convert) name else paste("plain", name)
  found <- tensor_session$functions[[key]]
  if (is.null(found)) {
    ready_torch()
    found <- py_get_attr(import_own("pytwolayer.r_interop.tensors.api", convert), name)
    tensor_session$functions[[key]] <- found
  }
  found
}

is_failure <- function(answer) {
  inherits(answer, "pytwolayer.r_interop.tensors.values.Failure")
}

ran_out_of_memory <- function(answer) {
  is_failure(answer) &&
    is_memory_shortage(py_to_r(py_get_attr(answer, "message")))
}

raise_failure <- function(answer, call) {
  if (!is_failure(answer)) {
    return(answer)
  }
  field <- function(name) py_to_r(py_get_attr(answer, name))
  abort_tensor(field("message"), call, traceback = field("traceback"), number = field("number"))
}

abort_tensor <- function(message, call, ...) {
  rlang::abort(message, class = c("pytwolayer_error_tensor", "pytwolayer_error"), call = call, ...)
}

# After readRDS() or in a new session the pointer is null, on which old reticulates crash.
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
    return(unwrap_tensor(x))
  }
  check_numbers(x, argument, call)
  x <- missing_as_nan(x)
  if (scalar && length(x) == 1 && is.null(dim(x))) {
    return(x[[1]])
  }
  send_values(x)
}

# Python has no missing integer or logical; the bits of R's would be -2147483648 and TRUE.
missing_as_nan <- function(x) {
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
        argument, friendly_type(x)
      ),
      call
    )
  }
}

send_values <- function(x) {
  list(bytes = as_pieces(x), kind = typeof(x), dim = if (!is.null(dim(x))) as.list(dim(x)))
}

# writeBin() gives at most 2^31 - 1 bytes.
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

# A description for messages, such as "a character vector" or "a list".
friendly_type <- function(x) {
  cli::format_inline("{.obj_type_friendly {x}}")
}
