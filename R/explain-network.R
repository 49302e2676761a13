# Drawing a network: its units and weights, or of a large one a map of the weights.
# pytwolayer/reports/plot_network.py draws the same in Python.

most_units <- 20 # in a layer, of a network that is drawn unit by unit
network_title <- "Weights, their size as the width"
weight_colours <- c(positive = "#1a1a1a", negative = "#8a8a8a")

is_small_network <- function(x) all(x$sizes <= most_units)

# A data frame of the lines between units, with places from 0 to 2 and heights.
network_lines <- function(x) {
  weights <- list(x$weights[["0.weight"]], x$weights[["2.weight"]])
  sizes <- c(ncol(weights[[1]]), nrow(weights[[1]]), nrow(weights[[2]]))
  heights <- lapply(sizes, function(number) (number - 1) / 2 - (seq_len(number) - 1))
  parts <- lapply(1:2, function(layer) {
    values <- weights[[layer]]
    largest <- max(abs(values))
    data.frame(
      x = layer - 1, xend = layer,
      y = heights[[layer]][as.vector(col(values))],
      yend = heights[[layer + 1]][as.vector(row(values))],
      sign = ifelse(as.vector(values) > 0, "positive", "negative"),
      size = as.vector(abs(values)) / if (largest > 0) largest else 1
    )
  })
  units <- data.frame(x = rep(0:2, sizes), y = unlist(heights))
  units$label <- c(x$inputs, rep("", sizes[[2]]), x$outputs)
  list(lines = do.call(rbind, parts), units = units)
}

# The weights as a data frame of cells, those of the most influential hidden unit on top.
network_map <- function(x) {
  first <- x$weights[["0.weight"]]
  last <- x$weights[["2.weight"]]
  order <- order(-apply(abs(last), 2, max))
  list(first = first[order, , drop = FALSE], last = t(last[, order, drop = FALSE]))
}

plot_network <- function(x, main = "", col = weight_colours, ...) {
  x$inputs <- short_names(x$inputs)
  x$outputs <- short_names(x$outputs)
  if (!is_small_network(x)) {
    return(plot_network_map(x, main, ...))
  }
  drawn <- network_lines(x)
  lines <- drawn$lines
  units <- drawn$units
  inch <- graphics::par("pin")[[1]]
  longest <- function(side) max(graphics::strwidth(units$label[units$x == side], "inches"))
  room <- c(longest(0), longest(2)) + 0.3
  cex <- min(1, 0.6 * inch / sum(room)) # of names, beside which the units have room
  room <- cex * room
  per_inch <- 2 / max(inch - sum(room), 0.5)
  low <- min(units$y) - 0.12 * max(1, diff(range(units$y)))
  graphics::plot.default(
    NULL,
    xlim = c(-room[[1]] * per_inch, 2 + room[[2]] * per_inch), ylim = c(low, max(units$y)),
    axes = FALSE, xlab = "", ylab = "", main = main, xaxs = "i", ...
  )
  graphics::segments(
    lines$x, lines$y, lines$xend, lines$yend,
    lwd = 4 * lines$size, col = col[lines$sign], lty = ifelse(lines$sign == "positive", 1, 2)
  )
  graphics::points(units$x, units$y, pch = 21, bg = "white", cex = 2)
  for (side in c(0, 2)) {
    own <- units[units$x == side, ]
    graphics::text(
      own$x, own$y, own$label,
      pos = if (side) 4 else 2, offset = 0.8, xpd = TRUE, cex = cex
    )
  }
  graphics::legend(
    "bottom", names(col),
    col = col, lty = 1:2, lwd = 2, horiz = TRUE, bty = "n", title = network_title,
    inset = c(0, -0.12), xpd = TRUE
  )
}

