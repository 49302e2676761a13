# Fitted values. Of many rows and few epochs they would take a good part of the time of a fit: there
# they are computed when they are asked for, from the data of the fit.

#' The predictions of the training rows, in a fit that has its training data
#'
#' @return A matrix with a row per row that was fitted to, and a column per output.
#' @noRd
fitted_values <- function(fit, call = rlang::caller_env()) {
  later <- fit$on_demand
  if (is.null(later)) {
    return(fit$fitted)
  }
  if (is.null(later$fitted)) { # all copies of the fit have the same environment
    later$fitted <- fit_values(fit, call)
  }
  later$fitted
}

fit_values <- function(fit, call) {
  names <- setdiff(data_names, c("class_weights", "validation", "loss"))
  given <- if (fit$how$kind == "formula") list(formula = fit$how$formula) else list()
  input <- tryCatch(
    {
      found <- data_again(fit, given, globalenv(), call, names)
      input <- with_decimal_point(mold_again(fit, found, call))
      input$weights <- input$case_weights
      input$given <- found
      refuse_other_data(fit, input, call)
      input
    },
    pytwolayer_error_argument = function(cnd) abort_without_data(cnd, call)
  )
  columns <- to_core(input$columns$x)
  kind <- if (is.null(fit$levels)) "numeric" else "prob"
  found <- call_core("predict", fit$model, columns, kind, call = call, words = core_words(input))
  values <- matrix(read_doubles(found), ncol = length(predicted_names(fit)))
  omitted <- fit$na.action
  if (length(omitted)) values[-omitted, , drop = FALSE] else values
}

# As with_measured_rows().
with_measured_values <- function(fit, call) {
  problem <- tryCatch(
    {
      fitted_values(fit, call)
      NULL
    },
    pytwolayer_error = first_message_line
  )
  if (!is.null(problem)) {
    fit$on_demand <- NULL
  }
  list(fit = fit, problem = problem)
}

abort_without_data <- function(cnd, call) {
  rlang::abort(
    c(
      paste("The fitted values need the data of the fit:", first_message_line(cnd)),
      i = paste(
        "Of so many rows and few epochs they are computed when they are first asked for, from the",
        "data that the fit's call names, in the workspace."
      ),
      i = paste(
        "With `options(pytwolayer.fitted_rows = Inf)` before a fit they are computed with it;",
        "`fitted()` before saveRDS() keeps them too."
      )
    ),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = "object", call = call
  )
}

#' Whether fitted values can be computed later, as data and call are
#'
#' That is where the call names data in the workspace, whose values a formula does not compute with;
#' data of a function's own are gone when it is done. The core checks that they are still the same.
#'
#' @param frame Where the fit was called from.
#' @noRd
can_fit_values_later <- function(input, settings, matched, frame) {
  if (!is.null(input$source) || rows_of(input) <= getOption("pytwolayer.fitted_rows", 1e5)) {
    return(FALSE)
  }
  given <- as.list(matched)[-1]
  data <- given[intersect(names(given), c("data", "x", "y", "outcome"))]
  is_plain_fit(input, settings, matched) && names_only(input$how) &&
    all(vapply(data, is_in_workspace, NA, frame))
}

# One network, of all rows, each as much as the others, with one value for each outcome.
is_plain_fit <- function(input, settings, matched) {
  isTRUE(settings$n_models == 1) && !identical(settings$loss, "quantile") &&
    is.null(input$case_weights) && is.null(matched$subset)
}

# A table, or a formula of columns.
names_only <- function(how) {
  switch(how$kind,
    table = TRUE,
    formula = {
      variables <- c(as.list(attr(how$terms, "variables"))[-1], how$outcome)
      all(vapply(variables, is.symbol, NA)) && all(attr(how$terms, "order") == 1)
    },
    FALSE
  )
}

# A constant, a name of the global environment's, or a part of such an object.
is_in_workspace <- function(expression, frame) {
  if (is.symbol(expression)) {
    return(identical(home_of(as.character(expression), frame), globalenv()))
  }
  is_part <- is.call(expression) && length(expression) == 3 &&
    (is_call_of(expression, "$") || is_call_of(expression, "[[") && is.character(expression[[3]]))
  if (is_part) {
    return(is_in_workspace(expression[[2]], frame))
  }
  !is.language(expression) && !is.null(expression)
}

# The environment that a name has its value in, or NULL.
home_of <- function(name, frame) {
  while (!identical(frame, emptyenv())) {
    if (exists(name, envir = frame, inherits = FALSE)) {
      return(frame)
    }
    frame <- parent.env(frame)
  }
}
