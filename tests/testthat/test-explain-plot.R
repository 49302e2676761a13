skip_without_torch()

fits <- two_layer(mpg ~ wt + hp + factor(cyl), mtcars[1:24, ],
  epochs = 10, seed = 1, n_models = 3, verbose = FALSE
)
flowers <- two_layer(Species ~ ., iris, epochs = 5, seed = 1, verbose = FALSE)

on_paper <- function(...) {
  file <- withr::local_tempfile(fileext = ".png")
  grDevices::png(file)
  withr::defer(grDevices::dev.off())
  force(...)
}

test_that("base plots are drawn and give the table back", {
  found <- effects(fits, mtcars)
  expect_identical(expect_invisible(on_paper(plot(found))), found)
  on_paper(plot(found, what = "spread", main = "a", xlab = "b"))
  on_paper(plot(feature_effects(fits, mtcars, "wt"), main = "a", xlab = "b", ylab = "c"))
  on_paper(plot(effects(flowers, iris)))
  on_paper(plot(importance(fits, mtcars[25:32, ], seed = 1)))
  for (kind in c("ale", "pdp", "ice")) {
    on_paper(plot(feature_effects(fits, mtcars, "wt", kind = kind, points = 4)))
    on_paper(plot(feature_effects(flowers, iris, "Sepal.Width", kind = kind, points = 4)))
  }
  levels <- two_layer(mpg ~ f, data.frame(mpg = 1:6, f = letters[1:3]), epochs = 2, seed = 1)
  on_paper(plot(feature_effects(levels, data.frame(f = letters[1:3]), "f", kind = "ice")))
  old <- graphics::par("mfrow")
  expect_identical(graphics::par("mfrow"), old)
  expect_refused(plot(found, what = "z"), "`what` must be one of")
  expect_refused(plot(found, per = "z"), "`per` must be one of")
  unlink("Rplots.pdf")
})

test_that("upright names of levels end above the lower edge, and below them is the label", {
  names <- paste(c("a level with quite a long name", "another level with a long name"), 1:6)
  grDevices::pdf(NULL, width = 5, height = 4)
  grDevices::dev.control("enable")
  withr::defer(grDevices::dev.off())
  own <- data.frame(value = names, estimate = seq_along(names))
  before <- graphics::par("mar")
  draw_levels(own, list(kind = "pdp"), "the label", "y", "")
  expect_identical(graphics::par("mar"), before)
  calls <- lapply(grDevices::recordPlot()[[1]], function(part) part[[2]])
  is_label <- function(call) length(call) > 5 && identical(call[[4]], "the label")
  labels <- Filter(is_label, calls)
  short <- names_within(names, 0.35 * graphics::par("fin")[[2]])
  expect_length(labels, 1)
  line <- labels[[1]][[6]] # of title(), under the names
  expect_gt(line * graphics::par("csi"), max(graphics::strwidth(short, "inches")))
})

test_that("panels of many outcomes have room on a small device, and ggplot2 shortens their names", {
  classes <- factor(paste("a class with quite a long name", rep(1:10, 15)))
  fit <- two_layer(iris[1:4], classes, epochs = 2, seed = 1, verbose = FALSE)
  grDevices::pdf(NULL, width = 6, height = 5)
  withr::defer(grDevices::dev.off())
  found <- effects(fit, iris)
  for (what in c("effects", "spread")) expect_silent(plot(found, what = what))
  expect_silent(plot(feature_effects(fit, iris, "Sepal.Width")))
  skip_if_not_installed("ggplot2")
  built <- ggplot2::ggplot_build(ggplot2::autoplot(found))
  expect_identical(max(built$layout$layout$COL), 3L)
})

