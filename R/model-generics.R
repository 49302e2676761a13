# What the generics of stats ask of a fitted model, for one network and for several. Those that
# have no answer here are in R/model-no-answer.R.

#' Further generics of stats for a fitted network
#'
#' The generics of stats that have an answer for one network or an ensemble. All others, such as
#' `vcov()`, `confint()`, `logLik()`, `AIC()`, `anova()`, `step()`, `drop1()`, `hatvalues()` and
#' `simulate()`, are errors of class `pytwolayer_error_argument` that explain why there is no answer
#' and what to use instead.
#'
#' @param x,object,formula A fit of [two_layer()], of one network or several.
#' @param full Whether to include rows of weight 0.
#' @param ... For `model.frame()` and `model.matrix()` the data again, as for [continue_training()];
#'   otherwise not used.
#' @return
#' * `terms()`: the terms of the formula with its dot written out, as for [stats::lm()]. For a fit
#'   to tables or a recipe it is an error.
#' * `labels()`: the labels of the terms; for a fit to tables or a recipe, the names of the columns.
#' * `variable.names()`: the names of the network's inputs, which are the columns of
#'   `coef(fit)$hidden_weight`. For several networks, the names that any of them has.
#' * `case.names()`: the names of the rows of `fitted()`.
#' * `weights()`: the case weights of these rows as they were given, without class weights, or
#'   `NULL` if there were none. (For the network's own weights see `coef()`.)
#' * `sigma()`: the root mean squared residual of each numeric outcome, in its own units and without
#'   case weights, the same as `rmse` in [glance()][tidy.two_layer]. The divisor is the number of
#'   rows, not residual degrees of freedom, since a network may have more parameters than rows. It
#'   describes the training rows; new rows will be further from their predictions.
#' * `deviance()`: a sum over the rows of `fitted()`, each multiplied by its case weight. For the
#'   loss `"mse"` it is the sum of squared residuals of each outcome; for `"poisson"`, `"gamma"` and
#'   `"binomial"` the deviance of [stats::glm()]; for `"negative_binomial"` that of
#'   [MASS::glm.nb()]; for `"cross_entropy"` the sum of -2 log(probability of the row's class). For
#'   other losses, which do not belong to a likelihood, it is an error.
#' * `levels()`: the classes; `NULL` for a numeric outcome.
#' * `model.frame()`: outcome and predictors of the rows of `fitted()`, before they are encoded; for
#'   a formula as [stats::model.frame()] makes them.
#' * `model.matrix()`: the inputs of the network for these rows, one column for each input:
#'   standardised numbers or their pieces (with `encoding = "piecewise"`, named `<column>_1` and so
#'   on), and 1 or 0 for each level.
#'
#' A fit keeps no copy of its predictors. `model.frame()` and `model.matrix()` take the data from
#' the fit's call, evaluated where the function is called from. If these are not the data of the
#' fit, it is an error.
#' @seealso [two_layer-methods]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ log(disp) + wt, mtcars, epochs = 50, seed = 1)
#' labels(fit)
#' sigma(fit)
#' head(model.frame(fit))
#' head(model.matrix(fit))
#' @importFrom stats case.names deviance model.frame model.matrix sigma terms variable.names weights
#' @name two_layer-generics
NULL

#' @rdname two_layer-generics
#' @export
terms.two_layer <- function(x, ...) {
  fit_terms(x, rlang::current_env())
}

#' @rdname two_layer-generics
#' @export
terms.two_layer_ensemble <- terms.two_layer

# With the response, and what prediction evaluates instead of the variables (`poly()` as fitted).
fit_terms <- function(x, call) {
  require_formula(x, call)
  right <- x$how$terms
  terms <- with_decimal_point(formula_terms(x$how$formula))
  response <- terms[[2]]
  attr(terms, "predvars") <- as.call(c(quote(list), response, as.list(attr(right, "predvars"))[-1]))
  environment(terms) <- environment(right)
  terms
}

require_formula <- function(x, call) {
  if (x$how$kind != "formula") {
    kind <- if (x$how$kind == "recipe") "a recipe" else "tables"
    abort_expected("x", "a fit of a formula", paste("one of", kind), call)
  }
}

#' @rdname two_layer-generics
#' @export
labels.two_layer <- function(object, ...) {
  if (object$how$kind == "formula") {
    attr(object$how$terms, "term.labels")
  } else {
    names(object$blueprint$ptypes$predictors)
  }
}

#' @rdname two_layer-generics
#' @export
labels.two_layer_ensemble <- labels.two_layer

#' @rdname two_layer-generics
#' @export
variable.names.two_layer <- function(object, ...) { # nolint: object_name_linter.
  object$inputs
}

#' @rdname two_layer-generics
#' @export
variable.names.two_layer_ensemble <- function(object, ...) { # nolint
  each <- lapply(object$models, `[[`, "inputs")
  most <- each[[which.max(lengths(each))]]
  union(most, unlist(each))
}

#' @rdname two_layer-generics
#' @export
case.names.two_layer <- function(object, full = FALSE, ...) { # nolint: object_name_linter.
  object <- with_training_rows(object, "object", parent.frame(), rlang::current_env())
  names <- row.names(object$outcomes)
  if (full || is.null(object$case_weights)) names else names[object$case_weights != 0]
}

#' @rdname two_layer-generics
#' @export
case.names.two_layer_ensemble <- case.names.two_layer # nolint: object_name_linter.

#' @rdname two_layer-generics
#' @export
weights.two_layer <- function(object, ...) { # nolint: object_name_linter.
  object <- with_training_rows(object, "object", parent.frame(), rlang::current_env())
  object$case_weights
}

#' @rdname two_layer-generics
#' @export
weights.two_layer_ensemble <- weights.two_layer # nolint: object_name_linter.

#' @rdname two_layer-generics
#' @export
sigma.two_layer <- function(object, ...) { # nolint: object_name_linter.
  object <- with_training_rows(object, "object", parent.frame(), rlang::current_env())
  if (!is.null(object$levels)) {
    expected <- "a fit of a numeric outcome (of classes `glance()` has `log_loss`)"
    abort_expected("object", expected, "one of classes")
  }
  per_outcome(object, number_measures(object)$rmse)
}

#' @rdname two_layer-generics
#' @export
sigma.two_layer_ensemble <- sigma.two_layer # nolint: object_name_linter.

# A single number has no name.
per_outcome <- function(object, values) {
  values <- unname(values)
  if (length(values) == 1) values else stats::setNames(values, predicted_names(object))
}

#' @rdname two_layer-generics
#' @export
deviance.two_layer <- function(object, ...) {
  call <- rlang::current_env()
  object <- with_training_rows(object, "object", parent.frame(), call)
  parts <- unit_deviances(object, call)
  weights <- object$case_weights
  per_outcome(object, colSums(if (is.null(weights)) parts else parts * weights, na.rm = TRUE))
}

#' @rdname two_layer-generics
#' @export
deviance.two_layer_ensemble <- deviance.two_layer

#' @rdname two_layer-generics
#' @export
levels.two_layer <- function(x) {
  x$levels
}

#' @rdname two_layer-generics
#' @export
levels.two_layer_ensemble <- levels.two_layer
