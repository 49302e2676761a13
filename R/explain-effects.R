#' Average effects of the inputs on the outcome
#'
#' `effects()` estimates how predictions change with each variable, on average over rows. For a
#' number, the effect in a row is the derivative of the prediction, per unit of the variable. For a
#' factor, text or a logical, it is the prediction with a level minus the prediction with the first
#' level. Effects are on the outcome's own scale, for classes on that of the probabilities.
#'
#' Derivatives are exact. With one hidden layer they are the product of the weights of both layers
#' and the derivative of the activation, carried back through the encoding. Where the encoding has a
#' kink (at the ends of pieces, and where numbers begin to be clipped), the derivative is the mean
#' of those to the left and to the right. A constant column has no effect.
#'
#' For a variable that a formula or a recipe transforms (`log(x)`, `poly(x, 2)`, `a:b`), the effect
#' includes everything that is computed from the variable, and is a difference of predictions, see
#' `step`.
#'
#' @param object A fit of [two_layer()], of one network or several.
#' @param new_data Rows to average over, as in [predict.two_layer()]. Rows that cannot be predicted
#'   are left out. The default is the rows that the fit was trained on, found again through the
#'   fit's call; for a fit to a path, the rows that are there now. Not needed if `at` has a value
#'   for every variable.
#' @param ... Must be empty.
#' @param variables Names of the variables of interest; by default all.
#' @param at Fixed values: a list or a data frame of variables that are set to these values in all
#'   rows. If there are several values, or several rows of the data frame, each is a setting with
#'   averages of its own.
#' @param step Computes differences instead of derivatives: the prediction at the value plus `step`
#'   minus the prediction at the value minus `step`, divided by `2 * step`. A number is in standard
#'   deviations of each variable in the rows; a named vector or list has a step for each variable. A
#'   difference is smooth where a derivative is not: that of `"relu"`, and that of the `"piecewise"`
#'   encoding, jumps from one value to another. For a variable that a formula transforms, the
#'   default is 0.01.
#' @param case_weights A number of at least 0 for each row, by which averages are weighted, or
#'   `NULL`.
#' @param engine `"python"`: the Python core computes. `"r"`: R itself computes, without Python; the
#'   numbers agree to ten digits.
#' @param newdata Another name of `new_data`.
#' @param level For several networks: the share of the networks in the interval.
#' @return A tibble of class `two_layer_effects` with one row for each effect and outcome. Its
#'   columns:
#'   * `at`, if the argument `at` was given: the setting;
#'   * `input`: the variable;
#'   * `contrast`: `"derivative"`, `"difference"`, or the two levels, as `"b - a"`;
#'   * `outcome`: the outcome, class or label;
#'   * `estimate`: the average effect;
#'   * `spread`: the standard deviation of the effect over the rows. It is 0 if the effect is linear
#'     and does not depend on other variables;
#'   * `lower` and `upper`, for several networks: the interval that contains the middle share
#'     `level` of the networks' average effects. With bootstrap resamples it is a percentile
#'     interval.
#'
#'   [plot()][plot.two_layer_effects] draws it.
#' @seealso [importance()], [feature_effects()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ wt + hp + factor(cyl), mtcars, epochs = 100, seed = 1)
#' effects(fit, mtcars)
#' effects(fit, mtcars, variables = "wt", at = list(cyl = c(4, 8)))
#' @importFrom stats effects
#' @export
effects.two_layer <- function(object, new_data = NULL, ..., variables = NULL, at = NULL, # nolint
                              step = NULL, case_weights = NULL, engine = c("python", "r"),
                              newdata = NULL) {
  call <- rlang::current_env()
  check_dots(effects.two_layer, ...)
  new_data <- if (is.null(new_data)) newdata else new_data
  engine <- read_engine(engine, call)
  asked <- list(variables = variables, at = at, step = step, weights = case_weights)
  fit_effects(object, new_data, asked, NULL, engine, parent.frame(), call)
}

