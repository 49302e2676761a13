# Prediction without Python, in R's own arithmetic: `predict(engine = "r")`. It takes what the core
# takes, with the same errors and warnings in the same order, and gives the same numbers but for the
# last digits: the core computes in single precision, this engine in double. The core's way is in
# pytwolayer/preprocessing/ (encoder, table, outcome) and pytwolayer/models/two_layer.py.

max_block_cells <- 4e6 # inputs and hidden units of a block of rows: 32 MB

#' Predict in R
#'
#' @param columns What [as_columns()] made of the new data.
#' @param type "numeric", "quantile", "prob", "raw", or "class" for the classes' numbers from 1.
#' @return A matrix of doubles with a row per row of the new data and a column per outcome or class,
#'   one for `"class"`; `NA` in rows where a predictor is missing.
#' @noRd
r_predictions <- function(object, columns, type, call) {
  if (!is.null(columns$matrix)) {
    return(r_predictions_of_matrix(object, columns, type, call))
  }
  coding <- object$coding
  read <- r_read_columns(coding$inputs, columns, call)
  complete <- rep(TRUE, columns$rows)
  for (column in read) {
    complete <- complete & !is.na(column$values)
  }
  encoded <- Map(r_encode, coding$inputs$codings, read, list(complete), list(call))
  output <- r_forward(object, encoded, sum(complete))
  found <- r_decode_output(coding$outcome, output, type, call)
  values <- matrix(NA_real_, columns$rows, ncol(found))
  values[complete, ] <- found
  values <- r_add_offset(object, values, columns, type, call)
  if (type == "sd" && coding$outcome$theta) {
    values <- r_sd_of_counts(object, values)
  }
  values
}

r_sd_of_counts <- function(object, means) {
  sqrt(means + means^2 / rep(theta_of(object), each = nrow(means)))
}

# In blocks of rows, so that a sparse matrix is never dense as a whole.
r_predictions_of_matrix <- function(object, columns, type, call, most_cells = max_block_cells) {
  table <- columns$matrix
  places <- r_match_columns(object$coding$inputs, columns, call)
  labels <- if (is.null(columns$names)) seq_along(places) else names(table)[places]
  for (number in seq_along(places)) {
    values <- matrix_column(table, places[[number]])
    refuse_infinite_values("new_data", values, labels[[number]], length(values), call)
  }
  at_once <- max(1, most_cells %/% ncol(table))
  starts <- seq(1, max(1, columns$rows), by = at_once)
  do.call(rbind, lapply(starts, function(start) {
    rows <- seq_len(min(at_once, columns$rows - start + 1)) + start - 1
    block <- as_columns("new_data", matrix_frame(table, rows), call)
    r_predictions(object, block, type, call)
  }))
}

#' The network's inputs, for `model.matrix()`
#'
#' @return A matrix with a row per row and a column per input, of which a level has one.
#' @noRd
r_inputs <- function(object, columns, call) {
  coding <- object$coding$inputs
  read <- r_read_columns(coding, columns, call)
  places <- r_places(coding$codings)
  # One matrix that is filled: many levels make it large.
  inputs <- matrix(0, columns$rows, length(unlist(places)))
  for (number in seq_along(places)) {
    place <- places[[number]]
    values <- r_encode(coding$codings[[number]], read[[number]], TRUE, call)
    if (is.null(coding$codings[[number]]$levels)) {
      inputs[, place] <- values
    } else {
      known <- which(!is.na(values))
      inputs[cbind(known, place[values[known]])] <- 1
      inputs[is.na(values), place] <- NA
    }
  }
  inputs
}

# For each column the numbers of its inputs.
r_places <- function(codings) {
  widths <- vapply(codings, coding_width, 1L)
  Map(function(end, width) end - width + seq_len(width), cumsum(widths), widths)
}

#' Read the columns that training had, in its order
#'
#' @param inputs The fit's `coding$inputs`: `names` of the columns, or `NULL`, and their `codings`.
#' @return For each column a list of `label` (name or position), `kind` ("number", "logical",
#'   "factor", "text" or "missing") and `values`: doubles, or the codes of training's levels.
#' @noRd
r_read_columns <- function(inputs, columns, call) {
  if (!length(columns$columns)) {
    received <- sprintf("data of shape (%d, 0)", columns$rows)
    abort_expected("new_data", "a table of at least one row and one column", received, call)
  }
  place <- r_match_columns(inputs, columns, call)
  labels <- if (is.null(columns$names)) seq_along(place) else unlist(columns$names)[place]
  read <- Map(r_read_column, columns$columns[place], labels, list(call))
  Map(r_recode_column, inputs$codings, unname(read), list(call))
}

