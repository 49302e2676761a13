# Plots of effects, importance and profiles, with base graphics and with ggplot2; readable in black
# and white. pytwolayer/reports/plot_explained.py draws the same in Python.

#' Plot effects, importance and profiles
#'
#' A panel for each outcome.
#'
#' * Effects: the averages, of several networks with their intervals. With `what = "spread"` the
#'   average against the standard deviation over the rows, which tells inputs apart: far to the side
#'   and low the effect is linear, high it is not, and near 0 there is none.
#' * Importance: the mean of the repeats, their range, and each of them.
#' * Profiles: the curve, of several networks with its interval, of `"ice"` that of each row and
#'   their mean; of levels dots. Marks at the lower edge are the rows' values.
#'
#' @param x,object What [effects()][effects.two_layer], [importance()] or [feature_effects()] gave.
#' @param what `"effects"` or `"spread"`.
#' @param per `"unit"` of each input, the default of the effects; or `"sd"`, a standard deviation of
#'   it in the rows, which makes inputs comparable, the default of the spread. Contrasts stay as
#'   they are.
#' @param ... For `plot()` what [graphics::plot.default()] takes, for `autoplot()` not used.
#' @return `plot()`: `x`, invisibly. `autoplot()`: a ggplot.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ wt + hp + factor(cyl), mtcars, epochs = 100, seed = 1)
#' found <- effects(fit, mtcars)
#' plot(found)
#' plot(found, what = "spread")
#' plot(feature_effects(fit, mtcars, "hp"))
#' @name plot.two_layer_effects
NULL

dark <- "#1a1a1a"
middle <- "#6f6f6f"
light <- "#b8b8b8"
number_contrasts <- c("derivative", "difference")

#' @rdname plot.two_layer_effects
#' @export
plot.two_layer_effects <- function(x, what = c("effects", "spread"), per = NULL, ...) {
  what <- check_what(what, c("effects", "spread"))
  table <- effects_picture(x, what, per, rlang::current_env())
  label <- attr(table, "label")
  if (length(unique(table$outcome)) > 1) label <- sub("Average effect", "Effect", label)
  label <- sub(" of the input", "", label)
  by_panel(table, function(own, outcome) {
    if (what == "effects") {
      ends <- if (is.null(own$lower)) own$estimate else c(own$lower, own$upper)
      draw_rows(own$label, range(ends, own$estimate), sprintf(label, outcome), ...)
      places <- rev(seq_len(nrow(own)))
      if (!is.null(own$lower)) {
        graphics::segments(own$lower, places, own$upper, places, lwd = 2, col = dark)
      }
      graphics::points(own$estimate, places, pch = 19, col = dark)
    } else {
      draw_spread(own, sprintf(label, outcome), ...)
    }
  })
  invisible(x)
}

# The table with labels, and effects per standard deviation where that is asked for.
effects_picture <- function(x, what, per, call) {
  per <- if (is.null(per)) c(effects = "unit", spread = "sd")[[what]] else per
  check_one_of("per", per, c("unit", "sd"), call)
  table <- as.data.frame(x)
  is_number <- table$contrast %in% number_contrasts
  if (per == "sd") {
    widths <- attr(x, "facts")$widths[table$input]
    widths <- ifelse(is_number & !is.na(widths), widths, 1)
    for (name in intersect(c("estimate", "spread", "lower", "upper"), names(table))) {
      table[[name]] <- table[[name]] * widths
    }
  }
  table$label <- ifelse(is_number, table$input, paste0(table$input, ": ", table$contrast))
  if (!is.null(table$at)) table$label <- sprintf("%s (%s)", table$label, table$at)
  table$kind <- ifelse(is_number, "numbers", "contrasts")
  unit <- if (per == "sd") "standard deviation" else "unit"
  attr(table, "label") <- paste0("Average effect on %s, per ", unit, " of the input")
  table
}

# A panel for each outcome.
by_panel <- function(table, draw) {
  outcomes <- unique(table$outcome)
  if (length(outcomes) > 1) {
    wide <- min(3, length(outcomes))
    old <- graphics::par(mfrow = c(ceiling(length(outcomes) / wide), wide))
    on.exit(graphics::par(old))
  }
  for (outcome in outcomes) {
    draw(table[table$outcome == outcome, , drop = FALSE], outcome)
  }
}

