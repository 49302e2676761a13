skip_without_torch()

# The same by both engines.
alike <- function(...) {
  core <- effects(..., engine = "python")
  expect_equal(effects(..., engine = "r"), core, tolerance = 1e-10)
  core
}

slope <- function(fit, data, name, step = 1e-3, type = "numeric") {
  ends <- list(data, data)
  ends[[1]][[name]] <- data[[name]] + step
  ends[[2]][[name]] <- data[[name]] - step
  both <- lapply(ends, function(rows) as.matrix(predict(fit, rows, type = type)))
  (both[[1]] - both[[2]]) / (2 * step)
}

fit_cars <- function(formula, data = mtcars, ...) {
  two_layer(formula, data, epochs = 30, seed = 1, activation = "tanh", verbose = FALSE, ...)
}

test_that("effects are those of predict(), by both engines", {
  fit <- fit_cars(mpg ~ wt + hp + factor(cyl))
  found <- alike(fit, mtcars)
  expect_s3_class(found, c("two_layer_effects", "tbl_df"))
  expect_named(found, c("input", "contrast", "outcome", "estimate", "spread"))
  expect_identical(found$input, c("wt", "hp", "cyl", "cyl"))
  expect_identical(found$contrast, c("derivative", "derivative", "6 - 4", "8 - 4"))
  own <- slope(fit, mtcars, "wt")
  expect_equal(found$estimate[[1]], mean(own), tolerance = 1e-3)
  expect_equal(found$spread[[1]], sqrt(mean((own - mean(own))^2)), tolerance = 1e-2)
  six <- predict(fit, transform(mtcars, cyl = 6))$.pred
  expect_equal(found$estimate[[3]], mean(six - predict(fit, transform(mtcars, cyl = 4))$.pred))
  weighted <- alike(fit, mtcars, case_weights = rep(1:2, 16))
  twice <- mtcars[rep(1:32, rep(1:2, 16)), ]
  expect_equal(weighted$spread, effects(fit, twice)$spread)
})

test_that("without new data they are of the rows of the fit", {
  fit <- two_layer(mpg ~ wt + hp, mtcars, subset = gear > 3, epochs = 5, seed = 1, verbose = FALSE)
  expect_equal(alike(fit), effects(fit, mtcars[mtcars$gear > 3, ]))
  table <- two_layer(mtcars[-1], mtcars$mpg, epochs = 5, seed = 1, verbose = FALSE)
  expect_equal(alike(table), effects(table, mtcars))
})

test_that("a variable that a formula transforms has its effect through all that is made of it", {
  data <- transform(mtcars, am = factor(am))
  fit <- fit_cars(mpg ~ log(hp) * wt + am:gear + poly(qsec, 2) + I(disp > 200), data)
  found <- alike(fit, data)
  expect_identical(found$input, c("hp", "wt", "qsec", "disp", "am", "gear"))
  expect_identical(found$contrast, c(rep("difference", 4), "1 - 0", "difference"))
  for (name in c("hp", "wt", "gear", "qsec")) {
    step <- 0.01 * sd(data[[name]]) * sqrt(31 / 32)
    expect_equal(
      found$estimate[found$input == name], mean(slope(fit, data, name, step)), tolerance = 1e-6
    )
  }
  set <- function(level) predict(fit, transform(data, am = factor(level, levels = c("0", "1"))))
  expect_equal(found$estimate[[5]], mean(set("1")$.pred - set("0")$.pred))
  own <- alike(fit, data, variables = "hp", step = c(hp = 5))
  expect_equal(own$estimate, mean(slope(fit, data, "hp", 5)), tolerance = 1e-8)
})

test_that("where a logarithm is taken no value becomes negative", {
  data <- data.frame(x = c(1e-3, 1:19), y = 1:20)
  fit <- fit_cars(y ~ log(x), data)
  expect_no_warning(found <- effects(fit, data))
  expect_true(is.finite(found$estimate))
})

