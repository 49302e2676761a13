#' The chapter's losses
#'
#' Trains the network of the book chapter that this package grew out of, and
#' gives the loss of every step: standard normal data, a hidden layer of ReLU
#' units, squared error, plain gradient descent. The 500 losses of the default
#' call are, at 3 significant digits, those that the chapter prints.
#'
#' @param steps Number of updates.
#' @param learning_rate Step size of plain gradient descent.
#' @param ... Must be empty.
#' @param n,d_in,hidden_units,d_out Batch size, inputs, hidden units and
#'   outputs: the chapter's N, D_in, H and D_out.
#' @param loss `"mse"` (squared error, the chapter's), `"mae"` or `"huber"`.
#' @param reduction How the loss is summed over all `n * d_out` elements:
#'   `"sum"` as in the chapter, `"mean"`, or the chapter's old name of the
#'   latter, `"elementwise_mean"`.
#' @param device Where to compute, see [select_device()].
#' @param seed Seed of data and initial weights.
#' @return A data frame with columns `iter` (integer: 1, 2, ...) and `loss`
#'   (double, before that step's update).
#' @examplesIf pytwolayer:::has_torch()
#' losses <- chapter_losses(steps = 100)
#' plot(loss ~ iter, losses, type = "l", log = "y")
#' @export
chapter_losses <- function(steps = 500, learning_rate = 1e-4, ..., n = 64, d_in = 1000,
                           hidden_units = 100, d_out = 10, loss = "mse", reduction = "sum",
                           device = "cpu", seed = 0) {
  check_dots(chapter_losses, ...)
  settings <- check_settings(list(
    steps = steps, learning_rate = learning_rate, n = n, d_in = d_in,
    hidden_units = hidden_units, d_out = d_out, loss = loss, reduction = reduction,
    device = device, seed = seed
  ))
  loss_table("iter", call_core("chapter_losses", settings))
}

loss_table <- function(time, losses) {
  losses <- read_doubles(losses)
  stats::setNames(data.frame(seq_along(losses), losses), c(time, "loss"))
}
