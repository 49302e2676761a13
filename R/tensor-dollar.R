# `$` on modules, tensors, networks and optimisers of PyTorch. Functions are wrapped in R functions
# that check their arguments and convert their results; everything else is done by reticulate.

#' @export
`$.torch.Tensor` <- function(x, name) { # nolint: object_name_linter.
  reset_after_fork()
  check_alive(x, NULL)
  if (!converts_results(x)) {
    return(wrap_function(NextMethod()))
  }
  convert_result(py_get_attr(x, name))
}

#' @export
`$.pytwolayer_torch` <- function(x, name) {
  ready_torch()
  module <- is_module(x)
  if (!module) {
    check_alive(x, NULL) # a module that is not loaded yet has a null pointer
  }
  if (!converts_results(x) || module && !py_has_attr(x, name)) {
    # reticulate also imports submodules that are not imported yet, or raises its own error.
    return(mark_torch(wrap_function(NextMethod())))
  }
  convert_result(py_get_attr(x, name))
}

# For networks and optimisers that were not got from `torch`, such as those of a user's own class.
#' @export
`$.torch.nn.modules.module.Module` <- `$.pytwolayer_torch` # nolint: object_name_linter.

#' @export
`$.torch.optim.optimizer.Optimizer` <- `$.pytwolayer_torch` # nolint

#' @export
`[[.pytwolayer_torch` <- function(x, name) {
  ready_torch()
  if (!is_module(x)) {
    check_alive(x, NULL)
  }
  mark_torch(wrap_function(NextMethod()))
}

#' @export
`$<-.torch.Tensor` <- function(x, name, value) { # nolint: object_name_linter.
  check_alive(x, NULL)
  value <- as_argument(value, NULL)
  NextMethod()
}

is_module <- function(x) {
  inherits(x, "python.builtin.module")
}

# Whether reticulate converts an object's results to R values.
converts_results <- function(x) {
  where <- if (is.function(x)) attr(x, "py_object") else x
  !identical(get0("convert", envir = where, inherits = FALSE), FALSE)
}

# reticulate's functions, looked up once. They are promises made when the package is loaded, since
# loading reticulate takes longer than all the rest.
py_get_attr <- NULL
py_has_attr <- NULL
py_is_null_xptr <- NULL
py_to_r <- NULL
py_call_impl <- NULL

# ---- Functions -----------------------------------------------------------------------------------

# First classes of Python's functions, which need not be tested for being callable.
function_kinds <- c(
  "python.builtin.builtin_function_or_method", "python.builtin.method", "python.builtin.function"
)

#' An R function in place of reticulate's
#'
#' For reticulate, Python and R it is the same object: what makes it one are its attributes.
#'
#' @param x A Python function, as reticulate gives it; anything else is given back.
#' @noRd
wrap_function <- function(x) {
  if (!is.function(x) || is.null(attr(x, "py_object")) || is_wrapper(x)) {
    return(x)
  }
  new_wrapper(x, formals(x), attributes(x))
}

is_wrapper <- function(x) {
  identical(parent.env(environment(x)), topenv())
}

new_wrapper <- function(python, arguments, attributes) {
  found <- if (identical(names(arguments), "...")) {
    function(...) call_wrapped(python, rlang::list2(...))
  } else {
    # Editors show Python's arguments; Python fills in those that are left out.
    as.function(c(arguments, quote({
      call <- sys.call()
      call[[1]] <- rlang::list2
      call_wrapped(python, eval(call, parent.frame()))
    })))
  }
  attributes(found) <- attributes
  found
}

call_wrapped <- function(python, arguments) {
  collect_if_grown()
  named <- nzchar(rlang::names2(arguments))
  result <- if (are_plain(arguments)) {
    retry_after_collection(call_python(python, arguments[!named], arguments[named]))
  } else {
    call_with_care(python, arguments, named)
  }
  if (converts_results(python)) {
    result <- convert_result(result)
  }
  if (is.null(result)) invisible(result) else result
}

# py_call_impl() takes the arguments as lists, so that an argument may have any name.
call_python <- function(python, unnamed, named) {
  if (is.null(py_call_impl)) {
    return(do.call(reticulate::py_call, c(list(python), unnamed, named)))
  }
  py_call_impl(python, unnamed, named)
}

# ---- Results -------------------------------------------------------------------------------------

#' Convert a result as reticulate does, except for numbers that it would change
#'
#' @noRd
convert_result <- function(found) {
  kinds <- class(found)
  if ("torch.Tensor" %in% kinds) {
    return(found)
  }
  if (is.function(found)) {
    return(mark_torch(wrap_function(found)))
  }
  kind <- kinds[[1]]
  if (kind %in% function_kinds) {
    return(new_wrapper(found, formals(function(...) NULL), list(class = kinds, py_object = found)))
  }
  switch(kind,
    python.builtin.int = convert_number(found),
    python.builtin.list = ,
    python.builtin.tuple = ,
    python.builtin.dict = ,
    collections.OrderedDict = convert_numbers(found),
    numpy.ndarray = convert_array(found),
    mark_torch(wrap_function(py_to_r(found)))
  )
}

# As text, since reticulate changes numbers beyond R's integers; faster than asking Python.
convert_number <- function(found) {
  value <- as.double(reticulate::py_str(found))
  if (abs(value) <= .Machine$integer.max) as.integer(value) else convert_numbers(found)
}

# Whole numbers beyond R's integers become doubles or an error; reticulate would give NA.
convert_numbers <- function(found) {
  value <- call_checked("numbers_for_r", found, convert = FALSE)
  set_convert(value)
  py_to_r(value)
}

convert_array <- function(found) {
  sent <- call_checked("array_for_r", found)
  if (is.null(sent)) py_to_r(found) else as.array(as_r_array(sent))
}

set_convert <- function(x) {
  where <- if (is.function(x)) attr(x, "py_object") else x
  assign("convert", TRUE, envir = where)
}

# Parts of torch get a class before reticulate's own, so that `$` finds the method above.
mark_torch <- function(x) {
  if (!is_python(x) || is_tensor(x)) {
    return(x)
  }
  kinds <- class(x)
  if (is_module(x)) {
    if (kinds[[1]] != "pytwolayer_torch") class(x) <- c("pytwolayer_torch", kinds)
  } else if (!any(kinds %in% c(unmarked_kinds, function_kinds, "pytwolayer_torch"))) {
    class(x) <- append(kinds, "pytwolayer_torch", length(kinds) - 1)
  }
  x
}

unmarked_kinds <- c(
  "torch.Size", "python.builtin.dict", "python.builtin.list", "python.builtin.tuple"
)
