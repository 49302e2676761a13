#' Predictions along one input: accumulated local effects, partial dependence, single rows
#'
#' `feature_effects()` shows how predictions change along the values of one variable. Predictions
#' are on the outcome's own scale, for classes the probabilities.
#'
#' Accumulated local effects of a factor go from each level to the next in the order of the levels.
#' For levels without a natural order they depend on the order that the factor has.
#'
#' @param object A fit of [two_layer()], of one network or several.
#' @param new_data Rows, as in [predict.two_layer()], or a path. Rows that cannot be predicted are
#'   left out. From a path or an Arrow dataset with more than 100,000 rows, 100,000 are used, as in
#'   [importance()]. The default is the rows that the fit was trained on, found again through the
#'   fit's call; for a fit to a path, the rows that are there now.
#' @param variable Name of the variable. For a formula it is a variable of the data: all that is
#'   computed from it changes with it.
#' @param ... Must be empty.
#' @param kind What to compute:
#'   * `"ale"`: accumulated local effects. The changes of the predictions from one value to the
#'     next, each in the rows near these values, are added up; the mean over the rows is 0;
#'   * `"pdp"`: partial dependence, the mean prediction with each value set in all rows, including
#'     rows in which it cannot occur;
#'   * `"ice"`: individual conditional expectations, the same for each row.
#' @param points For a numeric variable, the number of values. They are at equal steps of the
#'   variable's ranks, so that each interval has about the same number of rows; equal values count
#'   once. For factors, text and logicals, all values in the rows are used, in the order of
#'   training.
#' @param case_weights A number of at least 0 for each row, or `NULL`.
#' @param engine `"python"`: the Python core predicts. `"r"`: R itself predicts, without Python; the
#'   numbers agree to ten digits.
#' @param level For several networks: the share of the networks in the interval.
#' @return A tibble of class `two_layer_profile` with one row for each value and outcome, for
#'   `"ice"` also for each row of the data. Its columns:
#'   * `input`: the variable;
#'   * `value`: the value, a number or text;
#'   * `row`, for `"ice"`: the number of the row;
#'   * `outcome`: the outcome, class or label;
#'   * `estimate`: the prediction or effect;
#'   * `lower` and `upper`, for several networks (not for `"ice"`): the interval that contains the
#'     middle share `level` of the networks' curves at each value.
#'
#'   Its attribute `facts` is a list of the `kind`, the number of `rows`, and, for a numeric
#'   variable, `marks`: values in the rows, for plots.
#'
#'   [plot()][plot.two_layer_effects] draws it.
#' @seealso [effects.two_layer()], [importance()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ wt + log(hp) + factor(cyl), mtcars, epochs = 100, seed = 1)
#' feature_effects(fit, mtcars, "hp", points = 5)
#' feature_effects(fit, mtcars, "cyl", kind = "pdp")
#' @export
feature_effects <- function(object, ...) {
  UseMethod("feature_effects")
}

#' @rdname feature_effects
#' @export
feature_effects.two_layer <- function(object, new_data = NULL, variable, ..., # nolint
                                      kind = c("ale", "pdp", "ice"), points = 21,
                                      case_weights = NULL, engine = c("python", "r")) {
  call <- rlang::current_env()
  check_dots(feature_effects.two_layer, ...)
  asked <- list(kind = kind, points = points, weights = case_weights)
  profile_fit(object, new_data, variable, asked, NULL, engine, parent.frame(), call)
}

#' @rdname feature_effects
#' @export
feature_effects.two_layer_ensemble <- function(object, new_data = NULL, variable, ..., # nolint
                                               kind = c("ale", "pdp", "ice"), points = 21,
                                               case_weights = NULL, level = 0.95,
                                               engine = c("python", "r")) {
  call <- rlang::current_env()
  check_dots(feature_effects.two_layer_ensemble, ...)
  check_level(level, call)
  asked <- list(kind = kind, points = points, weights = case_weights)
  profile_fit(object, new_data, variable, asked, level, engine, parent.frame(), call)
}

profile_kinds <- c("ale", "pdp", "ice")

profile_fit <- function(object, new_data, variable, asked, level, engine, env, call) {
  asked$engine <- engine <- read_engine(engine, call)
  kind <- asked$kind
  asked$kind <- if (identical(kind, profile_kinds)) "ale" else check_one_of(
    "kind", kind, profile_kinds, call
  )
  asked$level <- level
  check_points(asked$points, call)
  variable <- read_variable(object, if (missing(variable)) NULL else variable, call)
  new_data <- frame_if_needed(object, own_source(object, new_data), engine)
  if (is_source(new_data)) {
    sent <- columns_to_predict(object, new_data, engine, call)
    weights <- check_own_weights(asked$weights, call)
    return(core_profile(object, variable, sent, weights, asked, call))
  }
  frame <- explained_frame(object, new_data, engine, env, call)
  weights <- check_row_weights(asked$weights, nrow(frame), call)
  if (engine == "python" && is_own_column(object, variable, frame)) {
    columns <- columns_of_frame(object, frame, call)
    return(core_profile(object, variable, columns, weights, asked, call))
  }
  profile_through(object, frame, variable, weights, asked, call)
}

# Whether a variable is a column of the core's, with the same values.
is_own_column <- function(object, variable, frame) {
  if (is.null(variable$place)) {
    return(FALSE)
  }
  column <- plain_column(frame[[variable_name(variable, frame)]])
  if (is.null(object$coding$inputs$codings[[variable$place]]$levels)) {
    has_numbers(column) || is.logical(column)
  } else {
    is.factor(column) || is.character(column)
  }
}

