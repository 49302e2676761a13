# Weights that `case_weights` names as a column of the data, which then is no predictor.

#' Take a column of weights out of a table
#'
#' @param argument,table The table and its name in error messages.
#' @param weights The argument `case_weights`; what is no text is left to others.
#' @param outcome Names of the outcome, which cannot be the weights.
#' @param named Names that a formula has: these columns stay.
#' @return A list of `table`; and of `weights` and their `column`, if one was named.
#' @noRd
take_weights <- function(argument, table, weights, outcome, named, call) {
  if (!is.character(weights) || is.object(weights) || !is_data(table)) {
    return(list(table = table))
  }
  names <- colnames(table)
  if (!is_single(weights) || !weights %in% names) {
    expected <- sprintf("numbers of at least 0, or the name of a column of `%s`", argument)
    received <- if (is_single(weights)) {
      paste0(quote_names(shorten(weights)), those_there(weights, names))
    } else {
      "text"
    }
    abort_expected("case_weights", expected, received, call)
  }
  refuse_twins(argument, names[names == weights], call)
  if (weights %in% outcome) {
    abort_argument("case_weights", "another column than the outcome", weights, call)
  }
  if (is.data.frame(table)) {
    table <- plain_frame(table)
    values <- table[[weights]]
    others <- table[names(table) != weights]
  } else {
    values <- as.vector(table[, weights])
    others <- table[, names != weights, drop = FALSE]
  }
  list(table = if (weights %in% named) table else others, weights = values, column = weights)
}

mold_weighted_table <- function(x, y, outcome, weights, call) {
  taken <- take_weights("x", x, weights, outcome, character(), call)
  with_taken_weights(mold_table(taken$table, y, outcome, call), taken)
}

mold_weighted_formula <- function(formula, data, weights, call) {
  if (missing(data)) {
    return(mold_formula(formula, call = call)) # which refuses that
  }
  outcome <- if (length(formula) == 3) all.vars(formula[[2]])
  taken <- take_weights("data", data, weights, outcome, all.vars(formula), call)
  with_taken_weights(mold_formula(formula, taken$table, call), taken)
}

with_taken_weights <- function(input, taken) {
  input$weights_column <- taken$column
  input$case_weights <- taken$weights
  input
}

# What is left of `case_weights` where molding, or Python, has the column that it names.
unnamed_weights <- function(weights, input) {
  if (is.character(weights) && !(is.null(input$source) && is.null(input$weights_column))) {
    return(NULL)
  }
  weights
}

# Of validation data that are a table: they have the column too, or no weights.
validation_weights <- function(value, input) {
  column <- input$weights_column
  if (!is.null(column) && column %in% colnames(value)) {
    if (is.data.frame(value)) plain_frame(value)[[column]] else as.vector(value[, column])
  }
}
