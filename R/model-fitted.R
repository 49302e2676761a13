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
  input <- tryCatch(
    {
      data <- fit$on_demand$data
      given <- Map(evaluate_again, data, names(data), list(globalenv()), list(call))
      given$formula <- if (fit$how$kind == "formula") fit$how$formula
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

#' The data in the workspace that fitted values can be computed from later
#'
#' That is where the call names such data, whose values a formula does not compute with; data of a
#' function's own are gone when it is done. The core checks later that they are still the same.
#'
#' @param written The call, as it is written.
#' @param frame Where the fit was called from.
#' @return Of each argument that is data an expression for the global environment; or `NULL`.
#' @noRd
workspace_data <- function(input, settings, written, frame) {
  if (!is.null(input$source) || rows_of(input) <= getOption("pytwolayer.fitted_rows", 2e4)) {
    return(NULL)
  }
  given <- as.list(written)[-1]
  given <- given[intersect(names(given), c("data", "x", "y", "outcome"))]
  data <- lapply(given, in_workspace, frame)
  can_wait <- is_plain_fit(input, settings, written) && names_only(input$how) &&
    !any(vapply(data, is.null, NA))
  if (can_wait) data
}

# One network, of all rows, each as much as the others, with one value for each outcome.
is_plain_fit <- function(input, settings, written) {
  isTRUE(settings$n_models == 1) && !identical(settings$loss, "quantile") &&
    is.null(input$case_weights) && is.null(written$subset)
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

# An expression for the global environment: a constant, a name there, or a part of such an object;
# NULL if it is none.
in_workspace <- function(expression, frame) {
  if (is.symbol(expression)) {
    return(workspace_name(expression, frame))
  }
  is_part <- is.call(expression) && length(expression) == 3 &&
    (is_call_of(expression, "$") || is_call_of(expression, "[[") && is.character(expression[[3]]))
  if (is_part) {
    whole <- in_workspace(expression[[2]], frame)
    return(if (is.language(whole)) as.call(list(expression[[1]], whole, expression[[3]])))
  }
  if (!is.language(expression)) expression
}

# The argument of a function is what the function was given, also among its dots.
workspace_name <- function(name, frame) {
  text <- as.character(name)
  is_dot <- grepl("^[.][.][0-9]+$", text)
  home <- home_of(if (is_dot) "..." else text, frame)
  if (identical(home, globalenv())) {
    return(name)
  }
  place <- Position(function(running) identical(running, home), sys.frames(), right = TRUE)
  given <- if (is_dot && !is.na(place)) {
    dots <- do.call(substitute, list(quote(list(...)), home))
    dots[[1 + as.integer(substring(text, 3))]]
  } else if (!is.na(place) && is_given(text, sys.function(place), home)) {
    do.call(substitute, list(name, home)) # of one that was changed a value
  }
  if (is.language(given)) in_workspace(given, caller_frame(home))
}

is_given <- function(name, fun, frame) {
  name %in% names(formals(fun)) && !eval(call("missing", as.name(name)), frame)
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
