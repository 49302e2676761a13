# What is said where Python cannot be used: the cause, and what mends it. Advice that cannot
# help is worse than none, so it depends on who has chosen the Python.

abort_python <- function(problem, mend, call) {
  rlang::abort(
    c(problem, stats::setNames(mend, rep("i", length(mend)))),
    class = c("pytwolayer_error_python", "pytwolayer_error"), call = call
  )
}

run_install <- "`pytwolayer::install_pytwolayer()`"

abort_named <- function(named, fault, call) {
  problem <- sprintf("%s is set to \"%s\", which %s.", names(named), named, fault$problem)
  if (isTRUE(fault$mended)) {
    abort_python(problem, fault$mend, call)
  }
  found <- Sys.which(named)
  path <- if (!grepl("[\\/]", named) && nzchar(found)) {
    sprintf("It has to be a path: \"%s\".", found)
  }
  abort_python(problem, c(path, fault$mend, advise_other_python(names(named))), call)
}

advise_other_python <- function(variable) {
  what <- if (variable == "RETICULATE_PYTHON") "a Python" else "an environment with a Python"
  sprintf(
    "Name %s %s in %s, or unset it (`Sys.unsetenv(\"%s\")`) and run %s%s.",
    what, needed_version(), variable, variable, run_install, restart_advice()
  )
}

needed_version <- function() {
  limits <- usable_versions()
  if (length(limits) > 1) {
    before <- sub("<", "", limits[[2]], fixed = TRUE)
    return(sprintf("of version %s or later, but before %s", python_oldest, before))
  }
  sprintf("of version %s or later", python_oldest)
}

restart_advice <- function() {
  if (reticulate::py_available()) " and restart R" else ""
}

abort_own <- function(fault, call) {
  folder <- dirname(dirname(reticulate::virtualenv_python(python_environment)))
  problem <- sprintf(
    "The environment `%s` (%s) cannot be used: its Python %s.",
    python_environment, folder, fault$problem
  )
  again <- sprintf("Run %s, which makes it again with a Python %s.", run_install, needed_version())
  abort_python(problem, c(fault$mend, if (!isTRUE(fault$mended)) again), call)
}

# Python did not start although nothing was found to be wrong with it before.
abort_not_started <- function(problem, call) {
  problem <- strsplit(problem, "\n")[[1]][[1]]
  if (reticulate::py_available()) {
    abort_import("Python", problem, import_causes(problem), call)
  }
  named <- named_python()
  if (length(named)) {
    text <- sprintf("%s is set to \"%s\".", names(named), named)
    abort_python(
      paste("Python could not be started:", problem),
      c(text, advise_other_python(names(named))), call
    )
  }
  active <- python_of_active_conda()
  if (!is.null(active) && lacks_conda(active)) {
    fault <- problem_without_conda(active)
    abort_python(sprintf("The Python \"%s\" %s.", active, fault$problem), fault$mend, call)
  }
  # The latter is what reticulate says where all that it tried has failed.
  if (grepl("Python not found|^\\$ operator", problem)) {
    problem <- "none was found that can be used."
  }
  abort_python(
    paste("Python could not be started:", problem),
    c(
      home_hides_packages(),
      sprintf("Run %s, which makes an environment with what is needed.", run_install),
      "Or name a Python that has torch, numpy, pandas and safetensors in RETICULATE_PYTHON.",
      if (makes_environments()) not_downloaded()
    ),
    call
  )
}

# The Python of the conda environment that R was started in; NULL if there is none.
python_of_active_conda <- function() {
  python <- file.path(Sys.getenv("CONDA_PREFIX"), "bin", "python")
  if (nzchar(Sys.getenv("CONDA_PREFIX")) && file.exists(python)) python
}

not_downloaded <- function() {
  if (tolower(Sys.getenv("RETICULATE_USE_MANAGED_VENV")) %in% c("no", "false", "0")) {
    return(NULL)
  }
  paste(
    "reticulate tried to download an environment, and could not: is there a network?",
    "`Sys.setenv(RETICULATE_USE_MANAGED_VENV = \"no\")` keeps it from that."
  )
}