#' @rdname effects.two_layer
#' @export
effects.two_layer_ensemble <- function(object, new_data = NULL, ..., variables = NULL, # nolint
                                       at = NULL, step = NULL, case_weights = NULL, level = 0.95,
                                       engine = c("python", "r"), newdata = NULL) {
  call <- rlang::current_env()
  check_dots(effects.two_layer_ensemble, ...)
  check_level(level, call)
  new_data <- if (is.null(new_data)) newdata else new_data
  engine <- read_engine(engine, call)
  asked <- list(variables = variables, at = at, step = step, weights = case_weights)
  fit_effects(object, new_data, asked, level, engine, parent.frame(), call)
}

fit_effects <- function(object, new_data, asked, level, engine, env, call) {
  known <- explained_variables(object)
  variables <- choose_variables(known, asked$variables, call)
  at <- read_at(asked$at, known, call)
  own <- is.null(new_data) && length(at) == length(known) # no rows are needed
  new_data <- as_table(if (own) NULL else own_source(object, new_data))
  if (is_source(new_data)) {
    return(effects_of_source(object, new_data, variables, at, asked, level, engine, call))
  }
  frame <- if (own) at else explained_frame(object, new_data, engine, env, call)
  weights <- check_row_weights(asked$weights, nrow(frame), call)
  found <- read_steps(variables, frame, asked$step, weights, engine, call)
  of_frame <- function(frame, weights) {
    table <- effects_of_frame(object, frame, variables, found$steps, weights, level, engine, call)
    table[order(match(table$input, vapply(variables, `[[`, "", "name"))), ]
  }
  facts <- list(rows = nrow(frame), widths = found$widths)
  if (is.null(at)) {
    return(new_effects(of_frame(frame, weights), facts))
  }
  tables <- lapply(seq_len(nrow(at)), function(row) {
    values <- lapply(at, `[[`, row)
    rows <- if (own) frame[row, , drop = FALSE] else set_values(frame, values)
    cbind(
      at = describe_setting(values), of_frame(rows, if (own) NULL else weights),
      stringsAsFactors = FALSE
    )
  })
  new_effects(do.call(rbind, tables), facts)
}

check_row_weights <- function(weights, rows, call) {
  if (is.null(weights)) {
    return(NULL)
  }
  weights <- as.double(unclass(weights))
  if (length(weights) != rows) {
    received <- sprintf("%d long", length(weights))
    abort_expected("case_weights", sprintf("as long as the data (%d rows)", rows), received, call)
  }
  if (anyNA(weights) || any(weights < 0) || !any(weights > 0)) {
    received <- "missing, negative, or 0 in all rows"
    abort_expected("case_weights", "numbers of at least 0", received, call)
  }
  weights
}

# Columns of a matrix without names are found by their place.
variable_name <- function(variable, frame) {
  if (lacks_column_names(frame) && !variable$name %in% names(frame)) {
    names(frame)[[variable$place]]
  } else {
    variable$name
  }
}

models_of <- function(object) {
  if (inherits(object, "two_layer_ensemble")) object$models else list(object)
}

effects_of_frame <- function(object, frame, variables, steps, weights, level, engine, call) {
  is_column <- vapply(variables, function(variable) !is.null(variable$place), NA)
  columns <- as_columns("new_data", new_predictors(object, frame, call), call)
  exact <- if (any(is_column)) {
    compute <- if (engine == "r") r_effects_table else core_effects
    compute(object, columns, variables[is_column], steps, weights, level, call)
  }
  others <- lapply(variables[!is_column], function(variable) {
    effects_through(object, frame, variable, steps[[variable$name]], weights, level, engine, call)
  })
  do.call(rbind, c(list(exact), others))
}

r_effects_table <- function(object, columns, variables, steps, weights, level, call) {
  require_offset(object, columns, "numeric", call)
  names <- vapply(variables, `[[`, "", "name")
  places <- vapply(variables, function(variable) as.double(variable$place), 1)
  steps <- unname(steps[names])
  found <- r_effects(models_of(object), columns, places, steps, weights, call)
  effects_rows(object, names[match(found$place, places)], found$contrast, found, level)
}

