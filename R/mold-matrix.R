# Matrices of numbers, dense ones and sparse ones of the package Matrix, as they are: a data frame
# of their columns would be a copy. Until as_columns() they are in the place of a data frame, with
# names, a number of rows and `[` for columns.

#' A matrix in the place of a data frame
#'
#' @param values A matrix of numbers or logicals, or of class `dgCMatrix`.
#' @param names Names of its columns, or `NULL`.
#' @param places The columns that are meant, in this order.
#' @noRd
new_matrix_table <- function(values, names, places = seq_len(ncol(values))) {
  nameless <- is.null(names)
  if (nameless) {
    names <- paste0("V", seq_len(ncol(values)))
  }
  rows <- rownames(values)
  structure(
    list(values = values, names = names[places], places = places),
    class = "pytwolayer_matrix", nameless = if (nameless) TRUE,
    row.names = if (is.null(rows)) .set_row_names(nrow(values)) else make.unique(rows)
  )
}

#' @noRd
#' @export
names.pytwolayer_matrix <- function(x) unclass(x)[["names"]]

#' @noRd
#' @export
dim.pytwolayer_matrix <- function(x) {
  parts <- unclass(x)
  c(nrow(parts$values), length(parts$places))
}

# As of a data frame: columns, by name, place or logicals.
#' @noRd
#' @export
`[.pytwolayer_matrix` <- function(x, columns) {
  parts <- unclass(x)
  chosen <- stats::setNames(seq_along(parts$places), parts$names)[columns]
  parts$names <- parts$names[chosen]
  parts$places <- parts$places[chosen]
  attributes(parts) <- list(
    row.names = row_names_of(x), nameless = attr(x, "nameless"), names = names(parts),
    class = "pytwolayer_matrix"
  )
  parts
}

is_matrix_table <- function(x) inherits(x, "pytwolayer_matrix")

# Whether it is of the package Matrix, whose dense classes are few.
is_sparse <- function(x) {
  isS4(x) && (identical(attr(class(x), "package"), "Matrix") || inherits(x, "Matrix"))
}

#' A table as a plain_frame(), but a matrix of numbers as it is
#'
#' @noRd
plain_table <- function(x) {
  if (is_sparse(x)) {
    x <- as_one_class(x)
  }
  if (is_sparse(x) || is_matrix_of_numbers(x)) new_matrix_table(x, colnames(x)) else plain_frame(x)
}

is_matrix_of_numbers <- function(x) {
  is.matrix(x) && are_numbers(x) && length(x) > 0
}

# Of the many classes of the package Matrix the one whose slots Python reads.
as_one_class <- function(x) {
  rlang::check_installed("Matrix")
  if (inherits(x, "dgCMatrix")) {
    return(x)
  }
  if (!inherits(x, c("sparseMatrix", "diagonalMatrix", "indMatrix"))) {
    return(as.matrix(x))
  }
  for (class in c("dMatrix", "generalMatrix", "CsparseMatrix")) {
    x <- methods::as(x, class)
  }
  x
}

#' Some of the rows of a matrix in the place of a data frame, as a data frame
#'
#' @param rows Numbers of rows, or nothing for all.
#' @noRd
matrix_frame <- function(table, rows) {
  if (!is_matrix_table(table)) {
    return(table)
  }
  parts <- unclass(table)
  block <- if (missing(rows)) parts$values else parts$values[rows, , drop = FALSE]
  block <- as.matrix(block)
  columns <- lapply(parts$places, function(place) as.vector(block[, place]))
  structure(
    new_data_frame(stats::setNames(columns, parts$names), nrow(block)),
    row.names = if (missing(rows)) row_names_of(table) else .set_row_names(nrow(block)),
    nameless = attr(table, "nameless")
  )
}

matrix_column <- function(table, place) {
  parts <- unclass(table)
  as.vector(parts$values[, parts$places[[place]]])
}

# What to_core() sends of it: vectors, and how they are to be read.
send_matrix <- function(table) {
  parts <- unclass(table)
  values <- parts$values
  sparse <- is_sparse(values)
  vectors <- if (sparse) list(values@x, values@i, values@p) else list(values)
  c(list(
    matrix = list(
      columns = ncol(values), places = as_bytes(parts$places - 1), sparse = sparse,
      logical = is.logical(values)
    )
  ), send_vectors(vectors))
}
