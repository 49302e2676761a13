# Figures of predictions with base graphics and with ggplot2, readable in black and white;
# pytwolayer/reports/plot_predictions.py, plot_confusion.py and plot_reliability.py draw the same.

most_solid <- 300 # points
most_class_names <- 60

plot_figure <- function(shown, what, ..., main = shown$title, xlab = shown$across,
                        ylab = shown$up) {
  draw <- switch(what,
    predictions = draw_predictions, residuals = draw_residuals, confusion = draw_confusion,
    reliability = draw_reliability
  )
  if (length(shown$panels) > 1) {
    return(plot_panels(shown$panels, draw, main, xlab, ylab, ...))
  }
  margins <- graphics::par("mar") # which some figures widen
  on.exit(graphics::par(mar = margins))
  panel <- shown$panels[[1]]
  drawn <- draw(panel, xlab = xlab, ylab = ylab, ...)
  name_panel(main, panel$words)
  if (length(drawn$legend)) do.call(graphics::legend, c(drawn, bty = "n", cex = 0.85))
}

# With one legend for all panels, below them.
plot_panels <- function(panels, draw, main, xlab, ylab, ...) {
  old <- graphics::par(c("mar", "mfrow", "oma", "mgp"))
  on.exit(graphics::par(old))
  lay_panels(length(panels), above = 2)
  below <- graphics::par("oma") + c(1.3, 0, 0, 0)
  graphics::par(oma = below)
  room <- 0.98 * (graphics::par("fin")[[1]] - graphics::par("mai")[[2]])
  words <- vapply(panels, function(panel) narrow(panel$words, room), "")
  lines <- max(lengths(strsplit(words, "\n")))
  graphics::par(mar = graphics::par("mar") + c(0, 0, 0.9 * lines, 0))
  margins <- graphics::par("mar")
  for (place in seq_along(panels)) {
    graphics::par(mar = margins)
    drawn <- draw(panels[[place]], xlab = "", ylab = "", ...)
    name_panel(names_within(panels[[place]]$name, room, 1.2, 2), words[[place]], 0.9 * lines)
  }
  graphics::mtext(main, outer = TRUE, adj = 0.02, font = 2)
  label_panels(xlab, ylab)
  if (length(drawn$legend)) name_below(drawn)
}

# In small letters, and in lines that are not wider than a panel.
narrow <- function(words, inches) {
  wrapped(words, inches / 0.75)
}

# In the last line of the outer margin.
name_below <- function(drawn) {
  places <- list(
    x = graphics::grconvertX(0.5, "ndc", "user"), y = graphics::grconvertY(0, "ndc", "user"),
    xjust = 0.5, yjust = 0, horiz = TRUE, xpd = NA, bty = "n", cex = 0.9
  )
  do.call(graphics::legend, c(drawn[names(drawn) != "x"], places))
}

# Left of the plot's upper edge, with the words in small letters below; without room the name alone.
name_panel <- function(name, words, lines = 1) {
  room <- graphics::par("mar")[[3]] >= 1.5
  small <- 0.75 * graphics::par("cex")
  if (room) graphics::mtext(words, line = 0.3, adj = 0, cex = small)
  graphics::title(name, adj = 0, line = 0.3 + if (room) lines else 0)
}

draw_points <- function(panel, xlab, ylab, ..., ylim = with_room(panel$up, panel$line_up),
                        xlim = range(panel$across, panel$line_across), pch = NULL, cex = NULL,
                        col = NULL, cex.lab = label_size(ylab)) { # nolint: object_name_linter.
  many <- length(panel$across) > most_solid
  graphics::plot.default(
    panel$across, panel$up,
    bty = "l", xlab = wrapped(xlab), ylab = ylab, xlim = xlim, ylim = ylim, main = "",
    pch = if (is.null(pch)) 1 else pch, cex = if (is.null(cex)) 1 - 0.4 * many else cex,
    col = if (is.null(col)) paste0(dark, if (many) "66") else col, cex.lab = cex.lab, ...
  )
}

# For the legend above them.
with_room <- function(...) {
  ends <- range(...)
  ends + c(0, 0.12) * diff(ends)
}

# What draws a panel gives what its legend is.
draw_predictions <- function(panel, ...) {
  draw_points(panel, ...)
  graphics::lines(panel$line_across, panel$line_up, lty = 2, col = middle)
  list(x = "topleft", legend = "equal", lty = 2, col = middle)
}

draw_residuals <- function(panel, ...) {
  draw_points(panel, ...)
  graphics::abline(h = 0, lty = 2, col = middle)
  if (length(panel$line_across)) {
    graphics::lines(panel$line_across, panel$line_up, lwd = 2, col = dark)
    list(x = "topleft", legend = "mean of rows with like predictions", lwd = 2, col = dark)
  }
}

