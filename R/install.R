#' Install what pytwolayer needs in Python
#'
#' Makes a virtual environment and installs PyTorch, NumPy, pandas and
#' safetensors into it. From then on every new session of R finds the environment
#' `r-pytwolayer` automatically.
#'
#' An existing environment `r-pytwolayer` is brought up to date. If it cannot be used, because its
#' Python is gone, too old, or too new for the installed reticulate, it is made again. An unusable
#' environment of another name is an error: remove it yourself. At the end all packages are imported
#' once, in a separate process, and what cannot be imported is installed again.
#'
#' Older versions of reticulate cannot convert NumPy 2's arrays (before 1.38) or pandas 3's data
#' frames (before 1.45) in your own code. With those, earlier versions of NumPy and pandas are
#' installed.
#'
#' @param envname Name or path of the virtual environment, which is made if it does not exist.
#' @param torch What to install as PyTorch, as pip takes it: `"torch"`, or
#'   `"torch==2.13.0"` for one version.
#' @param ... Must be empty.
#' @param python Path of the Python, 3.11 or later, to make the environment
#'   with. `NULL` finds one. Reticulate before 1.33 cannot use Python 3.12, before 1.40 not 3.13.
#' @param pip_options Further options of pip for installing PyTorch, such as
#'   `"--index-url=<address>"` for PyTorch's own index of builds for one kind of GPU, or
#'   for the CPU alone.
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
    python <- check_starter(python)
  }
  restore <- set_aside("LD_LIBRARY_PATH")
  on.exit(restore())
  make_environment(envname, python)
  # torch alone first: the options are for it, and its build must not be pip's choice.
  reticulate::virtualenv_install(envname, torch, pip_options = pip_options)
  install_convertible(envname)
  path <- reticulate::virtualenv_python(envname)
  mend_packages(envname, path, torch, pip_options)
  rlang::inform(c(v = paste("PyTorch is ready in", path)))
  say_how_to_use(envname)
  invisible(path)
}

say_how_to_use <- function(envname) {
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
}

# A Python that the user names, before anything is downloaded for it.
check_starter <- function(python, call = rlang::caller_env()) {
  path <- unname(Sys.which(path.expand(python)))
  if (path == "") {
    path <- path.expand(python)
  }
  fault <- examine_python(path)
  if (!is.null(fault$problem)) {
    received <- sprintf("\"%s\", which %s", python, fault$problem)
    abort_expected("python", paste("the path of a Python", needed_version()), received, call)
  }
  if (!identical(fault$facts$ensurepip, "yes")) {
    abort_python(
      sprintf("%s cannot make environments: it has no `ensurepip`.", path),
      "On Debian and Ubuntu: `apt-get install python3-venv`.", call
    )
  }
  path
}

# An environment that can be used from here, new or as it was.
make_environment <- function(envname, python, call = rlang::caller_env()) {
  there <- environment_folder(envname)
  if (reticulate::virtualenv_exists(envname)) {
    fault <- examine_python(reticulate::virtualenv_python(envname))
    if (isTRUE(fault$mended)) {
      problem <- sprintf("The environment's Python %s.", fault$problem)
      abort_python(problem, fault$mend, call)
    }
    problem <- fault$problem
    if (is.null(problem) && has_pip(envname, fault$facts)) {
      say_python_is_kept(python, fault$facts, there)
      return(invisible())
    }
    problem <- if (is.null(problem)) "it has no pip" else paste("its Python", problem)
    python <- starter_or_abort(python, call)
    remove_environment(envname, there, problem, call)
  } else if (file.exists(there) && !is_empty_folder(there)) {
    python <- starter_or_abort(python, call)
    remove_environment(envname, there, "it is no virtual environment", call)
  }
  reticulate::virtualenv_create(envname, python = starter_or_abort(python, call), packages = FALSE)
}

environment_folder <- function(envname) {
  dirname(dirname(reticulate::virtualenv_python(envname)))
}

is_empty_folder <- function(path) {
  is_folder(path) && !length(list.files(path, all.files = TRUE, no.. = TRUE))
}

say_python_is_kept <- function(python, facts, folder) {
  if (!is.null(python)) {
    rlang::inform(c("!" = sprintf(
      "%s is there already, with Python %s: `python` is not used. Remove it first to make it anew.",
      folder, facts$version
    )))
  }
}

