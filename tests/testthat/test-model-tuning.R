test_that("tidy has a row for each candidate of a search", {
  skip_without_torch()
  fit <- with_search(quick())
  tidied <- tidy(fit, what = "tuning")
  expect_s3_class(tidied, "tbl_df")
  expect_identical(
    names(tidied),
    c("encoding", "learning_rate", "weight_decay", "mean", "n", "std_err", "chosen")
  )
  expect_identical(tidied$encoding, rep(c("linear", "piecewise"), c(3, 2)))
  expect_equal(tidied$weight_decay, c(0.1, 1, 10, 1, 3) * 3 / 32)
  expect_equal(tidied$mean, rowMeans(candidate_losses))
  expect_identical(tidied$n, rep(3L, 5))
  expect_equal(tidied$std_err, apply(candidate_losses, 1, sd) / sqrt(3))
  expect_identical(tidied$chosen, c(FALSE, FALSE, FALSE, TRUE, FALSE))
  expect_identical(names(tidy(fit)), c("layer", "from", "to", "estimate"))
  expect_identical(tidy(fit, "weights"), tidy(fit))
})

test_that("candidates of several learning rates are told apart", {
  skip_without_torch()
  fit <- with_larger_steps(quick_formula(Species ~ ., iris))
  tidied <- tidy(fit, what = "tuning")
  expect_identical(tidied$learning_rate, rep(c(0.003, 0.03), c(5, 2)))
  expect_equal(tidied$mean[6:7], c(0.4 / 3, 0.2))
  expect_identical(which(tidied$chosen), 6L)
  expect_equal(glance(fit)$estimated_error, 0.4 / 3)
})

test_that("one fold has no standard error, and a loss that is not finite neither", {
  skip_without_torch()
  one <- tidy(with_search(quick(), folds = 1), what = "tuning")
  expect_identical(one$mean, candidate_losses[, 1])
  expect_identical(one$n, rep(1L, 5))
  expect_identical(one$std_err, rep(NA_real_, 5))
  lost <- tidy(with_search(quick(), diverged_losses), what = "tuning")
  expect_identical(is.infinite(lost$mean), c(FALSE, TRUE, FALSE, FALSE, TRUE))
  expect_identical(is.na(lost$std_err), c(FALSE, TRUE, FALSE, FALSE, TRUE))
})

test_that("the estimated error is the mean loss of what was chosen, on the outcome's scale", {
  skip_without_torch()
  scale <- sqrt(mean((mtcars$mpg - mean(mtcars$mpg))^2))
  expect_equal(glance(with_search(quick()))$estimated_error, 0.5 * scale)
  linear <- with_search(quick(), encoding = "linear", multiple = 0.1)
  expect_equal(glance(linear)$estimated_error, sqrt(0.6) * scale)
  classes <- with_search(quick_formula(Species ~ ., iris))
  expect_equal(glance(classes)$estimated_error, 0.25)
  expect_equal(glance(with_search(quick(loss = "mae")))$estimated_error, 0.25)
  two <- with_search(quick(mtcars[-(1:2)], mtcars[1:2]))
  expect_equal(glance(two)$estimated_error, 0.25)
})

test_that("print and summary tell what was chosen, and only where something was searched", {
  skip_without_torch()
  told <- function(fit, ...) {
    for (text in c(...)) {
      expect_output(print(fit), text, fixed = TRUE)
    }
    expect_output(print(summary(fit)), ..1, fixed = TRUE)
  }
  told(
    with_search(quick_formula(Species ~ ., iris)),
    paste(
      "\nTuning:     weight decay 0.02, piecewise encoding: of 5 candidates in 3 folds;",
      "estimated error 0.25 (log loss)"
    ),
    "4-64-3, relu, piecewise encoding, 515 parameters"
  )
  told(
    with_search(quick(y = mtcars$mpg * 1000), encoding = "linear", folds = 1, encodings = "linear"),
    paste(
      "\nTuning:     weight decay 0.0938: of 3 candidates in 1 fold;",
      "estimated error 3249 (RMSE)"
    ),
    "10-64-1, relu, 769 parameters"
  )
  told(
    with_search(quick(loss = "mae"), diverged_losses, multiple = 3),
    "of 5 candidates in 3 folds; estimated error infinite (mae)"
  )
  told(
    with_larger_steps(quick_formula(Species ~ ., iris)),
    "\nTuning:     weight decay 0.002, learning rate 0.03, piecewise encoding: of 7 candidates"
  )
  plain <- quick()
  expect_null(plain$tuning)
  expect_false(any(grepl("Tuning|encoding", capture.output(print(plain)))))
  expect_identical(glance(plain)$estimated_error, NA_real_)
})

