# What the search for weight decay, encoding and learning rate found, as users see it, for one
# network and for several.

#' The candidates of a search
#'
#' @return A data frame with a row for each: its mean loss over the folds, with standard error.
#' @noRd
tuning_table <- function(x, argument = "x", call = rlang::caller_env()) {
  losses <- searched(x, argument, call)
  named <- do.call(paste, losses[candidate_names])
  table <- losses[!duplicated(named), candidate_names]
  own <- split(losses$valid_loss, factor(named, unique(named)))
  table$mean <- vapply(own, mean, 1, USE.NAMES = FALSE)
  table$n <- lengths(own, use.names = FALSE)
  table$std_err <- vapply(own, standard_error, 1, USE.NAMES = FALSE)
  table$chosen <- is_chosen(x, table)
  row.names(table) <- NULL
  table
}

candidate_names <- c("encoding", "learning_rate", "weight_decay")

# Each held-out loss of each candidate.
searched <- function(x, argument, call) {
  if (is.null(x$tuning)) {
    expected <- paste(
      "a fit that searched for its weight decay,",
      "as `weight_decay = \"auto\"` mostly does (see `?two_layer`)"
    )
    abort_expected(argument, expected, "one that did not search", call)
  }
  x$tuning
}

is_chosen <- function(x, table) {
  same <- lapply(candidate_names, function(name) table[[name]] == x$settings[[name]])
  Reduce(`&`, same)
}

standard_error <- function(losses) {
  several <- length(losses) > 1 && all(is.finite(losses))
  if (several) stats::sd(losses) / sqrt(length(losses)) else NA_real_
}

#' The estimated error of what was chosen
#'
#' @return The mean held-out loss; of one numeric outcome under the loss "mse" its root on the
#'   outcome's own scale. `NA` where nothing was searched.
#' @noRd
estimated_error <- function(x) {
  losses <- if (!is.null(x$tuning)) x$tuning$valid_loss[is_chosen(x, x$tuning)]
  if (!length(losses)) {
    return(NA_real_)
  }
  loss <- mean(losses)
  if (is_on_own_scale(x)) sqrt(loss) * outcome_scale(x) else loss
}

is_on_own_scale <- function(x) {
  !isTRUE(x$own_loss) && x$settings$loss == "mse" && length(x$outputs) == 1
}

# Several networks may have standardised the outcome of different rows.
outcome_scale <- function(x) {
  models <- if (is.null(x$models)) list(x) else x$models
  scales <- vapply(models, function(model) model$coding$outcome$scale[[1]], 1)
  sqrt(mean(scales^2))
}

# What the estimated error is.
error_measure <- function(x) {
  if (is_on_own_scale(x)) {
    "RMSE"
  } else if (x$settings$loss == "cross_entropy") {
    "log loss"
  } else {
    x$settings$loss
  }
}

#' A line that says what was chosen, of what, and its error; nothing where nothing was searched
#'
#' @noRd
format_tuning <- function(x) {
  error <- estimated_error(x)
  if (is.na(error)) {
    return(NULL)
  }
  table <- tuning_table(x)
  several <- function(name) length(unique(table[[name]])) > 1
  found <- c(
    paste("weight decay", format_number(x$settings$weight_decay, 3)),
    if (several("learning_rate")) {
      paste("learning rate", format_number(x$settings$learning_rate, 3))
    },
    if (several("encoding")) paste(x$settings$encoding, "encoding")
  )
  sprintf(
    "Tuning:     %s: of %d candidates in %s; estimated error %s (%s)", toString(found),
    nrow(table), counted(max(table$n), "fold"), format_error(error), error_measure(x)
  )
}

# Four significant digits; in thousands a whole number.
format_error <- function(error) {
  if (is.infinite(error)) {
    "infinite"
  } else if (error >= 1e3 && error < 1e9) {
    formatC(error, digits = 0, format = "f")
  } else {
    format_number(error, 4)
  }
}

# Where numbers are not simply standardised.
format_encoding <- function(x) {
  if (identical(x$settings$encoding, "piecewise")) ", piecewise encoding" else ""
}

# The weight decay where nothing is searched.
usual_decay <- function(x) {
  if (x$settings$reduction == "sum") 3 else 3 / x$rows
}
