# The device draws nothing, and shows no window.
drawn <- function(fit, ...) {
  grDevices::pdf(NULL)
  grDevices::dev.control("enable")
  withr::defer(grDevices::dev.off())
  before <- graphics::par(c("mar", "mfrow", "oma"))
  expect_silent(expect_identical(plot(fit, ...), fit))
  expect_identical(graphics::par(c("mar", "mfrow", "oma")), before)
  calls <- grDevices::recordPlot()[[1]]
  vapply(calls, function(part) part[[2]][[1]]$name, "")
}

shown <- function(fit, what, ...) {
  shown_rows(fit, what, ..., newdata = NULL, env = parent.frame(), call = rlang::current_env())
}
own <- function(fit, what) shown(fit, what, NULL, y = NULL, case_weights = NULL)

test_that("numbers have predictions and residuals, of the training rows unless others are given", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ wt + hp, mtcars)
  for (what in number_figures) {
    expect_true("C_plotXY" %in% drawn(fit, what))
    expect_true("C_plotXY" %in% drawn(fit, what, new_data = mtcars[1:5, ], main = "mine", col = 2))
  }
  panel <- own(fit, "predictions")$panels[[1]]
  expect_identical(panel$across, unname(fitted(fit)))
  expect_identical(panel$up, mtcars$mpg)
  squared <- summary(fit)$measures$r.squared
  expect_identical(panel$words, sprintf("32 training rows: R squared %.3g", squared))
  residuals <- own(fit, "residuals")
  expect_identical(residuals$panels[[1]]$up, unname(residuals(fit)))
  expect_identical(residuals$up, "Residual of mpg")
  other <- shown(fit, "predictions", mtcars[1:5, ], y = NULL, case_weights = NULL)$panels[[1]]
  expect_identical(other$across, predict(fit, mtcars[1:5, ])$.pred)
  expect_match(other$words, "^5 rows: ")
})

test_that("classes have a confusion matrix and reliability", {
  skip_without_torch()
  fit <- quick_formula(Species ~ ., iris, epochs = 20)
  expect_true("C_image" %in% drawn(fit, "confusion"))
  expect_true("C_plotXY" %in% drawn(fit, "reliability"))
  panel <- own(fit, "confusion")$panels[[1]]
  expect_equal(panel$counts, unclass(summary(fit)$confusion), ignore_attr = TRUE)
  expect_identical(panel$classes, levels(iris$Species))
  expect_length(own(fit, "reliability")$panels, 3)
  two <- quick(iris[1:4], factor(iris$Species == "virginica"), n_models = 2)
  expect_silent(drawn(two, "confusion"))
  expect_identical(own(two, "reliability")$across, "Predicted probability of TRUE")
})

test_that("several outcomes, labels and trials have the panels that are theirs", {
  skip_without_torch()
  both <- quick_formula(cbind(mpg, hp) ~ wt, mtcars)
  expect_true("C_mtext" %in% drawn(both, "residuals"))
  expect_length(own(both, "predictions")$panels, 2)
  labels <- data.frame(a = mtcars$am == 1, b = mtcars$vs == 1)
  fit <- quick(mtcars[-(8:9)], labels, loss = "binary_cross_entropy")
  for (what in share_figures) expect_silent(drawn(fit, what))
  counts <- data.frame(won = mtcars$am + 1, lost = mtcars$vs)
  trials <- quick(mtcars["wt"], counts, loss = "binomial")
  for (what in figures_of(trials)) expect_silent(drawn(trials, what))
  expect_refused(plot(trials, "confusion"), '"predictions", "residuals", "reliability"')
})

test_that("weights count, and rows without a value or a weight are left out", {
  skip_without_torch()
  weights <- c(0, 0, seq_len(30))
  fit <- quick_formula(am ~ wt, transform(mtcars, am = factor(am)), case_weights = weights)
  expect_match(own(fit, "confusion")$panels[[1]]$words, "^30 training rows, weighted: ")
  expect_silent(drawn(fit, "reliability"))
  new <- transform(mtcars, am = factor(am))
  new$wt[1:4] <- NA
  given <- shown(fit, "confusion", new, y = NULL, case_weights = 1:32)
  expect_match(given$panels[[1]]$words, "^28 rows, weighted: ")
})

test_that("a class without rows, many classes, few rows and small devices do not break it", {
  skip_without_torch()
  empty <- factor(iris$Species, c("none", levels(iris$Species)))
  fit <- quick(iris[1:4], empty)
  expect_true(all(is.nan(own(fit, "confusion")$panels[[1]]$shares[1, ])))
  expect_silent(drawn(fit, "confusion"))
  names <- factor(rep(sprintf("a class with a long name %d", 1:25), 4))
  many <- quick(data.frame(x = seq_len(100)), names)
  for (what in share_figures) expect_silent(drawn(many, what))
  expect_silent(drawn(fit, "confusion", new_data = iris[1, 1:4], y = empty[1]))
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  graphics::par(mar = c(4, 4, 0, 0))
  expect_silent(plot(fit, "reliability"))
})

test_that("what cannot be shown is refused with what can", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ wt, mtcars)
  expect_refused(plot(fit, "confusion"), 'one of "predictions", "residuals" for a fit of numbers')
  expect_refused(plot(fit, mtcars), "rows to show are `new_data`")
  expect_refused(plot(fit, which = 1), "it is `what` here")
  expect_refused(plot(fit, new_data = mtcars), 'left out with `what = "loss"`')
  expect_refused(plot(fit, "residuals", case_weights = 1:32), "`case_weights` must be left out")
  expect_refused(plot(fit, "residuals", y = mtcars$mpg), "`new_data` must be given")
  classes <- quick(iris[1:4], iris$Species)
  expect_refused(plot(classes, "residuals"), "for a fit of classes")
  file <- withr::local_tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  loaded <- load_two_layer(file)
  expect_refused(plot(loaded, "residuals"), "`new_data` must be given, since the fit has no")
  expect_silent(drawn(loaded, "residuals", newdata = mtcars))
})

test_that("a path is read by Python", {
  skip_without_torch()
  file <- withr::local_tempfile(fileext = ".csv")
  utils::write.csv(mtcars, file, row.names = FALSE)
  fit <- quick_formula(mpg ~ wt, mtcars)
  path <- shown(fit, "predictions", file, y = NULL, case_weights = NULL)
  frame <- shown(fit, "predictions", mtcars, y = NULL, case_weights = NULL)
  expect_identical(path, frame)
})

test_that("autoplot makes a ggplot of the same", {
  skip_without_torch()
  skip_if_not_installed("ggplot2")
  fit <- quick_formula(cbind(mpg, hp) ~ wt, mtcars)
  for (what in number_figures) {
    plot <- ggplot2::autoplot(fit, what)
    expect_s3_class(plot, "ggplot")
    expect_identical(nrow(plot$data), 64L)
    expect_silent(ggplot2::ggplot_build(plot))
  }
  classes <- quick_formula(Species ~ ., iris)
  cells <- ggplot2::autoplot(classes, "confusion")
  expect_identical(nrow(cells$data), 9L)
  expect_equal(cells$data$count, as.vector(t(own(classes, "confusion")$panels[[1]]$counts)))
  expect_silent(ggplot2::ggplot_build(cells))
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(classes, "reliability")))
  expect_refused(ggplot2::autoplot(classes, "predictions"), "for a fit of classes")
})
