calls_of <- function(fit, ...) {
  grDevices::pdf(NULL)
  grDevices::dev.control("enable")
  withr::defer(grDevices::dev.off())
  expect_identical(plot(fit, what = "tuning", ...), fit)
  expect_true(graphics::par("xlog"))
  list(
    calls = vapply(grDevices::recordPlot()[[1]], function(part) part[[2]][[1]]$name, ""),
    ylog = graphics::par("ylog"), limits = graphics::par("usr")
  )
}

test_that("plot draws candidates, folds and what was chosen", {
  skip_without_torch()
  fit <- with_search(quick())
  drawn <- calls_of(fit)
  expect_true("C_abline" %in% drawn$calls)
  # The frame, the folds, two encodings, what diverged (none), what was chosen, and the legend.
  expect_identical(sum(drawn$calls == "C_plotXY"), 7L)
  expect_false(drawn$ylog)
  few <- calls_of(with_search(quick(), folds = 1, encodings = "linear", encoding = "linear"))
  expect_identical(sum(few$calls == "C_plotXY"), 5L)
  more <- calls_of(with_larger_steps(quick()))
  expect_identical(sum(more$calls == "C_plotXY"), 8L) # a line more
  expect_true(calls_of(fit, log = "xy", main = "mine", col = "red", las = 0)$ylog)
})

test_that("infinite losses, a weight decay of 0 and no margin do not break it", {
  skip_without_torch()
  lost <- with_search(quick(), diverged_losses)
  expect_true(all(is.finite(calls_of(lost)$limits)))
  expect_true(calls_of(with_search(quick(), candidate_losses * c(100, 1, 1, 1, 1)))$ylog)
  nothing <- with_search(quick(), candidate_losses * Inf)
  expect_silent(calls_of(nothing))
  zero <- with_search(quick())
  zero$tuning$weight_decay[1:3] <- 0
  expect_silent(calls_of(zero))
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  graphics::par(mar = c(4, 4, 0, 0))
  expect_silent(plot(zero, what = "tuning"))
})

test_that("what it draws is the table", {
  skip_without_torch()
  fit <- with_search(quick())
  picture <- tuning_picture(fit, "x", NULL)
  expect_equal(picture$means$place, c(0.1, 1, 10, 1, 3) * 3 / 32)
  expect_equal(picture$means$loss, rowMeans(candidate_losses))
  expect_equal(picture$folds$loss, fit$tuning$valid_loss)
  expect_equal(picture$chosen$loss, 0.25)
  expect_equal(picture$usual, 3 / 32)
  expect_identical(picture$labels, c("0.0094", "0.094", "0.28", "0.94"))
  expect_identical(picture$title, "Mean squared error (standardised)")
  zero <- fit
  zero$tuning$weight_decay[1:3] <- 0
  places <- tuning_picture(zero, "x", NULL)
  expect_identical(places$labels[[1]], "0")
  expect_true(all(places$means$place > 0) && places$means$place[[1]] < 3 / 32)
  other <- fit
  other$rows <- 50L
  expect_length(tuning_picture(other, "x", NULL)$usual, 0)
  classes <- with_search(quick_formula(Species ~ ., iris))
  expect_identical(tuning_picture(classes, "x", NULL)$title, "Log loss")
})

test_that("autoplot makes a ggplot of the same", {
  skip_without_torch()
  skip_if_not_installed("ggplot2")
  fit <- with_search(quick())
  plot <- ggplot2::autoplot(fit, what = "tuning")
  expect_s3_class(plot, "ggplot")
  expect_equal(plot$data$loss, rowMeans(candidate_losses))
  expect_identical(length(plot$layers), 4L)
  marks <- plot$layers[[4]]$data
  expect_identical(as.vector(table(marks$mark)), c(15L, 1L))
  expect_identical(levels(marks$mark), c("single folds", "chosen: piecewise, 0.094"))
  expect_silent(ggplot2::ggplot_build(plot))
  wide_apart <- candidate_losses * c(99, 1, 1, 1, 1)
  for (losses in list(diverged_losses, candidate_losses * Inf, wide_apart)) {
    other <- ggplot2::autoplot(with_search(quick(), losses), what = "tuning")
    expect_silent(ggplot2::ggplot_build(other))
  }
  steps <- with_larger_steps(quick())
  lines <- tuning_lines(tuning_picture(steps, "x", NULL), c(linear = 1, piecewise = 2))
  names <- c("linear, rate 0.003", "piecewise, rate 0.003", "piecewise, rate 0.03")
  expect_identical(lines$line, names)
  expect_identical(lines$lty, c(1, 1, 2))
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(steps, what = "tuning")))
  few <- with_search(quick(), folds = 1, encodings = "linear", encoding = "linear")
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(few, what = "tuning")))
  fits <- quick(n_models = 2)
  expect_identical(nrow(ggplot2::autoplot(with_search(fits), what = "tuning")$data), 5L)
  expect_refused(ggplot2::autoplot(fits, colour = "red"), "`colour` is not an argument")
})
