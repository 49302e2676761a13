# Molding makes, of the data that a user gives, the two tables that the core takes. mold_table(),
# mold_recipe() and mold_formula() return the same list, which new_mold() makes:
#   predictors, outcomes  plain data frames, rows with missing values included; predictors may be a
#                         matrix in the place of one, see new_matrix_table()
#   columns               `x` and `y`: the same two as as_columns() returns them, for the core
#   vector                whether the outcome is one vector, not a table
#   blueprint             hardhat's, with the ptypes of both tables
#   words                 the names of the core's `x` and `y` in messages
#   how                   what new_predictors() needs: `kind` ("table", "formula" or "recipe"), and
#                         `nameless` or the entries that mold_formula() adds
#   case_weights          the column of weights that a recipe has, or NULL

#' Mold tables
#'
#' @param x A data frame or a matrix: predictors, and outcomes too if `outcome` names them.
#' @param y The outcome: a vector, a factor, a matrix or a data frame; else `NULL`.
#' @param outcome Names of columns of `x`, or `NULL`.
#' @noRd
mold_table <- function(x, y, outcome, call) {
  x <- plain_table(x)
  if (!is.null(outcome)) {
    return(mold_named_outcome(x, y, outcome, call))
  }
  if (is.null(y)) {
    received <- "missing (name a column of `x`: `outcome = \"...\"`)"
    abort_expected("y", "the outcome, where `outcome` does not name it", received, call)
  }
  if (is.character(y) && length(y) == 1 && y %in% names(x)) {
    abort_argument("y", "the outcome itself; a column of `x` is named in `outcome`", y, call)
  }
  new_mold(
    x, as_outcome_frame(y, call),
    vector = !is_table(y), words = c(x = "x", y = "y"), call = call,
    how = list(kind = "table", nameless = lacks_column_names(x))
  )
}

# Whether a plain_frame() was a matrix without column names, whose columns count by position.
lacks_column_names <- function(table) {
  isTRUE(attr(table, "nameless"))
}

# The outcome is among the columns of the table.
mold_named_outcome <- function(x, y, outcome, call) {
  if (!is.null(y)) {
    abort_expected("y", "left out where `outcome` is given", "given too", call)
  }
  if (lacks_column_names(x)) {
    expected <- "a table with column names where `outcome` names columns"
    abort_expected("x", expected, "a matrix without", call)
  }
  if (!is.character(outcome) || !length(outcome) || anyNA(outcome)) {
    abort_argument("outcome", "the name of a column, or several", outcome, call)
  }
  absent <- setdiff(outcome, names(x))
  if (length(absent)) {
    received <- paste0(quote_some_names(absent), those_there(absent[[1]], names(x)))
    abort_expected("outcome", "names of columns of `x`", received, call)
  }
  outcome <- unique(outcome)
  refuse_twins("x", names(x), call) # `[` would make such names differ
  new_mold(
    x[!names(x) %in% outcome], matrix_frame(x[outcome]),
    vector = length(outcome) == 1, words = c(x = "x", y = "x"), call = call
  )
}

#' Make what each way to mold returns
#'
#' @param predictors,outcomes Plain data frames; predictors may be a matrix, see
#'   [new_matrix_table()].
#' @param blueprint hardhat's, where it has one; else it is made of the two tables.
#' @param rows The table that has the row names, which residuals and fitted values will have.
#' @return The list described at the top of this file.
#' @noRd
new_mold <- function(predictors, outcomes, vector, words, call, blueprint = NULL,
                   how = list(kind = "table", nameless = FALSE),
                   rows = predictors, case_weights = NULL) {
  if (!is_matrix_table(predictors)) {
    predictors <- map_columns(predictors, convert_column)
  }
  outcomes <- map_columns(outcomes, convert_column, outcome = TRUE)
  if (nrow(rows) == nrow(outcomes)) {
    attr(outcomes, "row.names") <- row_names_of(rows) # nolint: object_name_linter.
  }
  columns <- list(
    x = as_columns(words[["x"]], predictors, call),
    y = as_columns(words[["y"]], outcomes, call, outcome = TRUE)
  )
  columns$y$vector <- vector
  if (is.null(blueprint)) {
    classes <- table_ptype(map_columns(outcomes, outcome_as_factor))
    blueprint <- tables_blueprint(list(predictors = table_ptype(predictors), outcomes = classes))
  }
  list(
    predictors = predictors, outcomes = outcomes, columns = columns, vector = vector,
    words = words, blueprint = blueprint, how = how, case_weights = case_weights
  )
}

