# Tables of the packages arrow and nanoarrow, which are refused with the way to their rows.

arrow_classes <- c(
  "ArrowTabular", "Dataset", "RecordBatchReader", "arrow_dplyr_query", "nanoarrow_array_stream"
)

is_arrow <- function(x) {
  inherits(x, arrow_classes)
}

# R's arrow and Python's pyarrow in one process have crashed, so nothing of it is handed over.
send_arrow <- function(argument, value, call) {
  rlang::abort(
    c(
      sprintf("`%s` must be %s, not an Arrow object.", argument, path_expected),
      i = paste(
        "Give the path of its file or folder, as that of `open_dataset()`,",
        "or a data frame: `as.data.frame()` or `dplyr::collect()` makes one."
      )
    ),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = argument, call = call
  )
}