core_profile <- function(object, variable, columns, weights, asked, call) {
  given <- list(
    variable = column_names_at(object, list(variable)), kind = asked$kind,
    points = as.double(asked$points)
  )
  if (!is.null(asked$level)) given$level <- as.double(asked$level)
  answer <- suggest_r_engine(call_core(
    "feature_effects", object$model, inherits(object, "two_layer_ensemble"), to_core(columns),
    given, if (!is.null(weights)) as_bytes(weights),
    call = call, words = c(x = "new_data", sample_weight = "case_weights")
  ))
  value <- answer$value
  table <- list(
    input = rep(variable$name, length(answer$outcome)),
    value = if (is.raw(value)) read_doubles(value) else as.character(unlist(value))
  )
  if ("row" %in% names(answer)) table$row <- as.integer(read_doubles(answer[["row"]]))
  table$outcome <- as.character(unlist(answer$outcome))
  numbers <- answer[intersect(c("estimate", "lower", "upper"), names(answer))]
  new_profile(c(table, lapply(numbers, read_known)), asked$kind, answer$rows, answer$marks)
}

new_profile <- function(table, kind, rows, marks) {
  table <- tibble::as_tibble(table)
  class(table) <- c("two_layer_profile", class(table))
  marks <- if (is.raw(marks)) read_doubles(marks) else marks
  attr(table, "facts") <- list(kind = kind, rows = as.integer(rows), marks = marks)
  table
}

# Of a variable that columns are computed from.
profile_through <- function(object, frame, variable, weights, asked, call) {
  rows <- predicted_rows(object, frame, asked$engine, call)
  name <- variable_name(variable, frame)
  column <- plain_column(frame[[name]])[rows]
  frame <- rows_of_frame(frame, rows)
  weights <- weights[rows]
  values <- if (has_numbers(column)) {
    read <- if (asked$engine == "r") r_profile_values else core_profile_values
    read(as.double(column), asked$points, asked$kind, call)
  } else {
    levels <- present_levels(object, name, column)
    list(grid = levels, values = levels, own = match(as.character(column), as.character(levels)))
  }
  predict <- if (asked$engine == "r") predict_each else core_predict_each
  each <- lapply(values$values, function(value) {
    predict(object, set_variable(frame, name, value), asked$engine, call)
  })
  profile <- if (asked$engine == "r") r_profile else core_profile_of_predictions
  numbers <- profile(object, values, each, weights, asked, call)
  outcomes <- explained_names(object)
  number <- length(outcomes) * if (asked$kind == "ice") length(rows) else 1
  grid <- if (is.null(values$marks)) as.character(values$grid) else values$grid
  table <- list(input = rep(variable$name, number * length(grid)), value = rep(grid, each = number))
  if (asked$kind == "ice") table$row <- rep(rep(rows, each = length(outcomes)), length(grid))
  table$outcome <- rep(outcomes, number * length(grid) / length(outcomes))
  marks <- if (is.null(values$marks)) double() else values$marks
  new_profile(c(table, numbers), asked$kind, length(rows), marks)
}

core_profile_values <- function(values, points, kind, call) {
  found <- call_core(
    "explain", "profile_values", as_bytes(values), as.double(points), kind,
    call = call
  )
  list(
    grid = read_doubles(found$grid), values = lapply(found$values, read_doubles), own = values,
    marks = read_doubles(found$marks)
  )
}

core_profile_of_predictions <- function(object, values, each, weights, asked, call) {
  numbers <- call_core(
    "explain", "profile_of_predictions", as.list(explained_names(object)), asked$kind,
    if (!is.null(values$marks)) as_bytes(values$grid), unname(each), length(models_of(object)),
    as_bytes(values$own), if (!is.null(weights)) as_bytes(weights),
    if (!is.null(asked$level)) as.double(asked$level),
    call = call
  )
  lapply(numbers, read_known)
}

check_points <- function(points, call) {
  if (!are_numbers(points) || !is_single(points) || !isTRUE(points >= 2 && points %% 1 == 0)) {
    abort_argument("points", "a whole number of at least 2", points, call)
  }
}

read_variable <- function(object, variable, call) {
  known <- explained_variables(object)
  names <- vapply(known, `[[`, "", "name")
  if (!is.character(variable) || length(variable) != 1 || is.na(variable)) {
    abort_argument("variable", "the name of a variable of the fit", variable, call)
  }
  if (!variable %in% names) {
    received <- quote_some_names(variable)
    abort_expected("variable", "the name of a variable of the fit", received, call)
  }
  known[[match(variable, names)]]
}

# The rows that any of the networks can predict.
predicted_rows <- function(object, frame, engine, call) {
  rows <- integer()
  if (nrow(frame)) {
    rows <- which(apply(!is.na(predict_each(object, frame, engine, call)), 1, any))
  }
  if (!length(rows)) {
    received <- if (nrow(frame)) "data without one" else "none"
    abort_expected("new_data", "data with a row that can be predicted", received, call)
  }
  rows
}

# The levels that the rows have, in the order of training.
present_levels <- function(object, name, column) {
  if (is.logical(column)) {
    return(c(FALSE, TRUE))
  }
  levels <- levels_through(object, name, column)
  levels[levels %in% as.character(column)]
}