# As hardhat::mold() makes it of tables, which takes as long as a small fit.
tables_blueprint <- function(tables) {
  if (is.null(session$blueprint)) {
    session$blueprint <- hardhat::default_xy_blueprint()
  }
  blueprint <- session$blueprint
  blueprint$ptypes <- lapply(tables, function(table) new_tibble(as.list(table), 0))
  blueprint
}

# As tibble::new_tibble(), whose checks take as long as a prediction of one row. The list has names.
new_tibble <- function(columns, rows) {
  structure(
    columns, class = c("tbl_df", "tbl", "data.frame"), row.names = .set_row_names(rows)
  )
}

# The table without its rows; hardhat needs no more for a blueprint.
table_ptype <- function(table) {
  if (is_matrix_table(table)) {
    return(matrix_frame(table, integer()))
  }
  table <- map_columns(set_offset(table, NULL), function(column) {
    if (is.null(dim(column))) column[integer()] else column[integer(), , drop = FALSE]
  })
  attr(table, "row.names") <- integer() # nolint: object_name_linter.
  table
}

# hardhat takes classes as factors only. The core gets text and logicals as they are.
outcome_as_factor <- function(column) {
  if (is.logical(column)) {
    factor(column, levels = c(FALSE, TRUE))
  } else if (is.character(column)) {
    factor(column, levels = sort(unique(column), method = "radix"))
  } else {
    column
  }
}

is_table <- function(x) {
  is.data.frame(x) || is.matrix(x) && !is.object(x)
}

# Apply a function to each column. Unlike `table[] <- lapply()` it takes names that are empty or
# twice, and it keeps all attributes.
map_columns <- function(table, fun, ...) {
  columns <- unclass(table)
  columns[] <- lapply(unname(as.list(table)), fun, ...)
  oldClass(columns) <- oldClass(table)
  columns
}

# Row names that are 1, 2, ... as R keeps them in a data frame: two numbers. `attributes()` makes a
# vector of them all, and to set it anew goes through it.
row_names_of <- function(table) {
  kept <- .row_names_info(table, 0L)
  # Above 0 they count as names, which fitted values have also of rows without names, as lm()'s.
  if (is.integer(kept) && length(kept) == 2 && is.na(kept[[1]])) c(NA, abs(kept[[2]])) else kept
}

# A data frame of plain_column()s. Tibbles and data.tables lose their class: their `[` differs.
plain_frame <- function(x) {
  if (is_sparse(x)) {
    x <- as.matrix(x)
  }
  nameless <- is.matrix(x) && is.null(colnames(x))
  if (is.matrix(x)) {
    x <- as.data.frame(x, stringsAsFactors = FALSE)
  }
  class(x) <- "data.frame"
  attr(x, "nameless") <- if (nameless) TRUE
  map_columns(x, plain_column)
}

as_outcome_frame <- function(y, call) {
  if (is_table(y)) {
    return(plain_frame(y))
  }
  vector <- is.atomic(y) && !is.null(y) && (is.null(dim(y)) || length(dim(y)) == 1)
  if (!vector && !is.factor(y)) {
    abort_argument("y", "a vector, a factor, a matrix or a data frame", y, call)
  }
  if (!is.object(y)) {
    y <- as.vector(y)
  }
  new_data_frame(list(.outcome = plain_column(y)), length(y))
}

check_data <- function(data, call) {
  if (missing(data)) {
    abort_expected("data", "a data frame or a matrix", "missing", call)
  }
  data <- as_frame(data)
  if (!is_table(data)) {
    abort_argument("data", "a data frame or a matrix", data, call)
  }
  data
}
