# Effects without Python, in R's own arithmetic; see pytwolayer/explain/ for the core's. The
# derivative of a network with one hidden layer is a product of known matrices.

# The derivatives of `r_activations`.
r_activation_slopes <- list(
  relu = function(z) (z > 0) * 1,
  leaky_relu = function(z) ifelse(z > 0, 1, 0.01),
  elu = function(z) ifelse(z > 0, 1, exp(z)),
  silu = function(z) {
    share <- 1 / (1 + exp(-z))
    share * (1 + z * (1 - share))
  },
  gelu = function(z) stats::pnorm(z) + z * stats::dnorm(z),
  softplus = function(z) ifelse(z > 20, 1, 1 / (1 + exp(-z))),
  tanh = function(z) 1 - tanh(z)^2,
  sigmoid = function(z) {
    share <- 1 / (1 + exp(-z))
    share * (1 - share)
  },
  identity = function(z) z * 0 + 1
)

# From the derivative of the network's output, a matrix of rows and outputs for one input, to that
# of what the output stands for.
r_links <- list(
  identity = function(output, slopes) slopes,
  log = function(output, slopes) exp(output) * slopes,
  logit = function(output, slopes) stats::dlogis(output) * slopes,
  # Those of the sorted outputs; of equal ones, where they cross, the mean.
  quantile = function(output, slopes) {
    for (row in seq_len(nrow(output))) {
      order <- order(output[row, ])
      slopes[row, ] <- stats::ave(slopes[row, order], output[row, order])
    }
    slopes
  },
  softmax = function(output, slopes) {
    shares <- exp(output - output[cbind(seq_len(nrow(output)), max.col(output, "first"))])
    shares <- shares / rowSums(shares)
    shares * (slopes - rowSums(shares * slopes))
  }
)

r_link_of <- function(model, call) {
  outcome <- model$coding$outcome
  name <- if (outcome$kind == "classes") {
    "softmax"
  } else if (has_quantiles(model)) {
    "quantile"
  } else {
    outcome$link
  }
  if (is.null(name) || !name %in% names(r_links)) {
    loss <- quote_names(model$settings$loss)
    rlang::abort(
      sprintf("Fits with the loss %s cannot be explained.", loss),
      class = "pytwolayer_error", call = call
    )
  }
  r_links[[name]]
}

#' Average effects of columns, in R
#'
#' @param models Fits of one network each.
#' @param columns What [as_columns()] made of the rows.
#' @param places Those of the columns of interest.
#' @param steps For each `NULL`, or half the width of a difference.
#' @param weights Of the rows, or `NULL`.
#' @return What [averaged()] gives, with `place` and `contrast` of each effect.
#' @noRd
r_effects <- function(models, columns, places, steps, weights, call) {
  effects <- unlist(
    Map(r_effects_of_column, places, steps, list(models), list(columns), list(call)),
    recursive = FALSE
  )
  rows <- columns$rows
  outputs <- length(explained_names(models[[1]]))
  each <- lapply(models, function(model) r_row_effects(model, columns, effects, call))
  values <- array(unlist(each), c(rows, outputs, length(effects), length(models)))
  if (!is.null(columns$offset) && isTRUE(models[[1]]$coding$outcome$log)) {
    values <- values * exp(columns$offset)
  }
  c(
    averaged(values, weights, call),
    list(
      place = vapply(effects, `[[`, 1, "place"), contrast = vapply(effects, `[[`, "", "contrast")
    )
  )
}

r_effects_of_column <- function(place, step, models, columns, call) {
  levels <- joint_levels(models, place)
  if (length(levels)) {
    return(lapply(levels[-1], function(level) {
      list(
        place = place, contrast = paste(level, "-", levels[[1]]), ends = c(levels[[1]], level)
      )
    }))
  }
  inputs <- models[[1]]$coding$inputs
  column <- columns$columns[[r_match_columns(inputs, columns, call)[[place]]]]
  if (isTRUE(column$logical)) {
    return(list(list(place = place, contrast = "TRUE - FALSE", ends = c(0, 1))))
  }
  contrast <- if (is.null(step)) "derivative" else "difference"
  list(list(place = place, contrast = contrast, step = step))
}

