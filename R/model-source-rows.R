# The training rows of a fit to a table that Python reads: R keeps none of them, and where fitted
# values or measures are asked for, Python reads and predicts them once more.

#' A fit with what R needs of its training rows
#'
#' @param argument What the generic calls the fit.
#' @param env Where it was asked for.
#' @return The fit. If it is of a table that Python reads, with `fitted`, `outcomes`,
#'   `case_weights` and so on, as a fit to the same table in R has them.
#' @noRd
with_training_rows <- function(fit, argument, env, call) {
  if (is_loaded(fit) && has_source(fit)) {
    return(read_training_rows(fit, argument, env, call))
  }
  require_training_data(fit, argument, call)
  fit
}

# The same for measures, which a fit may be without: a list of `fit`, and of the `problem` if its
# rows cannot be read again.
with_measured_rows <- function(fit, env, call) {
  if (!is.null(fit$on_demand)) {
    return(with_measured_values(fit, call))
  }
  if (!is_loaded(fit) || !has_source(fit)) {
    return(list(fit = fit))
  }
  tryCatch(
    list(fit = fill_training_rows(fit, rows_from_source(fit, env, call))),
    pytwolayer_error = function(cnd) list(fit = fit, problem = first_message_line(cnd))
  )
}

# The networks of an ensemble have no call.
has_source <- function(fit) !is.null(fit$how$source) && !is.null(fit$call)

read_training_rows <- function(fit, argument, env, call) {
  found <- tryCatch(
    rows_from_source(fit, env, call),
    pytwolayer_error_argument = function(cnd) {
      problem <- sprintf("`%s` is a fit whose training rows cannot be read again: ", argument)
      rlang::abort(
        paste0(problem, first_message_line(cnd)),
        class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = argument, call = call
      )
    }
  )
  fill_training_rows(fit, found)
}

# With what Python sent of them.
fill_training_rows <- function(fit, found) {
  omitted <- read_doubles(found$omitted)
  fit$fitted <- matrix(read_doubles(found$fitted), ncol = length(predicted_names(fit)))
  if (has_quantiles(fit)) {
    fit$fitted_quantiles <- matrix(read_doubles(found$quantiles), ncol = length(fit$outputs))
  }
  fit$outcomes <- outcomes_from_source(fit, found, omitted)
  fit$case_weights <- if (!is.null(found$weights)) read_doubles(found$weights)
  if (length(omitted)) {
    fit$na.action <- structure(as.integer(omitted), names = as.character(omitted), class = "omit")
  }
  fit
}

rows_from_source <- function(fit, env, call) {
  place <- if (fit$how$kind == "formula") "data" else "x"
  given <- list()
  given[[place]] <- fit$how$paths
  if (fit$how$kind == "formula") {
    given$formula <- fit$how$formula
  }
  needed <- setdiff(data_names, c("class_weights", "validation", "loss"))
  found <- data_again(fit, given, env, call, needed)
  on.exit(lapply(found, close_source))
  input <- with_decimal_point(mold_again(fit, found, call))
  weights <- unnamed_weights(found$case_weights, input)
  call_core(
    "training_rows", fit$model, inherits(fit, "two_layer_ensemble"), to_core(input$columns$x),
    as_weights(weights, call), resolve_weight_type(weights, found$weight_type, call),
    call = call, words = core_words(input)
  )
}

outcomes_from_source <- function(fit, found, omitted) {
  columns <- Map(function(bytes, levels, ptype) {
    values <- read_doubles(bytes)
    if (is.logical(ptype)) {
      values == 1
    } else if (length(levels)) {
      factor(unlist(levels)[values + 1], levels = fit$levels, ordered = is.ordered(ptype))
    } else {
      values
    }
  }, found$outcomes, found$levels, as.list(fit$outcomes))
  rows <- length(columns[[1]])
  table <- new_data_frame(stats::setNames(columns, names(fit$outcomes)), rows)
  structure(table, row.names = setdiff(seq_len(rows + length(omitted)), omitted))
}
