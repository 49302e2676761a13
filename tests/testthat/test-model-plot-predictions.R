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

# Latin letters, which a pdf has.
long_names <- paste(
  c("h\u00e4ufige Zwergstrauchheide", "\u00dcberflutung", "mar\u00e9e"),
  "of a very long name, number", seq_len(12)
)

test_that("several panels have one legend", {
  skip_without_torch()
  fit <- quick(iris[1:4], factor(long_names[rep(1:3, 50)], long_names[1:3]))
  grDevices::pdf(NULL)
  grDevices::dev.control("enable")
  withr::defer(grDevices::dev.off())
  plot(fit, "reliability")
  calls <- lapply(grDevices::recordPlot()[[1]], function(part) part[[2]])
  texts <- Filter(function(call) call[[1]]$name == "C_text", calls)
  words <- unlist(lapply(texts, function(call) as.character(call[[3]])))
  expect_identical(sort(words), c("equal", "groups, 95 % interval"))
})

test_that("the legend of several panels overlaps neither the panels nor their labels", {
  grDevices::pdf(NULL, width = 7, height = 5)
  withr::defer(grDevices::dev.off())
  lay_panels(3, above = 2)
  graphics::par(oma = graphics::par("oma") + c(1.3, 0, 0, 0))
  for (panel in 1:3) graphics::plot(1)
  box <- name_below(list(x = "topleft", legend = c("equal", "groups"), lty = 1:2))$rect
  top <- graphics::grconvertY(box$top, "user", "inches")
  line <- graphics::par("csi")
  # The label of the axes is on line 0.6 of the outer margin, in letters of 0.8.
  expect_lt(top, (graphics::par("oma")[[1]] - 0.6 - 0.8) * line / graphics::par("cex") + 0.05)
  expect_gte(graphics::grconvertX(box$left, "user", "ndc"), 0)
})

test_that("long names of classes are shortened to the room that there is", {
  grDevices::pdf(NULL, width = 4, height = 4)
  withr::defer(grDevices::dev.off())
  graphics::plot.new()
  for (inches in c(1, 2)) {
    short <- names_within(long_names, inches)
    expect_lte(max(graphics::strwidth(short, "inches")), inches)
    expect_false(anyDuplicated(short) > 0)
  }
  expect_identical(names_within("a", 1), "a")
})

test_that("figures of many outcomes and long names have room on a small device", {
  skip_without_torch()
  ten <- factor(long_names[rep(1:10, 15)], long_names[1:10])
  fit <- quick(iris[1:4], ten)
  numbers <- as.data.frame(matrix(rnorm(320), 32))
  names(numbers) <- long_names[1:10]
  outcomes <- quick(mtcars[2:4], numbers)
  grDevices::pdf(NULL, width = 5, height = 5)
  withr::defer(grDevices::dev.off())
  for (what in share_figures) expect_silent(plot(fit, what))
  for (what in number_figures) expect_silent(plot(outcomes, what))
})

test_that("the legend of one panel is in a corner without groups", {
  panel <- list(predicted = c(0.1, 0.9), lower = c(0.2, 0.8), upper = c(0.95, 1))
  expect_identical(free_corner(panel), "bottomright")
  panel$upper[[1]] <- 0.5
  expect_identical(free_corner(panel), "topleft")
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
