#' Plot a two-layer network: its losses, its predictions, its tuning
#'
#' The title says what is shown, for how many rows and with which measure; axes have the outcome's
#' own name and units. All plots can be read in black and white. Python draws the same plots with
#' `fit.plot()`, `fit.plot_predictions()` and so on.
#'
#' * `"loss"`: the losses of the epochs, solid for the training rows and dashed for held-out rows.
#'   The axis is logarithmic if all losses are above zero. The epoch whose weights the fit has is
#'   marked. For several networks there is a line for each.
#' * `"predictions"`: observed against predicted numbers, with R squared. On the dashed line both
#'   are equal.
#' * `"residuals"`: observed minus predicted numbers against the prediction, with the root mean
#'   squared error in the outcome's units. With 20 rows or more, a line connects the means of rows
#'   with similar predictions: where it is away from 0, the fit misses something.
#' * `"confusion"`: true against predicted classes, as numbers of rows and as shares of the true
#'   class, with the accuracy. For several labels there is a panel for each.
#' * `"reliability"`: how often a class was true against its predicted probability, in up to 10
#'   groups with about the same number of rows, with 95 % intervals (Wilson's) and the Brier score.
#'   Marks at the lower edge are the probabilities of single rows. Of two classes the second is
#'   shown; of up to nine, each; of more, the predicted class of each row.
#' * `"tuning"`: what `"auto"` was chosen by: the held-out loss of each candidate against its weight
#'   decay. A line connects the means over the folds for each encoding, and for each learning rate
#'   if there are several. The axis of the weight decay is logarithmic (0 has a place at its left),
#'   and so is that of the loss if the losses are above 0 and far apart. The chosen candidate is
#'   marked; a dotted line marks the weight decay that is used without a search. Losses that are not
#'   finite are triangles at the upper edge. An error for a fit without a search.
#' * `"network"`, for one network: its units and weights. Lines are solid for positive weights and
#'   dashed for negative ones, and their width is the size of the weight; inputs are standardised.
#'   With more than 20 units in a layer it is a map of the weights instead, from white for the most
#'   negative to black for the most positive.
#'
#' `autoplot()` draws the same with ggplot2.
#'
#' @param x,object A fit of [two_layer()], of one network or several.
#' @param what What to draw: one of the words under "Details"; `"history"` is another name of
#'   `"loss"`.
#' @param new_data Rows whose predictions are shown, with the outcome, as in [predict.two_layer()],
#'   or a path. Rows with missing values are left out. The default is the training rows, held-out
#'   ones included, which look better than new rows will. A fit that does not have them, such as one
#'   loaded from a file, needs `new_data`.
#' @param newdata Another name of `new_data`.
#' @param y The outcome of these rows, for a fit whose outcome was given apart from the predictors.
#' @param case_weights Weights of these rows. The default is the fit's own weights for its own rows.
#' @param ... For `plot()`, arguments of [graphics::plot.default()]: `log`, `type`, `xlab`, `ylab`,
#'   `main`, `col` and `lty` (for the loss and the held-out rows' loss; for the encodings) and
#'   others. For `autoplot()`, not used.
#' @return `plot()` returns `x`, invisibly, and `autoplot()` a ggplot object.
#' @seealso [plot.two_layer_effects()] for plots that explain a fit, [summary.two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, epochs = 600, hidden_units = 8, validation = 0.2, seed = 1)
#' plot(fit)
#' plot(fit, "predictions")
#' plot(two_layer(Species ~ ., iris, epochs = 50, seed = 1), "confusion")
#' @examplesIf pytwolayer:::has_torch() && requireNamespace("ggplot2", quietly = TRUE)
#' ggplot2::autoplot(fit)
#' @export
plot.two_layer <- function(x, what = "loss", ..., new_data = NULL, y = NULL, case_weights = NULL,
                           newdata = NULL) {
  call <- rlang::current_env()
  what <- read_figure(x, what, names(list(...)), call)
  shown <- shown_rows(x, what, new_data, newdata, y, case_weights, parent.frame(), call)
  switch(what,
    loss = if (is_ensemble(x)) plot_histories(x, ...) else plot_history(x, ...),
    tuning = plot_tuning(x, ...),
    network = plot_network(x, ...),
    plot_figure(shown, what, ...)
  )
  invisible(x)
}

#' @rdname plot.two_layer
#' @export
plot.two_layer_ensemble <- plot.two_layer

is_ensemble <- function(x) inherits(x, "two_layer_ensemble")

figures <- c(
  "loss", "predictions", "residuals", "confusion", "reliability", "tuning", "network", "history"
)

read_figure <- function(x, what, given, call) {
  choices <- if (is_ensemble(x)) setdiff(figures, "network") else figures
  if ("which" %in% given) {
    abort_expected("which", "left out: it is `what` here", "given", call)
  }
  if (is_data(what)) {
    expected <- sprintf("one of %s (rows to show are `new_data`)", quote_names(choices))
    abort_argument("what", expected, what, call)
  }
  check_one_of("what", what, choices, call)
  if (what == "history") "loss" else what
}

