# Tables on their way to Python: vectors that Python sees in R's own memory, or else raw bytes,
# which every version of reticulate hands over unharmed; and numbers on their way back, as bytes.

#' A data frame as the core's bridge takes it
#'
#' Numbers, integers and logicals stay as they are, factors and text become codes with levels;
#' [to_core()] then sends them.
#'
#' @param argument Its name in error messages.
#' @param outcome Whether it is of outcomes.
#' @noRd
as_columns <- function(argument, table, call = rlang::caller_env(), outcome = FALSE) {
  names <- names(table)
  if (ncol(table) && (is.null(names) || anyNA(names) || !all(nzchar(names)))) {
    abort_expected(
      argument, "a table whose columns all have names", "one with columns without a name", call
    )
  }
  refuse_twins(argument, names, call)
  if (is_matrix_table(table)) {
    names <- if (!lacks_column_names(table)) as.list(as_utf8(argument, names, call))
    return(list(names = names, matrix = table, rows = nrow(table)))
  }
  columns <- .mapply( # Map() takes part of the time of a prediction of one row
    function(column, name) as_column(argument, convert_column(column, outcome), name, call),
    list(as.list(table), names), NULL
  )
  list(
    names = if (!lacks_column_names(table)) as.list(as_utf8(argument, names, call)),
    columns = columns, rows = nrow(table), offset = get_offset(table)
  )
}

#' Columns on their way: the numbers where they are in memory, or else as raw bytes
#'
#' @param columns What [as_columns()] made.
#' @noRd
to_core <- function(columns) {
  if (is.null(columns)) {
    return(NULL)
  }
  if (any(c("key", "path", "stream", "files") %in% names(columns))) { # Python reads the table
    return(columns[names(columns) != "pointer"])
  }
  if (!is.null(columns$matrix)) {
    return(c(columns[c("names", "rows")], send_matrix(columns$matrix)))
  }
  values <- lapply(columns$columns, `[[`, "values")
  columns$columns <- lapply(columns$columns, `[`, c("levels", "text", "logical"))
  columns["offset"] <- list(if (!is.null(columns$offset)) as_bytes(columns$offset))
  c(columns, send_vectors(values))
}

send_vectors <- function(vectors) {
  if (shares_memory()) {
    list(holder = holding(vectors), library = r_library(), values = NULL)
  } else {
    list(holder = NULL, library = NULL, values = lapply(vectors, as_bytes))
  }
}

# An R function is the one thing of which reticulate hands over no copy.
holding <- function(vectors) {
  holder <- function() NULL
  attr(holder, "pytwolayer_vectors") <- vectors
  attr(holder, "pytwolayer_mark") <- as.double(length(vectors))
  holder
}

shares_memory <- function() {
  if (is.null(session$shares)) {
    session$shares <- bridge()$can_share(holding(list(c(1, 2, 3))), r_library())
  }
  session$shares
}

r_library <- function() {
  if (is.null(session$library)) {
    session$library <- file.path(R.home("lib"), paste0("libR", .Platform$dynlib.ext))
  }
  session$library
}

refuse_twins <- function(argument, names, call) {
  if (!anyDuplicated(names)) {
    return(invisible())
  }
  twins <- sort(unique(as.character(names[duplicated(names)])), method = "radix")
  if (length(twins)) {
    received <- paste("one with several columns", quote_some_names(twins))
    abort_expected(argument, "a table whose column names differ", received, call)
  }
}

as_utf8 <- function(argument, text, call) {
  text <- enc2utf8(as.character(text))
  if (!all(validUTF8(text))) {
    expected <- "text and names in a valid encoding"
    abort_expected(argument, expected, "bytes that are not valid text", call)
  }
  text
}

# What scale() and I() leave, and time series, are plain numbers in a wrapping.
plain_column <- function(column) {
  if (is.atomic(column)) {
    column <- without_wrapping(column)
  }
  if (inherits(column, "poly") || inherits(column, c("basis", "bs", "ns")) && is.matrix(column)) {
    column <- unclass(column)
  }
  if (is.matrix(column) && ncol(column) == 1 && !is.object(column)) as.vector(column) else column
}

# I() may hide a class of its own.
without_wrapping <- function(column) {
  if (inherits(column, "AsIs")) {
    oldClass(column) <- setdiff(oldClass(column), "AsIs")
  }
  if (inherits(column, "ts")) {
    column <- unclass(column)
    attr(column, "tsp") <- NULL
  }
  column
}

as_column <- function(argument, column, name, call) {
  refuse_odd(argument, column, name, call)
  if (is.character(column)) {
    levels <- unique(column[!is.na(column)])
    codes <- match(column, levels)
  } else if (is.factor(column)) {
    levels <- levels(column)
    codes <- as.integer(column)
  } else {
    levels <- NULL
    codes <- column
  }
  list(
    values = codes,
    levels = if (!is.null(levels)) as.list(as_utf8(argument, levels, call)),
    text = is.character(column),
    # R's plain NA is a logical, which does not say what the column would hold.
    logical = is.logical(column) && !all(is.na(column))
  )
}

refuse_odd <- function(argument, column, name, call) {
  factor <- is.factor(column) && !anyNA(levels(column))
  fits <- are_numbers(column) || is.character(column) || factor
  if (fits && is.null(dim(column))) {
    return(invisible())
  }
  place <- if (identical(name, ".outcome")) "" else in_column(name)
  received <- paste0(describe_column(column), place, advice_for(column))
  abort_expected(argument, "numbers, logicals, factors or text", received, call)
}

# Without a class that would give them another meaning.
are_numbers <- function(x) {
  (is.numeric(x) || is.logical(x)) && !is.object(x)
}

is_list_column <- function(column) {
  is.list(column) && class(column)[[1]] %in% c("list", "AsIs")
}

# In the core's words.
describe_column <- function(column) {
  if (inherits(column, c("Date", "POSIXt"))) {
    "dates"
  } else if (inherits(column, "difftime")) {
    "time spans"
  } else if (is_list_column(column)) {
    "a list"
  } else if (inherits(column, "integer64")) {
    "whole numbers of 64 bits"
  } else {
    describe_value(column)
  }
}

read_doubles <- function(bytes) {
  readBin(bytes, "double", n = length(bytes) / 8)
}