test_that("the words are those of Python", {
  skip_without_torch()
  fit <- with_search(quick())
  words <- "weight decay 0.0938, piecewise encoding: of 5 candidates in 3 folds; estimated error"
  expect_match(format_tuning(fit), words, fixed = TRUE)
  errors <- c(0.0123456, 12, 999.94, 54321.7, 2e12, 1.5e-7, Inf)
  texts <- c("0.01235", "12", "999.9", "54322", "2e+12", "1.5e-07", "infinite")
  expect_identical(vapply(errors, format_error, ""), texts)
})

test_that("several networks have one search, and an error on the scale of all", {
  skip_without_torch()
  fits <- quick(n_models = 3, bootstrap = TRUE)
  fits$models <- lapply(fits$models, with_search)
  fits <- with_search(fits)
  expect_identical(tidy(fits, what = "tuning"), tidy(fits$models[[1]], what = "tuning"))
  expect_identical(names(tidy(fits))[[1]], "model")
  scales <- vapply(fits$models, function(model) model$coding$outcome$scale, 1)
  expect_gt(diff(range(scales)), 0)
  expect_equal(glance(fits)$estimated_error, 0.5 * sqrt(mean(scales^2)))
  expect_equal(summary(fits)$estimated_error, 0.5 * scales)
  shown <- capture.output(print(fits))
  expect_identical(sum(grepl("^Tuning: ", shown)), 1L)
  error <- format_error(0.5 * sqrt(mean(scales^2)))
  expect_match(shown[grepl("^Tuning: ", shown)], error, fixed = TRUE)
})

test_that("a fit that searched nothing has no candidates, and says so", {
  skip_without_torch()
  fit <- quick()
  words <- c("searched for its weight decay", "one that did not search")
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  expect_refused(tidy(fit, what = "tuning"), "`x`", words)
  expect_refused(plot(fit, what = "tuning"), "`x`", words)
  expect_refused(tidy(quick(n_models = 2), what = "tuning"), words)
  expect_refused(tidy(fit, what = "tunings"), "`what`", "\"weights\", \"tuning\"", "\"tunings\"")
  expect_refused(plot(fit, what = NULL), "`what`", "\"loss\"", "\"tuning\"")
  skip_if_not_installed("ggplot2")
  expect_refused(ggplot2::autoplot(fit, what = "tuning"), "`object`", words)
})

test_that("inputs of pieces have names with numbers wherever inputs are named", {
  skip_without_torch()
  pieces <- list(hidden_units = 2, epochs = 1, seed = 1, encoding = "piecewise", pieces = 3)
  fitted <- function(...) {
    formula <- Sepal.Length ~ Sepal.Width + Species
    rlang::exec(two_layer, formula, iris, !!!pieces, ...)
  }
  fit <- fitted()
  names <- c(paste0("Sepal.Width_", 1:3), paste0("Species_", levels(iris$Species)))
  expect_identical(variable.names(fit), names)
  expect_identical(colnames(coef(fit)$hidden_weight), names)
  expect_identical(unique(tidy(fit)$from), c(names, "(bias)", "h1", "h2"))
  expect_identical(colnames(model.matrix(fit)), names)
  expect_identical(glance(fit)$inputs, 6L)
  several <- fitted(n_models = 2)
  expect_identical(variable.names(several), names)
  expect_identical(unique(tidy(several)$from), c(names, "(bias)", "h1", "h2"))
  expect_identical(colnames(coef(several)[[2]]$hidden_weight), names)
})