home_hides_packages <- function() {
  home <- Sys.getenv("PYTHONHOME")
  if (nzchar(home)) {
    sprintf(paste(
      "PYTHONHOME is set to \"%s\", and Python looks for all that is installed there:",
      "unset it before you start R."
    ), home)
  }
}

# What to do where the Python that runs is not the right one.
advise_running_python <- function(config) {
  named <- named_python()
  if (length(named)) {
    text <- sprintf("%s is set to \"%s\".", names(named), named)
    return(c(text, advise_other_python(names(named))))
  }
  chosen <- choice_of_user(config)
  if (is.null(chosen)) {
    return(first_in_new_session())
  }
  install <- if (!is_usable(examine_own())) sprintf("run %s, ", run_install)
  first <- paste0(install, "restart R,")
  instead <- sprintf("`Sys.setenv(RETICULATE_PYTHON_ENV = \"%s\")`", python_environment)
  c(
    sprintf("It was chosen by %s.", chosen),
    sprintf("Or: %s and call %s before Python is used.", first, instead)
  )
}

first_in_new_session <- function() {
  if (is_usable(examine_own())) {
    return(sprintf(
      paste(
        "Another Python than that of `%s` is running: restart R, and call `library(pytwolayer)`",
        "before Python is used."
      ),
      python_environment
    ))
  }
  sprintf("Run %s and restart R.", run_install)
}

# By what a Python was chosen that comes before the package's own; NULL if by nothing.
choice_of_user <- function(config) {
  chosen <- c(
    "use_python function" = "`use_python()`, `use_virtualenv()` or `use_condaenv()`",
    "use_python() function" = "`use_python()`, `use_virtualenv()` or `use_condaenv()`",
    "VIRTUAL_ENV" = "VIRTUAL_ENV, the environment that R was started in",
    "the current process" = "the program that R runs in",
    "RETICULATE_PYTHON_FALLBACK" = "RETICULATE_PYTHON_FALLBACK"
  )
  forced <- config$forced
  if (is.null(forced) || !length(forced)) {
    return(NULL)
  }
  if (forced %in% names(chosen)) {
    return(chosen[[forced]])
  }
  if (grepl("working directory|poetry|pipenv", forced, ignore.case = TRUE)) forced
}

is_own <- function(config) {
  own <- reticulate::virtualenv_python(python_environment)
  identical(normalizePath(dirname(own), mustWork = FALSE), normalizePath(dirname(config$python)))
}

get_modules <- function(config, modules) {
  if (is_own(config)) {
    return(sprintf("Run %s and restart R.", run_install))
  }
  if (isTRUE(config$ephemeral)) {
    return("Restart R, and call `library(pytwolayer)` before Python is used.")
  }
  other <- advise_running_python(config)
  if (!length(named_python()) && is.null(choice_of_user(config))) {
    return(other)
  }
  c(sprintf("Install what it needs, and restart R: `%s`.", pip_install(config, modules)), other)
}

pip_install <- function(config, modules, options = character()) {
  python <- config$python
  if (grepl("[^[:alnum:]_./-]", python)) python <- shQuote(python)
  paste(c(python, "-m pip install", options, modules), collapse = " ")
}

# A module is there and cannot be loaded.
abort_import <- function(what, said, causes, call) {
  said <- strsplit(said, "\n")[[1]][[1]]
  problem <- sprintf("%s could not be loaded: %s", what, said)
  elsewhere <- grepl(" is taken for |PYTHONPATH", causes)
  mend <- if (length(causes) && all(elsewhere)) "Then restart R." else reinstall()
  rlang::abort(
    c(
      problem,
      stats::setNames(causes, rep("x", length(causes))),
      stats::setNames(mend, rep("i", length(mend)))
    ),
    class = c("pytwolayer_error_python", "pytwolayer_error"), call = call
  )
}

reinstall <- function() {
  config <- reticulate::py_config()
  if (is_own(config)) {
    return(sprintf("Run %s, which installs again what cannot be loaded. Restart R.", run_install))
  }
  command <- pip_install(config, python_modules, "--force-reinstall")
  c(sprintf("Install it again, and restart R: `%s`.", command), advise_running_python(config))
}
