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
#' `tidy()` lists weights and biases, or the candidates of the search; `glance()` describes the fit
#' in one row; `augment()` adds predictions to data.
#'
#' @param x A fit of [two_layer()], of one network or several.
#' @param what `"weights"`: the network's weights and biases. `"tuning"`: the candidates among which
#'   `"auto"` chose weight decay, encoding and learning rate; an error for a fit without a search.
#' @param new_data Data to predict, see [predict.two_layer()].
#' @param engine `"python"` or `"r"`, see [predict.two_layer()].
#' @param newdata Another name of `new_data`.
#' @param ... Must be empty.
#' @return A tibble.
#' * `tidy()` has one row for each weight and bias. Its columns are `layer` ("hidden" or "output"),
#'   `from` (an input, a hidden unit, or "(bias)"), `to` and `estimate`. For several networks it has
#'   the rows of each, with its number in a first column `model`.
#' * `tidy(what = "tuning")` has one row for each candidate. Its columns are `encoding`,
#'   `learning_rate`, `weight_decay`, the `mean` of the held-out loss over the folds, the number of
#'   folds `n`, the standard error `std_err` (`NA` for one fold, or for a loss that is not finite),
#'   and `chosen`, `TRUE` for the chosen candidate. Several networks share one search. The losses of
#'   each fold are in `fit$tuning`, and `plot(fit, what = "tuning")` shows them.
#' * `glance()` has one row. Its columns are `nobs`, `inputs`, `hidden_units`, `outputs`,
#'   `parameters`, `epochs` (those that ran), `best_epoch`, `loss` and `valid_loss` (of that epoch;
#'   `NA` without held-out rows), `estimated_error` (see below), the measures of
#'   [summary.two_layer()] (for numeric outcomes `r.squared` and `rmse`, means over several
#'   outcomes; for classes `accuracy` and `log_loss`), and `stopped` ("epochs" if all ran,
#'   "patience", "on_epoch", "interrupt" or "divergence").
#' * `glance()` of several networks has one row, too. It also has `n_models` and `bootstrap`, and no
#'   `best_epoch`, which differs between networks. `inputs` and `epochs` are the largest of any
#'   network, `parameters` the sum, `loss` and `valid_loss` the means; the measures are those of the
#'   mean predictions. For one row per network use [summary()][summary.two_layer_ensemble].
#' * `augment()` has the new data and the predictions: `.pred`, or with several outcomes
#'   `.pred_<outcome>` for each; for classes `.pred_class` and `.pred_<level>`. For one numeric
#'   outcome that the data contain, `.resid` is the outcome minus the prediction. Columns of an
#'   earlier `augment()` (`.pred`, `.resid`, `.std_error`, and those that begin with `.pred_`) are
#'   removed first, with a message of class `pytwolayer_message` that names them. Columns with such
#'   names that the fit itself was fitted to are kept, if no new column needs the name.
#'
#' @section The estimated error:
#' `estimated_error` is an estimate for new rows from the search for weight decay and encoding: the
#' mean of the chosen candidate's held-out loss over the folds. For classes this is the log loss.
#' For one numeric outcome with the loss `"mse"`, its root is given on the outcome's own scale, a
#' root mean squared error. In other cases it is the loss itself. It is `NA` if there was no search.
#'
#' The networks of the search saw two thirds of the rows for a third of the epochs, and the
#' candidate is the best of several. So this is a guide, not a test error.
#' @seealso [summary.two_layer()], [two_layer-methods], [predict.two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, hidden_units = 3, epochs = 50, seed = 1)
#' tidy(fit)
#' glance(fit)
#' augment(fit, head(mtcars))
#'
#' # Its weight decay was chosen by a search
#' searched <- two_layer(mpg ~ ., mtcars, hidden_units = 3, seed = 1)
#' tidy(searched, what = "tuning")
#' glance(searched)$estimated_error
#'
#' several <- two_layer(mpg ~ ., mtcars, n_models = 3, hidden_units = 3, epochs = 50, seed = 1)
#' glance(several)
#' augment(several, head(mtcars))
#' @name tidy.two_layer
NULL

#' @rdname tidy.two_layer
#' @export
tidy.two_layer <- function(x, what = c("weights", "tuning"), ...) {
  check_dots(tidy.two_layer, ...)
  switch(check_what(what, c("weights", "tuning")),
    weights = tidy_network(x),
    tuning = tibble::as_tibble(tuning_table(x))
  )
}

#' @rdname tidy.two_layer
#' @export
tidy.two_layer_ensemble <- function(x, what = c("weights", "tuning"), ...) {
  check_dots(tidy.two_layer_ensemble, ...)
  switch(check_what(what, c("weights", "tuning")),
    weights = bind_models(lapply(x$models, tidy_network)),
    tuning = tibble::as_tibble(tuning_table(x))
  )
}

tidy_network <- function(x) {
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
  env <- parent.frame()
  call <- rlang::current_env()
  tibble::tibble(
    nobs = x$rows,
    inputs = x$sizes[[1]],
    hidden_units = x$sizes[[2]],
    outputs = x$sizes[[3]],
    parameters = x$parameters,
    epochs = nrow(x$history),
    best_epoch = kept_epoch(x),
    loss = kept_loss(x, "loss"),
    valid_loss = kept_loss(x, "valid_loss"),
    estimated_error = estimated_error(x),
    tibble::as_tibble(lapply(measures_of(x, env, call), mean)),
    stopped = x$stopped
  )
}

