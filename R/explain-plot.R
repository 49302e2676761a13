# Plots of effects, importance and profiles, with base graphics and with ggplot2; readable in black
# and white. pytwolayer/reports/plot_explained.py draws the same in Python.

#' Plot effects, importance and profiles
#'
#' Draws the results of [effects()][effects.two_layer], [importance()] and [feature_effects()], with
#' a panel for each outcome.
#'
#' * Effects: the averages, for several networks with their intervals. With `what = "spread"`, the
#'   average is drawn against the standard deviation over the rows, which shows the kind of each
#'   effect: it is linear for inputs low in the plot and far to the side, not linear for those high
#'   up, and absent for those near 0.
#' * Importance: the mean of the repeats, their range, and each repeat.
#' * Profiles: the curve, for several networks with its interval; for `"ice"` the curve of each row
#'   and their mean; for levels, points. Marks at the lower edge are the values in the rows.
#'
#' @param x,object A result of [effects()][effects.two_layer], [importance()] or
#'   [feature_effects()].
#' @param what `"effects"` or `"spread"`.
#' @param per The unit of numeric inputs: `"unit"`, one unit of each input (the default for
#'   effects), or `"sd"`, one standard deviation of the input in the rows, which makes inputs
#'   comparable (the default for the spread). Differences between levels are the same with both.
#' @param ... For `plot()`, arguments of [graphics::plot.default()]; for `autoplot()`, not used.
#' @return `plot()` returns `x`, invisibly, and `autoplot()` a ggplot object.
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
most_names <- 12 # of points against their spread
number_contrasts <- c("derivative", "difference")

#' @rdname plot.two_layer_effects
#' @export
plot.two_layer_effects <- function(x, what = c("effects", "spread"), per = NULL, ...) {
  what <- check_what(what, c("effects", "spread"))
  table <- effects_picture(x, what, per, rlang::current_env())
  words <- attr(table, "label")
  up <- if (what == "spread") spread_label else ""
  by_panel(table, words, up, function(own, title, label, up) {
    if (what == "effects") {
      ends <- if (is.null(own$lower)) own$estimate else c(own$lower, own$upper)
      draw_rows(own$label, range(ends, own$estimate), label, title, ...)
      places <- rev(seq_len(nrow(own)))
      if (!is.null(own$lower)) {
        graphics::segments(own$lower, places, own$upper, places, lwd = 2, col = dark)
      }
      graphics::points(own$estimate, places, pch = 19, col = dark)
    } else {
      draw_spread(own, label, title, up, ...)
    }
  }, room = if (what == "effects") 0.55 else 0.9)
  invisible(x)
}

spread_label <- "Spread over the rows (SD)"

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

#' Shorten long names in the middle, unless two would then look the same
#'
#' @noRd
short_names <- function(names, longest = 34) {
  names <- as.character(names)
  half <- (longest - 2) %/% 2
  long <- nchar(names) > longest
  short <- names
  ends <- nchar(names[long])
  short[long] <- paste0(
    substr(names[long], 1, half), "...", substr(names[long], ends - half + 1, ends)
  )
  if (length(unique(short)) == length(unique(names))) short else names
}

# Those that are wider than these inches, shortened until they are not, if that can be.
names_within <- function(names, inches, size = 1, font = 1) {
  short <- as.character(names)
  for (longest in c(34, 28, 24, 20, 16, 13, 10, 7)) {
    wide <- graphics::strwidth(short, "inches", cex = size, font = font) > inches
    shorter <- short_names(names, longest)
    if (all(nchar(shorter) <= longest + 1)) short[wide] <- shorter[wide] # else two are the same
  }
  short
}

# In lines that are not longer than the axis; an expression stays as it is.
wrapped <- function(text, inches = graphics::par("pin")[[1]]) {
  if (!is.character(text)) {
    return(text)
  }
  most <- floor(inches / graphics::strwidth("n", "inches"))
  paste(strwrap(text, max(most, 20)), collapse = "\n")
}

# The size of a label beside an axis, smaller if it would be longer than the figure is high.
label_size <- function(text) {
  room <- 0.98 * graphics::par("fin")[[2]]
  max(0.5, min(1, room / max(graphics::strwidth(text, "inches"), 1e-9)))
}

