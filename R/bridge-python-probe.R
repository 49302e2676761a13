# What a Python is that has not been started: found out in a process of its own, since a Python
# that is loaded into R cannot be exchanged, and some end R with them.

python_oldest <- "3.11"

# The first reticulate that works with a Python of this version, and the one before.
reticulate_for_python <- c("3.12" = "1.33", "3.13" = "1.40")

# NumPy 2 and pandas 3 came with other layouts of their data.
reticulate_for_numpy_2 <- "1.38"
reticulate_for_pandas_3 <- "1.45"

# The first that looks for a conda where an environment names none, or one that is gone.
reticulate_for_unnamed_conda <- "1.43"
reticulate_for_lost_conda <- "1.35"

reticulate_here <- function() {
  utils::packageVersion("reticulate")
}

#' Why a Python cannot be used from R
#'
#' @param python Path of a Python.
#' @return A list: `problem`, the end of a sentence that begins with the Python's path, or NULL if
#'   there is none; `mend`, what helps other than choosing another Python; `facts`.
#' @noRd
examine_python <- function(python) {
  if (is_folder(python)) {
    inside <- file.path(python, "bin", "python")
    hint <- if (file.exists(inside)) paste0("Name the Python in it: \"", inside, "\".")
    return(list(problem = "is a folder, not a Python", mend = hint))
  }
  if (!file.exists(python)) {
    return(list(problem = paste0("is not there", where_it_pointed(python))))
  }
  if (file.access(python, 1) != 0) {
    return(list(problem = "is not a program that can be run"))
  }
  facts <- probe_python(python)
  if (is.null(facts)) {
    return(examine_silent_python(python))
  }
  if (lacks_conda(python)) {
    return(problem_without_conda(python, facts))
  }
  list(problem = problem_with_facts(facts), mend = mend_for_facts(facts), facts = facts)
}

is_folder <- function(path) {
  isTRUE(file.info(path, extra_cols = FALSE)$isdir)
}

# A virtual environment is a link to the Python that it was made with.
where_it_pointed <- function(python) {
  target <- Sys.readlink(python)
  steps <- 0
  while (nzchar(target) && !is.na(target) && steps < 10) {
    python <- if (startsWith(target, "/")) target else file.path(dirname(python), target)
    target <- Sys.readlink(python)
    steps <- steps + 1
  }
  if (steps > 0) sprintf(" any more: it was made with %s, which is gone", python) else ""
}

# The facts that a Python reports about itself; NULL if it reports none.
probe_python <- function(python, unset = character()) {
  script <- file.path(own_python(), "pytwolayer", "r_interop", "probe.py")
  restore <- set_aside("LD_LIBRARY_PATH")
  on.exit(restore())
  lines <- tryCatch(
    suppressWarnings(system2(
      python, shQuote(script),
      stdout = TRUE, stderr = FALSE, input = "",
      # With a time limit R translates the command, which the C locale cannot.
      timeout = if (is_ascii(paste(python, script))) 60 else 0,
      env = if (length(unset)) paste0(unset, "=")
    )),
    error = function(cnd) character()
  )
  lines <- grep("^fact\t", lines, value = TRUE, useBytes = TRUE)
  parts <- strsplit(lines, "\t", fixed = TRUE)
  facts <- stats::setNames(lapply(parts, `[`, 3), vapply(parts, `[`, "", 2))
  if (is.null(facts$version)) NULL else facts
}

is_ascii <- function(text) {
  all(charToRaw(text) < as.raw(0x80))
}

examine_silent_python <- function(python) {
  for (variable in c("PYTHONHOME", "PYTHONPATH")) {
    if (nzchar(Sys.getenv(variable)) && !is.null(probe_python(python, unset = variable))) {
      return(problem_with_variable(variable))
    }
  }
  list(problem = "does not run as a Python")
}

problem_with_variable <- function(variable) {
  list(
    problem = sprintf(
      "does not start, since %s is set to \"%s\", which is not for it",
      variable, Sys.getenv(variable)
    ),
    mend = sprintf(
      "Unset %s before you start R, or now: `Sys.unsetenv(\"%s\")`.", variable, variable
    ),
    mended = TRUE
  )
}

