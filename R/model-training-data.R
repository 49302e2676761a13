# The data of a fit once more: found again as its call has them, and checked to be what it saw.

#' @rdname two_layer-generics
#' @export
model.frame.two_layer <- function(formula, ...) { # nolint: object_name_linter.
  fit <- formula
  call <- rlang::current_env()
  input <- training_again(fit, "formula", list(...), parent.frame(), call)
  frame <- if (fit$how$kind == "formula") {
    with_decimal_point(formula_frame(fit, input, call))
  } else {
    cbind(input$outcomes, input$predictors)
  }
  weights <- if (!is.null(fit$case_weights)) list(`(weights)` = input$weights)
  terms <- if (fit$how$kind == "formula") fit_terms(fit, call)
  frame <- structure(
    c(as.list(frame), weights),
    class = "data.frame", row.names = attr(input$outcomes, "row.names")
  )
  omitted <- fit$na.action
  if (length(omitted)) {
    frame <- structure(Map(without_rows, frame, list(omitted)), na.action = omitted,
      class = "data.frame", row.names = attr(frame, "row.names")[-omitted]
    )
  }
  attr(frame, "terms") <- terms
  frame
}

#' @rdname two_layer-generics
#' @export
model.frame.two_layer_ensemble <- model.frame.two_layer # nolint: object_name_linter.

# Attributes such as the coefficients of poly() stay.
without_rows <- function(column, omitted) {
  if (is.null(dim(column))) {
    return(column[-omitted])
  }
  kept <- column[-omitted, , drop = FALSE]
  for (name in setdiff(names(attributes(column)), c("dim", "dimnames"))) {
    attr(kept, name) <- attr(column, name)
  }
  kept
}

# As in stats::model.frame(): the outcome as one column, then the variables.
formula_frame <- function(fit, input, call) {
  data <- plain_frame(input$given$data)
  rows <- attr(input$outcomes, "row.names")
  if (length(rows) != nrow(data)) { # some of them alone
    data <- data[match(rows, attr(data, "row.names")), , drop = FALSE]
  }
  outcome <- stats::formula(fit)[[2]]
  parts <- list(terms = fit$how$terms, outcome = list())
  right <- evaluate_formula(parts, data[fit$how$variables], "data", call)$frame
  left <- plain_column(eval(outcome, data, environment(fit$how$terms)))
  c(stats::setNames(list(left), term_label(outcome)), as.list(right))
}

#' The data that a fit was fitted to
#'
#' @param argument What the generic calls the fit.
#' @param given The data, if they are given again.
#' @return As [mold_table()], [mold_formula()] or [mold_recipe()], with `given`, and `weights`: the
#'   case weights.
#' @noRd
training_again <- function(fit, argument, given, env, call) {
  require_training_data(fit, argument, call)
  input <- rows_again(fit, given, env, call)
  found <- input$given
  weights <- unnamed_weights(found$case_weights, input)
  input$weights <- choose_weights(weights, input$case_weights, call)
  hint <- setdiff(names(found), c(names(given), if (fit$how$kind == "formula") "formula"))
  hint_changed_data(refuse_other_data(fit, input, call), hint)
  input
}

# Of the rows alone, not yet compared with those of the fit.
rows_again <- function(fit, given, env, call) {
  if (fit$how$kind == "formula") {
    given$formula <- fit$how$formula
  }
  needed <- setdiff(data_names, c("class_weights", "validation", "loss"))
  found <- data_again(fit, given, env, call, needed)
  input <- with_decimal_point(mold_again(fit, found, call))
  input$predictors <- matrix_frame(input$predictors)
  input$given <- found
  input
}

refuse_other_data <- function(fit, input, call) {
  refuse_other_outcomes(fit, input, call)
  call_core(
    "refuse_other_data", fit$model, inherits(fit, "two_layer_ensemble"),
    to_core(input$columns$x), to_core(input$columns$y), as_weights(input$weights, call),
    resolve_weight_type(input$weights, input$given$weight_type, call),
    call = call, words = core_words(input)
  )
  refuse_other_predictions(fit, input, call)
}

refuse_other_outcomes <- function(fit, input, call) {
  outcomes <- complete_rows(fit, input$outcomes)
  same <- nrow(outcomes) == nrow(fit$outcomes) &&
    identical(unname(as.list(outcomes)), unname(as.list(fit$outcomes)))
  if (!same) {
    received <- "others, which differ in the outcome, or the order of their rows"
    abort_expected(input$words[["y"]], "the data of the fit", received, call)
  }
}

# A row may be in no resample, and so in no checksum.
refuse_other_predictions <- function(fit, input, call) {
  if (!isTRUE(fit$settings$bootstrap)) {
    return(invisible())
  }
  predictors <- complete_rows(fit, input$predictors)
  kind <- if (is.null(fit$levels)) "numeric" else "prob"
  columns <- as_columns(input$words[["x"]], predictors, call)
  found <- suppressWarnings(core_together(fit, columns, kind, 0.5, call))
  if (any(abs(found - fit$fitted) > 1e-5 * max(abs(fit$fitted), na.rm = TRUE), na.rm = TRUE)) {
    received <- "others, for which its predictions differ"
    abort_expected(input$words[["x"]], "the data of the fit", received, call)
  }
}

# A table without the rows that the fit left out.
complete_rows <- function(fit, table) {
  if (!length(fit$na.action)) {
    return(table)
  }
  rows <- table[-fit$na.action, , drop = FALSE]
  attr(rows, "nameless") <- attr(table, "nameless")
  set_offset(rows, get_offset(table)[-fit$na.action])
}

#' @rdname two_layer-generics
#' @export
model.matrix.two_layer <- function(object, ...) { # nolint: object_name_linter.
  call <- rlang::current_env()
  input <- training_again(object, "object", list(...), parent.frame(), call)
  network_inputs(object, object, input, call)
}

#' @rdname two_layer-generics
#' @export
model.matrix.two_layer_ensemble <- function(object, ...) { # nolint: object_name_linter.
  call <- rlang::current_env()
  codings <- unique(lapply(object$models, function(model) model$coding$inputs))
  if (length(codings) > 1) {
    received <- "one in which each codes its own rows"
    abort_expected("object", "a fit whose networks code their inputs alike", received, call)
  }
  input <- training_again(object, "object", list(...), parent.frame(), call)
  network_inputs(object, object$models[[1]], input, call)
}

network_inputs <- function(fit, model, input, call) {
  predictors <- complete_rows(fit, input$predictors)
  inputs <- r_inputs(model, as_columns("data", predictors, call), call)
  dimnames(inputs) <- list(row.names(complete_rows(fit, input$outcomes)), model$inputs)
  inputs
}
