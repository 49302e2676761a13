#' Plot the loss of a two-layer network
#'
#' The loss against the epoch, with a logarithmic axis where it is above zero
#' throughout.
#'
#' @param x What [two_layer()] gave.
#' @param log,type,xlab,ylab,main,... Passed to [graphics::plot.default()].
#' @return `x`, invisibly.
#' @examplesIf pytwolayer:::has_torch()
#' plot(two_layer(mtcars[-1], mtcars$mpg, epochs = 200, seed = 1))
#' @export
plot.two_layer <- function(x, log = NULL, type = "l", xlab = "Epoch", ylab = "Loss",
                           main = "Training loss", ...) {
  loss <- x$history$loss
  if (is.null(log)) {
    log <- if (all(is.finite(loss) & loss > 0)) "y" else ""
  }
  graphics::plot.default(
    x$history$epoch, loss,
    log = log, type = type, xlab = xlab, ylab = ylab, main = main, ...
  )
  invisible(x)
}