# Axes with names at the left, wide enough for them, the first one on top.
draw_rows <- function(labels, range, label, xlab = label, main = "", ...) {
  lines <- max(graphics::strwidth(labels, "inches")) / graphics::par("csi") + 1.5
  margins <- graphics::par("mar")
  old <- graphics::par(mar = c(margins[[1]], max(margins[[2]], lines), margins[3:4]))
  on.exit(graphics::par(mar = old$mar))
  graphics::plot.default(
    NULL,
    xlim = range(range, 0), ylim = c(0.5, length(labels) + 0.5), yaxt = "n", bty = "n",
    xlab = xlab, ylab = "", main = main, ...
  )
  graphics::axis(2, rev(seq_along(labels)), labels, las = 1, tick = FALSE)
  graphics::abline(h = seq_along(labels), col = "grey92")
  graphics::abline(v = 0, lty = 3, col = middle)
}

draw_spread <- function(own, label, xlab = label, main = "",
                        ylab = "Standard deviation over the rows", ...) {
  graphics::plot.default(
    own$estimate, own$spread,
    pch = ifelse(own$kind == "numbers", 19, 22), bg = "white", col = dark, bty = "l",
    xlim = extended(own$estimate, 0.2), ylim = extended(own$spread, 0.08),
    xlab = xlab, ylab = ylab, main = main, ...
  )
  graphics::abline(h = 0, v = 0, col = light)
  if (!is.null(own$lower)) {
    graphics::segments(own$lower, own$spread, own$upper, own$spread, col = light)
  }
  lift <- label_lifts(own$estimate, own$spread)
  height <- graphics::strheight("X", cex = 0.85)
  graphics::text(
    own$estimate, own$spread + 1.6 * height * lift, own$label,
    adj = c(-0.1, -0.5), cex = 0.85, xpd = TRUE
  )
  if (length(unique(own$kind)) > 1) {
    graphics::legend("topright", c("numbers", "contrasts"), pch = c(19, 22), bty = "n")
  }
}

extended <- function(values, share) {
  ends <- range(values, 0)
  ends + c(-1, 1) * share * max(diff(ends), 1e-12)
}

# How many lines each label is lifted, so that those of near points do not overlap.
label_lifts <- function(x, y) {
  wide <- max(diff(range(x)), 1e-300)
  high <- max(diff(range(y)), 1e-300)
  lifts <- integer(length(x))
  for (place in seq_along(x)[-1]) {
    before <- seq_len(place - 1)
    near <- abs(x[before] - x[[place]]) < 0.3 * wide & abs(y[before] - y[[place]]) < 0.05 * high
    lifts[[place]] <- min(setdiff(seq(0, length(x)), lifts[before][near]))
  }
  lifts
}

#' @rdname plot.two_layer_effects
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer_effects <- function(object, what = c("effects", "spread"), # nolint
                                       per = NULL, ...) {
  check_dots(autoplot.two_layer_effects, ...)
  what <- check_what(what, c("effects", "spread"))
  table <- effects_picture(object, what, per, rlang::current_env())
  label <- sub("on %s", "on the outcome", attr(table, "label"), fixed = TRUE)
  outcomes <- unique(table$outcome)
  if (length(outcomes) == 1) label <- sprintf(attr(table, "label"), outcomes)
  table$outcome <- factor(table$outcome, outcomes)
  has_interval <- !is.null(table$lower)
  plot <- if (what == "effects") {
    table$label <- factor(table$label, rev(unique(table$label)))
    ggplot2::ggplot(table, ggplot2::aes(x = .data$estimate, y = .data$label)) +
      ggplot2::geom_vline(xintercept = 0, linetype = "dotted", colour = middle) +
      (if (has_interval) {
        ggplot2::geom_segment(
          ggplot2::aes(x = .data$lower, xend = .data$upper, yend = .data$label),
          colour = dark
        )
      }) +
      ggplot2::geom_point(size = 2, colour = dark) +
      ggplot2::labs(x = label, y = NULL)
  } else {
    table$lift <- stats::ave(
      seq_along(table$label), table$outcome,
      FUN = function(rows) label_lifts(table$estimate[rows], table$spread[rows])
    )
    ggplot2::ggplot(table, ggplot2::aes(x = .data$estimate, y = .data$spread)) +
      ggplot2::geom_hline(yintercept = 0, colour = light) +
      ggplot2::geom_vline(xintercept = 0, colour = light) +
      ggplot2::geom_point(ggplot2::aes(shape = .data$kind), size = 2, fill = "white") +
      ggplot2::geom_text(
        ggplot2::aes(label = .data$label, vjust = -0.8 - 1.6 * .data$lift),
        hjust = -0.05, size = 3
      ) +
      ggplot2::scale_shape_manual(NULL, values = c(contrasts = 22, numbers = 19)) +
      ggplot2::scale_x_continuous(expand = ggplot2::expansion(c(0.1, 0.45))) +
      ggplot2::scale_y_continuous(expand = ggplot2::expansion(0.15)) +
      ggplot2::labs(x = label, y = "Standard deviation over the rows")
  }
  in_panels(plot, outcomes) + ggplot2::theme(legend.position = "bottom")
}