# The levels that any of the models has in a column; `NULL` of numbers.
joint_levels <- function(models, place) {
  unique(unlist(lapply(models, function(model) model$coding$inputs$codings[[place]]$levels)))
}

# Each row's effects: an array of rows, outputs and effects, `NA` where the model cannot tell.
r_row_effects <- function(model, columns, effects, call) {
  coding <- model$coding$inputs
  read <- r_read_columns(coding, columns, call)
  complete <- Reduce(`&`, lapply(read, function(column) !is.na(column$values)))
  found <- array(NA_real_, c(columns$rows, length(explained_names(model)), length(effects)))
  rows <- which(complete)
  wide <- length(model$inputs) + nrow(model$weights[["0.weight"]])
  at_once <- max(1, max_block_cells %/% wide)
  for (start in seq(1, length.out = ceiling(length(rows) / at_once), by = at_once)) {
    block <- rows[seq(start, min(start + at_once - 1, length(rows)))]
    values <- lapply(read, function(column) column$values[block])
    encoded <- Map(r_encode, coding$codings, read, list(block), list(call))
    net <- list(
      model = model, values = values, encoded = encoded, rows = length(block), call = call,
      hidden = r_hidden_layer(model, encoded, length(block))
    )
    for (number in seq_along(effects)) {
      found[block, , number] <- r_effect(net, effects[[number]])
    }
  }
  found
}

r_effect <- function(net, effect) {
  if (!is.null(effect$ends)) {
    return(r_at(net, effect$place, effect$ends[[2]]) - r_at(net, effect$place, effect$ends[[1]]))
  }
  if (is.null(effect$step)) {
    return(r_derivative(net, effect$place))
  }
  values <- net$values[[effect$place]]
  above <- values + effect$step
  below <- values - effect$step
  (r_values(net, r_changed(net, effect$place, above)) -
    r_values(net, r_changed(net, effect$place, below))) / (above - below)
}

# The hidden layer with other values in a column, numbers or codes of levels.
r_changed <- function(net, place, values) {
  coding <- net$model$coding$inputs$codings[[place]]
  column <- list(values = rep_len(values, net$rows), label = "")
  encoded <- r_encode(coding, column, TRUE, net$call)
  net$hidden - r_contribution(net$model, place, net$encoded[[place]]) +
    r_contribution(net$model, place, encoded)
}

# What a column adds to the hidden layer.
r_contribution <- function(model, place, encoded) {
  codings <- model$coding$inputs$codings
  inputs <- r_places(codings)[[place]]
  weights <- model$weights[["0.weight"]]
  if (!is.null(codings[[place]]$levels)) {
    return(r_level_weights(weights, inputs, encoded))
  }
  tcrossprod(as.matrix(encoded), weights[, inputs, drop = FALSE])
}

r_at <- function(net, place, value) {
  levels <- net$model$coding$inputs$codings[[place]]$levels
  if (!is.null(levels)) {
    value <- match(value, levels)
    if (is.na(value)) {
      return(matrix(NA_real_, net$rows, length(explained_names(net$model))))
    }
  }
  r_values(net, r_changed(net, place, value))
}

# Predictions from the hidden layer, on the outcome's own scale.
r_values <- function(net, hidden) {
  outcome <- net$model$coding$outcome
  r_decode_output(outcome, r_output(net$model, hidden), explained_type(net$model), net$call)
}

r_output <- function(model, hidden) {
  active <- r_activations[[model$settings$activation]](hidden)
  tcrossprod(active, model$weights[["2.weight"]]) +
    rep(model$weights[["2.bias"]], each = nrow(hidden))
}

r_derivative <- function(net, place) {
  model <- net$model
  inputs <- r_places(model$coding$inputs$codings)[[place]]
  weights <- model$weights[["0.weight"]][, inputs, drop = FALSE]
  encoding <- r_slopes(model$coding$inputs$codings[[place]], net$values[[place]])
  inner <- r_activation_slopes[[model$settings$activation]](net$hidden) *
    tcrossprod(encoding, weights)
  slopes <- tcrossprod(inner, model$weights[["2.weight"]])
  outcome <- model$coding$outcome
  means <- seq_along(explained_names(model)) # other outputs are of the spread about them
  link <- r_link_of(model, net$call)
  found <- link(r_output(model, net$hidden)[, means, drop = FALSE], slopes[, means, drop = FALSE])
  if (outcome$kind == "classes") found else found * rep(outcome$scale, each = nrow(found))
}

