# The plot of a search: held-out losses against the weight decay. plot_tuning() of
# pytwolayer/reports/plot_tuning.py draws the same in Python.

loss_titles <- c(
  cross_entropy = "Log loss", mse = "Mean squared error (standardised)",
  mae = "Mean absolute error (standardised)", huber = "Huber loss (standardised)",
  poisson = "Poisson loss", gamma = "Gamma loss", binomial = "Log loss",
  binary_cross_entropy = "Log loss",
  normal = "Negative log-likelihood", negative_binomial = "Negative log-likelihood",
  quantile = "Pinball loss (standardised)"
)
tuning_title <- "Held-out loss of the candidates"
most_ticks <- 8
# The largest loss, as a multiple of the smallest, that a linear axis shows well.
wide_losses <- 10

#' What both plots draw
#'
#' @return A list of `folds` and `means`, data frames of `encoding`, `rate`, the name of the `line`,
#'   `place` on the axis of the weight decay, `loss` and `finite`, the row `chosen` of the latter,
#'   `ticks` and their `labels`, `usual`, the weight decay where nothing is searched if it is among
#'   them, and whether the axis of the loss is `log`.
#' @noRd
tuning_picture <- function(x, argument, call) {
  losses <- searched(x, argument, call)
  table <- tuning_table(x)
  rounded <- function(values) signif(values, 9) # one place for what differs by rounding
  decays <- sort(unique(rounded(losses$weight_decay)))
  places <- axis_places(decays)
  several_rates <- length(unique(table$learning_rate)) > 1
  drawn <- function(part, loss) {
    place <- places[match(rounded(part$weight_decay), decays)]
    data.frame(
      encoding = part$encoding, rate = format_number(part$learning_rate, 3),
      line = name_lines(part, several_rates), place = place, loss = loss, finite = is.finite(loss)
    )
  }
  means <- drawn(table, table$mean)
  shown <- seq(1, length(decays), by = ceiling(length(decays) / most_ticks))
  finite <- losses$valid_loss[is.finite(losses$valid_loss)]
  usual <- decays[abs(decays / usual_decay(x) - 1) < 1e-6]
  list(
    folds = drawn(losses, losses$valid_loss), means = means, chosen = means[table$chosen, ],
    several = max(table$n) > 1, ticks = places[shown],
    labels = vapply(decays[shown], format_number, "", digits = 2), usual = usual,
    log = is_positive(finite) && max(finite) > wide_losses * min(finite),
    chosen_words = sprintf(
      "chosen: %s, %s", x$settings$encoding, format_number(x$settings$weight_decay, 2)
    ),
    usual_words = sprintf("without a search: %s", format_number(usual, 2)),
    title = unname(c(loss_titles[x$settings$loss], x$settings$loss)[[1]])
  )
}

# A line for each encoding, and each learning rate where there are several.
name_lines <- function(part, several_rates) {
  rates <- sprintf(", rate %s", format_number(part$learning_rate, 3))
  paste0(part$encoding, if (several_rates) rates)
}

# 0 has no logarithm, and is at the left of the others.
axis_places <- function(decays) {
  above <- decays[decays > 0]
  if (!length(above)) {
    return(rep(1, length(decays)))
  }
  step <- if (length(above) > 1) above[[2]] / above[[1]] else 10
  replace(decays, decays == 0, above[[1]] / step)
}

plot_tuning <- function(x, log = NULL, type = "o", xlab = "Weight decay", ylab = NULL,
                        main = tuning_title, col = c("black", "#D55E00"), las = 1, ...) {
  picture <- tuning_picture(x, "x", rlang::caller_env())
  encodings <- unique(picture$folds$encoding)
  colours <- stats::setNames(rep_len(col, length(encodings)), encodings)
  folds <- picture$folds
  finite <- folds$loss[folds$finite]
  graphics::plot.default(
    range(folds$place), if (length(finite)) range(finite) else c(0, 1),
    log = if (is.null(log)) paste0("x", if (picture$log) "y") else log, type = "n", xaxt = "n",
    las = las, xlab = xlab, ylab = if (is.null(ylab)) picture$title else ylab, main = "", ...
  )
  graphics::axis(1, at = picture$ticks, labels = picture$labels)
  graphics::abline(v = picture$usual, lty = 3)
  if (picture$several) {
    graphics::points(folds$place[folds$finite], finite, col = colours[folds$encoding[folds$finite]])
  }
  lines <- tuning_lines(picture, colours)
  draw_means(picture$means, lines, type)
  mark_diverged(folds, colours)
  graphics::points(
    picture$chosen$place, picture$chosen$loss,
    pch = 21, cex = 1.8, lwd = 1.5, bg = colours[picture$chosen$encoding]
  )
  name_tuning(picture, lines, colours, main)
}

# The colour is that of the encoding, the dashes are those of the learning rate.
tuning_lines <- function(picture, colours) {
  lines <- picture$means[!duplicated(picture$means$line), c("line", "encoding", "rate")]
  dashes <- c(1, 2, 4, 3)
  lines$lty <- rep_len(dashes, length(unique(lines$rate)))[match(lines$rate, unique(lines$rate))]
  lines$col <- colours[lines$encoding]
  lines
}

draw_means <- function(means, lines, type) {
  for (number in seq_len(nrow(lines))) {
    own <- means[means$line == lines$line[[number]], ]
    graphics::lines(
      own$place, replace(own$loss, !own$finite, NA),
      type = type, pch = 16, cex = 0.7, lwd = 2, col = lines$col[[number]],
      lty = lines$lty[[number]]
    )
  }
}

