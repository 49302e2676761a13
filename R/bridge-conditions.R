# The core's errors and warnings as R's conditions.

# The core's warnings that have a class of their own in R.
warning_kinds <- c(
  UnseenLevelWarning = "unseen_level", SuspectColumnWarning = "suspect_column",
  InterruptWarning = "interrupted", CheckpointWarning = "checkpoint"
)

# And those that are mere messages.
message_kinds <- c(
  "MissingRowsWarning", "TrainingRowsWarning", "ResumedWarning", "DenseMatrixWarning",
  "RowsOnDiskWarning"
)

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
  DivergenceError = "diverged", FileFormatError = "file",
  TemporaryFolderError = "temporary_folder", WorkerError = "worker"
)

abort_from_core <- function(error, call, as_fit = identity) {
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
  rlang::abort(
    error$message,
    class = c(if (!is.na(kind)) paste0("pytwolayer_error_", kind), "pytwolayer_error"),
    argument = error$argument, expected = error$expected, received = error$received,
    device = error$device, needed = error$needed,
    traceback = error$traceback, fit = fit, call = call
  )
}