#' @rdname tidy.two_layer
#' @export
glance.two_layer_ensemble <- function(x, ...) {
  check_dots(glance.two_layer_ensemble, ...)
  env <- parent.frame()
  call <- rlang::current_env()
  each <- summary(x)
  tibble::tibble(
    nobs = x$rows,
    n_models = nrow(each),
    bootstrap = x$settings$bootstrap,
    inputs = max(each$inputs),
    hidden_units = each$hidden_units[[1]],
    outputs = each$outputs[[1]],
    parameters = sum(each$parameters),
    epochs = max(each$epochs),
    loss = mean(each$loss),
    valid_loss = mean(each$valid_loss),
    estimated_error = estimated_error(x),
    tibble::as_tibble(lapply(measures_of(x, env, call), mean)),
    stopped = c(intersect("interrupt", each$stopped), each$stopped)[[1]]
  )
}

# Those of a fit without its training data are missing.
measures_of <- function(x, env, call) {
  found <- with_measured_rows(x, env, call)
  if (!is_loaded(found$fit)) {
    return(measures_of_fitted(found$fit))
  }
  if (!is.null(found$problem)) {
    rlang::inform(
      sprintf("Measures of the training rows are missing: %s", found$problem),
      class = "pytwolayer_message"
    )
  }
  names <- if (is.null(x$levels)) c("r.squared", "rmse") else c("accuracy", "log_loss")
  theta <- isTRUE(x$coding$outcome$theta)
  names <- c(names, if (has_labels(x)) c("accuracy", "log_loss"))
  names <- c(names, if (has_quantiles(x)) c("pinball", "coverage"), if (theta) "theta")
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
  new_data <- as_table(new_data)
  if (is_source(new_data)) {
    expected <- paste(
      "a data frame or a matrix (of a path `predict(output = \"file.parquet\", columns = )` writes",
      "the predictions, beside columns of the data)"
    )
    abort_expected("new_data", expected, if (is_arrow(new_data)) "an Arrow object" else "a path")
  }
  predictions <- stats::predict(x, new_data, engine = engine)
  if (!is.null(x$levels) || has_labels(x)) {
    probabilities <- stats::predict(x, new_data, type = "prob", engine = engine)
    predictions <- c(predictions, probabilities)
  }
  given <- plain_frame(new_data)
  made <- c(as.list(predictions), residuals_of(x, given, predictions))
  names(made) <- make.unique(names(made)) # one of the classes may be called "class"
  others <- without_stale(as.list(given), names(made), c(training_columns(x), names(x$outcomes)))
  tibble::as_tibble(c(others, made), .name_repair = "minimal")
}

#' @rdname tidy.two_layer
#' @export
augment.two_layer_ensemble <- augment.two_layer

#' A table's columns without those of an earlier augment()
#'
#' All of them are removed: beside this fit's own columns they would look as if they were its own.
#'
#' @param made Names of the columns that come now.
#' @param used Names of those that the fit uses, which stay if their names are free.
#' @noRd
without_stale <- function(columns, made, used) {
  names <- names(columns)
  family <- names %in% c(".pred", ".resid", ".std_error") | startsWith(names, ".pred_")
  stale <- names %in% made | family & !names %in% used
  if (any(stale)) {
    rlang::inform(
      sprintf(
        "`new_data` has columns of an earlier `augment()`, which are replaced: %s",
        some_of(names[stale])
      ),
      class = "pytwolayer_message"
    )
  }
  columns[!stale]
}

# Where the new data have the outcome.
residuals_of <- function(x, new_data, predictions) {
  if (!identical(names(predictions), ".pred")) {
    return(NULL)
  }
  outcome <- x$how$outcome
  if (is.null(outcome)) {
    outcome <- lapply(names(x$outcomes), as.name)
  }
  parts <- if (has_trials(x)) outcome else outcome[1]
  variables <- unique(unlist(lapply(parts, all.vars)))
  if (!all(variables %in% names(new_data))) {
    return(NULL)
  }
  if (length(skipped_steps(x$blueprint$recipe))) { # predictions are of another outcome
    return(NULL)
  }
  call <- rlang::current_env()
  columns <- new_data[variables]
  rows <- nrow(new_data)
  new_data <- convert_for_formula(columns, "new_data", call)
  env <- if (is.null(x$how$terms)) baseenv() else environment(x$how$terms)
  truth <- do.call(cbind, lapply(unname(parts), evaluated_outcome, new_data, env))
  require_rows(nrow(truth), rows, call)
  truth <- if (has_trials(x)) truth[, 1] / (truth[, 1] + truth[, 2]) else truth[, 1]
  list(.resid = truth - predictions$.pred)
}

evaluated_outcome <- function(part, new_data, env) {
  truth <- convert_column(with_decimal_point(eval(part, new_data, env)), outcome = TRUE)
  if (is.matrix(truth)) truth else as.vector(truth)
}
