#' pytwolayer: a two-layer neural network, one implementation for R and Python
#'
#' All arithmetic is done by a Python core on PyTorch, which is part of this package; R checks
#' arguments, calls the core and labels results. Python starts with the first call that needs it,
#' not with `library(pytwolayer)`. Begin with [two_layer()] for the network, and with [torch] for
#' PyTorch's tensors in R.
#'
#' @section Which Python is used:
#' The first of these that there is:
#'
#' * the Python that `RETICULATE_PYTHON` or `RETICULATE_PYTHON_ENV` names, or that
#'   [reticulate::use_python()] or [reticulate::use_virtualenv()] chose;
#' * where reticulate looks for a Python, that of an environment that R was started in, or of a
#'   `.venv` in the working directory;
#' * the virtual environment `r-pytwolayer`, which [install_pytwolayer()] makes;
#' * with a version of reticulate that has `py_require()`, an environment that reticulate makes by
#'   itself.
#'
#' This order holds after `library(pytwolayer)`, whatever starts Python: this package, a Python
#' chunk, or `reticulate::py_config()`.
#'
#' For an environment of its own, reticulate downloads several gigabytes, because of PyTorch's
#' libraries for GPUs. A message announces this. To avoid it, run [install_pytwolayer()], name a
#' Python, or set `RETICULATE_USE_MANAGED_VENV=no`.
#'
#' [pytwolayer_doctor()] shows what is in use and how to mend problems.
#'
#' @section PyTorch's own BLAS:
#' R makes its BLAS visible to the whole process. If PyTorch is loaded into R in the ordinary way,
#' it computes with R's BLAS, which on a stock Debian is many times slower and gives other last
#' digits. This package loads PyTorch so that it keeps its own BLAS, also if you import torch
#' yourself after `library(pytwolayer)`.
#'
#' @keywords internal
"_PACKAGE"

# Nothing here loads reticulate, which takes longer than all the rest together: hooks run what needs
# it once it is loaded, and promises fetch what is its own when they are first used.
.onLoad <- function(libname, pkgname) {
  setHook("reticulate.onPyInit", function(...) keep_own_blas())
  when_loaded("reticulate", prepare_reticulate)
  own <- topenv()
  register_no_answers()
  register_tensor_methods()
  register_integrations()
  delay_masks(own)
  delay_modules(own)
  wait_for_reticulate(own)
  delayedAssign("py_call_impl", get0("py_call_impl", asNamespace("reticulate")), assign.env = own)
}

# Attaching prints no list of masked functions, since they do the same for all but tensors. R looks
# for this variable in the attached package, and no namespace can export it.
.onAttach <- function(libname, pkgname) {
  assign(".conflicts.OK", TRUE, envir = as.environment(paste0("package:", pkgname)))
}

# Have reticulate call before_python() before it starts Python, after what another package has set
# for that. In a Python that runs already, torch's BLAS is all that can be seen to.
prepare_reticulate <- function() {
  earlier <- getOption("reticulate.python.beforeInitialized")
  options(reticulate.python.beforeInitialized = function() {
    if (is.function(earlier)) earlier()
    before_python()
  })
  if ("py_require" %in% getNamespaceExports("reticulate")) {
    getExportedValue("reticulate", "py_require")(python_modules, python_version = ">=3.11")
  }
  if (reticulate::py_available()) {
    keep_own_blas()
  }
}