#' A data frame with a row for each effect and outcome
#'
#' @param found What [averaged()] gave.
#' @noRd
effects_rows <- function(object, names, contrasts, found, level) {
  outcomes <- explained_names(object)
  size <- dim(found$each)
  each <- matrix(found$each, prod(size[1:2]))
  table <- data.frame(
    input = rep(names, each = length(outcomes)),
    contrast = rep(contrasts, each = length(outcomes)),
    outcome = rep(outcomes, length(names)),
    estimate = rowMeans(each, na.rm = TRUE),
    spread = as.vector(found$spread), stringsAsFactors = FALSE
  )
  if (!is.null(level)) {
    ends <- quantiles_of_rows(each, c(1 - level, 1 + level) / 2)
    table$lower <- ends[, 1]
    table$upper <- ends[, 2]
  }
  table
}

core_effects <- function(object, columns, variables, steps, weights, level, call) {
  require_offset(object, columns, "numeric", call)
  names <- vapply(variables, `[[`, "", "name")
  columns_of <- column_names_at(object, variables)
  steps <- stats::setNames(unname(steps[names]), columns_of)
  steps <- Filter(Negate(is.null), steps)
  table <- call_effects(
    object, to_core(columns), columns_of, if (length(steps)) lapply(steps, as.double), weights,
    level, call
  )
  table$input <- names[match(table$input, columns_of)]
  attr(table, "facts") <- NULL
  table
}

# What the core calls the variables' columns.
column_names_at <- function(object, variables) {
  columns <- object$coding$inputs$names
  places <- vapply(variables, function(variable) as.double(variable$place), 1)
  if (is.null(columns)) paste0("x", places) else columns[places]
}

call_effects <- function(object, sent, columns, step, weights, level, call, at = NULL) {
  answer <- suggest_r_engine(call_core(
    "effects", object$model, !is.null(level), sent, as.list(columns), step,
    if (!is.null(weights)) as_bytes(weights), if (is.null(level)) 0.95 else as.double(level),
    at$sent,
    call = call,
    words = c(x = "new_data", sample_weight = "case_weights")
  ))
  facts <- list(rows = as.integer(answer$rows), widths = unlist(answer$widths))
  answer[c("rows", "widths")] <- NULL
  texts <- c("input", "contrast", "outcome")
  answer[texts] <- lapply(answer[texts], function(text) as.character(unlist(text)))
  numbers <- setdiff(names(answer), texts)
  answer[numbers] <- lapply(answer[numbers], function(bytes) {
    read_known(bytes)
  })
  table <- as.data.frame(answer, stringsAsFactors = FALSE)
  if (!is.null(at)) {
    table <- cbind(
      at = rep(at$texts, each = nrow(table) / length(at$texts)), table, stringsAsFactors = FALSE
    )
  }
  structure(table, facts = facts)
}

effects_of_source <- function(object, new_data, variables, at, asked, level, engine, call) {
  sent <- to_core(columns_to_predict(object, new_data, engine, call))
  columns_of <- column_names_at(object, variables)
  step <- asked$step
  if (length(names(step))) {
    step <- lapply(as.list(step), as.double)
  }
  weights <- check_own_weights(asked$weights, call)
  if (!is.null(at)) {
    at <- list(texts = vapply(seq_len(nrow(at)), function(row) {
      describe_setting(lapply(at, `[[`, row))
    }, ""), sent = to_core(as_columns("at", at, call)))
  }
  table <- call_effects(object, sent, columns_of, step, weights, level, call, at)
  facts <- attr(table, "facts")
  attr(table, "facts") <- NULL
  new_effects(table, facts)
}

new_effects <- function(table, facts) {
  row.names(table) <- NULL
  table <- tibble::as_tibble(table)
  class(table) <- c("two_layer_effects", class(table))
  attr(table, "facts") <- facts
  table
}