# What a figure of predictions shows; nothing of the others, which take no rows.
shown_rows <- function(x, what, new_data, newdata, y, case_weights, env, call) {
  if (is.null(new_data)) new_data <- newdata
  if (what %in% c(number_figures, share_figures)) {
    return(figure_data(x, what, new_data, y, case_weights, env, call))
  }
  given <- list(new_data = new_data, y = y, case_weights = case_weights)
  given <- names(Filter(Negate(is.null), given))
  if (length(given)) {
    expected <- sprintf("left out with `what = %s`, which shows no rows", quote_names(what))
    abort_expected(given[[1]], expected, "given", call)
  }
}

#' Choose one of several words; the first if none was given
#'
#' @noRd
check_what <- function(what, choices, call = rlang::caller_env()) {
  if (identical(what, choices)) choices[[1]] else check_one_of("what", what, choices, call)
}

plot_history <- function(x, log = NULL, type = usual_type(x), xlab = "Epoch",
                         ylab = loss_label(x), main = loss_title(x), col = c("black", "#D55E00"),
                         lty = c(1, 2), ...) {
  losses <- as.matrix(x$history[-1])
  col <- rep_len(col, ncol(losses))
  lty <- rep_len(lty, ncol(losses))
  plot_losses(losses, x$history$epoch, log, type = type, xlab = xlab, ylab = ylab, main = main, ...)
  for (place in seq_len(ncol(losses))) {
    graphics::lines(
      x$history$epoch, losses[, place],
      type = type, col = col[[place]], lty = lty[[place]]
    )
  }
  best <- x$best_epoch
  if (!is.null(best)) {
    loss <- losses[[best, ncol(losses)]]
    graphics::abline(v = best, lty = 3)
    graphics::points(best, loss, pch = 21, bg = col[[ncol(losses)]])
    words <- sprintf("best epoch: %d, loss %s", best, format_number(loss, 3))
  }
  name_losses(ncol(losses), col, lty, if (!is.null(best)) words)
}

# One epoch is no line.
usual_type <- function(x) if (length(unique(x$history$epoch)) > 1) "l" else "p"

# An empty frame for these losses, and their axes.
plot_losses <- function(losses, epochs, log, ylab, ..., ylim = NULL,
                        cex.lab = label_size(ylab)) { # nolint: object_name_linter.
  finite <- losses[is.finite(losses)]
  if (is.null(log)) {
    log <- if (is_positive(losses[!is.na(losses)])) "y" else ""
  }
  if (is.null(ylim)) ylim <- if (length(finite)) range(finite) else c(0, 1)
  ends <- if (length(epochs)) range(epochs) else c(0, 1)
  arguments <- list(..., ylab = ylab, log = log, ylim = ylim, cex.lab = cex.lab)
  arguments$type <- "n"
  do.call(graphics::plot.default, c(list(ends, ylim), arguments))
}

plot_histories <- function(x, log = NULL, type = usual_type(x), xlab = "Epoch",
                           ylab = loss_label(x), main = loss_title(x), col = c("black", "#D55E00"),
                           lty = c(1, 2), ...) {
  columns <- names(x$history)[-seq_len(2)]
  losses <- as.matrix(x$history[columns])
  col <- grDevices::adjustcolor(rep_len(col, length(columns)), 0.6)
  lty <- rep_len(lty, length(columns))
  plot_losses(losses, x$history$epoch, log, type = type, xlab = xlab, ylab = ylab, main = main, ...)
  for (model in x$models) {
    for (place in seq_along(columns)) {
      graphics::lines(
        model$history$epoch, model$history[[columns[[place]]]],
        type = type, col = col[[place]], lty = lty[[place]]
      )
    }
  }
  best <- best_points(x, columns)
  graphics::points(best$epoch, best$loss, pch = 21, bg = col[[length(columns)]])
  name_losses(length(columns), col, lty, if (nrow(best)) "best epochs")
}

# The epoch of each network whose weights it has, if that is not the last one, with its loss.
best_points <- function(x, columns) {
  models <- Filter(function(model) !is.null(model$best_epoch), x$models)
  watched <- columns[[length(columns)]]
  data.frame(
    epoch = vapply(models, function(model) as.double(model$best_epoch), 0),
    loss = vapply(models, function(model) model$history[[watched]][[model$best_epoch]], 0)
  )
}

loss_title <- function(x) {
  if (watched_loss(x$history) == "loss") "Training loss" else "Training and validation loss"
}

# A sum over the rows says so, as the mean is what one expects.
loss_label <- function(x) {
  name <- loss_titles[x$settings$loss]
  name <- if (is.na(name)) x$settings$loss else unname(name)
  if (x$settings$reduction != "sum") {
    return(name)
  }
  scale <- if (endsWith(name, ")")) ", " else " ("
  paste0(sub(")$", "", name), scale, "sum over the rows)")
}

