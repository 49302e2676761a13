#' Plot the losses of a two-layer network
#'
#' The loss against the epoch, with a logarithmic axis where it is above zero throughout;
#' the loss of the held-out rows where there are any, and the epoch whose weights the fit has. Or,
#' with `what = "tuning"`, what `"auto"` was chosen by: the held-out loss of each candidate against
#' its weight decay, with a line through the means over the folds for each encoding, and each
#' learning rate where there are several.
#'
#' In the latter the axis of the weight decay is logarithmic (0 has a place at its left), and that
#' of the loss where the losses are above 0 and far apart. The candidate that was chosen is marked,
#' and by a dotted line the weight decay that is taken where nothing is searched. Losses that are
#' not finite are triangles at the upper edge.
#'
#' `autoplot()` makes the same of ggplot2.
#'
#' @param x,object What [two_layer()] gave, with one network or several.
#' @param what `"history"`: the losses of the epochs, of several networks a line for each.
#'   `"tuning"`: those of the candidates; an error for a fit that searched nothing. `"network"`, of
#'   one network: its units and weights (solid lines positive, dashed ones negative, their size as
#'   the width; inputs are standardised), or with more than 20 units in a layer a map of the
#'   weights, from white, the most negative ones, to black, the most positive ones.
#' @param ... For `plot()` what [graphics::plot.default()] takes, with the losses of several
#'   networks [graphics::matplot()]: `log`, `type`, `xlab`, `ylab`, `main`, `col` (of the loss and
#'   of the held-out rows' loss; of the encodings) and others; for `autoplot()` not used.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, epochs = 600, hidden_units = 8, validation = 0.05, seed = 1)
#' plot(fit)
#' @examplesIf pytwolayer:::has_torch() && requireNamespace("ggplot2", quietly = TRUE)
#' ggplot2::autoplot(fit)
#' @export
plot.two_layer <- function(x, what = c("history", "tuning", "network"), ...) {
  switch(check_what(what, c("history", "tuning", "network")),
    history = plot_history(x, ...),
    tuning = plot_tuning(x, ...),
    network = plot_network(x, ...)
  )
  invisible(x)
}

#' @rdname plot.two_layer
#' @export
plot.two_layer_ensemble <- function(x, what = c("history", "tuning"), ...) {
  switch(check_what(what, c("history", "tuning")),
    history = plot_histories(x, ...),
    tuning = plot_tuning(x, ...)
  )
  invisible(x)
}

#' One of several words, the first where none was given
#'
#' @noRd
check_what <- function(what, choices, call = rlang::caller_env()) {
  if (identical(what, choices)) choices[[1]] else check_one_of("what", what, choices, call)
}

plot_history <- function(x, log = NULL, type = "l", xlab = "Epoch", ylab = "Loss",
                         main = "Loss", col = c("black", "#D55E00"), ...) {
  losses <- as.matrix(x$history[-1])
  if (is.null(log)) {
    log <- if (is_positive(losses)) "y" else ""
  }
  col <- rep_len(col, ncol(losses))
  finite <- losses[is.finite(losses)]
  limits <- if (length(finite)) range(finite)
  graphics::plot.default(
    x$history$epoch, losses[, 1],
    log = log, type = type, xlab = xlab, ylab = ylab, main = main, ylim = limits,
    col = col[[1]], ...
  )
  mark_losses(x, losses, type, col)
}

plot_histories <- function(x, log = NULL, type = "l", xlab = "Epoch", ylab = "Loss",
                           main = "Loss of each model", col = "#00000080", ...) {
  watched <- watched_loss(x$history)
  losses <- lapply(x$models, function(model) model$history[[watched]])
  longest <- max(lengths(losses))
  losses <- vapply(losses, `[`, double(longest), seq_len(longest))
  losses <- matrix(losses, nrow = longest)
  if (is.null(log)) {
    log <- if (is_positive(losses[!is.na(losses)])) "y" else ""
  }
  graphics::matplot(
    losses, log = log, type = type, lty = 1, xlab = xlab, ylab = ylab, main = main, col = col, ...
  )
}

is_positive <- function(losses) {
  length(losses) > 0 && all(is.finite(losses) & losses > 0)
}

mark_losses <- function(x, losses, type, col) {
  if (!is.null(x$best_epoch)) {
    graphics::abline(v = x$best_epoch, lty = 3)
  }
  if (ncol(losses) > 1) {
    graphics::lines(x$history$epoch, losses[, 2], type = type, col = col[[2]])
    name_losses(col)
  }
}

# Above the plot, where no line runs; without room there, on a ground of its own.
name_losses <- function(col) {
  names <- c("training", "validation")
  if (graphics::par("mar")[[3]] >= 2) {
    graphics::legend(
      "bottomright", names,
      col = col, lty = 1, bty = "n", horiz = TRUE, inset = c(0, 1), xpd = TRUE
    )
  } else {
    ground <- graphics::par("bg")
    graphics::legend(
      "topright", names,
      col = col, lty = 1, bg = if (ground == "transparent") "white" else ground
    )
  }
}

#' @rdname plot.two_layer
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer <- function(object, what = c("history", "tuning", "network"), ...) { # nolint
  check_dots(autoplot.two_layer, ...)
  switch(check_what(what, c("history", "tuning", "network")),
    history = autoplot_history(object),
    tuning = autoplot_tuning(object),
    network = autoplot_network(object)
  )
}

#' @rdname plot.two_layer
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer_ensemble <- function(object, what = c("history", "tuning"), ...) { # nolint
  check_dots(autoplot.two_layer_ensemble, ...)
  switch(check_what(what, c("history", "tuning")),
    history = autoplot_histories(object),
    tuning = autoplot_tuning(object)
  )
}

autoplot_history <- function(object) {
  history <- object$history
  losses <- as.matrix(history[-1])
  rows <- c(loss = "training", valid_loss = "validation")[colnames(losses)]
  long <- data.frame(
    epoch = rep(history$epoch, ncol(losses)),
    loss = as.vector(losses),
    rows = rep(unname(rows), each = nrow(losses))
  )
  plot <- ggplot2::ggplot(
    long, ggplot2::aes(x = .data$epoch, y = .data$loss, colour = .data$rows)
  ) +
    ggplot2::geom_line() +
    ggplot2::labs(x = "Epoch", y = "Loss", colour = NULL)
  if (!is.null(object$best_epoch)) {
    plot <- plot + ggplot2::geom_vline(xintercept = object$best_epoch, linetype = "dotted")
  }
  if (is_positive(losses)) plot + ggplot2::scale_y_log10() else plot
}

autoplot_histories <- function(object) {
  history <- object$history
  watched <- watched_loss(history)
  long <- data.frame(epoch = history$epoch, loss = history[[watched]], model = history$model)
  plot <- ggplot2::ggplot(
    long, ggplot2::aes(x = .data$epoch, y = .data$loss, group = .data$model)
  ) +
    ggplot2::geom_line(alpha = 0.5) +
    ggplot2::labs(x = "Epoch", y = if (watched == "loss") "Loss" else "Validation loss")
  if (is_positive(long$loss)) plot + ggplot2::scale_y_log10() else plot
}

# ggplot2 finds it in the data.
utils::globalVariables(".data")