test_that("effects on probabilities and on rates with an offset", {
  flowers <- fit_cars(Species ~ ., iris)
  found <- alike(flowers, iris)
  expect_identical(found$outcome[1:3], levels(iris$Species))
  expect_equal(found$estimate[1:3], unname(colMeans(slope(flowers, iris, "Sepal.Length",
    type = "prob"
  ))), tolerance = 1e-3)
  data <- data.frame(n = c(0:9, 3:12), x = 1:20, time = rep(c(1, 3), 10))
  rates <- fit_cars(n ~ x + offset(log(time)), data, loss = "poisson")
  found <- alike(rates, data)
  expect_identical(found$input, c("x", "time"))
  expect_equal(found$estimate[[1]], mean(slope(rates, data, "x")), tolerance = 1e-3)
  expect_equal(found$estimate[[2]], mean(slope(rates, data, "time")), tolerance = 1e-3)
})

test_that("several networks have intervals", {
  fits <- fit_cars(cbind(mpg, qsec) ~ wt + log(hp) + factor(cyl),
    n_models = 4, bootstrap = TRUE
  )
  found <- alike(fits, mtcars, level = 0.5)
  expect_named(found, c("input", "contrast", "outcome", "estimate", "spread", "lower", "upper"))
  each <- vapply(fits$models, function(fit) {
    fit <- structure(fit, class = class(fit))
    effects(fit, mtcars)$estimate
  }, found$estimate)
  expect_equal(found$estimate, rowMeans(each))
  expect_equal(found$lower, unname(apply(each, 1, quantile, 0.25)))
})

test_that("chosen values, of columns and of what formulas make", {
  fit <- fit_cars(mpg ~ wt + log(hp) + factor(cyl))
  found <- alike(fit, mtcars, variables = "wt", at = list(cyl = c(4, 8), hp = 100))
  expect_identical(found$at, c("cyl = 4, hp = 100", "cyl = 8, hp = 100"))
  expect_equal(
    found$estimate[[2]],
    effects(fit, transform(mtcars, cyl = 8, hp = 100), variables = "wt")$estimate
  )
  alone <- alike(fit, at = list(wt = 3, hp = 100, cyl = 6))
  expect_equal(alone$spread, c(0, 0, 0, 0))
})

test_that("odd data and arguments", {
  data <- data.frame(
    estimate = c(NA, 1:19), "größe x" = 20:1, f = rep(c("a", "b"), 10), same = 1, l = 1:20 > 9,
    y = (1:20)^2, check.names = FALSE
  )
  fit <- fit_cars(y ~ ., data)
  found <- alike(fit, data)
  expect_identical(found$input, c("estimate", "größe x", "f", "same", "l"))
  expect_identical(found$contrast[c(3, 5)], c("b - a", "TRUE - FALSE"))
  expect_identical(found$estimate[[4]], 0)
  expect_equal(alike(fit, data[2, ])$spread, rep(0, 5))
  for (engine in c("python", "r")) {
    none <- "`new_data` must be data with a row that can be predicted, not none"
    expect_error(effects(fit, data[0, ], engine = engine), none, fixed = TRUE)
    expect_error(effects(fit, data[1, ], engine = engine), "not data without one")
    odd <- transform(data, f = replace(f, 3, "new"))
    names(odd) <- names(data)
    expect_warning(effects(fit, odd, engine = engine), class = "pytwolayer_warning_unseen_level")
    expect_error(effects(fit, data["f"], engine = engine), "one without")
    expect_error(
      effects(fit, data, step = 0.1, engine = engine), "constant in the rows"
    )
  }
  expect_error(effects(fit, data, variables = "x"), "`variables` must be names of variables")
  expect_error(effects(fit, data, at = list(x = 1)), "`at` must be a list or a data frame")
  expect_error(effects(fit, data, at = list(same = NA)), "without missing values")
  expect_error(effects(fit, data, case_weights = 1:3), "as long as the data")
  expect_error(effects(fit, data, step = -1), "above 0")
  expect_error(effects(fit, data, level = 0.9), "`level` is not an argument")
  matrix <- as.matrix(mtcars[2:4])
  dimnames(matrix) <- NULL
  nameless <- two_layer(matrix, mtcars$mpg, epochs = 5, seed = 1, verbose = FALSE)
  expect_identical(alike(nameless, matrix, variables = c("x1", "x3"))$input, c("x1", "x3"))
})

test_that("effects on shares of trials are the same in both engines", {
  skip_without_torch()
  fit <- two_layer(
    cbind(vs, am) ~ wt + hp, mtcars, loss = "binomial", hidden_units = 4, epochs = 20, seed = 1
  )
  expect_equal(
    effects(fit, mtcars, engine = "r"), effects(fit, mtcars), tolerance = 1e-5,
    ignore_attr = TRUE
  )
})
