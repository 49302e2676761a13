#' Summarise a two-layer network
#'
#' `summary()` measures how well the network describes the rows that it was fitted to. It will
#' describe new rows less well: hold some rows out with `validation`, or compare with
#' [predict()][predict.two_layer] for new rows.
#'
#' @param object,x A fit of [two_layer()]; for `print()`, a result of `summary()`.
#' @param digits Minimal number of significant digits to print.
#' @param ... Not used.
#' @return `summary()` returns an object of class `summary.two_layer`, a list of
#'   * `fit`: the fit;
#'   * `measures`: a data frame of measures, see below;
#'   * `residuals`: for numeric outcomes, a matrix of quantiles of the residuals;
#'   * `confusion`: for classes, a table of true and predicted classes; for several labels, a data
#'     frame with one row for each label, which counts the rows that have the label and were
#'     predicted to (`true.positive`), that do not have it but were predicted to (`false.positive`),
#'     and so on.
#'
#'   For a fit of [load_two_layer()] there is only `fit`, because measures need the training data.
#'   For a fit to a path, Python reads and predicts the data again; if they have changed, there are
#'   only `fit` and the `problem`.
#'
#'   `print()` returns `x`, invisibly.
#' @section Measures:
#' Measures are over the training rows without missing values, held-out rows included, and without
#' weights.
#'
#' * Numeric outcomes, one row for each: `r.squared` and `rmse` (root mean squared error, in the
#'   outcome's units), and with the loss `"negative_binomial"` also `theta`. With the loss
#'   `"quantile"`, these measures are of the quantile nearest to the median, and there are also
#'   `pinball` (that loss, the mean over rows and levels, in the outcome's units) and `coverage`
#'   (the share of rows between the lowest and the highest quantile).
#' * Classes: `accuracy` (the share of rows whose most probable class is their own) and `log_loss`
#'   (the mean of -log of the probability of their class).
#' * Several labels, one row for each: `accuracy` and `log_loss`.
#' @seealso [glance.two_layer()] for the measures in one row, [plot.two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' summary(two_layer(mpg ~ ., mtcars, epochs = 50, seed = 1))
#' summary(two_layer(Species ~ ., iris, epochs = 50, seed = 1))
#' @export
summary.two_layer <- function(object, ...) {
  found <- with_measured_rows(object, parent.frame(), rlang::current_env())
  if (is_loaded(found$fit)) {
    without <- list(fit = object, problem = found$problem)
    return(structure(without, class = "summary.two_layer"))
  }
  given <- object
  object <- found$fit
  classes <- !is.null(object$levels)
  structure(
    list(
      fit = given,
      measures = measures_of_fitted(object),
      residuals = if (!classes && !has_labels(object)) residual_quantiles(object),
      confusion = if (classes) {
        confusion_table(object)
      } else if (has_labels(object)) {
        confusion_of_labels(object)
      }
    ),
    class = "summary.two_layer"
  )
}

#' @rdname summary.two_layer
#' @export
print.summary.two_layer <- function(x, digits = max(3, getOption("digits") - 3), ...) {
  cat("Call:\n")
  with_decimal_point(print(x$fit$call)) # which is code
  cat("\n")
  writeLines(describe_fit(x$fit))
  if (is.null(x$measures)) {
    cat("\n", explain_no_measures(x$fit, x$problem), "\n", sep = "")
    return(invisible(x))
  }
  if (is.null(x$confusion)) {
    cat("\nResiduals:\n")
    print(x$residuals, digits = digits)
  } else {
    labels <- "\nHow often labels are there (true) and predicted (positive), or not:\n"
    classes <- "\nTrue classes (rows) and predicted ones (columns):\n"
    cat(if (has_labels(x$fit)) labels else classes)
    print(x$confusion)
  }
  cat("\nOn the training data:\n")
  print(x$measures, digits = digits, row.names = nrow(x$measures) > 1)
  invisible(x)
}

