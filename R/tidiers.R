#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment

#' A two-layer network as tibbles
#'
#' @param x What [two_layer()] gave.
#' @param new_data Data to predict, see [predict.two_layer()]. `newdata` is accepted too.
#' @param engine Who predicts, see [predict.two_layer()].
#' @param newdata Another name of `new_data`.
#' @param ... Must be empty.
#' @return Tibbles:
#' * `tidy()`: one row per weight and bias, with `layer` ("hidden" or "output"), `from` (an
#'   input, a hidden unit, or "(bias)"), `to` and `estimate`;
#' * `glance()`: one row, with `nobs`, `inputs`, `hidden_units`, `outputs`, `parameters`,
#'   `epochs` (those that ran), `best_epoch`, `loss` and `valid_loss` (of that epoch, `NA`
#'   without held-out rows), of a numeric outcome `r.squared` and `rmse` (means over several
#'   outcomes), of classes `accuracy` and `log_loss`, as in [summary.two_layer()], and
#'   `stopped` ("epochs" where all ran, "patience", "on_epoch", "interrupt" or "divergence");
#' * `augment()`: the new data with the predictions: `.pred` or `.pred_class` and
#'   `.pred_<level>`, and, where the data have the one numeric outcome, `.resid`, that minus
#'   the prediction.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, hidden_units = 3, epochs = 50, seed = 1)
#' tidy(fit)
#' glance(fit)
#' augment(fit, head(mtcars))
#' @name tidy.two_layer
NULL

#' @rdname tidy.two_layer
#' @export
tidy.two_layer <- function(x, ...) {
  check_dots(tidy.two_layer, ...)
  parts <- stats::coef(x)
  tibble::as_tibble(rbind(
    tidy_weights("hidden", parts$hidden_weight, parts$hidden_bias),
    tidy_weights("output", parts$output_weight, parts$output_bias)
  ))
}

tidy_weights <- function(layer, weights, biases) {
  data.frame(
    layer = layer,
    from = c(rep(colnames(weights), each = nrow(weights)), rep("(bias)", length(biases))),
    to = c(rep(rownames(weights), ncol(weights)), names(biases)),
    estimate = c(as.vector(weights), unname(biases))
  )
}

#' @rdname tidy.two_layer
#' @export
glance.two_layer <- function(x, ...) {
  check_dots(glance.two_layer, ...)
  history <- x$history
  epoch <- if (is.null(x$best_epoch)) nrow(history) else x$best_epoch
  loss_of <- function(name) c(history[[name]][epoch], NA_real_)[[1]]
  tibble::tibble(
    nobs = x$rows,
    inputs = x$sizes[[1]],
    hidden_units = x$sizes[[2]],
    outputs = x$sizes[[3]],
    parameters = x$parameters,
    epochs = nrow(history),
    best_epoch = epoch,
    loss = loss_of("loss"),
    valid_loss = loss_of("valid_loss"),
    tibble::as_tibble(lapply(measures_of(x), mean)),
    stopped = x$stopped
  )
}

# Those of a fit without its training data are missing.
measures_of <- function(x) {
  if (!is_loaded(x)) {
    return(summary(x)$measures)
  }
  names <- if (is.null(x$levels)) c("r.squared", "rmse") else c("accuracy", "log_loss")
  lapply(stats::setNames(nm = names), function(name) NA_real_)
}

#' @rdname tidy.two_layer
#' @export
augment.two_layer <- function(x, new_data, ..., engine = c("python", "r"), newdata) {
  check_dots(augment.two_layer, ...)
  if (missing(new_data)) {
    if (missing(newdata)) {
      abort_expected("new_data", "a data frame or a matrix", "missing")
    }
    new_data <- newdata
  }
  predictions <- stats::predict(x, new_data, engine = engine)
  if (!is.null(x$levels)) {
    probabilities <- stats::predict(x, new_data, type = "prob", engine = engine)
    predictions <- c(predictions, probabilities)
  }
  given <- plain_frame(new_data)
  resid <- residuals_of(x, given, predictions)
  tibble::as_tibble(c(as.list(given), as.list(predictions), resid), .name_repair = "minimal")
}

# Where the new data have the outcome.
residuals_of <- function(x, new_data, predictions) {
  if (!is.null(x$levels) || length(predictions) != 1) {
    return(NULL)
  }
  outcome <- x$how$outcome
  if (is.null(outcome)) {
    outcome <- lapply(names(x$outcomes), as.name)
  }
  if (!all(all.vars(outcome[[1]]) %in% names(new_data))) {
    return(NULL)
  }
  env <- if (is.null(x$how$terms)) baseenv() else environment(x$how$terms)
  list(.resid = as.vector(eval(outcome[[1]], new_data, env)) - predictions$.pred)
}
