# What R's methods make of fits with the losses for outcomes of a kind, and outcomes not of it.

draw_labels <- function() {
  set.seed(3)
  frame <- data.frame(`a b` = rnorm(60), f = factor(rep(c("u", "v"), 30)), check.names = FALSE)
  frame$`l 1` <- ifelse(frame$`a b` + rnorm(60) > 0, "yes", "no")
  frame$`ü` <- rnorm(60) > frame$`a b`
  frame
}

fit_labels <- function(...) {
  two_layer(
    draw_labels()[c("a b", "f")], draw_labels()[c("l 1", "ü")],
    loss = "binary_cross_entropy", epochs = 30, hidden_units = 3, seed = 1, ...
  )
}

test_that("the summary of labels counts each one's true and false predictions", {
  skip_without_torch()
  data <- draw_labels()
  fit <- fit_labels()
  found <- summary(fit)
  predicted <- predict(fit, data)
  truth <- data.frame(data$`l 1` == "yes", data$`ü`)
  guess <- data.frame(predicted[[1]] == "yes", predicted[[2]] == "TRUE")
  for (place in 1:2) {
    counts <- table(factor(guess[[place]], c(TRUE, FALSE)), factor(truth[[place]], c(TRUE, FALSE)))
    expect_identical(
      as.integer(found$confusion[place, ]), as.integer(t(counts)),
      info = names(found$confusion)
    )
    expect_equal(
      found$measures$accuracy[[place]], mean(guess[[place]] == truth[[place]])
    )
  }
  expect_identical(
    names(found$confusion),
    c("true.positive", "false.positive", "false.negative", "true.negative")
  )
  expect_identical(row.names(found$confusion), c("l 1", "ü"))
  expect_null(found$residuals)
  expect_output(print(found), "How often labels are there \\(true\\) and predicted \\(positive\\)")
  expect_equal(glance(fit)$accuracy, mean(found$measures$accuracy))
})

test_that("class weights and classes in several columns are refused in words about labels", {
  skip_without_torch()
  expect_error(
    fit_labels(class_weights = "balanced"),
    "`class_weights` must be left out with the loss \"binary_cross_entropy\", whose labels",
    class = "pytwolayer_error_argument"
  )
  data <- draw_labels()
  for (y in list(data[c("l 1", "ü")], cbind(data$`ü`, !data$`ü`))) {
    expect_error(
      two_layer(data["a b"], y, epochs = 2),
      "labels of two values each with `loss` = \"binary_cross_entropy\", not classes in column",
      class = "pytwolayer_error_argument"
    )
  }
})

test_that("labels are logical, factors, text, or 0 and 1, and come back as such by both engines", {
  skip_without_torch()
  data <- draw_labels()
  there <- data$`ü`
  outcomes <- list(
    data.frame(y = there, z = !there), data.frame(y = factor(there, labels = c("n", "j")), z = 1),
    data.frame(y = ifelse(there, "j", "n"), z = 0), data.frame(y = as.numeric(there), z = 1L)
  )
  values <- list(c("FALSE", "TRUE"), c("n", "j"), c("j", "n"), c("0", "1"))
  for (place in seq_along(outcomes)) {
    fit <- two_layer(
      data[c("a b", "f")], outcomes[[place]],
      loss = "binary_cross_entropy", epochs = 2, seed = 1
    )
    rows <- data[1:3, c("a b", "f")]
    rows$`a b`[2] <- NA
    for (engine in c("python", "r")) {
      found <- predict(fit, rows, engine = engine)
      expect_setequal(levels(found$.pred_class_y), values[[place]])
      expect_identical(is.na(found$.pred_class_y), c(FALSE, TRUE, FALSE))
      shares <- predict(fit, rows, type = "prob", engine = engine)
      expect_identical(
        as.character(found$.pred_class_y),
        levels(found$.pred_class_y)[1 + (shares$.pred_y > 0.5)]
      )
    }
  }
})