plot_network_map <- function(x, main, ...) {
  map <- network_map(x)
  old <- graphics::par(no.readonly = TRUE)
  on.exit(graphics::par(old))
  wide <- c(max(3, min(ncol(map$first), 30)), max(4, min(ncol(map$last), 10)))
  graphics::layout(matrix(1:2, 1), widths = wide)
  parts <- list(first = x$inputs, last = x$outputs)
  titles <- c(first = "to hidden units", last = "to outputs")
  for (part in names(parts)) {
    values <- map[[part]]
    largest <- max(abs(values))
    deep <- 0.7 * max(graphics::strwidth(parts[[part]], "inches")) / graphics::par("csi") + 1.5
    graphics::par(mar = c(max(4, deep), if (part == "first") 2.5 else 0.5, 3, 1))
    graphics::image(
      seq_len(ncol(values)), seq_len(nrow(values)), t(values[rev(seq_len(nrow(values))), ,
        drop = FALSE
      ]),
      zlim = c(-largest, largest), col = weight_shades(64),
      axes = FALSE, xlab = "", ylab = "", main = if (nzchar(main)) main else titles[[part]],
      cex.main = 0.9, font.main = 1, ...
    )
    graphics::box()
    if (length(parts[[part]]) <= 60) {
      graphics::axis(
        1, seq_along(parts[[part]]), parts[[part]],
        las = 2, tick = FALSE, cex.axis = 0.7
      )
    }
    if (part == "first") graphics::mtext("Hidden unit, by its weights to outputs", 2, 1)
  }
}

# From white to black.
weight_shades <- function(number) {
  shades <- as.integer(round(seq(255, 0, length.out = number)))
  sprintf("#%02X%02X%02X", shades, shades, shades)
}

autoplot_network <- function(object) {
  object$inputs <- short_names(object$inputs)
  object$outputs <- short_names(object$outputs)
  if (!is_small_network(object)) {
    return(autoplot_network_map(object))
  }
  drawn <- network_lines(object)
  ends <- drawn$units[drawn$units$x != 1, ]
  ends$hjust <- ifelse(ends$x == 0, 1, 0)
  ends$x <- ends$x + ifelse(ends$x == 0, -0.08, 0.08)
  room <- 0.07 * tapply(nchar(ends$label), ends$hjust, max) + 0.1
  ggplot2::ggplot(drawn$lines) +
    with_width(
      ggplot2::geom_segment, 2 * drawn$lines$size,
      ggplot2::aes(
        x = .data$x, y = .data$y, xend = .data$xend, yend = .data$yend, linetype = .data$sign,
        colour = .data$sign
      )
    ) +
    ggplot2::geom_point(
      data = drawn$units, ggplot2::aes(x = .data$x, y = .data$y),
      shape = 21, fill = "white", size = 4
    ) +
    ggplot2::geom_text(
      data = ends,
      ggplot2::aes(x = .data$x, y = .data$y, label = .data$label, hjust = .data$hjust)
    ) +
    ggplot2::scale_colour_manual(network_title, values = weight_colours, limits = sign_names) +
    ggplot2::scale_linetype_manual(network_title, values = c("solid", "22"), limits = sign_names) +
    ggplot2::coord_cartesian(xlim = c(-room[["1"]], 2 + room[["0"]]), clip = "off") +
    ggplot2::theme_void() +
    ggplot2::theme(
      legend.position = "bottom",
      plot.background = ggplot2::element_rect(fill = "white", colour = NA) # on dark pages, too
    )
}

sign_names <- c("positive", "negative")

autoplot_network_map <- function(object) {
  map <- network_map(object)
  layers <- c("to hidden\nunits", "to\noutputs")
  cells <- function(values, names, layer) {
    data.frame(
      unit = nrow(values) + 1 - as.vector(row(values)),
      to = factor(names[as.vector(col(values))], unique(c(object$inputs, object$outputs))),
      weight = as.vector(values) / max(abs(values), 1e-300), layer = factor(layer, layers)
    )
  }
  all <- rbind(
    cells(map$first, object$inputs, layers[[1]]), cells(map$last, object$outputs, layers[[2]])
  )
  ggplot2::ggplot(all, ggplot2::aes(x = .data$to, y = .data$unit, fill = .data$weight)) +
    ggplot2::geom_raster() +
    ggplot2::facet_grid(~layer, scales = "free_x", space = "free_x") +
    ggplot2::scale_fill_gradient(
      "Weight (share of\nthe layer's largest)", low = "white", high = "black", limits = c(-1, 1)
    ) +
    ggplot2::scale_y_continuous(
      "Hidden unit, by its weights to outputs", breaks = NULL, expand = c(0, 0)
    ) +
    ggplot2::labs(x = NULL) +
    ggplot2::theme(
      axis.text.x = ggplot2::element_text(angle = 90, hjust = 1, vjust = 0.5),
      strip.text = ggplot2::element_text(size = 7), strip.background = ggplot2::element_blank()
    )
}
