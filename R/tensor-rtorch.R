#' Functions known from rTorch
#'
#' Functions that scripts written for the package rTorch call. `vignette("coming-from-rtorch")` has
#' the whole table of what is the same and what differs.
#'
#' @details
#' * `np` and `torchvision` are the Python modules NumPy and torchvision, loaded on first use, as
#'   [torch] is. This package does not need torchvision, and [install_pytwolayer()] does not install
#'   it; if it is missing, its first use is an error that names it.
#' * `a %.*% b` is the dot product of two vectors. `a %**% b` is the matrix product, the same as
#'   [`%@%`][tensor-generics]. One side must be a tensor, the other may be R numbers.
#' * `make_copy()` returns a copy with memory of its own. The copy of a tensor, a NumPy array or
#'   another Python object is of the same kind; that of an R matrix or array is a NumPy array, that
#'   of an R vector or list a Python list or dictionary. In rTorch it returns a tensor itself, not a
#'   copy.
#' * `as_boolean()` makes a bool tensor of numbers, logicals, a tensor or a NumPy array: everything
#'   but 0 is `TRUE`. Missing values are an error.
#' * `is_tensor()` is `TRUE` for a tensor and nothing else.
#' * `shape(2, 3)` is the list `list(2L, 3L)`, the form in which PyTorch's functions take a shape;
#'   `NULL` stays `NULL`. The shape of a tensor is `dim(x)`.
#' * `torch_size()` returns the sizes of a tensor, or of a `torch.Size`, as integers.
#' * `torch_version()` returns PyTorch's version without its build, as text (`"2.13.0"`) that
#'   `package_version()` takes. `torch_config()` prints it with the versions of Python and NumPy,
#'   and has them as its elements. See also [pytwolayer_doctor()].
#'
#' rTorch's `install_pytorch()` is [install_pytwolayer()] here. `dataset_mnist_digits()` has no
#' counterpart: `torchvision$datasets$MNIST(folder, download = TRUE)` gets the data.
#'
#' @param a,b Tensors with one dimension (for `%**%`, one or more), or R numbers.
#' @param x,object,... What the function is applied to; for `shape()`, whole numbers.
#' @return As described for each function above.
#' @seealso [torch], [tensor-generics]
#' @examplesIf pytwolayer:::has_torch()
#' torch$ones(3L) %.*% c(1, 2, 3)
#' x <- torch$zeros(2L)
#' y <- make_copy(x)
#' y$fill_(1)
#' x
#' as_boolean(c(0, 1, 2))
#' torch_size(torch$ones(2L, 3L))
#' @name rtorch
#' @aliases np torchvision is_tensor
#' @rawNamespace export(np, torchvision, is_tensor)
NULL

# Each is loaded when it is first used.
lazy_modules <- c(torch = "torch", torchvision = "torchvision", np = "numpy")

# Called when the package is loaded.
delay_modules <- function(own) {
  for (name in names(lazy_modules)) {
    delay_module(name, own)
  }
}

delay_module <- function(name, own) {
  force(name)
  delayedAssign(name, make_module(lazy_modules[[name]]), assign.env = own)
}

# In a Python that is running already reticulate would load a module at once; here R does, when its
# name is first looked at. Else it is one that reticulate loads on first use, after our own checks
# and errors.
make_module <- function(module) {
  running <- reticulate::py_available()
  if (running) ready_module(module)
  delay <- if (running) FALSE else list(environment = python_environment)
  found <- reticulate::import(module, delay_load = delay)
  if (module == "torch") {
    return(mark_torch(found))
  }
  if (!running) {
    class(found) <- c("pytwolayer_module", class(found))
    attr(found, "waits_for") <- module
  }
  found
}

# torch is loaded first, in the way that keeps its own BLAS.
ready_module <- function(module) {
  ready_torch()
  if (module != "torch" && is.null(session$modules[[module]])) {
    require_modules(module, call = NULL)
    session$modules[[module]] <- TRUE
  }
}

#' @export
`$.pytwolayer_module` <- function(x, name) {
  ready_module(attr(x, "waits_for"))
  NextMethod()
}

#' @export
`[[.pytwolayer_module` <- `$.pytwolayer_module`

# reticulate's own method would load the module without our checks and errors.
#' @export
print.pytwolayer_module <- function(x, ...) {
  ready_module(attr(x, "waits_for"))
  NextMethod()
}

#' @rdname rtorch
#' @export
`%.*%` <- function(a, b) {
  vectors <- vapply(list(a, b), function(x) {
    if (is_tensor(x)) length(dim(x)) == 1 else is.null(dim(x))
  }, NA)
  if (!all(vectors)) {
    abort_tensor(
      "`%.*%` takes two vectors; the product of matrices is `%@%`.", rlang::current_env()
    )
  }
  a %@% b
}

#' @rdname rtorch
#' @export
`%**%` <- function(a, b) {
  a %@% b
}

#' @rdname rtorch
#' @export
make_copy <- function(object, ...) {
  check_dots(make_copy, ...)
  ready_torch()
  if (is_tensor(object)) {
    check_alive(object, rlang::current_env())
    return(object$clone())
  }
  if (!is_python(object)) {
    object <- reticulate::r_to_py(missing_as_nan(object))
  }
  reticulate::import("copy", convert = FALSE)$copy(object)
}

#' @rdname rtorch
#' @export
as_boolean <- function(x) {
  call <- rlang::current_env()
  if (is_python(x)) {
    x <- torch$as_tensor(x)
  }
  if (anyNA(x)) {
    abort_tensor("`x` must have no missing values, which are neither TRUE nor FALSE.", call)
  }
  if (is_tensor(x)) x$to(torch$bool) else as_tensor(x, dtype = torch$bool)
}

#' @rdname rtorch
#' @export
shape <- function(...) {
  lapply(list(...), function(size) {
    if (!is.null(size) && !are_whole(size)) {
      abort_tensor(
        c(
          sprintf("`shape()` takes whole numbers, not %s.", friendly_type(size)),
          i = "The shape of a tensor `x` is `dim(x)`."
        ),
        quote(shape())
      )
    }
    if (!is.null(size)) as.integer(size)
  })
}

are_whole <- function(x) {
  is.numeric(x) && !is.object(x) && all(is.finite(x) & x == trunc(x))
}

#' @rdname rtorch
#' @export
torch_size <- function(x) {
  if (is_tensor(x)) {
    return(tensor_shape(x))
  }
  if (!inherits(x, "torch.Size")) {
    abort_tensor(
      sprintf("`x` must be a tensor or a `torch.Size`, not %s.", friendly_type(x)),
      rlang::current_env()
    )
  }
  as.integer(x)
}

#' @rdname rtorch
#' @export
torch_version <- function() {
  torch_config()$version
}

#' @rdname rtorch
#' @export
torch_config <- function() {
  ready_torch()
  python <- reticulate::py_config()
  text <- torch[["__version__"]]
  structure(
    list(
      available = TRUE, version = sub("[+].*", "", text), version_str = text,
      location = dirname(torch[["__file__"]]), python = python$python,
      python_version = sub(" .*", "", python$version_string),
      numpy_version = np[["__version__"]]
    ),
    class = "pytorch_config"
  )
}

#' @export
print.pytorch_config <- function(x, ...) {
  writeLines(c(
    sprintf("PyTorch %s (%s)", x$version_str, x$location),
    sprintf("Python %s (%s)", x$python_version, x$python),
    sprintf("NumPy %s", x$numpy_version)
  ))
  invisible(x)
}
