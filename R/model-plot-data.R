# What the figures of predictions show: the core's numbers and words, of rows in R or in a file.

number_figures <- c("predictions", "residuals")
share_figures <- c("confusion", "reliability")

#' The figures that there are for the predictions of a fit
#'
#' @noRd
figures_of <- function(x) {
  if (!is.null(x$levels) || has_labels(x)) {
    share_figures
  } else {
    c(number_figures, if (has_trials(x)) "reliability")
  }
}

refuse_other_figure <- function(x, what, call) {
  has <- figures_of(x)
  if (!what %in% has) {
    kind <- if (has_labels(x)) "labels" else if (is.null(x$levels)) "numbers" else "classes"
    expected <- sprintf("one of %s for a fit of %s", quote_names(has), kind)
    abort_expected("what", expected, quote_names(what), call)
  }
}

#' What a figure shows
#'
#' @param argument What the generic calls the fit.
#' @param env Where it was called.
#' @return A list of `title`, the axes' labels `across` and `up`, and `panels`: lists of `name`,
#'   `words`, and vectors and matrices of numbers.
#' @noRd
figure_data <- function(x, what, new_data, y, case_weights, env, call) {
  refuse_other_figure(x, what, call)
  several <- inherits(x, "two_layer_ensemble")
  if (is.null(new_data) && is.null(y)) {
    if (!is.null(case_weights)) {
      abort_expected("case_weights", "left out without `new_data`", "given", call)
    }
    found <- training_figure(x, what, several, env, call)
  } else {
    sent <- send_shown(x, new_data, y, case_weights, env, call)
    found <- call_core(
      "figure", x$model, several, what, sent$x, sent$y, sent$weights,
      call = call, words = judged_words
    )
  }
  found$panels <- lapply(found$panels, read_panel)
  found
}

training_figure <- function(x, what, several, env, call) {
  if (is_loaded(x) && !has_source(x)) {
    expected <- "given, since the fit has no training data (one of a file, or of several networks)"
    abort_expected("new_data", expected, "missing", call)
  }
  x <- with_training_rows(x, "x", env, call)
  weights <- x$case_weights
  if (has_trials(x)) {
    weights <- number_of_trials(x) * if (is.null(weights)) 1 else weights
  }
  call_core(
    "figure_of_training", x$model, several, what, as_bytes(outcome_matrix(x)),
    as_bytes(fitted_values(x, call)), if (!is.null(weights)) as_bytes(weights),
    call = call
  )
}

send_shown <- function(x, new_data, y, case_weights, env, call) {
  if (is.null(new_data)) {
    abort_expected("new_data", "given where `y` is", "missing", call)
  }
  new_data <- frame_if_needed(x, new_data, "python")
  if (is_source(new_data)) {
    return(send_judged_source(x, new_data, y, case_weights, call))
  }
  send_judged(x, judged_rows(x, new_data, y, case_weights, env, call), call)
}

# Matrices have a row for each class.
read_panel <- function(panel) {
  is_sent <- vapply(panel, is.raw, NA)
  panel[is_sent] <- lapply(panel[is_sent], read_doubles)
  panel$classes <- as.character(unlist(panel$classes))
  if (length(panel$classes)) {
    number <- length(panel$classes)
    panel$counts <- matrix(panel$counts, number)
    panel$shares <- matrix(panel$shares, number)
    panel$cells <- as.character(unlist(panel$cells)) # row by row
  }
  panel
}
