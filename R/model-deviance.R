# The deviance of each row, for the losses that are those of a likelihood.

#' Deviances of the rows of `fitted()`
#'
#' @return A matrix with a row for each, and a column per outcome; of classes one.
#' @noRd
unit_deviances <- function(object, call) {
  loss <- if (isTRUE(object$own_loss)) "" else object$settings$loss
  of_loss <- deviance_functions[[loss]]
  if (is.null(of_loss)) {
    expected <- sprintf("a fit with the loss %s", quote_either(names(deviance_functions)))
    none <- "which belongs to no likelihood"
    why <- if (loss == "normal") "whose spread R does not keep" else none
    received <- sprintf("one with \"%s\", %s", object$settings$loss, why)
    abort_expected("object", expected, received, call)
  }
  theta <- theta_of(object)
  truth <- outcome_matrix(object)
  deviances <- if (is.null(theta)) {
    of_loss(truth, fitted_values(object))
  } else {
    of_loss(truth, fitted_values(object), rep(theta, each = nrow(truth)))
  }
  if (has_trials(object)) deviances * number_of_trials(object) else deviances
}

deviance_functions <- list(
  mse = function(truth, mean) (truth - mean)^2,
  poisson = function(truth, mean) {
    2 * (times_log(truth, truth / mean) - (truth - mean))
  },
  gamma = function(truth, mean) 2 * ((truth - mean) / mean - log(truth / mean)),
  negative_binomial = function(truth, mean, theta) {
    of_sum <- (truth + theta) * log((truth + theta) / (mean + theta))
    2 * (times_log(truth, truth / mean) - of_sum)
  },
  binomial = function(truth, share) {
    2 * (times_log(truth, truth / share) + times_log(1 - truth, (1 - truth) / (1 - share)))
  },
  binary_cross_entropy = function(truth, share) -2 * log(ifelse(truth == 1, share, 1 - share)),
  cross_entropy = function(truth, share) matrix(-2 * log(rowSums(truth * share)), ncol = 1)
)

# 0 times the logarithm of 0 is 0.
times_log <- function(x, y) ifelse(x > 0, x * log(y), 0)

quote_either <- function(names) {
  quoted <- paste0("\"", names, "\"")
  paste(toString(quoted[-length(quoted)]), quoted[[length(quoted)]], sep = " or ")
}