# The width of lines has another name since ggplot2 3.4.0.
with_width <- function(.layer, .width, ...) {
  name <- if (utils::packageVersion("ggplot2") >= "3.4.0") "linewidth" else "size"
  do.call(.layer, c(list(...), stats::setNames(list(.width), name)))
}

in_panels <- function(plot, outcomes, scales = "free_x") {
  if (length(outcomes) > 1) plot <- plot + ggplot2::facet_wrap(~outcome, scales = scales)
  plot + ggplot2::theme_bw() + ggplot2::theme(panel.grid.minor = ggplot2::element_blank())
}

measure_words <- c(
  loss = "loss", rmse = "RMSE", mae = "MAE", r_squared = "R squared", accuracy = "accuracy",
  brier = "Brier score"
)

worse_words <- function(facts, outcome) {
  change <- if (facts$measure %in% c("r_squared", "accuracy")) "Decrease" else "Increase"
  of <- if (outcome == "(together)") "" else paste(" for", outcome)
  sprintf(
    "%s of the %s%s when the input is permuted", change, measure_words[[facts$measure]], of
  )
}

#' @rdname plot.two_layer_effects
#' @export
plot.two_layer_importance <- function(x, ...) {
  facts <- attr(x, "facts")
  table <- as.data.frame(x)
  table$number <- seq_len(nrow(table))
  by_panel(table, function(own, outcome) {
    own <- own[order(-own$estimate), ]
    range <- range(own$lowest, own$highest)
    draw_rows(own$input, range, worse_words(facts, outcome), ...)
    places <- rev(seq_len(nrow(own)))
    graphics::segments(own$lowest, places, own$highest, places, lwd = 4, col = light, lend = 1)
    each <- facts$each[own$number, , drop = FALSE]
    graphics::points(each, rep(places, ncol(each)), pch = "|", cex = 0.8, col = middle)
    graphics::points(own$estimate, places, pch = 19, col = dark)
  })
  invisible(x)
}

#' @rdname plot.two_layer_effects
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer_importance <- function(object, ...) { # nolint: object_name_linter.
  check_dots(autoplot.two_layer_importance, ...)
  facts <- attr(object, "facts")
  table <- as.data.frame(object)
  outcomes <- unique(table$outcome)
  order <- names(sort(tapply(table$estimate, table$input, max)))
  table$input <- factor(table$input, order)
  repeats <- ncol(facts$each)
  each <- data.frame(
    input = rep(table$input, repeats), outcome = rep(table$outcome, repeats),
    estimate = as.vector(facts$each)
  )
  label <- worse_words(facts, if (length(outcomes) == 1) outcomes else "(together)")
  plot <- ggplot2::ggplot(table, ggplot2::aes(x = .data$estimate, y = .data$input)) +
    ggplot2::geom_vline(xintercept = 0, linetype = "dotted", colour = middle) +
    with_width(
      ggplot2::geom_segment, 1.5,
      ggplot2::aes(x = .data$lowest, xend = .data$highest, yend = .data$input),
      colour = light
    ) +
    ggplot2::geom_point(data = each, shape = "|", colour = middle, size = 3) +
    ggplot2::geom_point(size = 2, colour = dark) +
    ggplot2::labs(x = label, y = NULL)
  in_panels(plot, outcomes)
}

profile_words <- c(
  ale = "Accumulated local effect on", pdp = "Mean prediction of", ice = "Prediction of"
)
most_curves <- 200 # of single rows in a panel

chosen_curves <- function(rows) {
  rows <- unique(rows)
  rows[floor(seq(1, length(rows), length.out = min(length(rows), most_curves)))]
}

#' @rdname plot.two_layer_effects
#' @export
plot.two_layer_profile <- function(x, ...) {
  facts <- attr(x, "facts")
  by_panel(as.data.frame(x), function(own, outcome) {
    ylab <- paste(profile_words[[facts$kind]], outcome)
    draw <- if (is.numeric(own$value)) draw_curve else draw_levels
    draw(own, facts, xlab = own$input[[1]], ylab = ylab, ...)
  })
  invisible(x)
}