# Positions of training's columns in the new data: by name where both have names, else by position.
r_match_columns <- function(inputs, columns, call) {
  if (is.null(inputs$names) || is.null(columns$names)) {
    number <- length(inputs$codings)
    given <- if (is.null(columns$matrix)) length(columns$columns) else ncol(columns$matrix)
    if (given != number) {
      received <- sprintf("one of %d", given)
      abort_expected("new_data", sprintf("a table of %d columns", number), received, call)
    }
    return(seq_len(number))
  }
  require_names("new_data", inputs$names, unlist(columns$names), every_column, call)
  match(inputs$names, unlist(columns$names))
}

every_column <- "a table with every column seen in training"

r_read_column <- function(column, label, call) {
  values <- as.double(column$values)
  levels <- unlist(column$levels)
  kind <- if (!is.null(column$levels)) {
    if (column$text) "text" else "factor"
  } else if (column$logical) {
    "logical"
  } else {
    refuse_infinite_values("new_data", values, label, length(values), call)
    "number"
  }
  kind <- if (all(is.na(values))) "missing" else kind
  list(label = label, kind = kind, values = values, levels = levels)
}

r_recode_column <- function(coding, column, call) {
  if (column$kind == "missing") {
    return(column)
  }
  has_levels <- column$kind %in% c("factor", "text")
  if (has_levels == is.null(coding$levels)) {
    abort_other_kind("new_data", column$kind, column$label, call)
  }
  if (has_levels) r_recode_levels(coding, column) else column
}

# From the codes of the column's own levels to those of training's. Others become missing; the
# warning names them in the order of a factor's levels, or sorted as bytes for text.
r_recode_levels <- function(coding, column) {
  codes <- match(column$levels, coding$levels)[column$values]
  unseen <- column$levels[sort(unique(column$values[is.na(codes)]))]
  if (length(unseen)) {
    if (column$kind == "text") {
      unseen <- sort(unseen, method = "radix")
    }
    warn_of_levels(unseen, column$label)
  }
  column$values <- codes
  column
}

#' Encode a column
#'
#' @param complete Which rows to take: logicals, or `TRUE`.
#' @return For these rows a vector of the codes of levels, or standardised and clipped numbers,
#'   rounded to single precision: a vector, or a matrix with a column per piece. What was
#'   constant in training (`scale` 0) gives zeros.
#' @noRd
r_encode <- function(coding, column, complete, call) {
  values <- column$values[complete]
  if (!is.null(coding$levels)) {
    return(as.integer(values))
  }
  standardized <- if (is.null(coding$knots)) {
    r_standardize(values, coding$center, coding$scale, coding$limit)
  } else {
    pieces <- lapply(seq_along(coding$center), function(piece) {
      shares <- r_shares(coding$knots, piece, values)
      r_standardize(shares, coding$center[[piece]], coding$scale[[piece]], coding$limit)
    })
    matrix(unlist(pieces), length(values), length(pieces))
  }
  if (!all(is.finite(standardized))) {
    largest <- with_decimal_point(sprintf("%.3g", max(abs(values))))
    received <- paste0(largest, in_column(column$label))
    abort_expected("new_data", "numbers of the size seen in training", received, call)
  }
  standardized
}

r_standardize <- function(values, center, scale, limit) {
  if (scale == 0) {
    return(numeric(length(values)))
  }
  standardized <- (values - center) / scale
  if (!is.null(limit)) {
    # pmin() and pmax() would take most of the time of a prediction of one row.
    standardized[standardized < -limit] <- -limit
    standardized[standardized > limit] <- limit
  }
  round_to_float32(standardized)
}

# The share of a piece that lies below each value. The first piece goes on to all smaller numbers,
# the last one to all larger numbers.
r_shares <- function(knots, piece, values) {
  shares <- (values - knots[[piece]]) / (knots[[piece + 1]] - knots[[piece]])
  if (piece > 1) {
    shares <- pmax(shares, 0)
  }
  if (piece < length(knots) - 1) pmin(shares, 1) else shares
}

# The core's inputs are in single precision. Rounded the same way, values far from the mean become
# infinite here too and are refused.
round_to_float32 <- function(values) {
  readBin(writeBin(values, raw(), size = 4), "double", length(values), size = 4)
}

