skip_without_torch()

fit_rows <- function(formula, data, ...) {
  two_layer(formula, data, epochs = 30, seed = 1, activation = "tanh", verbose = FALSE, ...)
}

test_that("importance is what the core gives, on the variables of a formula", {
  fit <- fit_rows(mpg ~ wt + hp + factor(cyl), mtcars[1:22, ])
  held_out <- mtcars[23:32, ]
  found <- importance(fit, held_out, seed = 1, measure = "rmse")
  expect_s3_class(found, c("two_layer_importance", "tbl_df"))
  expect_named(found, c("input", "outcome", "estimate", "spread", "lowest", "highest"))
  expect_identical(found$input, c("wt", "hp", "cyl"))
  expect_identical(found$outcome, rep("mpg", 3))
  facts <- attr(found, "facts")
  expect_equal(facts$base, sqrt(mean((predict(fit, held_out)$.pred - held_out$mpg)^2)))
  expect_equal(rowMeans(facts$each), found$estimate)
  expect_false(facts$training)
  expect_identical(importance(fit, held_out, seed = 1, measure = "rmse"), found)
  set.seed(2)
  drawn <- importance(fit, held_out)
  set.seed(2)
  expect_identical(importance(fit, held_out), drawn)
})

test_that("variables that a formula transforms are put into the same orders", {
  plain <- fit_rows(mpg ~ wt + hp, mtcars[1:22, ])
  # The same network, whose formula makes the columns.
  made <- fit_rows(mpg ~ I(wt + 0) + I(hp + 0), mtcars[1:22, ])
  held_out <- mtcars[23:32, ]
  held_out$hp[[3]] <- NA
  for (measure in c("loss", "mae", "r_squared")) {
    one <- importance(plain, held_out, seed = 3, measure = measure)
    other <- importance(made, held_out, seed = 3, measure = measure)
    expect_equal(other[-1], one[-1], tolerance = 1e-5, ignore_attr = TRUE)
    expect_identical(other$input, one$input)
  }
  mixed <- fit_rows(mpg ~ log(hp) * wt + factor(cyl), mtcars[1:22, ])
  found <- importance(mixed, held_out, seed = 3)
  expect_identical(found$input, c("hp", "wt", "cyl"))
  alone <- importance(mixed, held_out, seed = 3, variables = "cyl")
  expect_equal(alone$estimate, found$estimate[[3]])
})

test_that("classes, several outcomes, several networks, weights", {
  rows <- seq(1, 150, 3)
  flowers <- fit_rows(Species ~ ., iris[-rows, ])
  found <- importance(flowers, iris[rows, ], seed = 1, measure = "accuracy")
  right <- mean(predict(flowers, iris[rows, ])$.pred_class == iris$Species[rows])
  expect_equal(attr(found, "facts")$base, right)
  both <- fit_rows(cbind(mpg, qsec) ~ wt + log(hp), mtcars[1:22, ])
  expect_identical(
    importance(both, mtcars[23:32, ], measure = "mae")$outcome, rep(c("mpg", "qsec"), 2)
  )
  expect_identical(importance(both, mtcars[23:32, ])$outcome, rep("(together)", 2))
  fits <- fit_rows(mpg ~ wt + log(hp), mtcars[1:22, ], n_models = 3, bootstrap = TRUE)
  weighted <- importance(fits, mtcars[21:32, ], seed = 1, case_weights = rep(c(0, 1), c(2, 10)))
  expect_equal(weighted, importance(fits, mtcars[23:32, ], seed = 1))
})

test_that("tables, with the outcome beside them or in them", {
  fit <- quick(mtcars[1:22, 2:4], mtcars$mpg[1:22])
  apart <- importance(fit, mtcars[23:32, ], y = mtcars$mpg[23:32], seed = 1)
  named <- two_layer(mtcars[1:22, 1:4], outcome = "mpg", epochs = 5, seed = 1)
  inside <- importance(named, mtcars[23:32, ], seed = 1)
  expect_equal(inside$estimate, apart$estimate)
  expect_identical(inside$outcome, rep("mpg", 3))
  expect_refused(importance(fit, mtcars), "`y` must be given")
})

test_that("rows of training are told, by a message", {
  fit <- two_layer(mpg ~ wt + hp, mtcars, epochs = 5, seed = 1)
  expect_message(found <- importance(fit, seed = 1), "was trained on", class = "pytwolayer_message")
  expect_true(attr(found, "facts")$training)
  expect_equal(suppressMessages(importance(fit, mtcars, seed = 1)), found)
  made <- fit_rows(mpg ~ log(wt), mtcars)
  expect_message(importance(made, mtcars, seed = 1), "was trained on")
  table <- two_layer(mtcars[-1], mtcars$mpg, epochs = 5, seed = 1)
  expect_message(importance(table, seed = 1), "was trained on")
})

test_that("odd data and arguments", {
  data <- data.frame(
    estimate = c(NA, 1:19), "größe x" = 20:1, f = rep(c("a", "b"), 10), same = 1,
    y = (1:20)^2, check.names = FALSE
  )
  fit <- suppressMessages(fit_rows(y ~ ., data[1:12, ]))
  found <- importance(fit, data[13:20, ], seed = 1)
  expect_identical(found$input, names(data)[1:4])
  expect_identical(found$estimate[[4]], 0)
  expect_identical(importance(fit, data[20, ], seed = 1)$estimate, rep(0, 4))
  expect_refused(importance(fit, data[0, ]), "not none")
  expect_refused(importance(fit, data[1, ]), "not data without one")
  expect_refused(importance(fit, data[-5]), "a table with the outcome")
  expect_refused(importance(fit, data[13:20, ], repeats = 1.5), "`repeats` must be")
  expect_refused(importance(fit, data[13:20, ], measure = "auc"), "`measure` must be one of")
  expect_refused(importance(fit, data[13:20, ], variables = "z"), "`variables` must be")
  expect_refused(importance(fit, data[13:20, ], case_weights = 1), "`case_weights` must be")
  expect_error(importance(fit, data, repeat_ = 3), "is not an argument")
})

test_that("a truth that is none of the fit is refused, and unseen classes are told", {
  fit <- two_layer(mpg ~ wt, mtcars, epochs = 2, hidden_units = 2, seed = 1, verbose = FALSE)
  text <- transform(mtcars, mpg = as.character(mpg))
  expect_refused(importance(fit, text), "`y` must be numbers, as in training, not text")
  expect_refused(importance(fit, mtcars, y = mtcars[1:2]), "`y` must be 1 column, as in training")
  flowers <- two_layer(Species ~ ., iris, epochs = 2, hidden_units = 2, seed = 1, verbose = FALSE)
  other <- transform(iris, Species = ifelse(seq_len(150) > 90, "none", as.character(Species)))
  expect_warning(
    found <- importance(flowers, other, seed = 1),
    'did not see in column "Species": "none". Their rows are left out.',
    class = "pytwolayer_warning_unseen_level"
  )
  expect_equal(found, importance(flowers, iris[1:90, ], seed = 1))
  expect_refused(
    suppressWarnings(importance(flowers, transform(iris, Species = "none"))),
    "`y` must be data with a row of a class that training saw"
  )
  table <- two_layer(iris[-5], iris$Species, epochs = 2, seed = 1, verbose = FALSE)
  expect_warning(
    importance(table, iris, y = other$Species), 'training did not see: "none". Their rows'
  )
})
