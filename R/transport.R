# Tables on their way to Python and numbers on their way back: as raw bytes, which every
# version of reticulate hands over unharmed.

#' A data frame as the core's bridge takes it
#'
#' Numbers, integers and logicals travel as doubles, factors and text as codes with levels.
#'
#' @param argument Its name in error messages.
#' @noRd
as_columns <- function(argument, table, call = rlang::caller_env()) {
  names <- names(table)
  if (length(table) && (is.null(names) || anyNA(names) || !all(nzchar(names)))) {
    abort_expected(argument, "a table whose columns all have names", "one with nameless ones", call)
  }
  twins <- unique(names[duplicated(names)])
  if (length(twins)) {
    received <- paste("one with several columns", quoted(twins))
    abort_expected(argument, "a table whose column names differ", received, call)
  }
  columns <- Map(
    function(column, name) as_column(argument, plain_column(column), name, call),
    unname(as.list(table)), names
  )
  list(names = as.list(names), columns = unname(columns), rows = nrow(table))
}

# What scale() and I() leave, and time series, are plain numbers in a wrapping.
plain_column <- function(column) {
  if (inherits(column, c("AsIs", "ts")) && is.atomic(column)) {
    column <- unclass(column)
  }
  if (is.matrix(column) && ncol(column) == 1 && !is.object(column)) as.vector(column) else column
}

as_column <- function(argument, column, name, call) {
  text <- is.character(column)
  if (text) {
    column <- factor(column)
  }
  plain <- is.factor(column) || (is.numeric(column) || is.logical(column)) && !is.object(column)
  if (!plain || !is.null(dim(column))) {
    place <- if (identical(name, ".outcome")) "" else sprintf(" in column \"%s\"", name)
    abort_expected(argument, "numeric", paste0(shown(column), place), call)
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
