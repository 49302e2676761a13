#' Print a two-layer network
#'
#' Shows the size of the data, the architecture of the network (inputs-hidden units-outputs), its
#' number of parameters, the optimiser, the device, the best epoch and its loss, and the seed. If
#' weight decay and encoding were searched for (`"auto"`), it also shows what was chosen and the
#' estimated error, see [tidy.two_layer()].
#'
#' @param x A fit of [two_layer()].
#' @param ... Not used.
#' @return `x`, invisibly.
#' @seealso [summary.two_layer()]
#' @export
print.two_layer <- function(x, ...) {
  writeLines(c("<two_layer>", describe_fit(x)))
  invisible(x)
}

describe_fit <- function(x) {
  settings <- x$settings
  columns <- ncol(x$blueprint$ptypes$predictors)
  left_out <- x$dropped
  c(
    sprintf(
      "Data:       %s, %s%s", counted(x$rows, "row"), counted(columns, "column"),
      if (left_out) sprintf(" (%s with missing values left out)", counted(left_out, "row")) else ""
    ),
    format_outcome(x),
    sprintf(
      "Network:    %s, %s%s, %d parameters",
      paste(x$sizes, collapse = "-"), settings$activation, format_encoding(x), x$parameters
    ),
    sprintf(
      "Training:   %s, learning rate %s, %d epochs on %s, seed %.0f",
      settings$optimizer, format_number(settings$learning_rate), nrow(x$history), x$device,
      settings$seed
    ),
    format_loss(x),
    format_tuning(x)
  )
}

# A vector has no name.
format_outcome <- function(x) {
  names <- toString(setdiff(names(x$outcomes), ".outcome"))
  what <- if (has_labels(x)) {
    counted(length(x$outcomes), "label")
  } else if (has_trials(x)) {
    "successes, failures"
  } else if (is.null(x$levels)) {
    "numeric"
  } else {
    counted(length(x$levels), "class", "classes")
  }
  paste0("Outcome:    ", if (nzchar(names)) sprintf("%s (%s)", names, what) else what)
}

# Of the epoch whose weights these are.
format_loss <- function(x) {
  if (!nrow(x$history)) {
    return(paste0("Loss:       no epoch was finished", format_ends(x$stopped)))
  }
  sprintf(
    "%s%s in epoch %d %s%s", if (is.null(x$best_epoch)) "Last loss:  " else "Best loss:  ",
    format_number(kept_loss(x, watched_loss(x$history)), 4), kept_epoch(x), format_loss_name(x),
    format_ends(x$stopped)
  )
}

format_loss_name <- function(x) {
  validation <- if (watched_loss(x$history) == "loss") "" else "validation: "
  sprintf("(%s%s, %s)", validation, x$settings$loss, x$settings$reduction)
}

# The epoch whose weights the fit has.
kept_epoch <- function(x) if (is.null(x$best_epoch)) nrow(x$history) else x$best_epoch

# Its loss, NA where there is no such column or no epoch was finished.
kept_loss <- function(x, column) c(x$history[[column]][kept_epoch(x)], NA_real_)[[1]]

# Why training ended before all epochs were done.
ends <- c(
  patience = "stopped by `patience`", on_epoch = "stopped by `on_epoch`",
  interrupt = "interrupted", divergence = "diverged"
)

#' How training ended, for one network or several; nothing where all epochs were done
#'
#' @noRd
format_ends <- function(stopped) {
  reasons <- vapply(intersect(names(ends), stopped), function(reason) {
    number <- sum(stopped == reason)
    share <- if (number == length(stopped)) "all" else paste(number, "of", length(stopped))
    paste(", ", if (length(stopped) > 1) paste0(share, " "), ends[[reason]], sep = "")
  }, "")
  paste(reasons, collapse = "")
}

# The column by which the best epoch is chosen.
watched_loss <- function(history) {
  if (is.null(history$valid_loss)) "loss" else "valid_loss"
}

counted <- function(number, noun, several = paste0(noun, "s")) {
  paste(number, if (number == 1) noun else several)
}