# Whether a Python is of a conda environment that reticulate cannot use: it runs conda there, which
# pixi and rattler do not have.
lacks_conda <- function(python, reticulate = reticulate_here()) {
  root <- dirname(dirname(python))
  if (!file.exists(file.path(root, "conda-meta"))) {
    return(FALSE)
  }
  conda <- recorded_conda(root)
  if (!is.null(conda) && file.exists(conda)) {
    return(FALSE)
  }
  looks <- if (is.null(conda)) reticulate_for_unnamed_conda else reticulate_for_lost_conda
  reticulate < looks || !finds_conda()
}

# The conda that has made an environment; NULL if that is not known.
recorded_conda <- function(root) {
  if (dir.exists(file.path(root, "condabin"))) {
    return(file.path(root, "bin", "conda"))
  }
  history <- file.path(root, "conda-meta", "history")
  lines <- if (file.exists(history)) readLines(history, warn = FALSE)
  command <- grep("^\\s*#\\s*cmd:\\s", lines, value = TRUE)
  if (length(command)) {
    pattern <- "^\\s*#\\s*cmd:\\s+(.+?)\\s+(env\\s+create|create|rename)\\s.*"
    sub(pattern, "\\1", command[[1]], perl = TRUE)
  }
}

finds_conda <- function() {
  tryCatch(nzchar(suppressWarnings(reticulate::conda_binary())), error = function(cnd) FALSE)
}

problem_without_conda <- function(python, facts = NULL) {
  command <- if (grepl("[^[:alnum:]_./-]", python)) shQuote(python) else python
  list(
    problem = sprintf(
      paste(
        "is of a conda environment, for which reticulate %s needs the conda that made it, and",
        "there is none (pixi's have none)"
      ),
      reticulate_here()
    ),
    mend = sprintf(
      paste(
        "Make a virtual environment of it, which needs none, `%s -m venv --system-site-packages",
        "FOLDER`, and name FOLDER/bin/python in RETICULATE_PYTHON before R starts."
      ),
      command
    ),
    mended = TRUE, facts = facts
  )
}

problem_with_facts <- function(facts) {
  version <- numeric_version(facts$version)
  if (version < python_oldest) {
    return(sprintf(
      "is too old: it is Python %s, and %s or later is needed", facts$version, python_oldest
    ))
  }
  wanted <- wanted_reticulate(version)
  if (!is.null(wanted)) {
    return(sprintf(
      "is too new: it is Python %s, which reticulate %s cannot use (%s and later can)",
      facts$version, reticulate_here(), wanted
    ))
  }
  if (identical(facts$shared, "no")) {
    return("has no shared library, so that R cannot load it")
  }
  if (identical(facts$threads, "free")) {
    return("is a build without the global lock (\"free-threaded\"), which reticulate cannot use")
  }
  if (!identical(facts$bits, as.character(8 * .Machine$sizeof.pointer))) {
    return(sprintf("is a %s-bit program, and R is not", facts$bits))
  }
  NULL
}

# The reticulate that this Python needs, if the one that is there is older.
wanted_reticulate <- function(version, reticulate = reticulate_here()) {
  needs <- reticulate_for_python[numeric_version(names(reticulate_for_python)) <= version]
  needs <- needs[numeric_version(needs) > reticulate]
  if (length(needs)) needs[[length(needs)]]
}

mend_for_facts <- function(facts) {
  wanted <- wanted_reticulate(numeric_version(facts$version))
  if (!is.null(wanted)) {
    "Update reticulate: `install.packages(\"reticulate\")`, and restart R."
  }
}

# The versions of Python that this reticulate can use, as it writes them.
usable_versions <- function(reticulate = reticulate_here()) {
  too_new <- names(reticulate_for_python)[numeric_version(reticulate_for_python) > reticulate]
  c(paste0(">=", python_oldest), if (length(too_new)) paste0("<", too_new[[1]]))
}
