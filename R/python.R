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
    told_if_interrupted({
      start_python(call)
      interrupted_at_end({
        require_modules(python_modules, call)
        explained(check_versions(import_own("pytwolayer"), call), "The core", call)
        load_torch(call, modules = "pytwolayer_bridge")
      })
      session$bridge <- import_own("pytwolayer_bridge")
    })
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
  with_own_path(reticulate::import(module))
}

# The folder of the core is on Python's path for as long as this takes.
with_own_path <- function(expr) {
  folder <- own_python()
  path <- reticulate::import("sys", convert = FALSE)$path
  path$insert(0L, folder)
  on.exit(path$remove(folder))
  expr
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