is_positive <- function(losses) {
  length(losses) > 0 && all(is.finite(losses) & losses > 0)
}

# Above the plot, where no line runs: the epoch at the left, the curves at the right; without room
# there, on a ground of its own.
name_losses <- function(number, col, lty, best) {
  names <- c("training", "validation")[seq_len(number)]
  curves <- if (number > 1) list(legend = names, col = col, lty = lty)
  mark <- if (length(best)) list(legend = best, pch = 21, pt.bg = col[[number]])
  if (graphics::par("mar")[[3]] >= 2) {
    above <- list(bty = "n", horiz = TRUE, inset = c(0, 1), xpd = TRUE)
    above$cex <- 0.85 * legends_fit(mark, curves)
    if (length(mark)) mark <- do.call(graphics::legend, c("bottomleft", mark, above))
    if (length(curves)) curves <- do.call(graphics::legend, c("bottomright", curves, above))
    return(invisible(c(curves, mark = list(mark$rect))))
  }
  ground <- graphics::par("bg")
  ground <- if (ground == "transparent") "white" else ground
  if (length(mark)) {
    names <- c(if (number > 1) names, best)
    curves <- list(
      legend = names, col = c(if (number > 1) col, "black"), lty = c(if (number > 1) lty, 0),
      pch = c(rep(NA, length(names) - 1), 21), pt.bg = col[[number]]
    )
  }
  invisible(if (length(curves)) do.call(graphics::legend, c("topright", curves, bg = ground)))
}

# By how much two legends side by side have to be smaller to have room above the plot.
legends_fit <- function(...) {
  legends <- Filter(length, list(...))
  sizes <- list("top", horiz = TRUE, plot = FALSE, cex = 0.85)
  widths <- vapply(legends, function(own) do.call(graphics::legend, c(own, sizes))$rect$w, 0)
  min(1, 0.98 * diff(graphics::par("usr")[1:2]) / max(sum(widths), 1e-300))
}

#' @rdname plot.two_layer
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer <- function(object, what = "loss", ..., new_data = NULL, y = NULL, # nolint
                               case_weights = NULL, newdata = NULL) {
  call <- rlang::current_env()
  check_dots(autoplot.two_layer, ...)
  what <- read_figure(object, what, character(), call)
  shown <- shown_rows(object, what, new_data, newdata, y, case_weights, parent.frame(), call)
  switch(what,
    loss = autoplot_history(object),
    tuning = autoplot_tuning(object),
    network = autoplot_network(object),
    autoplot_figure(shown, what)
  )
}

#' @rdname plot.two_layer
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer_ensemble <- autoplot.two_layer # nolint: object_name_linter.

# Of several networks a line for each.
autoplot_history <- function(object) {
  history <- object$history
  columns <- intersect(c("loss", "valid_loss"), names(history))
  rows <- c(loss = "training", valid_loss = "validation")[columns]
  losses <- as.matrix(history[columns])
  several <- is_ensemble(object)
  curves <- if (usual_type(object) == "l") ggplot2::geom_line else ggplot2::geom_point
  long <- data.frame(
    epoch = rep(history$epoch, length(columns)),
    loss = as.vector(losses),
    rows = factor(rep(unname(rows), each = nrow(losses)), unname(rows)),
    model = rep(if (several) history$model else rep(1L, nrow(losses)), length(columns))
  )
  plot <- ggplot2::ggplot(long, ggplot2::aes(x = .data$epoch, y = .data$loss)) +
    curves(
      ggplot2::aes(
        colour = .data$rows, linetype = .data$rows, group = interaction(.data$rows, .data$model)
      ),
      alpha = if (several) 0.6 else 1
    ) +
    ggplot2::scale_colour_manual(values = c(training = "black", validation = "#D55E00")) +
    ggplot2::scale_linetype_manual(values = c(training = "solid", validation = "dashed")) +
    ggplot2::labs(
      x = "Epoch", y = loss_label(object), colour = NULL, linetype = NULL,
      title = loss_title(object)
    )
  plot <- Reduce(`+`, best_layers(object, columns), plot)
  if (is_positive(losses)) plot + ggplot2::scale_y_log10() else plot
}

best_layers <- function(object, columns) {
  if (is_ensemble(object)) {
    best <- best_points(object, columns)
    at <- ggplot2::aes(x = .data$epoch, y = .data$loss)
    return(if (nrow(best)) list(ggplot2::geom_point(at, best, shape = 21, fill = "#D55E00")))
  }
  epoch <- object$best_epoch
  if (is.null(epoch)) {
    return(list())
  }
  loss <- object$history[[columns[[length(columns)]]]][[epoch]]
  list(
    ggplot2::geom_vline(xintercept = epoch, linetype = "dotted"),
    ggplot2::annotate("point", x = epoch, y = loss, shape = 21, fill = "#D55E00", size = 2),
    ggplot2::labs(subtitle = sprintf("best epoch: %d, loss %s", epoch, format_number(loss, 3)))
  )
}

# ggplot2 finds it in the data.
utils::globalVariables(".data")
