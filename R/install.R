#' Install what pytwolayer needs in Python
#'
#' Makes a virtual environment and installs PyTorch, NumPy, pandas and
#' safetensors into it. The environment `r-pytwolayer` is found by itself from
#' then on, in every new session of R.
#'
#' @param envname Name or path of the virtual environment; made if it is not there.
#' @param torch What to install as PyTorch, as pip takes it: `"torch"`, or
#'   `"torch==2.13.0"` for one version.
#' @param ... Must be empty.
#' @param python Path of the Python, 3.11 or later, to make the environment
#'   with. `NULL` finds one.
#' @param pip_options Further options of pip for installing PyTorch, such as
#'   `"--index-url=<address>"` for PyTorch's own index of builds for one kind of GPU, or
#'   for none.
#' @return The path of the environment's Python, invisibly.
#' @examples
#' \dontrun{
#' install_pytwolayer()
#' }
#' @export
install_pytwolayer <- function(envname = "r-pytwolayer", torch = "torch", ..., python = NULL,
                               pip_options = character()) {
  check_dots(install_pytwolayer, ...)
  check_text(envname = envname, torch = torch)
  if (!is.null(python)) {
    check_text(python = python)
    if (Sys.which(python) == "") {
      abort_expected("python", "the path of a Python", paste0("\"", python, "\""))
    }
  }
  restore <- set_aside("LD_LIBRARY_PATH")
  on.exit(restore())
  if (!reticulate::virtualenv_exists(envname)) {
    if (is.null(python)) {
      python <- starter_python()
    }
    if (is.null(python)) {
      rlang::abort(
        c(
          "No Python of version 3.11 or later was found to make the environment with.",
          i = "Install one, or name it: `install_pytwolayer(python = \"/path/to/python3\")`."
        ),
        class = c("pytwolayer_error_python", "pytwolayer_error")
      )
    }
    reticulate::virtualenv_create(envname, python = python, packages = NULL)
  }
  # torch alone first: the options are for it, and its build must not be pip's choice.
  reticulate::virtualenv_install(envname, torch, pip_options = pip_options)
  reticulate::virtualenv_install(envname, setdiff(python_modules, "torch"))
  path <- reticulate::virtualenv_python(envname)
  rlang::inform(c(v = paste("PyTorch is ready in", path)))
  named <- named_python()
  if (length(named)) {
    rlang::inform(c("!" = sprintf("It is not used as long as %s is set.", names(named))))
  }
  if (reticulate::py_available()) {
    rlang::inform(c(i = "Restart R to use it."))
  } else if (!identical(envname, python_environment)) {
    rlang::inform(c(
      i = sprintf("To use it, first call reticulate::use_virtualenv(\"%s\").", envname)
    ))
  }
  invisible(path)
}

# R sets a library path for the programs it starts; a Python that is not the system's would
# load the wrong libpython by it. Gives a function that puts the variable back.
set_aside <- function(variable) {
  value <- Sys.getenv(variable, NA)
  Sys.unsetenv(variable)
  function() if (!is.na(value)) do.call(Sys.setenv, stats::setNames(list(value), variable))
}

# A Python to make an environment with, or NULL. Older versions of reticulate do not look.
starter_python <- function() {
  if ("virtualenv_starter" %in% getNamespaceExports("reticulate")) {
    return(getExportedValue("reticulate", "virtualenv_starter")(">=3.11"))
  }
  candidates <- Sys.which(c("python3", paste0("python3.", 14:11)))
  Find(is_starter, unname(candidates[nzchar(candidates)]))
}

is_starter <- function(python) {
  check <- "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
  system2(python, c("-c", shQuote(check)), stdout = FALSE, stderr = FALSE) == 0
}
