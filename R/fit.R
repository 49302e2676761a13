#' Fit a two-layer neural network
#'
#' Fits a network with one hidden layer for regression. Predictors and outcome
#' are standardised inside; predictions come back in the outcome's own units.
#'
#' @param x Numeric predictors, one row per observation: a data frame or a matrix.
#' @param y Numeric outcome: a vector, or a data frame or matrix with one column
#'   per outcome.
#' @param ... Must be empty for data frames; for a matrix, the arguments below.
#' @param hidden_units Width of the hidden layer.
#' @param activation `"relu"`, `"leaky_relu"`, `"elu"`, `"silu"`, `"gelu"`,
#'   `"softplus"`, `"tanh"`, `"sigmoid"` or `"identity"`.
#' @param epochs Passes over the data, each one update on all rows.
#' @param optimizer `"sgd"` (plain gradient descent) or `"adam"`.
#' @param learning_rate Step size.
#' @param loss `"mse"` (squared error), `"mae"` (absolute error) or `"huber"`, of
#'   the standardised outcome.
#' @param reduction `"mean"` over all elements, `"sum"`, or `"elementwise_mean"`,
#'   the mean's old name.
#' @param device Where to compute, see [select_device()].
#' @param seed Seed of the initial weights. `NULL` draws one from R's own
#'   generator, so that [set.seed()] makes a fit reproducible.
#'
#' @return An object of class `two_layer`. It holds plain R data, no pointer into
#'   Python, so [saveRDS()] keeps all of it. Among its elements:
#'   \describe{
#'     \item{`history`}{Data frame of `epoch` (integer) and `loss` (double): the
#'       loss on the standardised outcome before that epoch's update. With
#'       squared error and `"mean"`, 1 is what predicting the mean would give.}
#'     \item{`settings`}{The arguments of the fit, the seed used among them.}
#'     \item{`device`}{Where it was trained.}
#'   }
#' @section Errors:
#' An argument that is not what it must be is an error of class
#' `pytwolayer_error_argument` that names it, says what was expected and what came.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 200, seed = 1)
#' fit
#' head(fit$history)
#' predict(fit, head(mtcars))
#' @export
two_layer <- function(x, ...) {
  UseMethod("two_layer")
}

#' @rdname two_layer
#' @export
two_layer.default <- function(x, ...) {
  if (missing(x)) {
    abort_expected("x", "a data frame or a matrix", "missing")
  }
  abort_argument("x", "a data frame or a matrix", x)
}

#' @rdname two_layer
#' @export
two_layer.matrix <- function(x, y, ...) {
  two_layer(as.data.frame(x), y, ...)
}

#' @rdname two_layer
#' @export
two_layer.data.frame <- function(x, y, ..., hidden_units = 32, activation = "relu", epochs = 500,
                                 optimizer = "adam", learning_rate = 0.01, loss = "mse",
                                 reduction = "mean", device = "cpu", seed = NULL) {
  check_dots(two_layer.data.frame, ...)
  if (missing(y)) {
    abort_expected("y", "a numeric vector, matrix or data frame", "missing")
  }
  settings <- check_settings(list(
    hidden_units = hidden_units, activation = activation, epochs = epochs,
    optimizer = optimizer, learning_rate = learning_rate, loss = loss, reduction = reduction,
    device = device, seed = if (is.null(seed)) draw_seed() else seed
  ))
  outcomes <- as_outcomes(y)
  predictor_columns <- as_columns("x", x)
  outcome_columns <- as_columns("y", outcomes)
  refuse_text(outcomes)
  molded <- hardhat::mold(x, outcomes)
  fitted <- call_core("fit", predictor_columns, outcome_columns, settings)
  new_two_layer(fitted, settings, molded)
}

# From R's own generator, so that set.seed() makes a fit reproducible.
draw_seed <- function() {
  sample.int(.Machine$integer.max, 1)
}

new_two_layer <- function(fitted, settings, molded) {
  settings$seed <- fitted$seed
  hardhat::new_model(
    model = fitted$model,
    history = loss_table("epoch", fitted$loss),
    settings = settings,
    device = fitted$device,
    sizes = unlist(fitted$sizes),
    parameters = fitted$parameters,
    rows = nrow(molded$predictors),
    blueprint = molded$blueprint,
    class = "two_layer"
  )
}

# hardhat would refuse it too, in words of its own.
refuse_text <- function(outcomes, call = rlang::caller_env()) {
  if (any(vapply(outcomes, is.character, NA))) {
    abort_expected("y", "numeric", "text", call)
  }
}

as_outcomes <- function(y, call = rlang::caller_env()) {
  if (is.data.frame(y)) {
    y
  } else if (is.matrix(y)) {
    as.data.frame(y)
  } else if (is.atomic(y) && !is.null(y) || is.factor(y)) {
    data.frame(.outcome = y)
  } else {
    abort_argument("y", "a numeric vector, matrix or data frame", y, call)
  }
}
