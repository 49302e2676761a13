# From what the user gives to the two tables that the core takes. Each way in makes the same
# kind of list:
#   predictors, outcomes  plain data frames, rows with missing values among them
#   vector                whether the outcome is one vector, not a table
#   blueprint             hardhat's, with the types of both tables
#   words                 what the core's `x` and `y` are called in messages
#   how                   what prediction needs to make predictors of new data
#   case_weights          those that a recipe has a column of

#' Predictors and outcomes from tables
#'
#' @noRd
mold_table <- function(x, y, outcome, call) {
  x <- plain_frame(x)
  if (!is.null(outcome)) {
    return(mold_named_outcome(x, y, outcome, call))
  }
  if (is.null(y)) {
    abort_expected("y", "the outcome, where `outcome` does not name it", "missing", call)
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

# Whether it was a matrix without column names: the core then takes columns by their places.
lacks_column_names <- function(table) {
  isTRUE(attr(table, "nameless"))
}

# The outcome among the columns of the table.
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
    abort_expected("outcome", "names of columns of `x`", quote_some_names(absent), call)
  }
  outcome <- unique(outcome)
  refuse_twins("x", names(x), call) # selecting would make their names differ
  new_mold(
    x[!names(x) %in% outcome], x[outcome],
    vector = length(outcome) == 1, words = c(x = "x", y = "x"), call = call
  )
}

#' Predictors and outcomes from a recipe
#'
#' @noRd
mold_recipe <- function(recipe, data, call) {
  data <- plain_frame(check_data(data, call))
  blueprint <- hardhat::default_recipe_blueprint(allow_novel_levels = TRUE)
  made <- tryCatch(
    hardhat::mold(recipe, data, blueprint = blueprint),
    error = function(cnd) abort_recipe("cannot be prepared with these data", cnd, call)
  )
  refuse_reordered_rows(made$blueprint$recipe, call)
  outcomes <- plain_frame(made$outcomes)
  if (!ncol(outcomes)) {
    abort_expected("x", "a recipe with an outcome", "one without", call)
  }
  new_mold(
    plain_frame(made$predictors), outcomes,
    vector = ncol(outcomes) == 1, words = c(x = "data", y = "data"), call = call,
    blueprint = made$blueprint, how = list(kind = "recipe"),
    case_weights = made$extras$roles$case_weights[[1]]
  )
}

# Rows in another order would get the predictions, weights and residuals of others.
refuse_reordered_rows <- function(recipe, call) {
  for (step in recipe$steps) {
    kind <- class(step)[[1]]
    chooses <- kind %in% c("step_slice", "step_sample") && !isTRUE(step$skip)
    if (kind == "step_arrange" || chooses) {
      expected <- "a recipe that leaves the rows where they are"
      abort_expected("x", expected, sprintf("one with `%s()`", kind), call)
    }
  }
}

#' Steps that are left out with new data, but for those that choose rows
#'
#' They are for outcomes, which new data need not have: with them an outcome of new data is not what
#' training had.
#'
#' @noRd
skipped_steps <- function(recipe) {
  skipped <- Filter(function(step) isTRUE(step$skip), recipe$steps)
  kinds <- vapply(skipped, function(step) class(step)[[1]], "")
  kinds[!kinds %in% paste0("step_", row_steps)]
}

row_steps <- c(
  "naomit", "filter", "filter_missing", "sample", "slice", "upsample", "downsample", "smote",
  "smotenc", "rose", "adasyn", "bsmote", "nearmiss", "tomek"
)

abort_recipe <- function(problem, cnd, call) {
  rlang::abort(
    sprintf("The recipe %s: %s", problem, first_message_line(cnd)),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = "x",
    parent = cnd, call = call
  )
}

first_message_line <- function(cnd) {
  shorten(utils::head(strsplit(conditionMessage(cnd), "\n")[[1]], 1), 500)
}

# `rows` are the names of the rows, which residuals and fitted values will have.
new_mold <- function(predictors, outcomes, vector, words, call, blueprint = NULL,
                   how = list(kind = "table", nameless = FALSE),
                   rows = attr(predictors, "row.names"), case_weights = NULL) {
  predictors <- convert_columns(predictors)
  outcomes <- convert_columns(outcomes, outcome = TRUE)
  if (length(rows) == nrow(outcomes)) {
    outcomes <- structure(outcomes, row.names = rows)
  }
  columns <- list(
    x = as_columns(words[["x"]], predictors, call),
    y = as_columns(words[["y"]], outcomes, call, outcome = TRUE)
  )
  columns$y$vector <- vector
  if (is.null(blueprint)) {
    classes <- outcomes
    classes[] <- lapply(unname(as.list(outcomes)), outcome_as_factor)
    blueprint <- hardhat::mold(table_ptype(predictors), table_ptype(classes))$blueprint
  }
  list(
    predictors = predictors, outcomes = outcomes, columns = columns, vector = vector,
    words = words, blueprint = blueprint, how = how, case_weights = case_weights
  )
}

# A table's columns without its rows: all that hardhat looks at.
table_ptype <- function(table) {
  set_offset(table[integer(), , drop = FALSE], NULL)
}

# hardhat knows classes as factors only. The core gets them as they are.
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

# Tibbles and data.tables have ways of their own; here all are data frames of plain columns.
plain_frame <- function(x) {
  nameless <- is.matrix(x) && is.null(colnames(x))
  if (is.matrix(x)) {
    x <- as.data.frame(x, stringsAsFactors = FALSE)
  }
  class(x) <- "data.frame"
  attr(x, "nameless") <- if (nameless) TRUE
  columns <- lapply(unname(as.list(x)), plain_column)
  attributes(columns) <- attributes(x)
  columns
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
  structure(
    list(.outcome = plain_column(y)),
    class = "data.frame", row.names = .set_row_names(length(y))
  )
}

check_data <- function(data, call) {
  if (missing(data)) {
    abort_expected("data", "a data frame or a matrix", "missing", call)
  }
  if (!is_table(data)) {
    abort_argument("data", "a data frame or a matrix", data, call)
  }
  data
}