explain_no_measures <- function(fit, problem) {
  if (!is.null(problem)) {
    return(sprintf("Measures need the training data: %s", problem))
  }
  if (is_butchered(fit)) {
    return("Measures need the training data, which butcher took.")
  }
  holder <- if (nrow(fit$outcomes)) "one network of several" else "a model file"
  sprintf("Measures need the training data, which %s does not hold.", holder)
}

measures_of_fitted <- function(object) {
  if (is.null(object$levels)) number_measures(object) else class_measures(object)
}

number_measures <- function(object) {
  truth <- outcome_matrix(object)
  squares <- (truth - fitted_values(object))^2
  around <- sweep(truth, 2, colMeans(truth, na.rm = TRUE))^2
  measures <- data.frame(
    r.squared = 1 - colSums(squares, na.rm = TRUE) / colSums(around, na.rm = TRUE),
    rmse = sqrt(colMeans(squares, na.rm = TRUE)),
    row.names = predicted_names(object)
  )
  if (has_quantiles(object)) {
    measures <- cbind(measures, quantile_measures(object, truth[, 1]))
  }
  if (has_labels(object)) {
    measures <- cbind(measures, label_measures(truth, object$fitted))
  }
  theta <- theta_of(object)
  if (is.null(theta)) measures else cbind(measures, theta = theta)
}

# Of counts whose variance is mean + mean^2 / theta, for each outcome; of several networks the mean.
theta_of <- function(object) {
  if (!isTRUE(object$coding$outcome$theta)) {
    return(NULL)
  }
  each <- vapply(models_of(object), function(model) {
    log_theta <- utils::tail(model$weights[["2.bias"]], length(model$coding$outcome$center))
    exp(pmin(pmax(log_theta, -10), 15))
  }, double(length(object$coding$outcome$center)))
  rowMeans(matrix(each, ncol = length(models_of(object))))
}

label_measures <- function(truth, share) {
  of_truth <- ifelse(truth == 1, share, 1 - share)
  data.frame(
    accuracy = colMeans((share > 0.5) == truth, na.rm = TRUE),
    log_loss = colMeans(-log(of_truth), na.rm = TRUE)
  )
}

quantile_measures <- function(object, truth) {
  quantiles <- object$fitted_quantiles
  levels <- rep(object$settings$quantile_levels, each = nrow(quantiles))
  errors <- truth - quantiles
  inside <- truth >= quantiles[, 1] & truth <= quantiles[, ncol(quantiles)]
  data.frame(
    pinball = mean(pmax(levels * errors, (levels - 1) * errors), na.rm = TRUE),
    coverage = mean(inside, na.rm = TRUE)
  )
}

class_measures <- function(object) {
  truth <- true_class(object)
  of_truth <- fitted_values(object)[cbind(seq_along(truth), truth)]
  data.frame(
    accuracy = mean(truth == fitted_class(object), na.rm = TRUE),
    log_loss = mean(-log(of_truth), na.rm = TRUE)
  )
}

fitted_class <- function(object) {
  max.col(fitted_values(object), ties.method = "first")
}

residual_quantiles <- function(object) {
  residuals <- outcome_matrix(object) - fitted_values(object)
  quantiles <- apply(residuals, 2, stats::quantile, na.rm = TRUE, names = FALSE)
  labels <- c("Min", "1Q", "Median", "3Q", "Max")
  single <- ncol(residuals) == 1
  matrix(
    t(quantiles),
    ncol = 5, dimnames = list(if (single) "" else predicted_names(object), labels)
  )
}

confusion_of_labels <- function(object) {
  truth <- outcome_matrix(object) == 1
  predicted <- object$fitted > 0.5
  count <- function(cells) as.integer(colSums(cells, na.rm = TRUE))
  data.frame(
    true.positive = count(truth & predicted), false.positive = count(!truth & predicted),
    false.negative = count(truth & !predicted), true.negative = count(!truth & !predicted),
    row.names = predicted_names(object)
  )
}

confusion_table <- function(object) {
  as_factor <- function(codes) factor(object$levels[codes], levels = object$levels)
  table(truth = as_factor(true_class(object)), predicted = as_factor(fitted_class(object)))
}
