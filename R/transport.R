# Tables on their way to Python and numbers on their way back: as raw bytes, which every
# version of reticulate hands over unharmed.

#' A data frame as the core's bridge takes it
#'
#' Numbers, integers and logicals travel as doubles, factors and text as codes with levels.
#'
#' @param argument Its name in error messages.
#' @noRd
as_columns <- function(argument, table, call = rlang::caller_env()) {
  columns <- Map(
    function(column, name) as_column(argument, column, name, call),
    unname(as.list(table)), names(table)
  )
  list(names = as.list(names(table)), columns = unname(columns), rows = nrow(table))
}

as_column <- function(argument, column, name, call) {
  text <- is.character(column)
  if (text) {
    column <- factor(column)
  }
  plain <- is.factor(column) || (is.numeric(column) || is.logical(column)) && !is.object(column)
  if (!plain || !is.null(dim(column))) {
    received <- sprintf("%s in column \"%s\"", shown(column), name)
    abort_expected(argument, "numeric", received, call)
  }
  list(
    values = writeBin(as.double(column), raw()),
    levels = if (is.factor(column)) as.list(levels(column)),
    text = text
  )
}

doubles <- function(bytes) {
  readBin(bytes, "double", n = length(bytes) / 8)
}