# Panels side by side, whose axes are labelled once, in the margin around them all.
lay_panels <- function(number, above) {
  wide <- min(3, number)
  graphics::par(mfrow = c(ceiling(number / wide), wide))
  graphics::par(mar = c(2, 2.5, 1.5, 0.7), oma = c(2.5, 1.7, above, 0), mgp = c(2, 0.6, 0))
}

label_panels <- function(across, up) {
  size <- 0.8 * c(
    label_fit(across, graphics::par("din")[[1]]), label_fit(up, graphics::par("din")[[2]])
  )
  graphics::mtext(across, 1, line = 0.6, outer = TRUE, cex = size[[1]])
  graphics::mtext(up, 2, line = 0.3, outer = TRUE, cex = size[[2]])
}

# By how much a text of 0.8 has to be smaller for these inches.
label_fit <- function(text, inches) {
  width <- graphics::strwidth(text, "inches", cex = 0.8 / graphics::par("cex"))
  min(1, 0.95 * inches / max(width, 1e-9))
}

#' Draw a panel for each outcome
#'
#' @param label The label of the axis across, with `%s` for the outcome; `up` likewise.
#' @param draw Called with the rows of an outcome, a title and both labels.
#' @param room For the title, in widths of a panel: less where names at the left push it aside.
#' @noRd
by_panel <- function(table, label, up, draw, room = 0.9) {
  outcomes <- unique(table$outcome)
  if (length(outcomes) == 1) {
    named <- function(words) sub("%s", outcomes, words, fixed = TRUE)
    return(draw(table, "", named(label), named(up)))
  }
  old <- graphics::par(c("mfrow", "mar", "oma", "mgp"))
  on.exit(graphics::par(old))
  lay_panels(length(outcomes), above = 0)
  for (outcome in outcomes) {
    title <- names_within(outcome, room * graphics::par("fin")[[1]], 1.2, 2)
    draw(table[table$outcome == outcome, , drop = FALSE], title, "", "")
  }
  of_all <- function(words) sub("%s", "the outcome", words, fixed = TRUE)
  label_panels(of_all(label), of_all(up))
}

# Axes with names at the left, wide enough for them, the first one on top.
draw_rows <- function(labels, range, label, title, xlab = label, main = title, ...) {
  labels <- names_within(labels, 0.45 * graphics::par("fin")[[1]])
  wide <- min(max(graphics::strwidth(labels, "inches")), 0.6 * graphics::par("fin")[[1]])
  lines <- wide / graphics::par("csi") + 1.5
  margins <- graphics::par("mar")
  old <- graphics::par(mar = c(margins[[1]], max(margins[[2]], lines), margins[3:4]))
  on.exit(graphics::par(mar = old$mar))
  graphics::plot.default(
    NULL,
    xlim = range(range, 0), ylim = c(0.5, length(labels) + 0.5), yaxt = "n", bty = "n",
    xlab = wrapped(xlab), ylab = "", main = main, ...
  )
  graphics::axis(2, rev(seq_along(labels)), labels, las = 1, tick = FALSE)
  graphics::abline(h = seq_along(labels), col = "grey92")
  graphics::abline(v = 0, lty = 3, col = middle)
}

draw_spread <- function(own, label, title, up, xlab = label, main = title, ylab = up, ...) {
  graphics::plot.default(
    own$estimate, own$spread,
    pch = ifelse(own$kind == "numbers", 19, 22), bg = "white", col = dark, bty = "l",
    xlim = extended(own$estimate, 0.2), ylim = extended(own$spread, 0.08),
    xlab = wrapped(xlab), ylab = ylab, main = main, ...
  )
  graphics::abline(h = 0, v = 0, col = light)
  if (!is.null(own$lower)) {
    graphics::segments(own$lower, own$spread, own$upper, own$spread, col = light)
  }
  names <- short_names(own$label)
  letter <- graphics::strwidth("n", cex = 0.85) / max(diff(range(own$estimate)), 1e-300)
  height <- graphics::strheight("X", cex = 0.85)
  line <- 1.6 * height / max(diff(range(own$spread)), 1e-300)
  lift <- label_lifts(own$estimate, own$spread, nchar(names), letter, line)
  for (place in which(!is.na(lift))) {
    right <- own$estimate[[place]] > mean(range(own$estimate))
    graphics::text(
      own$estimate[[place]], own$spread[[place]] + 1.6 * height * lift[[place]], names[[place]],
      adj = c(if (right) 1.1 else -0.1, -0.5), cex = 0.85, xpd = TRUE
    )
  }
  if (length(unique(own$kind)) > 1) {
    graphics::legend(
      "bottomright", c("numbers", "contrasts"),
      pch = c(19, 22), bty = "n", cex = 0.85, horiz = TRUE
    )
  }
}

