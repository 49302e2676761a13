skip_without_torch()

# The same by both engines.
alike <- function(...) {
  core <- feature_effects(..., engine = "python")
  expect_equal(feature_effects(..., engine = "r"), core, tolerance = 1e-10)
  core
}

fit_cars <- function(formula, data = mtcars, ...) {
  two_layer(formula, data, epochs = 30, seed = 1, activation = "tanh", verbose = FALSE, ...)
}

test_that("partial dependence is the mean prediction with each value, through a formula too", {
  data <- transform(mtcars, am = am == 1, vs = factor(vs, labels = c("v", "straight")))
  fit <- fit_cars(mpg ~ wt + log(hp) + factor(cyl) + am + vs, data)
  for (name in c("wt", "hp", "cyl", "am", "vs")) {
    found <- alike(fit, data, name, kind = "pdp", points = 4)
    rows <- alike(fit, data, name, kind = "ice", points = 4)
    expect_s3_class(found, c("two_layer_profile", "tbl_df"))
    for (place in seq_len(nrow(found))) {
      value <- found$value[[place]]
      own <- data
      own[[name]] <- if (name == "am") {
        value == "TRUE"
      } else if (name == "vs") {
        factor(value, levels = levels(data$vs))
      } else {
        value
      }
      each <- predict(fit, own)$.pred
      expect_equal(found$estimate[[place]], mean(each))
      expect_equal(rows$estimate[rows$value == value], each)
    }
    expect_identical(rows$row[1:32], 1:32)
  }
})

test_that("accumulated local effects have the mean 0 over the rows, and a line's slope", {
  fit <- two_layer(mpg ~ wt + hp, mtcars, activation = "identity", epochs = 50, seed = 1)
  found <- alike(fit, mtcars, "wt", points = 6)
  slope <- effects(fit, mtcars, variables = "wt")$estimate
  expect_equal(diff(found$estimate) / diff(found$value), rep(slope, 5), tolerance = 1e-5)
  expect_identical(found$value, sort(mtcars$wt)[c(1, 7, 13, 19, 25, 32)])
  levels <- fit_cars(mpg ~ factor(cyl) + wt)
  by_level <- alike(levels, transform(mtcars, cyl = cyl), "cyl")
  expect_identical(by_level$value, c(4, 6, 8))
  flowers <- fit_cars(Species ~ ., iris)
  petals <- alike(flowers, iris, "Petal.Width", points = 3)
  expect_identical(petals$outcome[1:3], levels(iris$Species))
})

test_that("several networks have intervals, and rows count by their weights", {
  fits <- fit_cars(mpg ~ wt + log(hp) + factor(cyl), n_models = 3, bootstrap = TRUE)
  for (kind in c("ale", "pdp")) {
    found <- alike(fits, mtcars, "hp", kind = kind, points = 4, level = 0.5)
    expect_true(all(found$lower <= found$estimate & found$estimate <= found$upper))
  }
  weights <- rep(0:1, 16)
  weighted <- alike(fits, mtcars, "cyl", kind = "pdp", case_weights = weights)
  four <- predict(fits, transform(mtcars, cyl = 4))$.pred
  expect_equal(weighted$estimate[[1]], mean(four[weights == 1]))
  own <- two_layer(mpg ~ wt + log(hp), mtcars, epochs = 5, seed = 1, n_models = 2)
  expect_equal(alike(own, variable = "wt"), alike(own, mtcars, "wt"))
})

test_that("odd data and arguments", {
  data <- data.frame(
    value = c(NA, 1:19), "größe x" = 20:1, f = rep(c("a", "b"), 10), y = (1:20)^2,
    check.names = FALSE
  )
  fit <- suppressMessages(fit_cars(y ~ ., data))
  expect_identical(unique(alike(fit, data, "value", kind = "ice")$row), 2:20)
  expect_identical(alike(fit, data[2, ], "größe x")$estimate, 0)
  expect_identical(alike(fit, data, "f")$value, c("a", "b"))
  expect_refused(feature_effects(fit, data[0, ], "f"), "not none")
  expect_refused(feature_effects(fit, data[1, ], "f"), "not data without one")
  expect_refused(feature_effects(fit, data, "z"), "`variable` must be the name of a variable")
  expect_refused(feature_effects(fit, data), "`variable` must be")
  expect_refused(feature_effects(fit, data, "f", kind = "shap"), "`kind` must be one of")
  expect_refused(feature_effects(fit, data, "f", points = 1), "`points` must be")
})