has_pip <- function(envname, facts) {
  if (identical(facts$pip, "yes")) {
    return(TRUE)
  }
  python <- reticulate::virtualenv_python(envname)
  arguments <- c("-m", "ensurepip", "--upgrade", "--default-pip")
  system2(python, arguments, stdout = FALSE, stderr = FALSE) == 0
}

# The package's own may be made again; what is in others is for their owner to say.
remove_environment <- function(envname, folder, problem, call) {
  problem <- sprintf("The environment %s cannot be used: %s.", folder, problem)
  if (reticulate::py_available() && startsWith(reticulate::py_config()$python, folder)) {
    abort_python(problem, sprintf("Restart R, and run %s first.", run_install), call)
  }
  if (!identical(envname, python_environment)) {
    abort_python(
      problem,
      c(
        "Name another, or remove it and try again:",
        sprintf("`unlink(\"%s\", recursive = TRUE)` deletes it with all that is in it.", folder)
      ),
      call
    )
  }
  rlang::inform(c("!" = problem, i = "It is created again."))
  unlink(folder, recursive = TRUE)
}

starter_or_abort <- function(python, call) {
  if (is.null(python)) {
    python <- starter_python()
  }
  if (is.null(python)) {
    newer <- if (length(usable_versions()) > 1) {
      "Newer ones need a newer reticulate: `install.packages(\"reticulate\")`."
    }
    abort_python(
      sprintf("No Python %s was found to make the environment with.", needed_version()),
      c("Install one, or name it: `install_pytwolayer(python = \"/path/to/python3\")`.", newer),
      call
    )
  }
  python
}

# NumPy and pandas whose data this reticulate converts, where pip can get them.
install_convertible <- function(envname) {
  others <- setdiff(python_modules, "torch")
  wanted <- convertible(others)
  done <- tryCatch(
    {
      reticulate::virtualenv_install(envname, wanted)
      TRUE
    },
    error = function(cnd) if (identical(wanted, others)) stop(cnd) else FALSE
  )
  if (!done) {
    rlang::inform(c("!" = sprintf(
      "%s are not available here: newer versions are installed instead.",
      paste(setdiff(wanted, others), collapse = " and ")
    )))
    reticulate::virtualenv_install(envname, others)
  }
}

convertible <- function(modules, reticulate = reticulate_here()) {
  if (reticulate < reticulate_for_numpy_2) {
    modules[modules == "numpy"] <- "numpy<2"
  }
  if (reticulate < reticulate_for_pandas_3) {
    modules[modules == "pandas"] <- "pandas<3"
  }
  modules
}

# pip takes for installed what is damaged or only half there.
mend_packages <- function(envname, python, torch, pip_options, call = rlang::caller_env()) {
  problems <- import_problems(python)
  for (module in names(problems)) {
    package <- if (module == "torch") torch else convertible(module)
    options <- if (module == "torch") pip_options else character()
    reticulate::virtualenv_install(
      envname, package,
      ignore_installed = TRUE, pip_options = options
    )
  }
  if (length(problems) && length(problems <- import_problems(python))) {
    abort_python(
      sprintf("%s was installed, and cannot be imported: %s", names(problems)[[1]], problems[[1]]),
      sprintf("`%s -c \"import %s\"` shows all of it.", python, names(problems)[[1]]), call
    )
  }
}

# What Python says where it cannot import a module, by module. Nothing of the user's takes part.
import_problems <- function(python) {
  said <- vapply(python_modules, function(module) {
    lines <- suppressWarnings(system2(
      python, c("-I", "-c", shQuote(paste("import", module))),
      stdout = TRUE, stderr = TRUE
    ))
    if (is.null(attr(lines, "status"))) "" else paste(utils::tail(lines, 1), collapse = "")
  }, "")
  said[nzchar(said)]
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
  found <- if ("virtualenv_starter" %in% getNamespaceExports("reticulate")) {
    starters <- getExportedValue("reticulate", "virtualenv_starter")
    starters(paste(usable_versions(), collapse = ","), all = TRUE)$path
  }
  candidates <- unique(c(found, unname(Sys.which(c("python3", paste0("python3.", 14:11))))))
  Find(is_starter, candidates[nzchar(candidates)])
}

is_starter <- function(python) {
  fault <- examine_python(python)
  is.null(fault$problem) && identical(fault$facts$ensurepip, "yes")
}