extended <- function(values, share) {
  ends <- range(values, 0)
  ends + c(-1, 1) * share * max(diff(ends), 1e-12)
}

#' By how many lines to lift each label, so that labels do not overlap
#'
#' Labels of points far from 0 are placed first.
#'
#' @param letters Numbers of letters of the labels.
#' @param letter,line The width of a letter and the height of a line, in shares of the range.
#' @return Whole numbers; `NA` of a label that has no room.
#' @noRd
label_lifts <- function(x, y, letters, letter = 0.02, line = 0.06) {
  in_shares <- function(values) {
    values / if (length(unique(values)) > 1) diff(range(values)) else max(abs(values), 1e-300)
  }
  x <- in_shares(x)
  y <- in_shares(y)
  far <- (x / max(abs(x), 1e-300))^2 + (y / max(abs(y), 1e-300))^2
  right <- x > mean(range(x))
  start <- ifelse(right, x - letter * letters, x)
  end <- ifelse(right, x, x + letter * letters)
  lifts <- rep(NA_integer_, length(x))
  for (place in utils::head(order(-far), most_names)) {
    there <- which(!is.na(lifts) & start <= end[[place]] & start[[place]] <= end)
    heights <- y[there] + line * lifts[there]
    free <- vapply(0:3, function(lift) {
      all(abs(heights - y[[place]] - line * lift) > 0.99 * line)
    }, NA)
    if (any(free)) lifts[[place]] <- (0:3)[free][[1]]
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
    table$label <- short_names(table$label)
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
    table$label <- short_names(table$label)
    letter <- if (length(outcomes) == 1) 0.016 else 0.05
    table$lift <- stats::ave(seq_along(table$label), table$outcome, FUN = function(rows) {
      label_lifts(table$estimate[rows], table$spread[rows], nchar(table$label[rows]), letter)
    })
    middles <- stats::ave(table$estimate, table$outcome, FUN = function(own) mean(range(own)))
    table$side <- ifelse(table$estimate > middles, 1.05, -0.05)
    ggplot2::ggplot(table, ggplot2::aes(x = .data$estimate, y = .data$spread)) +
      ggplot2::geom_hline(yintercept = 0, colour = light) +
      ggplot2::geom_vline(xintercept = 0, colour = light) +
      ggplot2::geom_point(ggplot2::aes(shape = .data$kind), size = 2, fill = "white") +
      ggplot2::geom_text(
        ggplot2::aes(
          label = .data$label, vjust = -0.8 - 1.6 * .data$lift, hjust = .data$side
        ),
        data = table[!is.na(table$lift), ], size = 3
      ) +
      ggplot2::scale_shape_manual(NULL, values = c(contrasts = 22, numbers = 19)) +
      ggplot2::scale_x_continuous(expand = ggplot2::expansion(c(0.15, 0.15))) +
      ggplot2::scale_y_continuous(expand = ggplot2::expansion(0.15)) +
      ggplot2::labs(x = label, y = spread_label)
  }
  # The label is cut off where names take most of the width, unless it ends where the axis does.
  wide <- what == "effects" && max(nchar(as.character(table$label))) > 20
  in_panels(plot, outcomes) + ggplot2::theme(
    legend.position = "bottom", axis.title.x = ggplot2::element_text(hjust = if (wide) 1 else 0.5)
  )
}

# The width of lines has another name since ggplot2 3.4.0.
with_width <- function(.layer, .width, ...) {
  name <- if (utils::packageVersion("ggplot2") >= "3.4.0") "linewidth" else "size"
  do.call(.layer, c(list(...), stats::setNames(list(.width), name)))
}

in_panels <- function(plot, outcomes, scales = "free_x", guide = no_overlap()) {
  if (length(outcomes) > 1) {
    shortened <- ggplot2::as_labeller(stats::setNames(short_names(outcomes, 26), outcomes))
    plot <- plot + ggplot2::guides(x = guide) +
      ggplot2::facet_wrap(~outcome, scales = scales, ncol = 3, labeller = shortened)
  }
  plot + ggplot2::theme_bw() + ggplot2::theme(panel.grid.minor = ggplot2::element_blank())
}

