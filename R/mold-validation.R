# Validation data of the user's own: predictors are molded as those of new data, the outcome as that
# of the training data.

validation_expected <- paste(
  "a share below 1, row numbers, or TRUE and FALSE for each row;",
  "or data like those of training"
)

#' Mold `validation`
#'
#' @param value The argument: data, or a share or rows, which are not checked here.
#' @param input The molded training data, see [new_mold()].
#' @return `value`; if that is data, an object of class `pytwolayer_validation`: a list of `x`, `y`
#'   (see [as_columns()]) and `weights`, bytes or `NULL`. Errors name the argument `validation`.
#' @noRd
mold_validation <- function(value, input, call) {
  value <- as_table(value)
  if (!is.null(input$source)) {
    return(validation_of_source(value, input, call))
  }
  value <- if (rlang::is_bare_list(value)) lapply(value, as_frame) else as_frame(value)
  refuse_source_beside_table(value, call)
  if (!is_data(value) && !(is.list(value) && any(vapply(value, is_data, NA)))) {
    return(value)
  }
  made <- with_decimal_point(switch(input$how$kind,
    table = validation_table(value, input, call),
    formula = validation_formula(value, input, call),
    recipe = validation_recipe(value, input, call)
  ))
  if (nrow(made$outcomes) != nrow(made$predictors)) {
    received <- sprintf("%d and %d rows", nrow(made$predictors), nrow(made$outcomes))
    expected <- "predictors and an outcome of as many rows"
    abort_expected("validation", expected, received, call)
  }
  y <- as_columns("validation", made$outcomes, call)
  y$vector <- input$vector
  own <- list(
    x = as_columns("validation", made$predictors, call), y = y,
    weights = with_validation_errors(as_weights(made$case_weights, call), "case_weights", call)
  )
  structure(own, class = "pytwolayer_validation")
}

is_data <- function(x) is_table(x) || is_sparse(x)

refuse_source_beside_table <- function(value, call) {
  if (is.character(value) && is_single(value) && file.exists(value)) {
    expected <- "a table in R where the data are, or a share or rows"
    abort_expected("validation", expected, quote_names(shorten(value)), call)
  }
}

# Beside a table that Python reads: another one, or a table of R's.
validation_of_source <- function(value, input, call) {
  if (is_source(value)) {
    return(open_source("validation", value, call))
  }
  if (!is_table(value)) {
    if (is.list(value)) {
      expected <- "a path, a table that has the outcome too, or a share or rows"
      abort_expected("validation", expected, describe_value(value), call)
    }
    return(value)
  }
  table <- plain_frame(value)
  wanted <- c(names(input$predictors), names(input$outcomes))
  weights <- intersect(setdiff(input$columns$x$weights, wanted), names(table))
  columns <- as_columns("validation", select_outcomes(table, c(wanted, weights), call), call)
  structure(list(table = columns), class = "pytwolayer_validation")
}

# Evaluate code whose errors about `argument` are to name `validation`, of which that is a part.
with_validation_errors <- function(code, argument, call) {
  tryCatch(code, pytwolayer_error_argument = function(cnd) {
    if (!identical(cnd$argument, argument) || is.null(cnd$expected)) {
      stop(cnd)
    }
    about <- if (argument == "case_weights") "data whose `case_weights` are "
    abort_expected("validation", paste0(about, cnd$expected), cnd$received, call)
  })
}

validation_predictors <- function(input, data, call) {
  with_validation_errors(new_predictors(input, data, call), "new_data", call)
}

validation_table <- function(value, input, call) {
  in_one <- input$words[["y"]] == "x" # `outcome` names columns
  if (is_data(value)) {
    if (!in_one) {
      expected <- "`list(x, y)` where `outcome` does not name columns"
      abort_expected("validation", expected, "a table", call)
    }
    value <- list(x = value)
  }
  parts <- validation_parts(value, call)
  if (!is_data(parts$x)) {
    abort_expected("validation", "a list whose `x` is a table", describe_value(parts$x), call)
  }
  if (is.null(parts$y) && !in_one) {
    abort_expected("validation", "a list of `x` and `y`", "one without `y`", call)
  }
  outcomes <- if (is.null(parts$y)) {
    select_outcomes(plain_table(parts$x), names(input$outcomes), call)
  } else {
    with_validation_errors(as_outcome_frame(parts$y, call), "y", call)
  }
  own <- parts$case_weights
  list(
    predictors = validation_predictors(input, parts$x, call), outcomes = outcomes,
    case_weights = if (is.null(c(own, parts$y))) validation_weights(parts$x, input) else own
  )
}

# A list with the names `x`, `y`, `case_weights`; entries without a name take those left, in order.
validation_parts <- function(value, call) {
  known <- c("x", "y", "case_weights")
  names <- rlang::names2(value)
  places <- which(!nzchar(names))
  names[places] <- setdiff(known, names)[seq_along(places)]
  wrong <- anyNA(names) || length(setdiff(names, known)) || anyDuplicated(names)
  if (wrong || !"x" %in% names) {
    received <- paste("a list of", backtick(rlang::names2(value)))
    expected <- "`list(x, y)` or `list(x = , y = , case_weights = )`"
    abort_expected("validation", expected, received, call)
  }
  stats::setNames(as.list(value), names)
}

select_outcomes <- function(data, wanted, call) {
  require_names("validation", wanted, names(data), "a table that has the outcome too", call)
  matrix_frame(data[match(wanted, names(data))])
}

check_validation_table <- function(value, call) {
  if (!is_table(value)) {
    expected <- "a table with the columns of `data`, or a share or rows of it"
    abort_expected("validation", expected, describe_value(value), call)
  }
  plain_frame(value)
}

validation_formula <- function(value, input, call) {
  data <- check_validation_table(value, call)
  predictors <- validation_predictors(input, data, call)
  data <- select_outcomes(data, input$how$variables, call)
  outcomes <- evaluate_formula(input$how, data, "validation", call)$outcomes
  weights <- validation_weights(value, input)
  list(predictors = predictors, outcomes = outcome_table(outcomes), case_weights = weights)
}

validation_recipe <- function(value, input, call) {
  data <- check_validation_table(value, call)
  skipped <- skipped_steps(input$blueprint$recipe)
  if (length(skipped)) {
    expected <- "a share or rows of `data`, as the recipe skips steps with other data"
    abort_expected("validation", expected, sprintf("a table beside `%s()`", skipped[[1]]), call)
  }
  predictors <- validation_predictors(input, data, call)
  select_outcomes(data, names(input$blueprint$ptypes$outcomes), call)
  forged <- tryCatch(
    hardhat::forge(data, input$blueprint, outcomes = TRUE),
    error = function(cnd) abort_recipe("cannot be applied to `validation`", cnd, call)
  )
  list(
    predictors = predictors, outcomes = plain_frame(forged$outcomes),
    case_weights = forged$extras$roles$case_weights[[1]]
  )
}