#' The derivative of a column's encoding
#'
#' Where it has a kink, as at the ends of a piece, the mean of those to the left and to the right.
#'
#' @return A matrix with a row per value and a column per input.
#' @noRd
r_slopes <- function(coding, values) {
  if (is.null(coding$knots)) {
    return(as.matrix(r_standard_slope(values, coding$center, coding$scale, coding$limit)))
  }
  last <- length(coding$center)
  pieces <- lapply(seq_len(last), function(piece) {
    width <- coding$knots[[piece + 1]] - coding$knots[[piece]]
    share <- (values - coding$knots[[piece]]) / width
    inside <- rep(1, length(values))
    if (piece > 1) inside <- inside * ((share > 0) + (share >= 0)) / 2
    if (piece < last) inside <- inside * ((share < 1) + (share <= 1)) / 2
    share <- r_shares(coding$knots, piece, values)
    inside / width *
      r_standard_slope(share, coding$center[[piece]], coding$scale[[piece]], coding$limit)
  })
  matrix(unlist(pieces), length(values), last)
}

r_standard_slope <- function(values, center, scale, limit) {
  if (scale == 0) {
    return(numeric(length(values)))
  }
  size <- abs((values - center) / scale)
  inside <- if (is.null(limit)) 1 else ((size < limit) + (size <= limit)) / 2
  rep_len(inside / scale, length(values))
}

# Standard deviations of columns, and half the widths of differences: a share of the standard
# deviation. Without one a hundredth of that, or of a constant of its size.
r_widths_and_steps <- function(columns, weights, share) {
  widths <- vapply(columns, spread_of, 1, weights)
  sizes <- vapply(columns, function(values) max(abs(values), 1, na.rm = TRUE), 1)
  steps <- if (is.null(share)) 0.01 * ifelse(widths > 0, widths, sizes) else share * widths
  list(widths = widths, steps = steps)
}

# A variable that is never negative stays so: `log()` and `sqrt()` know no others.
r_difference_ends <- function(values, step, call) {
  below <- values - step
  if (all(values >= 0, na.rm = TRUE)) {
    below <- pmax(below, values / 2)
  }
  above <- values + step
  list(below = below, above = above, widths = above - below)
}

# What predictions, arrays of rows, outputs and models, differ by from the first ones: an array of
# rows, outputs, contrasts and models.
r_contrasts <- function(each, widths) {
  size <- dim(each[[1]])
  found <- vapply(each[-1], function(values) values - each[[1]], each[[1]])
  found <- aperm(array(found, c(size, length(each) - 1)), c(1, 2, 4, 3))
  if (is.null(widths)) found else found / widths
}

#' Averages over rows
#'
#' @param values An array of rows, outputs, effects and models, `NA` where a model cannot tell.
#' @return `each`: an array of outputs, effects and models, the weighted means; `spread`: a matrix
#'   of outputs and effects, the standard deviations over the rows of what the models say on
#'   average.
#' @noRd
averaged <- function(values, weights, call) {
  size <- dim(values)
  if (!size[[1]]) {
    abort_expected("new_data", "data with a row that can be predicted", "none", call)
  }
  own <- if (is.null(weights)) rep(1, size[[1]]) else weights
  flat <- matrix(values, size[[1]])
  each <- weighted_means(flat, own)
  rows <- array(values, c(prod(size[1:3]), size[[4]]))
  joint <- matrix(rowMeans(rows, na.rm = TRUE), size[[1]])
  means <- weighted_means(joint, own)
  if (length(means) && !any(is.finite(means))) {
    abort_expected("new_data", "data with a row that can be predicted", "data without one", call)
  }
  spread <- sqrt(weighted_means((joint - rep(means, each = size[[1]]))^2, own))
  list(each = array(each, size[-1]), spread = matrix(spread, size[[2]]))
}

# Of columns, without what is missing.
weighted_means <- function(columns, weights) {
  known <- !is.na(columns)
  columns[!known] <- 0
  total <- colSums(known * weights)
  ifelse(total > 0, colSums(columns * weights) / total, NA_real_)
}
