# Tables of the packages nanoarrow and arrow. Those of nanoarrow go to Python by the Arrow C stream
# interface, without a copy. R's arrow and Python's pyarrow in one process have crashed: of arrow's
# objects R makes data frames, but for datasets of Parquet files, whose files Python reads.

nanoarrow_classes <- c("nanoarrow_array_stream", "nanoarrow_array", "nanoarrow_vctr")

an_arrow_table <- "an Arrow table"

# Whether Python can read it where it is.
is_arrow <- function(x) {
  inherits(x, nanoarrow_classes) || is_parquet_dataset(x)
}

#' A table of the package arrow as a data frame, or what Python can read; others unchanged
#'
#' @noRd
as_table <- function(x) {
  is_table <- inherits(x, "arrow_dplyr_query") || inherits(x, "ArrowObject") &&
    inherits(x, c("ArrowTabular", "Dataset", "RecordBatchReader", "Scanner", "StructArray"))
  if (is_table && !is_parquet_dataset(x)) as.data.frame(x) else x
}

# Any Arrow object as a data frame, where R needs the rows.
as_frame <- function(x) {
  if (is_arrow(x)) as.data.frame(x) else as_table(x)
}

is_parquet_dataset <- function(x) {
  inherits(x, "FileSystemDataset") && identical(tolower(x$format$type), "parquet") &&
    length(x$files) > 0 && all(file.exists(x$files))
}

#' An Arrow object as Python takes it
#'
#' @return A list for [to_core()]: the `files` of a dataset with the `names` of its columns and
#'   those of them that are `text`; or the address of a `stream`, which exists as long as the
#'   `pointer` does, and whether its rows are in memory as a `whole`.
#' @noRd
send_arrow <- function(argument, value, call) {
  if (is_parquet_dataset(value)) {
    names <- names(value)
    types <- vapply(names, function(name) value$schema$GetFieldByName(name)$type$ToString(), "")
    return(list(
      files = as.list(enc2utf8(value$files)), names = as.list(enc2utf8(names)),
      text = as.list(enc2utf8(names[types %in% c("string", "large_string")]))
    ))
  }
  once <- inherits(value, "nanoarrow_array_stream")
  if (once && !from_nanoarrow("nanoarrow_pointer_is_valid", value)) {
    expected <- "a stream that was not read before"
    abort_expected(argument, expected, "one whose rows were read: streams can be read once", call)
  }
  pointer <- from_nanoarrow("as_nanoarrow_array_stream", value)
  address <- from_nanoarrow("nanoarrow_pointer_addr_chr", pointer)
  list(stream = address, pointer = pointer, whole = !once)
}

# Whose objects are there only where it is installed.
from_nanoarrow <- function(name, value) getExportedValue("nanoarrow", name)(value)
