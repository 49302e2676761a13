# Finding Python, loading the core, calling it.

# What the core needs. Only torch and these: the plots and tables of R are R's own.
python_modules <- c("torch", "numpy", "pandas", "safetensors")
python_environment <- "r-pytwolayer"

session <- new.env(parent = emptyenv())

#' The functions of the core, loaded on first use
#'
#' @noRd
bridge <- function(call = rlang::caller_env()) {
  if (is.null(session$bridge)) {
    start_python(call)
    require_modules(python_modules, call)
    check_versions(import_own("pytwolayer"), call)
    load_torch(call)
    session$bridge <- import_own("pytwolayer_bridge")
  }
  session$bridge
}

#' Call a function of the core; its errors and warnings become R's
#'
#' @param words What R calls the core's arguments, where the names differ.
#' @param as_fit Makes R's object of a fit that an error carries.
#' @noRd
call_core <- function(name, ..., call = rlang::caller_env(), words = character(),
                      as_fit = identity) {
  answer <- bridge(call)[[name]](...)
  for (warning in unique(answer$warnings)) {
    raise_warning(warning$kind, warning$message)
  }
  if (!is.null(answer$error)) {
    abort_from_core(answer$error, call, words, as_fit)
  }
  answer$value
}

# The core's warnings that have a class of their own in R.
warning_kinds <- c(
  UnseenLevelWarning = "unseen_level", SuspectColumnWarning = "suspect_column",
  InterruptWarning = "interrupted", CheckpointWarning = "checkpoint"
)

# And those that are mere messages.
message_kinds <- c("MissingRowsWarning", "ResumedWarning")

raise_warning <- function(kind, message) {
  if (kind %in% message_kinds) {
    return(rlang::inform(message, class = "pytwolayer_message"))
  }
  kind <- warning_kinds[kind]
  class <- c(if (!is.na(kind)) paste0("pytwolayer_warning_", kind), "pytwolayer_warning")
  rlang::warn(message, class = class)
}

# As above, for its errors.
error_kinds <- c(
  ArgumentError = "argument", DeviceError = "device", DeviceMemoryError = "memory",
  DivergenceError = "diverged", FileFormatError = "file"
)

abort_from_core <- function(error, call, words = character(), as_fit = identity) {
  fit <- if (!is.null(error$fit)) as_fit(error$fit)
  if (!error$known) {
    rlang::abort(
      c(
        paste("The Python core failed.", error$message),
        i = "The Python traceback is in `rlang::last_error()$traceback`."
      ),
      class = "pytwolayer_error", traceback = error$traceback, fit = fit, call = call
    )
  }
  kind <- error_kinds[error$kind]
  error <- in_names_of_r(error, words)
  rlang::abort(
    in_words_of_r(error$message),
    class = c(if (!is.na(kind)) paste0("pytwolayer_error_", kind), "pytwolayer_error"),
    argument = error$argument, expected = error$expected, received = error$received,
    device = error$device, needed = error$needed,
    traceback = error$traceback, fit = fit, call = call
  )
}

# The core names its own arguments and Python's values.
in_names_of_r <- function(error, words) {
  if (is.null(error$argument)) {
    return(error)
  }
  for (name in names(words)) {
    error$expected <- gsub(ticked(name), ticked(words[[name]]), error$expected, fixed = TRUE)
  }
  error$expected <- gsub("\\b[Tt]rue\\b", "TRUE", error$expected)
  error$expected <- gsub("\\b[Ff]alse\\b", "FALSE", error$expected)
  if (error$argument %in% names(words)) {
    error$argument <- words[[error$argument]]
  }
  error$message <- sprintf(
    "`%s` must be %s, not %s.", error$argument, error$expected, error$received
  )
  error
}

# The core shows what came as Python writes it.
in_words_of_r <- function(message) {
  words <- c(None = "NULL", True = "TRUE", False = "FALSE", nan = "NaN", inf = "Inf")
  for (word in names(words)) {
    message <- gsub(paste0(", not (-?)", word, "\\b"), paste0(", not \\1", words[[word]]), message)
  }
  message
}

start_python <- function(call) {
  if (reticulate::py_available()) {
    return(invisible())
  }
  prefer_own_environment()
  problem <- tryCatch(
    {
      if (reticulate::py_available(initialize = TRUE)) NULL else "none was found"
    },
    error = function(cnd) conditionMessage(cnd)
  )
  if (!is.null(problem)) {
    abort_python(paste0("Python could not be started: ", problem), call)
  }
}

