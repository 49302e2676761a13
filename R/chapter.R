#' The losses of the book chapter's network
#'
#' Trains the network of the book chapter that this package grew out of, and returns the loss of
#' every step. The data are standard normal, the network has one hidden layer of ReLU units, and
#' training is plain gradient descent on the squared error. The 500 losses of the default call
#' agree, to 3 significant digits, with those printed in the chapter.
#'
#' @param steps Number of updates.
#' @param learning_rate Step size of gradient descent.
#' @param ... Must be empty.
#' @param n,d_in,hidden_units,d_out Batch size and numbers of inputs, hidden units and outputs: the
#'   chapter's N, D_in, H and D_out.
#' @param loss `"mse"` (squared error, as in the chapter), `"mae"` or `"huber"`.
#' @param reduction How the losses of all `n * d_out` elements are combined: `"sum"` as in the
#'   chapter, `"mean"`, or `"elementwise_mean"`, the chapter's old name of `"mean"`.
#' @param device Where to compute, see [select_device()].
#' @param seed Seed of the data and the initial weights.
#' @return A data frame with one row for each step. Its columns are `iter` (integer: 1, 2, ...) and
#'   `loss` (double: the loss before that step's update).
#' @seealso [two_layer()] for a network of your own.
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