# At the upper edge, those of a second encoding below those of the first.
mark_diverged <- function(folds, colours) {
  lost <- folds[!folds$finite, ]
  height <- near_top(lost$encoding, names(colours), graphics::par("usr")[3:4])
  if (graphics::par("ylog")) {
    height <- 10^height
  }
  graphics::points(lost$place, height, pch = 17, col = colours[lost$encoding])
}

near_top <- function(encoding, encodings, edges) {
  share <- 0.98 - 0.06 * (match(encoding, encodings) - 1)
  edges[[1]] + share * (edges[[2]] - edges[[1]])
}

# Above the plot, with the title above it; without room there, on a ground of its own.
name_tuning <- function(picture, lines, colours, main) {
  number <- nrow(lines)
  there <- c(
    rep(TRUE, number), picture$several, nrow(picture$chosen) > 0,
    length(picture$usual) > 0, any(!picture$folds$finite)
  )
  entries <- list(
    legend = c(
      lines$line, "single folds", picture$chosen_words, picture$usual_words[1], "diverged"
    ),
    col = c(lines$col, rep("black", 4)), lty = c(lines$lty, 0, 0, 3, 0),
    lwd = rep(c(2, 1), c(number, 4)), pch = c(rep(NA, number), 1, 21, NA, 17),
    pt.bg = c(rep(NA, number + 1), colours[picture$chosen$encoding][1], NA, NA),
    pt.cex = c(rep(1, number + 1), 1.5, 1, 1)
  )
  entries <- lapply(entries, function(entry) unname(entry[there]))
  rows <- ceiling(sum(there) / 3)
  if (graphics::par("mar")[[3]] >= 0.85 * rows + 1.5) {
    place <- list("bottom", inset = c(0, 1), xpd = TRUE, bty = "n", ncol = 3, cex = 0.75)
    graphics::title(main, line = 0.85 * rows + 0.5)
  } else {
    ground <- graphics::par("bg")
    place <- list("top", bg = if (ground == "transparent") "white" else ground, cex = 0.75)
    graphics::title(main)
  }
  do.call(graphics::legend, c(place, entries))
}

autoplot_tuning <- function(object) {
  picture <- tuning_picture(object, "object", rlang::caller_env())
  means <- picture$means
  means$loss[!means$finite] <- NA
  means$rate <- paste("learning rate", means$rate)
  usual <- data.frame(decay = picture$usual, words = picture$usual_words)
  at <- ggplot2::aes(x = .data$place, y = .data$loss, colour = .data$encoding)
  of_rate <- ggplot2::aes(linetype = .data$rate, group = .data$line)
  marks <- ggplot2::aes(shape = .data$mark, size = .data$mark)
  line <- ggplot2::aes(xintercept = .data$decay, linetype = .data$words)
  drawn <- list(
    if (nrow(usual)) ggplot2::geom_vline(line, usual), ggplot2::geom_line(of_rate, na.rm = TRUE),
    ggplot2::geom_point(size = 1, na.rm = TRUE),
    ggplot2::geom_point(marks, marked_points(picture), show.legend = c(colour = FALSE))
  )
  plot <- Reduce(`+`, c(drawn, tuning_scales(picture)), ggplot2::ggplot(means, at))
  if (picture$log) plot + ggplot2::scale_y_log10() else plot
}

# Folds, what was chosen, and what diverged.
marked_points <- function(picture) {
  folds <- picture$folds
  parts <- list(
    if (picture$several) folds[folds$finite, ], picture$chosen[picture$chosen$finite, ],
    folds[!folds$finite, ]
  )
  finite <- folds$loss[folds$finite]
  if (length(finite)) {
    edges <- range(if (picture$log) log10(finite) else finite)
    height <- near_top(parts[[3]]$encoding, unique(folds$encoding), edges)
    parts[[3]]$loss <- if (picture$log) 10^height else height
  }
  rows <- vapply(parts, NROW, 1L)
  points <- do.call(rbind, parts)
  points$mark <- factor(rep(picture_marks(picture), rows), picture_marks(picture)[rows > 0])
  points
}

picture_marks <- function(picture) c("single folds", picture$chosen_words, "diverged")

tuning_scales <- function(picture) {
  each <- function(values) stats::setNames(values, picture_marks(picture))
  colours <- c("black", "#D55E00")
  list(
    ggplot2::scale_colour_manual(values = colours, limits = unique(picture$means$encoding)),
    ggplot2::scale_shape_manual(values = each(c(1, 19, 17))),
    ggplot2::scale_size_manual(values = each(c(1.5, 4, 2.5))),
    tuning_linetypes(picture),
    ggplot2::scale_x_log10(breaks = picture$ticks, labels = picture$labels, minor_breaks = NULL),
    ggplot2::labs(
      x = "Weight decay", y = picture$title, colour = NULL, shape = NULL, size = NULL,
      linetype = NULL, title = tuning_title
    ),
    ggplot2::guides(
      colour = ggplot2::guide_legend(order = 1), shape = ggplot2::guide_legend(order = 2),
      size = ggplot2::guide_legend(order = 2), linetype = ggplot2::guide_legend(order = 3)
    )
  )
}

# Of one learning rate nothing is said.
tuning_linetypes <- function(picture) {
  rates <- paste("learning rate", unique(picture$means$rate))
  dashes <- rep_len(c("solid", "dashed", "dotdash", "longdash"), length(rates))
  values <- stats::setNames(dashes, rates)
  shown <- c(if (length(rates) > 1) rates, picture$usual_words)
  values[picture$usual_words] <- "dotted"
  ggplot2::scale_linetype_manual(values = values, breaks = shown)
}
