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

test_that("the spread is drawn per standard deviation, labels do not overlap", {
  found <- effects(fits, mtcars)
  picture <- effects_picture(found, "spread", NULL, environment())
  width <- sqrt(mean((mtcars$wt - mean(mtcars$wt))^2))
  expect_equal(picture$estimate[[1]], found$estimate[[1]] * width)
  expect_identical(picture$estimate[3:4], found$estimate[3:4])
  expect_identical(picture$label, c("wt", "hp", "cyl: 6 - 4", "cyl: 8 - 4"))
  unit <- effects_picture(found, "spread", "unit", environment())
  expect_identical(unit$estimate, found$estimate)
  expect_identical(label_lifts(c(0, 0, 0, 10), c(0, 0, 10, 0)), c(0L, 1L, 0L, 0L))
  at <- effects(fits, mtcars, variables = "wt", at = list(cyl = c(4, 8)))
  at <- effects_picture(at, "effects", NULL, environment())
  expect_identical(at$label, c("wt (cyl = 4)", "wt (cyl = 8)"))
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