test_that("the spread is drawn per standard deviation, labels do not overlap", {
  found <- effects(fits, mtcars)
  picture <- effects_picture(found, "spread", NULL, environment())
  width <- sqrt(mean((mtcars$wt - mean(mtcars$wt))^2))
  expect_equal(picture$estimate[[1]], found$estimate[[1]] * width)
  expect_identical(picture$estimate[3:4], found$estimate[3:4])
  expect_identical(picture$label, c("wt", "hp", "cyl: 6 - 4", "cyl: 8 - 4"))
  unit <- effects_picture(found, "spread", "unit", environment())
  expect_identical(unit$estimate, found$estimate)
  expect_identical(label_lifts(c(0, 0, 0, 10), c(0, 0, 10, 0), rep(3, 4)), c(0L, 1L, 0L, 0L))
  crowded <- label_lifts(rep(1, 30), rep(1, 30), rep(9, 30))
  expect_identical(crowded, rep(c(0:3, NA), c(1, 1, 1, 1, 26)))
  at <- effects(fits, mtcars, variables = "wt", at = list(cyl = c(4, 8)))
  at <- effects_picture(at, "effects", NULL, environment())
  expect_identical(at$label, c("wt (cyl = 4)", "wt (cyl = 8)"))
})

test_that("long names lose their middle unless others would look the same", {
  one <- "Jährliches Einkommen des Haushalts, Größe 1 (Euro)"
  other <- sub("1", "2", one)
  short <- short_names(c(one, "x", other))
  expect_identical(nchar(short), c(35L, 1L, 35L))
  expect_identical(substr(short[[1]], 28, 35), "1 (Euro)")
  twins <- paste0(strrep("a", 20), c("1", "2"), strrep("b", 20))
  expect_identical(short_names(twins), twins)
})

test_that("long names, many inputs and several outcomes are drawn by all plots", {
  names <- sprintf("Jährliches Einkommen des Haushalts, Größe %d (Euro)", 1:30)
  many <- as.data.frame(matrix(sin(1:1800), 60, dimnames = list(NULL, names)))
  many$one <- rowSums(many[names])
  many$two <- many[[1]]
  settings <- list(epochs = 2, weight_decay = 0, encoding = "linear", seed = 1, verbose = FALSE)
  for (outcome in list("one", c("one", "two"))) {
    fit <- do.call(two_layer, c(list(many[c(names, outcome)], outcome = outcome), settings))
    found <- effects(fit, many)
    measured <- suppressMessages(importance(fit, many, seed = 1, repeats = 2, measure = "mae"))
    curve <- feature_effects(fit, many, names[[1]], points = 3)
    expect_no_warning(on_paper({
      plot(found)
      plot(found, what = "spread")
      plot(measured)
      plot(curve)
      plot(fit, what = "network")
    }))
    skip_if_not_installed("ggplot2")
    expect_no_warning(on_paper({
      print(ggplot2::autoplot(found))
      print(ggplot2::autoplot(found, what = "spread"))
      print(ggplot2::autoplot(measured))
      print(ggplot2::autoplot(curve))
      print(ggplot2::autoplot(fit, what = "network"))
    }))
  }
})

test_that("ggplot2's plots have the same in them", {
  skip_if_not_installed("ggplot2")
  found <- effects(fits, mtcars)
  plot <- ggplot2::autoplot(found)
  expect_s3_class(plot, "ggplot")
  drawn <- ggplot2::ggplot_build(plot)$data
  expect_equal(drawn[[3]]$x, found$estimate)
  expect_equal(drawn[[2]]$xend, found$upper)
  expect_warning(ggplot2::ggplot_build(ggplot2::autoplot(found, what = "spread")), NA)
  panels <- ggplot2::ggplot_build(ggplot2::autoplot(effects(flowers, iris)))
  expect_length(unique(panels$data[[2]]$PANEL), 3)
  measured <- importance(fits, mtcars[25:32, ], seed = 1, repeats = 3)
  drawn <- ggplot2::ggplot_build(ggplot2::autoplot(measured))$data
  expect_identical(nrow(drawn[[3]]), 9L)
  for (kind in c("ale", "pdp", "ice")) {
    curve <- feature_effects(fits, mtcars, "wt", kind = kind, points = 4)
    drawn <- ggplot2::ggplot_build(ggplot2::autoplot(curve))$data
    means <- tapply(curve$estimate, curve$value, mean)
    is_mean <- vapply(drawn, function(layer) isTRUE(all.equal(layer$y, as.vector(means))), NA)
    expect_true(any(is_mean))
  }
})