#' Coefficients, fitted values and other parts of a fit
#'
#' Methods of R's usual generics for a fitted network.
#'
#' @param object,x A fit of [two_layer()], of one network or several.
#' @param type Must be `"response"`: residuals are the outcome minus the prediction.
#' @param ... Not used, except by `update()`: arguments of [two_layer()] to change.
#' @param row.names,optional Not used.
#' @return
#' * `coef()`: a list of `hidden_weight` (a matrix with one row for each hidden unit and one column
#'   for each input), `hidden_bias`, `output_weight` (one row for each output, one column for each
#'   hidden unit) and `output_bias`. The inputs are the standardised numbers, or with
#'   `encoding = "piecewise"` the pieces of each number, named `<column>_1`, `<column>_2` and so on;
#'   for factors and text there is one input for each level, which is 1 or 0. For several networks,
#'   a list with one such list for each.
#' * `fitted()`: the predictions for the training rows without missing values, held-out rows
#'   included. Numeric outcomes are in their own units: a vector, or with several outcomes a matrix
#'   with one column for each. For classes it is a matrix with the probability of each class.
#' * `residuals()`: the outcome minus the fitted values. For classes the outcome is 1 for the row's
#'   class and 0 for the others.
#' * `nobs()`: the number of rows that the network was fitted to.
#' * `formula()`: the formula, with its dot written out. For a fit to tables it is an error.
#' * `as.data.frame()`: the history of the losses, with one row for each epoch.
#' * `update()`: a new fit, with the changes made to the call, as for other models:
#'   `update(fit, . ~ . - cyl, epochs = 100)`.
#'
#' @section Fitted values of large data:
#' A fit to more than 20,000 rows for fewer than 40 epochs, whose call names its data in the
#' workspace, computes its fitted values when they are first needed: by `fitted()`, `residuals()` or
#' `summary()`. The data must then still be there, and unchanged. Set
#' `options(pytwolayer.fitted_rows = Inf)` before the fit to have them computed with it.
#' @seealso [two_layer-generics] for other generics of stats, [tidy.two_layer()] for the same as
#'   tibbles, [summary.two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, hidden_units = 3, epochs = 50, seed = 1)
#' dim(coef(fit)$hidden_weight)
#' head(residuals(fit))
#' nobs(update(fit, . ~ . - cyl))
#' @name two_layer-methods
NULL

#' @rdname two_layer-methods
#' @export
coef.two_layer <- function(object, ...) {
  weights <- object$weights
  hidden <- paste0("h", seq_along(weights[["0.bias"]]))
  list(
    hidden_weight = matrix(
      weights[["0.weight"]], length(hidden),
      dimnames = list(hidden, object$inputs)
    ),
    hidden_bias = stats::setNames(weights[["0.bias"]], hidden),
    output_weight = matrix(
      weights[["2.weight"]],
      ncol = length(hidden), dimnames = list(object$outputs, hidden)
    ),
    output_bias = stats::setNames(weights[["2.bias"]], object$outputs)
  )
}

#' @rdname two_layer-methods
#' @export
coef.two_layer_ensemble <- function(object, ...) {
  lapply(object$models, coef.two_layer)
}

#' @rdname two_layer-methods
#' @export
fitted.two_layer <- function(object, ...) {
  object <- with_training_rows(object, "object", parent.frame(), rlang::current_env())
  with_row_names(object, fitted_values(object))
}

#' @rdname print.two_layer_ensemble
#' @return `fitted()`: the mean predictions for the training rows, in the form that one network's
#'   fitted values have.
#' @export
fitted.two_layer_ensemble <- fitted.two_layer

#' @rdname two_layer-methods
#' @export
residuals.two_layer <- function(object, type = "response", ...) {
  if (!identical(type, "response")) {
    abort_argument("type", "\"response\"", type)
  }
  object <- with_training_rows(object, "object", parent.frame(), rlang::current_env())
  with_row_names(object, outcome_matrix(object) - fitted_values(object))
}