test_that("several networks without Python warn once, of levels that none of them has seen", {
  skip_without_torch()
  data <- data.frame(x = 1:12, f = rep(c("u", "v"), c(11, 1)))
  fits <- suppressWarnings(
    two_layer(data, as.numeric(1:12), n_models = 6, bootstrap = TRUE, epochs = 2, seed = 1)
  )
  knows <- vapply(fits$models, function(model) {
    "v" %in% model$coding$inputs$codings[[2]]$levels
  }, NA)
  expect_true(any(knows) && !all(knows))
  for (engine in c("python", "r")) {
    for (type in c("numeric", "conf_int", "pred_int")) {
      ask <- function(rows) predict(fits, rows, type = type, engine = engine, level = 0.5)
      expect_no_warning(ask(data), class = "pytwolayer_warning_unseen_level")
      heard <- character()
      withCallingHandlers(
        found <- ask(data.frame(x = 1:2, f = c("u", "w"))),
        pytwolayer_warning_unseen_level = function(cnd) {
          heard <<- c(heard, conditionMessage(cnd))
          rlang::cnd_muffle(cnd)
        }
      )
      expect_length(heard, 1)
      expect_match(heard, "\"w\"")
      expect_identical(is.na(found[[1]]), c(FALSE, TRUE))
    }
  }
})

test_that("outcomes that a loss is not for, one row and no rows, are what the core says", {
  skip_without_torch()
  data <- draw_labels()["a b"]
  counts <- rep(0:4, 12)
  of <- function(y, loss, rows = seq_len(NROW(y))) {
    two_layer(data[rows, , drop = FALSE], y, loss = loss, epochs = 2, seed = 1)
  }
  bad <- list(
    list(-counts, "gamma", "above 0 .* not 0 \\(row 1"),
    list(counts, "gamma", "above 0 .* not 0 \\(row 1"),
    list(counts - 1, "negative_binomial", "whole numbers of at least 0 .* not -1 \\(row 1"),
    list(counts + 0.5, "negative_binomial", "whole numbers of at least 0 .* not 0.5 \\(row 1"),
    list(cbind(counts, 2 - counts), "binomial", "whole numbers .* not -1 .* \\(row 4"),
    list(cbind(0 * counts, 0 * counts), "binomial", "at least one trial"),
    list(counts, "binomial", "shares from 0 to 1, .* not 2 \\(row 3"),
    list(counts > 2, "normal", "\"cross_entropy\" or a function for classes"),
    list(factor(counts), "gamma", "\"cross_entropy\" or a function for classes"),
    list(data.frame(a = 0 * counts + 2, b = 1), "binary_cross_entropy", "0 or 1 .* not 2"),
    list(data.frame(a = "x", b = counts > 2), "binary_cross_entropy", "two values .* not \"x\"")
  )
  for (case in bad) {
    expect_error(of(case[[1]], case[[2]]), case[[3]], class = "pytwolayer_error_argument")
  }
  for (loss in c("normal", "gamma", "negative_binomial", "binomial", "quantile")) {
    fit <- of(1, loss, 1)
    expect_identical(is.na(predict(fit, data)$.pred), rep(FALSE, 60))
    expect_error(of(numeric(), loss, 0), "at least one row", class = "pytwolayer_error_argument")
    gaps <- replace(rep(c(1, 0.5), 30), c(3, 7), NA)
    if (loss == "negative_binomial") {
      gaps <- gaps * 2
    }
    suppressMessages(fit <- of(gaps, loss))
    whole <- of(gaps[-c(3, 7)], loss, -c(3, 7))
    expect_identical(predict(fit, data), predict(whole, data))
  }
})

test_that("several networks say, printed and summed up, that conf_int is of the mean alone", {
  skip_without_torch()
  fit <- function(...) two_layer(..., n_models = 2, bootstrap = TRUE, epochs = 2, seed = 1)
  words <- "Intervals: +\"conf_int\" is of the mean, only \"pred_int\" is to hold new outcomes"
  fits <- fit(mpg ~ wt, mtcars)
  for (shown in list(fits, summary(fits))) {
    expect_output(print(shown), words)
  }
  expect_identical(nrow(summary(fits)), 2L)
  shares <- fit(I(vs / 1) ~ wt, mtcars, loss = "binomial")
  expect_output(print(shares), "Intervals: +\"conf_int\" is of the mean$")
  flowers <- fit(Species ~ ., iris)
  for (shown in list(flowers, summary(flowers))) {
    expect_false(any(grepl("Intervals", utils::capture.output(print(shown)))))
  }
})