draw_curve <- function(own, facts, type = "o", ...) {
  mean <- stats::aggregate(list(estimate = own$estimate), list(value = own$value), mean)
  graphics::plot.default(
    own$value, own$estimate,
    type = "n", bty = "l", ylim = range(own$estimate, own$lower, own$upper), ...
  )
  if (facts$kind == "ale") graphics::abline(h = 0, col = light)
  if (!is.null(own$lower)) {
    graphics::polygon(c(own$value, rev(own$value)), c(own$lower, rev(own$upper)),
      col = "#b8b8b899", border = NA
    )
  }
  if (!is.null(own$row)) {
    for (row in chosen_curves(own$row)) {
      graphics::lines(own$value[own$row == row], own$estimate[own$row == row], col = "#6f6f6f66")
    }
  }
  graphics::lines(mean$value, mean$estimate, type = type, lwd = 2, pch = 20, col = dark)
  suppressWarnings(graphics::rug(facts$marks, col = middle)) # of values that are clipped
}

draw_levels <- function(own, facts, ...) {
  levels <- unique(own$value)
  places <- match(own$value, levels)
  mean <- tapply(own$estimate, places, mean)
  graphics::plot.default(
    places, own$estimate,
    type = "n", xaxt = "n", bty = "l", xlim = c(0.5, length(levels) + 0.5),
    ylim = range(own$estimate, own$lower, own$upper), ...
  )
  if (facts$kind == "ale") graphics::abline(h = 0, col = light)
  graphics::axis(1, seq_along(levels), levels)
  if (!is.null(own$row)) {
    graphics::points(places, own$estimate, pch = "-", cex = 2, col = "#6f6f6f66")
  }
  if (!is.null(own$lower)) {
    graphics::segments(places, own$lower, places, own$upper, lwd = 2, col = middle)
  }
  graphics::points(seq_along(levels), mean, pch = 19, cex = 1.2, col = dark)
}

#' @rdname plot.two_layer_effects
#' @exportS3Method ggplot2::autoplot
autoplot.two_layer_profile <- function(object, ...) { # nolint: object_name_linter.
  check_dots(autoplot.two_layer_profile, ...)
  facts <- attr(object, "facts")
  table <- as.data.frame(object)
  outcomes <- unique(table$outcome)
  table$outcome <- factor(table$outcome, outcomes)
  is_number <- is.numeric(table$value)
  if (!is_number) table$value <- factor(table$value, unique(table$value))
  plot <- ggplot2::ggplot(table, ggplot2::aes(x = .data$value, y = .data$estimate)) +
    (if (facts$kind == "ale") ggplot2::geom_hline(yintercept = 0, colour = light)) +
    profile_layers(table, is_number, !is.null(table$row)) +
    (if (is_number) {
      marks <- data.frame(value = facts$marks)
      ggplot2::geom_rug(
        data = marks, ggplot2::aes(x = .data$value), inherit.aes = FALSE, sides = "b",
        colour = middle
      )
    }) +
    ggplot2::labs(
      x = table$input[[1]],
      y = paste(
        profile_words[[facts$kind]], if (length(outcomes) == 1) outcomes else "the outcome"
      )
    )
  in_panels(plot, outcomes, scales = "free_y")
}

profile_layers <- function(table, is_number, of_rows) {
  mean <- if (is_number) {
    with_width(ggplot2::stat_summary, 0.8, fun = mean, geom = "line", colour = dark)
  } else {
    ggplot2::stat_summary(fun = mean, geom = "point", colour = dark, size = 3)
  }
  interval <- if (!is.null(table$lower)) {
    ends <- ggplot2::aes(ymin = .data$lower, ymax = .data$upper)
    if (is_number) {
      ggplot2::geom_ribbon(ends, fill = light, alpha = 0.6)
    } else {
      ggplot2::geom_linerange(ends, colour = middle)
    }
  }
  rows <- if (of_rows && is_number) {
    chosen <- table[table$row %in% chosen_curves(table$row), ]
    with_width(
      ggplot2::geom_line, 0.3, ggplot2::aes(group = .data$row),
      data = chosen, colour = middle, alpha = 0.4
    )
  } else if (of_rows) {
    ggplot2::geom_point(shape = "-", size = 6, colour = middle, alpha = 0.4)
  }
  list(interval, rows, mean)
}