# What the user chose comes before this.
prefer_own_environment <- function() {
  if (!length(named_python()) && reticulate::virtualenv_exists(python_environment)) {
    reticulate::use_virtualenv(python_environment, required = FALSE)
  }
}

require_modules <- function(modules, call) {
  python <- reticulate::py_config()
  found <- sprintf("Python %s (%s)", python$version, python$python)
  if (numeric_version(as.character(python$version)) < "3.11") {
    abort_python(sprintf("%s is too old: 3.11 or later is needed.", found), call)
  }
  missing <- Filter(function(module) !has_module(module), modules)
  if (length(missing)) {
    abort_python(sprintf("%s has no %s.", found, paste(missing, collapse = ", no ")), call)
  }
}

# A Python named by the user is the one that is used, so it is the one to mend.
abort_python <- function(problem, call) {
  named <- named_python()
  mend <- "Run `pytwolayer::install_pytwolayer()` and restart R."
  if (length(named)) {
    modules <- paste(python_modules, collapse = " ")
    is_there <- names(named) != "RETICULATE_PYTHON" || file.exists(named)
    gone <- if (is_there) "" else ", which is not there"
    mend <- c(
      sprintf("%s is set to \"%s\"%s.", names(named), named, gone),
      if (is_there) {
        sprintf("Install what it needs: `%s -m pip install %s`.", named, modules)
      },
      sprintf(
        "%s %s, run `pytwolayer::install_pytwolayer()` and restart R.",
        if (is_there) "Or unset" else "Unset", names(named)
      )
    )
  }
  rlang::abort(
    c(problem, stats::setNames(mend, rep("i", length(mend)))),
    class = c("pytwolayer_error_python", "pytwolayer_error"), call = call
  )
}

# The variable by which the user has named a Python, if there is one.
named_python <- function() {
  values <- Sys.getenv(c("RETICULATE_PYTHON", "RETICULATE_PYTHON_ENV"), names = TRUE)
  utils::head(values[nzchar(values)], 1)
}

# Loads torch as the core does. Where somebody else has loaded it before, and the wrong way,
# this is the one place that says so, once.
load_torch <- function(call) {
  if (!isTRUE(session$torch)) {
    problem <- tryCatch(import_own("pytwolayer.torch_loading")$load(), error = function(cnd) {
      why <- strsplit(conditionMessage(cnd), "\n")[[1]][[1]]
      abort_python(paste("torch could not be loaded:", why), call)
    })
    session$torch <- TRUE
    if (!is.null(problem)) {
      rlang::warn(problem, class = "pytwolayer_warning")
    }
  }
}

# Looks only: importing torch here would decide how it is loaded.
has_module <- function(module) {
  !is.null(reticulate::import("importlib.util")$find_spec(module))
}

own_python <- function() {
  system.file("python", package = "pytwolayer")
}

#' Import a module that this package carries
#'
#' @noRd
import_own <- function(module) {
  folder <- own_python()
  if (!file.exists(file.path(folder, "pytwolayer", "__init__.py"))) {
    rlang::abort(
      c(
        "This installation of pytwolayer lacks its Python core.",
        i = "It was built from a checkout without symbolic links: build it from the source package."
      ),
      class = "pytwolayer_error"
    )
  }
  path <- reticulate::import("sys", convert = FALSE)$path
  path$insert(0L, folder)
  on.exit(path$remove(folder))
  reticulate::import(module)
}

# The Python session may hold a core that was imported before this package's own.
check_versions <- function(core, call) {
  own <- as.character(utils::packageVersion("pytwolayer"))
  other <- core[["__version__"]]
  if (!identical(own, other)) {
    rlang::abort(
      c(
        "The two halves of pytwolayer are of different versions.",
        x = sprintf("The R package is %s; the Python session holds core %s.", own, other),
        i = sprintf("That core is %s: install the same version of both.", core[["__file__"]])
      ),
      class = c("pytwolayer_error_version", "pytwolayer_error"), call = call
    )
  }
}

# Runs when Python starts, so it must never stop it: what is wrong shows at the first call.
keep_own_blas <- function() {
  tryCatch(
    import_own("pytwolayer.torch_loading")$watch_for_torch(),
    error = function(cnd) NULL
  )
}
