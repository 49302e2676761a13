interval_fit <- function(...) {
  two_layer(mpg ~ wt + hp + factor(cyl), mtcars, hidden_units = 8, epochs = 60, seed = 1, ...)
}

test_that("intervals are those of the calibration, by both engines and from a file", {
  skip_without_torch()
  fit <- interval_fit(validation = seq(1, 32, 2))
  residuals <- sort(abs(residuals(fit)[seq(1, 32, 2)]), method = "radix")
  expect_identical(fit$calibration[c("kind", "rows")], list(kind = "held-out", rows = 16L))
  expect_equal(fit$calibration$scores[[1]], unname(residuals), tolerance = 1e-5)
  found <- predict(fit, mtcars, type = "pred_int", level = 0.8)
  expect_identical(names(found), c(".pred_lower", ".pred_upper"))
  expect_equal(found$.pred_upper - predict(fit, mtcars)$.pred, rep(residuals[[14]], 32),
    tolerance = 1e-5, ignore_attr = TRUE
  )
  expect_equal(
    predict(fit, mtcars, type = "pred_int", level = 0.8, engine = "r"), found, tolerance = 1e-6
  )
  file <- tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  again <- load_two_layer(file)
  for (engine in c("python", "r")) {
    expect_identical(
      predict(again, mtcars, type = "pred_int", engine = engine, level = 0.5),
      predict(fit, mtcars, type = "pred_int", engine = engine, level = 0.5)
    )
  }
})

test_that("several networks, counts, quantiles and several outcomes have them, by both engines", {
  skip_without_torch()
  fits <- list(
    interval_fit(n_models = 4, bootstrap = TRUE),
    interval_fit(loss = "poisson", validation = 0.5),
    interval_fit(loss = "gamma", validation = 0.5),
    interval_fit(loss = "quantile", quantile_levels = c(0.1, 0.3, 0.8), validation = 0.5),
    interval_fit(loss = "quantile", n_models = 3, validation = 0.5),
    two_layer(cbind(mpg, qsec) ~ wt, mtcars, epochs = 20, seed = 1, validation = 0.5)
  )
  for (fit in fits) {
    found <- predict(fit, mtcars, type = "pred_int", level = 0.7)
    alone <- predict(fit, mtcars, type = "pred_int", level = 0.7, engine = "r")
    expect_equal(alone, found, tolerance = 1e-6)
    expect_true(all(found[[1]] <= found[[2]]))
  }
  ends <- c(".pred_lower_mpg", ".pred_upper_mpg", ".pred_lower_qsec", ".pred_upper_qsec")
  expect_identical(names(found), ends)
})

test_that("where the spread is predicted it is the intervals' unit, by both engines", {
  skip_without_torch()
  fits <- list(
    interval_fit(loss = "normal", validation = 0.5),
    interval_fit(loss = "normal", n_models = 3, bootstrap = TRUE),
    two_layer(
      cbind(carb, gear) ~ wt + hp, mtcars,
      loss = "negative_binomial", validation = 0.5, epochs = 60, seed = 1
    ),
    two_layer(
      carb ~ wt + hp, mtcars,
      loss = "negative_binomial", n_models = 3, bootstrap = TRUE, epochs = 60, seed = 1
    )
  )
  file <- tempfile(fileext = ".safetensors")
  for (fit in fits) {
    expect_identical(fit$calibration$unit, "sd")
    found <- predict(fit, mtcars, type = "pred_int", level = 0.7)
    expect_equal(
      predict(fit, mtcars, type = "pred_int", level = 0.7, engine = "r"), found, tolerance = 1e-6
    )
    save_two_layer(fit, file)
    expect_identical(predict(load_two_layer(file), mtcars, type = "pred_int", level = 0.7), found)
    if (fit$settings$loss == "normal") {
      width <- found$.pred_upper - found$.pred_lower
      expect_equal(width / predict(fit, mtcars, type = "sd")$.sd, rep(width[[1]], 32) /
        predict(fit, mtcars[1, ], type = "sd")$.sd, tolerance = 1e-5)
    } else {
      expect_true(all(vapply(found, function(ends) all(ends >= 0 & ends == round(ends)), NA)))
    }
  }
})

