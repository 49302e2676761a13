#' pytwolayer: a two-layer neural network, one implementation for R and Python
#'
#' All arithmetic is done by a Python core on PyTorch that travels inside this
#' package; R checks, calls and labels. Python starts with the first call that
#' needs it, not with `library(pytwolayer)`.
#'
#' @section Which Python is used:
#' In this order: the one that `RETICULATE_PYTHON` or `RETICULATE_PYTHON_ENV` names, or that
#' [reticulate::use_python()] or [reticulate::use_virtualenv()] chose; where reticulate
#' looks for one, that of an environment that R was started in, or of a `.venv` in the working
#' folder; the virtual environment `r-pytwolayer`, which [install_pytwolayer()] makes; with
#' a reticulate that has `py_require()`, an environment that it makes by itself. So it is once
#' `library(pytwolayer)` was called, whoever then starts Python: this package, a Python
#' chunk, `reticulate::py_config()`.
#'
#' An environment that reticulate makes by itself is a download, of several gigabytes with
#' PyTorch's libraries for GPUs. It is announced. To have none, run [install_pytwolayer()], name a
#' Python, or set `RETICULATE_USE_MANAGED_VENV=no`.
#'
#' [pytwolayer_doctor()] shows what is in use and how to mend what is not right.
#'
#' @section torch's own BLAS:
#' R shows its BLAS to the whole process. A PyTorch that is loaded into R in the
#' ordinary way computes with it: on a stock Debian many times slower, and with
#' other last digits. This package loads PyTorch so that it keeps its own, for
#' you too if you import torch yourself after `library(pytwolayer)`.
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
