# What R reaches with `$` in PyTorch: modules, tensors, networks, optimisers. Functions come as R
# functions that see to their arguments and results; everything else is reticulate's.

#' @export
`$.torch.Tensor` <- function(x, name) { # nolint: object_name_linter.
  survive_fork()
  check_alive(x, NULL)
  if (!converts(x)) {
    return(gated(NextMethod()))
  }
  mended(py_get_attr(x, name))
}

#' @export
`$.pytwolayer_torch` <- function(x, name) {
  ready_torch()
  module <- is_module(x)
  if (!module) {
    check_alive(x, NULL) # what is still to be loaded is no object yet
  }
  if (!converts(x) || module && !py_has_attr(x, name)) {
    # For reticulate, which also imports what Python has not imported yet, or has an error.
    return(of_torch(gated(NextMethod())))
  }
  mended(py_get_attr(x, name))
}

# Of a network or optimiser that did not come out of `torch`, such as one of a class of yours.
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
  of_torch(gated(NextMethod()))
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

# Whether reticulate makes R values of what an object gives.
converts <- function(x) {
  where <- if (is.function(x)) attr(x, "py_object") else x
  !identical(get0("convert", envir = where, inherits = FALSE), FALSE)
}

# reticulate's own, looked up once; set when the package is loaded, without loading reticulate.
py_get_attr <- NULL
py_has_attr <- NULL
py_is_null_xptr <- NULL
py_to_r <- NULL
py_call_impl <- NULL

# ---- Functions -----------------------------------------------------------------------------------

# The class of each kind of function, as far as it need not be asked.
function_kinds <- c(
  "python.builtin.builtin_function_or_method", "python.builtin.method", "python.builtin.function"
)

#' An R function in place of reticulate's
#'
#' For reticulate, Python and R it is the same object: what makes it one are its attributes.
#'
#' @param x A Python function, as reticulate gives it; anything else is given back.
#' @noRd
gated <- function(x) {
  if (!is.function(x) || is.null(attr(x, "py_object")) || is_gate(x)) {
    return(x)
  }
  as_gate(x, formals(x), attributes(x))
}

is_gate <- function(x) {
  identical(parent.env(environment(x)), topenv())
}

as_gate <- function(python, arguments, attributes) {
  found <- if (identical(names(arguments), "...")) {
    function(...) through_gate(python, rlang::list2(...))
  } else {
    # Editors show Python's arguments; Python sees to those that are left out.
    as.function(c(arguments, quote({
      call <- sys.call()
      call[[1]] <- rlang::list2
      through_gate(python, eval(call, parent.frame()))
    })))
  }
  attributes(found) <- attributes
  found
}

through_gate <- function(python, arguments) {
  look_at_memory()
  named <- nzchar(names2(arguments))
  result <- if (are_plain(arguments)) {
    with_memory(call_python(python, arguments[!named], arguments[named]))
  } else {
    call_with_care(python, arguments, named)
  }
  if (converts(python)) {
    result <- mended(result)
  }
  if (is.null(result)) invisible(result) else result
}

names2 <- function(x) {
  names <- names(x)
  if (is.null(names)) character(length(x)) else names
}

# reticulate's own takes the arguments as lists, so that an argument may have any name.
call_python <- function(python, unnamed, named) {
  if (is.null(py_call_impl)) {
    return(do.call(reticulate::py_call, c(list(python), unnamed, named)))
  }
  py_call_impl(python, unnamed, named)
}

# ---- Results -------------------------------------------------------------------------------------

#' What reticulate makes of a Python object, and the right number where it makes another
#'
#' @noRd
mended <- function(found) {
  kinds <- class(found)
  if ("torch.Tensor" %in% kinds) {
    return(found)
  }
  if (is.function(found)) {
    return(of_torch(gated(found)))
  }
  kind <- kinds[[1]]
  if (kind %in% function_kinds) {
    return(as_gate(found, formals(any_arguments), list(class = kinds, py_object = found)))
  }
  mend <- mended_kinds[[kind]]
  if (!is.null(mend)) {
    return(mend(found))
  }
  of_torch(gated(py_to_r(found)))
}

any_arguments <- function(...) NULL

mended_kinds <- list(
  python.builtin.int = function(found) whole_number(reticulate::py_str(found)),
  python.builtin.list = function(found) mended_container(found),
  python.builtin.tuple = function(found) mended_container(found),
  python.builtin.dict = function(found) mended_container(found),
  collections.OrderedDict = function(found) mended_container(found),
  numpy.ndarray = function(found) mended_array(found)
)

# Of a whole number of Python's, as text.
whole_number <- function(text) {
  value <- as.double(text)
  if (abs(value) <= .Machine$integer.max) {
    return(as.integer(value))
  }
  if (abs(value) < 2^53 || sub("-", "", text) == "9007199254740992") {
    return(value)
  }
  abort_tensor(
    sprintf(
      paste(
        "Python's whole number %s is beyond 2^53: R, whose numbers are doubles,",
        "cannot hold it exactly."
      ),
      text
    ),
    NULL,
    number = text
  )
}

mended_container <- function(found) {
  value <- raise_failure(tensor_helpers(FALSE)$numbers_for_r(found), NULL)
  set_convert(value)
  py_to_r(value)
}

mended_array <- function(found) {
  sent <- raise_failure(tensor_helpers()$array_for_r(found), NULL)
  if (is.null(sent)) py_to_r(found) else as.array(as_r_array(sent))
}

set_convert <- function(x) {
  where <- if (is.function(x)) attr(x, "py_object") else x
  assign("convert", TRUE, envir = where)
}

# Parts of torch have a class by which `$` finds the method above, before reticulate's.
of_torch <- function(x) {
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