test_that("where there are too few rows, intervals are infinite with a warning that says so", {
  skip_without_torch()
  fit <- interval_fit(validation = 0.25)
  for (engine in c("python", "r")) {
    expect_warning(
      found <- predict(fit, mtcars, type = "pred_int", engine = engine),
      "a level of 0.95 takes 19 rows or more to calibrate them by, and there were 8",
      class = "pytwolayer_warning"
    )
    expect_true(all(is.infinite(found$.pred_upper)))
  }
})

test_that("rows without intervals are NA; one row and no rows keep the columns", {
  skip_without_torch()
  fit <- interval_fit(validation = 0.5)
  gaps <- mtcars[1:3, ]
  gaps$wt[2] <- NA
  for (engine in c("python", "r")) {
    ask <- function(rows) predict(fit, rows, type = "pred_int", level = 0.8, engine = engine)
    expect_identical(is.na(ask(gaps)$.pred_lower), c(FALSE, TRUE, FALSE))
    expect_identical(dim(ask(mtcars[1, ])), c(1L, 2L))
    expect_identical(dim(ask(mtcars[0, ])), c(0L, 2L))
  }
})

test_that("what has no intervals says in one sentence what to do", {
  skip_without_torch()
  for (engine in c("python", "r")) {
    ask <- function(fit, data, ...) predict(fit, data, type = "pred_int", engine = engine, ...)
    expect_error(
      ask(interval_fit(), mtcars), "set no rows aside .* `validation = 0.2`.* few rows or epochs",
      class = "pytwolayer_error_argument"
    )
    flowers <- two_layer(Species ~ ., iris, epochs = 2, seed = 1, validation = 0.5)
    expect_error(ask(flowers, iris), "prediction intervals are of numbers")
    counts <- two_layer(
      carb ~ wt + offset(log(cyl)), mtcars,
      loss = "poisson", epochs = 2, seed = 1, validation = 0.5
    )
    expect_error(ask(counts, mtcars), "logarithmic link has an offset")
    for (level in list(0, 1, "a", NA, c(0.1, 0.2))) {
      expect_error(ask(interval_fit(validation = 0.5), mtcars, level = level), "^`level` must be")
    }
  }
  offset <- interval_fit(validation = 0.5)
  expect_error(predict(offset, type = "pred_int"), class = "pytwolayer_error_argument")
})

test_that("an offset moves the interval", {
  skip_without_torch()
  fit <- two_layer(
    mpg ~ wt + offset(qsec), mtcars,
    epochs = 20, seed = 1, validation = 0.5
  )
  higher <- transform(mtcars, qsec = qsec + 5)
  for (engine in c("python", "r")) {
    ask <- function(rows) predict(fit, rows, type = "pred_int", level = 0.8, engine = engine)
    expect_equal(ask(higher)$.pred_lower, ask(mtcars)$.pred_lower + 5)
  }
})

test_that("a calibration that is none is refused when a file is read", {
  numbers <- list(kind = "numbers", center = 0, link = "identity")
  good <- list(kind = "folds", rows = 3, scores = list(list(1, 2, NULL)))
  expect_identical(
    read_calibration(good, numbers), list(kind = "folds", rows = 3L, scores = list(c(1, 2, Inf)))
  )
  expect_identical(
    read_calibration(c(good, unit = "sd"), numbers),
    c(read_calibration(good, numbers), unit = "sd")
  )
  bad <- list(
    list(unit = "root"), list(unit = 1),
    list(kind = "other"), list(rows = 2), list(scores = list()), list(scores = list(list(2, 1))),
    list(scores = list(list("a"))), list(more = 1), list(scores = list(list(1), list(1)))
  )
  for (change in bad) {
    expect_error(read_calibration(replace(good, names(change), change), numbers))
  }
})

test_that("an unknown type is told all that there are, intervals of new outcomes too", {
  skip_without_torch()
  fit <- quick(mtcars[-1])
  expect_error(predict(fit, mtcars, type = "predint"), "\"pred_int\"", fixed = TRUE)
  fits <- quick(mtcars[-1], n_models = 2)
  expect_error(predict(fits, mtcars, type = "predint"), "\"pred_int\"", fixed = TRUE)
})
