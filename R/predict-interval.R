# Prediction intervals: the calibration that a fit keeps, and the intervals where no Python is.
# pytwolayer/preprocessing/calibration.py has what they are, and does the same.

calibration_kinds <- c("held-out", "folds", "unseen")

#' Read the calibration of a file
#'
#' @return `NULL`, or a list of `kind`, `rows`, and `scores`, a vector for each outcome or pair of
#'   quantiles; where these are in predicted standard deviations also `unit`, which is "sd".
#' @noRd
read_calibration <- function(saved, outcome) {
  if (is.null(saved)) {
    return(NULL)
  }
  entries <- c("kind", "rows", "scores", if (!is.null(saved$unit)) "unit")
  refuse_others("entries in its calibration", as_object(saved), entries)
  scores <- lapply(as_list(saved$scores), function(each) {
    vapply(as_list(each), function(score) if (is.null(score)) Inf else as_number(score), 1)
  })
  rows <- as_count("rows", saved$rows, most = 2^53)
  lengths <- unique(lengths(scores))
  is_whole <- length(lengths) == 1 && lengths > 0 && lengths <= rows
  if (!is_whole || any(vapply(scores, is.unsorted, NA))) {
    refuse("its calibration has the wrong number of scores, or they do not ascend")
  }
  refuse_if(length(scores) != sets_of(outcome), "its calibration does not fit its outcome")
  kind <- as_one_of("kind", saved$kind, calibration_kinds)
  unit <- if (!is.null(saved$unit)) as_one_of("unit", saved$unit, "sd")
  c(list(kind = kind, rows = rows, scores = scores), if (!is.null(unit)) list(unit = unit))
}

# How many scores a row has: one for each outcome, or pair of quantiles.
sets_of <- function(outcome) {
  if (!is.null(outcome$quantile_levels)) {
    return((length(outcome$quantile_levels) + 1) %/% 2)
  }
  if (has_intervals(outcome)) length(outcome$center) else 0
}

has_intervals <- function(outcome) {
  outcome$kind == "numbers" && isTRUE(outcome$link %in% c("identity", "log", "quantile"))
}

refuse_without_intervals <- function(object, call) {
  outcome <- object$coding$outcome
  expected <- if (!has_intervals(outcome)) {
    "another kind of prediction for this outcome, since prediction intervals are of numbers"
  } else if (outcome$log && isTRUE(object$offset)) {
    "another kind of prediction where a loss with a logarithmic link has an offset"
  } else if (is.null(object$calibration)) {
    paste(
      "another kind of prediction for this fit, which set no rows aside to calibrate intervals by:",
      "fit with `validation = 0.2`, or with `weight_decay = \"auto\"`, which searches unless there",
      "are few rows or epochs (of several networks also with `bootstrap = TRUE`)"
    )
  }
  if (!is.null(expected)) {
    abort_expected("type", expected, "\"pred_int\"", call)
  }
}

#' Prediction intervals in R
#'
#' @param models The networks.
#' @return A matrix with a row per row of the new data; the lower ends come first.
#' @noRd
r_prediction_intervals <- function(object, models, columns, level, call) {
  bases <- r_of_models(models, columns, call, r_base_intervals, columns, call)
  of_models <- lapply(c(lower = "lower", upper = "upper", sd = "sd"), function(side) {
    lapply(bases, `[[`, side)
  })
  base <- lapply(of_models[c("lower", "upper")], r_mean_of_models)
  outcome <- object$coding$outcome
  sets <- seq_len(ncol(base$lower))
  levels <- outcome$quantile_levels
  if (!is.null(levels)) {
    sets <- which.min(abs(rev(levels)[sets] - levels[sets] - level))
    base <- lapply(base, function(ends) ends[, sets, drop = FALSE])
  }
  calibration <- object$calibration
  scores <- vapply(calibration$scores[sets], score_at, 1, level)
  units <- if (is.null(calibration$unit)) {
    r_units(models[[1]]$settings$loss, base$lower)
  } else {
    pmax(r_sd_of_mixture(of_models$lower, of_models$sd), .Machine$double.xmin)
  }
  wider <- rep(scores, each = nrow(base$lower)) * units
  lower <- base$lower - wider
  upper <- base$upper + wider
  crossed <- which(lower > upper)
  lower[crossed] <- upper[crossed] <- ((base$lower + base$upper) / 2)[crossed]
  if (isTRUE(outcome$theta) && !is.null(calibration$unit)) {
    lower <- ceiling(lower - r_beyond(lower))
    upper <- floor(upper + r_beyond(upper))
    none <- which(lower > upper)
    lower[none] <- upper[none] <- round(base$lower[none])
  }
  if (outcome$log) {
    lower <- pmax(lower, 0)
  }
  first <- models[[1]]
  cbind(
    r_add_offset(first, lower, columns, "numeric", call),
    r_add_offset(first, upper, columns, "numeric", call)
  )
}

r_beyond <- function(ends) 1e-5 * pmax(abs(ends), 1)

# A pair of quantiles, or twice the prediction, for each set of scores; and the standard deviations
# where they are predicted.
r_base_intervals <- function(model, columns, call) {
  outcome <- model$coding$outcome
  raw <- r_predictions(model, columns, "raw", call)
  type <- if (is.null(outcome$quantile_levels)) "numeric" else "quantile"
  complete <- !is.na(raw[, 1])
  found <- r_decode_output(outcome, raw[complete, , drop = FALSE], type, call)
  values <- matrix(NA_real_, nrow(raw), ncol(found))
  values[complete, ] <- found
  sets <- seq_len(sets_of(outcome))
  opposite <- if (type == "quantile") rev(seq_len(ncol(values)))[sets] else sets
  ends <- list(lower = values[, sets, drop = FALSE], upper = values[, opposite, drop = FALSE])
  if (has_spread(outcome)) {
    ends$sd <- values
    ends$sd[complete, ] <- r_decode_output(outcome, raw[complete, , drop = FALSE], "sd", call)
    if (outcome$theta) {
      ends$sd <- r_sd_of_counts(model, ends$sd)
    }
  }
  ends
}

# A row's unit, by which its score was divided.
r_units <- function(loss, predictions) {
  unit <- switch(loss,
    poisson = sqrt(predictions),
    gamma = abs(predictions),
    return(1)
  )
  pmax(unit, .Machine$double.xmin)
}

score_at <- function(scores, level) {
  rank <- ceiling((length(scores) + 1) * level - 1e-9)
  if (rank <= length(scores)) {
    return(scores[[rank]])
  }
  least <- format(ceiling(level / (1 - level) - 1e-9), big.mark = ",", scientific = FALSE)
  raise_warning("PytwolayerWarning", sprintf(
    paste(
      "The prediction intervals are infinite: a level of %s takes %s rows or more to calibrate",
      "them by, and there were %d."
    ),
    format(level, digits = 6), least, length(scores)
  ))
  Inf
}
