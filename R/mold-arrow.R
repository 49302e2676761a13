# Tables of the packages arrow and nanoarrow, for Python to read.

arrow_classes <- c(
  "ArrowTabular", "Dataset", "RecordBatchReader", "arrow_dplyr_query", "nanoarrow_array_stream"
)

is_arrow <- function(x) {
  inherits(x, arrow_classes)
}

send_arrow <- function(argument, value, call) {
  abort_argument(argument, path_expected, value, call)
}