# Of numbers along an axis those are left out that have no room.
no_overlap <- function() ggplot2::guide_axis(check.overlap = TRUE)

# Names stand upright that have no room side by side.
names_guide <- function(names, panels = 1) {
  crowded <- sum(nchar(names)) * min(panels, 3) > 60 || length(names) > 12
  if (crowded) ggplot2::guide_axis(angle = 90) else ggplot2::guide_axis()
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
  order <- names(sort(-tapply(table$estimate, table$input, max)))
  outcomes <- unique(table$outcome)
  label <- worse_words(facts, if (length(outcomes) > 1) "(together)" else outcomes)
  by_panel(table, label, "", function(own, title, label, up) {
    own <- own[match(order, own$input), ]
    range <- range(own$lowest, own$highest)
    draw_rows(own$input, range, label, title, ...)
    places <- rev(seq_len(nrow(own)))
    graphics::segments(own$lowest, places, own$highest, places, lwd = 4, col = light, lend = 1)
    each <- facts$each[own$number, , drop = FALSE]
    graphics::points(each, rep(places, ncol(each)), pch = "|", cex = 0.8, col = middle)
    graphics::points(own$estimate, places, pch = 19, col = dark)
  }, room = 0.55)
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
  table$input <- factor(table$input, order, short_names(order))
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
  table <- as.data.frame(x)
  up <- paste(profile_words[[facts$kind]], "%s")
  by_panel(table, table$input[[1]], up, function(own, title, label, up) {
    draw <- if (is.numeric(own$value)) draw_curve else draw_levels
    draw(own, facts, label, up, title, ...)
  })
  invisible(x)
}

draw_curve <- function(own, facts, label, up, title, type = "o", xlab = label, ylab = up,
                       main = title, cex.lab = label_size(ylab), ...) { # nolint
  mean <- stats::aggregate(list(estimate = own$estimate), list(value = own$value), mean)
  graphics::plot.default(
    own$value, own$estimate,
    type = "n", bty = "l", ylim = range(own$estimate, own$lower, own$upper),
    xlab = wrapped(xlab), ylab = ylab, main = main, cex.lab = cex.lab, ...
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

# Names that have no room side by side stand upright, with the label of the axis below them.
draw_levels <- function(own, facts, label, up, title, xlab = label, ylab = up, main = title,
                        cex.lab = label_size(ylab), ...) { # nolint: object_name_linter.
  levels <- unique(own$value)
  places <- match(own$value, levels)
  mean <- tapply(own$estimate, places, mean)
  names <- short_names(levels, 20)
  room <- graphics::par("pin")[[1]] / length(levels)
  turned <- any(graphics::strwidth(names, "inches") > room)
  margins <- graphics::par("mar")
  on.exit(graphics::par(mar = margins))
  if (turned) {
    names <- names_within(levels, 0.35 * graphics::par("fin")[[2]])
    deep <- max(graphics::strwidth(names, "inches")) / graphics::par("csi") + 1.5
    graphics::par(mar = replace(margins, 1, max(margins[[1]], deep + 1.5 * nzchar(xlab))))
  }
  graphics::plot.default(
    places, own$estimate,
    type = "n", xaxt = "n", bty = "l", xlim = c(0.5, length(levels) + 0.5),
    ylim = range(own$estimate, own$lower, own$upper), xlab = "", ylab = ylab, main = main,
    cex.lab = cex.lab, ...
  )
  if (facts$kind == "ale") graphics::abline(h = 0, col = light)
  graphics::axis(1, seq_along(levels), names, las = if (turned) 2 else 0)
  line <- if (turned) graphics::par("mar")[[1]] - 1.3 else graphics::par("mgp")[[1]]
  graphics::title(xlab = wrapped(xlab), line = line)
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
  if (is_number) {
    return(in_panels(plot, outcomes, scales = "free_y"))
  }
  levels <- short_names(levels(table$value), 20)
  guide <- names_guide(levels, length(outcomes))
  plot <- plot + ggplot2::scale_x_discrete(labels = levels, guide = guide)
  in_panels(plot, outcomes, scales = "free_y", guide = guide)
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