#' @rdname print.two_layer_ensemble
#' @param type Must be `"response"`: residuals are the outcome minus the mean prediction.
#' @return `residuals()`: the outcome minus the fitted values.
#' @export
residuals.two_layer_ensemble <- residuals.two_layer

# With the names of the training rows, where they have any.
with_row_names <- function(object, values) {
  named <- .row_names_info(object$outcomes) > 0
  rows <- if (named) row.names(object$outcomes)
  if (ncol(values) == 1) {
    return(stats::setNames(values[, 1], rows))
  }
  dimnames(values) <- list(rows, predicted_names(object))
  values
}

# The outcome in the form of predictions: numbers, or 1 at each row's class, else 0. Of trials the
# share that succeeded, `NaN` of a row without any.
outcome_matrix <- function(object) {
  if (has_labels(object)) {
    present <- Map(function(column, levels) {
      match(as.character(column), levels) - 1
    }, as.list(object$outcomes), object$coding$outcome$labels)
    return(matrix(unlist(present), ncol = length(present)))
  }
  if (has_trials(object)) {
    return(matrix(object$outcomes[[1]] / number_of_trials(object), ncol = 1))
  }
  if (is.null(object$levels)) {
    return(unname(as.matrix(object$outcomes)))
  }
  outer(true_class(object), seq_along(object$levels), "==") * 1
}

has_labels <- function(object) !is.null(object$coding$outcome$labels)

has_trials <- function(object) {
  isTRUE(object$coding$outcome$trials)
}

number_of_trials <- function(object) object$outcomes[[1]] + object$outcomes[[2]]

true_class <- function(object) match(as.character(object$outcomes[[1]]), object$levels)

#' @importFrom stats nobs
#' @export
stats::nobs

#' @rdname two_layer-methods
#' @export
nobs.two_layer <- function(object, ...) {
  object$rows
}

#' @rdname print.two_layer_ensemble
#' @return `nobs()`: the number of rows that the networks were fitted to.
#' @export
nobs.two_layer_ensemble <- nobs.two_layer

#' @rdname two_layer-methods
#' @export
formula.two_layer <- function(x, ...) {
  require_formula(x, rlang::current_env())
  x$how$formula
}

#' @rdname two_layer-methods
#' @export
formula.two_layer_ensemble <- formula.two_layer

#' @rdname two_layer-methods
#' @export
as.data.frame.two_layer <- function(x, row.names = NULL, optional = FALSE, ...) { # nolint
  x$history
}

#' @rdname print.two_layer_ensemble
#' @return `as.data.frame()`: the history of the losses, with the number of the network in the
#'   column `model`.
#' @param row.names,optional Not used.
#' @export
as.data.frame.two_layer_ensemble <- as.data.frame.two_layer # nolint: object_name_linter.

#' @rdname two_layer-methods
#' @param formula.,evaluate As in [stats::update()].
#' @export
update.two_layer <- function(object, formula., ..., evaluate = TRUE) { # nolint: object_name_linter.
  formula <- if (!missing(formula.)) formula.
  call <- updated_call(object, formula, match.call(expand.dots = FALSE)$...)
  if (evaluate) eval(call, parent.frame()) else call
}

#' @rdname print.two_layer_ensemble
#' @return `update()`: a new ensemble, as [stats::update()] makes it.
#' @param formula.,evaluate As in [stats::update()].
#' @export
update.two_layer_ensemble <- update.two_layer

# As update.default() does, whose way with a formula of many columns takes minutes.
updated_call <- function(object, formula, extras) {
  call <- as.list(object$call)
  if (!is.null(formula)) {
    old <- formula.two_layer(object)
    wide <- is_wide(old, NULL)
    call$formula <- if (wide) update_wide_formula(old, formula) else stats::update(old, formula)
  }
  new <- extras[!rlang::names2(extras) %in% names(call)]
  for (name in intersect(names(extras), names(call))) {
    call[[name]] <- extras[[name]]
  }
  as.call(c(call, new))
}
