#' Plot the loss of a two-layer network
#'
#' The loss against the epoch, with a logarithmic axis where it is above zero throughout;
#' the loss of the held-out rows where there are any, and the epoch whose weights the fit has.
#' `autoplot()` makes the same of ggplot2.
#'
#' @param x,object What [two_layer()] gave.
#' @param log,type,xlab,ylab,main,... For `plot()`, passed to [graphics::plot.default()]; for
#'   `autoplot()` not used.
#' @param col Colours of the loss and of the held-out rows' loss.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, epochs = 100, validation = 0.2, seed = 1)
#' plot(fit)
#' @examplesIf pytwolayer:::has_torch() && requireNamespace("ggplot2", quietly = TRUE)
#' ggplot2::autoplot(fit)
#' @export
plot.two_layer <- function(x, log = NULL, type = "l", xlab = "Epoch", ylab = "Loss",
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
  invisible(x)
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
autoplot.two_layer <- function(object, ...) { # nolint: object_name_linter.
  check_dots(autoplot.two_layer, ...)
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

# ggplot2 finds it in the data.
utils::globalVariables(".data")