draw_reliability <- function(panel, xlab, ylab, ..., xlim = c(0, 1), ylim = c(0, 1),
                             cex.lab = label_size(ylab)) { # nolint: object_name_linter.
  graphics::plot.default(
    panel$predicted, panel$observed,
    type = "n", bty = "l", xlim = xlim, ylim = ylim, xlab = wrapped(xlab), ylab = ylab,
    main = "", cex.lab = cex.lab, ...
  )
  graphics::abline(0, 1, lty = 2, col = middle)
  graphics::segments(panel$predicted, panel$lower, panel$predicted, panel$upper, col = dark)
  graphics::lines(panel$predicted, panel$observed, type = "o", pch = 19, col = dark, lwd = 1.5)
  graphics::rug(panel$marks, col = middle)
  list(
    x = free_corner(panel), legend = c("equal", "groups, 95 % interval"), lty = c(2, 1),
    pch = c(NA, 19), col = c(middle, dark)
  )
}

# The corner away from the diagonal where fewer groups and intervals are.
free_corner <- function(panel) {
  left <- sum(panel$predicted < 0.5 & panel$upper > 0.8)
  right <- sum(panel$predicted > 0.5 & panel$lower < 0.2)
  if (left <= right) "topleft" else "bottomright"
}

# The darker a cell, the larger its share of the true class, which is the row.
draw_confusion <- function(panel, xlab, ylab, ...) {
  number <- length(panel$classes)
  shares <- replace(panel$shares, is.nan(panel$shares), 0)
  named <- number <= most_class_names
  size <- if (number <= 20) 0.9 else 0.6
  shown <- confusion_names(panel$classes, named, size)
  names <- shown$names
  turned <- shown$turned
  margins <- shown$margins
  graphics::par(mar = margins)
  places <- seq_len(number)
  graphics::image(
    places, places, t(shares[rev(places), , drop = FALSE]),
    zlim = c(0, 1), col = grDevices::grey(seq(1, 0, length.out = 101)), axes = FALSE,
    xlab = "", ylab = "", ...
  )
  graphics::box(col = light)
  if (named) {
    graphics::abline(h = places[-1] - 0.5, v = places[-1] - 0.5, col = light)
    graphics::axis(1, places, names, las = if (turned) 2 else 1, tick = FALSE, cex.axis = size)
    graphics::axis(2, rev(places), names, las = 1, tick = FALSE, cex.axis = size)
  }
  graphics::title(xlab = xlab, line = margins[[1]] - 1.3)
  graphics::title(ylab = ylab, line = margins[[2]] - 1.3)
  shade <- "Darker: a larger share of the true class"
  size <- 1.1 * graphics::par("pin")[[2]] / graphics::strwidth(shade, "inches")
  if (size > 0.4) {
    graphics::mtext(shade, 4, line = 0.3, cex = graphics::par("cex") * min(0.7, size))
  }
  if (length(panel$cells)) {
    at <- expand.grid(across = places, up = rev(places)) # row by row
    colours <- ifelse(as.vector(t(shares)) > 0.55, "white", dark)
    graphics::text(at$across, at$up, panel$cells, col = colours, cex = cell_size(panel$cells))
  }
  NULL
}

# Names of classes, whether they stand upright along the lower edge, and margins for both.
confusion_names <- function(classes, named, size) {
  inner <- graphics::par("mar")
  figure <- graphics::par("fin")
  line <- graphics::par("csi")
  names <- names_within(short_names(classes, 20), 0.3 * min(figure), size)
  widths <- if (named) graphics::strwidth(names, "inches", cex = size) else 0
  lines <- min(max(widths) / line, 0.35 * min(figure) / line)
  labelled <- inner[[1]] >= 3 # of several panels the axes are labelled together
  margins <- pmax(inner, c(lines + 1 + 2 * labelled, lines + 1 + 2 * labelled, 0, 1.5))
  room <- (figure[[1]] - sum(margins[c(2, 4)]) * line) / length(classes)
  turned <- any(widths > room)
  if (!turned) margins[[1]] <- min(margins[[1]], max(inner[[1]], if (labelled) 4 else 2))
  list(names = names, turned = turned, margins = margins)
}

# Smaller where the numbers have no room in a cell.
cell_size <- function(cells) {
  wide <- max(graphics::strwidth(cells, cex = 0.85)) / 0.95
  high <- max(graphics::strheight(cells, cex = 0.85)) / 0.9
  0.85 * min(1, max(0.4, 1 / wide), max(0.4, 1 / high)) # a cell is 1 wide and high
}