#' The forward pass
#'
#' In blocks of rows, so that the hidden layer of many rows does not fill the memory.
#'
#' @param encoded A vector or a matrix per column, see [r_encode()].
#' @param rows Their number of rows.
#' @return A matrix with a row per row and a column per output of the network.
#' @noRd
r_forward <- function(object, encoded, rows) {
  weights <- object$weights
  activation <- r_activations[[object$settings$activation]]
  wide <- sum(vapply(encoded, NCOL, 1L)) + nrow(weights[["0.weight"]])
  step <- max(1, floor(max_block_cells / wide))
  output <- matrix(0, rows, length(object$outputs))
  for (start in seq(1, length.out = ceiling(rows / step), by = step)) {
    block <- seq(start, min(start + step - 1, rows))
    some <- lapply(encoded, function(part) {
      if (is.matrix(part)) part[block, , drop = FALSE] else part[block]
    })
    hidden <- activation(r_hidden_layer(object, some, length(block)))
    output[block, ] <- tcrossprod(hidden, weights[["2.weight"]]) +
      rep(weights[["2.bias"]], each = length(block))
  }
  output
}

# The hidden layer before its activation: a matrix with a column per unit. A factor's inputs are 1
# for the row's level, else 0: their product is that level's weights, without a matrix of them.
r_hidden_layer <- function(object, encoded, rows) {
  weights <- object$weights[["0.weight"]]
  codings <- object$coding$inputs$codings
  places <- r_places(codings)
  numbers <- vapply(codings, function(coding) is.null(coding$levels), NA)
  hidden <- matrix(rep(object$weights[["0.bias"]], each = rows), rows)
  if (any(numbers)) {
    inputs <- matrix(unlist(encoded[numbers]), rows)
    hidden <- hidden + tcrossprod(inputs, weights[, unlist(places[numbers]), drop = FALSE])
  }
  for (column in which(!numbers)) {
    hidden <- hidden + r_level_weights(weights, places[[column]], encoded[[column]])
  }
  hidden
}

# For each row the weights of its level. The smaller of the two matrices is transposed.
r_level_weights <- function(weights, place, codes) {
  if (length(codes) < length(place)) {
    return(t(weights[, place[codes], drop = FALSE]))
  }
  t(weights[, place, drop = FALSE])[codes, , drop = FALSE]
}

# With PyTorch's default parameters.
r_activations <- list(
  relu = function(z) z * (z > 0),
  leaky_relu = function(z) z * ifelse(z > 0, 1, 0.01),
  elu = function(z) ifelse(z > 0, z, expm1(z)),
  silu = function(z) z / (1 + exp(-z)),
  gelu = function(z) z * stats::pnorm(z),
  softplus = function(z) ifelse(z > 20, z, log1p(exp(z))),
  tanh = function(z) tanh(z),
  sigmoid = function(z) 1 / (1 + exp(-z)),
  identity = function(z) z
)

# From the network's output to the predictions of a type. For probabilities the largest output is
# subtracted first, so that exp() does not overflow.
r_decode_output <- function(outcome, output, type, call) {
  switch(type,
    raw = output,
    class = matrix(as.double(max.col(output, ties.method = "first")), ncol = 1),
    prob = {
      shares <- exp(output - output[cbind(seq_len(nrow(output)), max.col(output, "first"))])
      shares / rowSums(shares)
    },
    numeric = ,
    sd = ,
    quantile = {
      if (has_spread(outcome)) {
        means <- seq_along(outcome$center)
        if (type == "sd" && outcome$sd) {
          log_sd <- pmax(output[, -means, drop = FALSE], log(1e-3))
          return(exp(log_sd) * rep(outcome$scale, each = nrow(output)))
        }
        output <- output[, means, drop = FALSE]
      }
      if (!is.null(outcome$quantile_levels)) {
        output <- r_sorted(output)
        if (type == "numeric") {
          output <- output[, which.min(abs(outcome$quantile_levels - 0.5)), drop = FALSE]
        }
      }
      values <- r_inverse_link(outcome, output)
      values <- values * rep(outcome$scale, each = nrow(output)) +
        rep(outcome$center, each = nrow(output))
      if (!all(is.finite(values))) {
        expected <- "close enough to the training data that its predictions are finite"
        abort_expected("new_data", expected, "further away from it", call)
      }
      values
    }
  )
}

r_inverse_link <- function(outcome, output) {
  if (isTRUE(outcome$logit)) {
    output[] <- stats::plogis(output) # which forgets the dimensions where there are no rows
    output
  } else if (outcome$log) {
    exp(output)
  } else {
    output
  }
}

# The quantiles of each row in ascending order.
r_sorted <- function(output) {
  crossing <- which(rowSums(output[, -1, drop = FALSE] < output[, -ncol(output), drop = FALSE]) > 0)
  output[crossing, ] <- t(apply(output[crossing, , drop = FALSE], 1, sort))
  output
}