autoplot_figure <- function(shown, what) {
  draw <- switch(what,
    predictions = gg_predictions, residuals = gg_residuals, confusion = gg_confusion,
    reliability = gg_reliability
  )
  panels <- shown$panels
  several <- length(panels) > 1
  names <- short_names(vapply(panels, `[[`, "", "name"))
  words <- vapply(panels, function(panel) paste(strwrap(panel$words, 40), collapse = "\n"), "")
  words <- paste0(names, "\n", words)
  stacked <- function(make) {
    parts <- Map(function(panel, label) {
      part <- make(panel)
      part$panel <- factor(rep(label, nrow(part)), words)
      part
    }, panels, words)
    do.call(rbind, parts)
  }
  base <- ggplot2::theme_bw() +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank(), legend.position = "bottom")
  plot <- draw(stacked, base) + ggplot2::labs(
    x = shown$across, y = shown$up, title = shown$title,
    subtitle = if (!several) panels[[1]]$words
  )
  if (several) {
    scales <- if (what == "reliability") "fixed" else "free"
    plot <- plot + ggplot2::facet_wrap(~panel, scales = scales, ncol = 3) +
      ggplot2::theme(strip.text = ggplot2::element_text(size = 7)) +
      (if (what != "confusion") ggplot2::guides(x = no_overlap()))
  }
  plot
}

points_of <- function(panel) data.frame(across = panel$across, up = panel$up)
line_of <- function(panel) data.frame(across = panel$line_across, up = panel$line_up)
at_point <- function() ggplot2::aes(x = .data$across, y = .data$up)

gg_points <- function(stacked, base) {
  points <- stacked(points_of)
  many <- nrow(points) > most_solid
  ggplot2::ggplot(points, at_point()) + base +
    ggplot2::geom_point(shape = 1, colour = dark, alpha = if (many) 0.4 else 0.9)
}

gg_predictions <- function(stacked, base) {
  gg_points(stacked, base) +
    ggplot2::geom_line(ggplot2::aes(linetype = "equal"), stacked(line_of), colour = middle) +
    ggplot2::scale_linetype_manual(NULL, values = c(equal = "dashed"))
}

gg_residuals <- function(stacked, base) {
  means <- stacked(line_of)
  plot <- gg_points(stacked, base) +
    ggplot2::geom_hline(yintercept = 0, linetype = "dashed", colour = middle)
  if (!nrow(means)) {
    return(plot)
  }
  words <- "mean of rows with like predictions"
  plot + with_width(
    ggplot2::geom_line, 0.9, ggplot2::aes(linetype = words),
    data = means, colour = dark
  ) + ggplot2::scale_linetype_manual(NULL, values = stats::setNames("solid", words))
}

gg_reliability <- function(stacked, base) {
  groups <- stacked(function(panel) {
    data.frame(panel[c("predicted", "observed", "lower", "upper")])
  })
  marks <- stacked(function(panel) data.frame(predicted = panel$marks))
  ends <- ggplot2::aes(ymin = .data$lower, ymax = .data$upper)
  ggplot2::ggplot(groups, ggplot2::aes(x = .data$predicted)) + base +
    ggplot2::geom_abline(intercept = 0, slope = 1, linetype = "dashed", colour = middle) +
    ggplot2::geom_linerange(ends, colour = dark) +
    ggplot2::geom_line(ggplot2::aes(y = .data$observed), colour = dark) +
    ggplot2::geom_point(ggplot2::aes(y = .data$observed), colour = dark, size = 2) +
    ggplot2::geom_rug(data = marks, sides = "b", colour = middle) +
    ggplot2::coord_cartesian(xlim = c(0, 1), ylim = c(0, 1))
}

cells_of <- function(panel) {
  names <- short_names(panel$classes, 20)
  number <- length(names)
  shares <- replace(panel$shares, is.nan(panel$shares), 0)
  data.frame( # row by row
    true = rep(names, each = number), predicted = rep(names, number), share = as.vector(t(shares)),
    count = as.vector(t(panel$counts)),
    cell = if (length(panel$cells)) panel$cells else "", stringsAsFactors = FALSE
  )
}

gg_confusion <- function(stacked, base) {
  cells <- stacked(cells_of)
  names <- unique(cells$true)
  cells$true <- factor(cells$true, rev(names))
  cells$predicted <- factor(cells$predicted, names)
  at <- ggplot2::aes(x = .data$predicted, y = .data$true)
  ggplot2::ggplot(cells, at) + base +
    ggplot2::geom_tile(ggplot2::aes(fill = .data$share), colour = light) +
    ggplot2::geom_text(
      ggplot2::aes(label = .data$cell, colour = .data$share > 0.55),
      size = 3, show.legend = FALSE, lineheight = 0.9
    ) +
    ggplot2::scale_colour_manual(values = c(`TRUE` = "white", `FALSE` = dark)) +
    ggplot2::scale_fill_gradient(
      "Share of the true class",
      low = "white", high = "black", limits = c(0, 1), breaks = c(0, 0.5, 1)
    ) +
    ggplot2::guides(x = names_guide(names, length(unique(cells$panel)))) +
    (if (length(names) > 20) ggplot2::theme(axis.text = ggplot2::element_text(size = 6)))
}
