# Data of the workspace, with the fit to them whose fitted values wait, and the same fit that has
# them at once.
waiting_pair <- function(..., rows = 60, frame = parent.frame()) {
  set.seed(1)
  table <- data.frame(a = stats::rnorm(rows), b = stats::rnorm(rows), g = c("u", "v", "w"))
  table$y <- table$a + stats::rnorm(rows)
  table$a[[3]] <- NA
  table$c <- factor(table$y > 0)
  assign("pytwolayer_test_table", table, envir = globalenv())
  gone <- function() suppressWarnings(rm("pytwolayer_test_table", envir = globalenv()))
  withr::defer(gone(), envir = frame)
  fit <- function(limit) {
    before <- options(pytwolayer.fitted_rows = limit)
    on.exit(options(before))
    suppressWarnings(two_layer(...,
      epochs = 2, seed = 1, weight_decay = 0, encoding = "linear", verbose = FALSE
    ))
  }
  list(waits = fit(10), has = fit(Inf))
}

has_waited <- function(fit) is.null(fit$fitted) && is.null(fit$on_demand$fitted)

test_that("fitted values that are computed when they are asked for are those of the fit", {
  skip_without_torch()
  here <- environment()
  pairs <- list(
    waiting_pair(y ~ a + b + g, data = pytwolayer_test_table, frame = here),
    waiting_pair(cbind(y, b) ~ a + g, data = pytwolayer_test_table, frame = here),
    waiting_pair(c ~ a + b, data = pytwolayer_test_table, frame = here),
    waiting_pair(pytwolayer_test_table, outcome = "y", validation = 0.2, frame = here)
  )
  for (pair in pairs) {
    expect_true(has_waited(pair$waits))
    expect_false(is.null(pair$has$fitted))
    expect_identical(fitted(pair$waits), fitted(pair$has))
    expect_identical(residuals(pair$waits), residuals(pair$has))
    expect_identical(summary(pair$waits)$measures, summary(pair$has)$measures)
    expect_identical(deviance(pair$waits), deviance(pair$has))
    expect_identical(predict(pair$waits), predict(pair$has))
    expect_length(pair$waits$na.action, 1)
  }
})

test_that("fitted values that were asked for once need no data any more, in other sessions too", {
  skip_without_torch()
  pair <- waiting_pair(y ~ a + b, data = pytwolayer_test_table)
  copy <- pair$waits
  fitted(copy)
  rm("pytwolayer_test_table", envir = globalenv())
  expect_identical(fitted(pair$waits), fitted(pair$has))
  file <- withr::local_tempfile()
  saveRDS(pair$waits, file)
  expect_identical(fitted(readRDS(file)), fitted(pair$has))
  expect_identical(summary(readRDS(file))$measures, summary(pair$has)$measures)
})

test_that("fitted values are not those of other data, nor of none: both are errors that say so", {
  skip_without_torch()
  fit <- waiting_pair(y ~ a + b, data = pytwolayer_test_table)$waits
  table <- get("pytwolayer_test_table", envir = globalenv())
  other <- table
  other$b[[5]] <- 9
  assign("pytwolayer_test_table", other, envir = globalenv())
  argument <- "pytwolayer_error_argument"
  expect_error(fitted(fit), "need the data of the fit.*not others", class = argument)
  rm("pytwolayer_test_table", envir = globalenv())
  expect_error(residuals(fit), "need the data of the fit.*missing", class = argument)
  expect_error(fitted(fit), "pytwolayer.fitted_rows", class = argument)
  expect_null(summary(fit)$measures)
  expect_output(print(summary(fit)), "need the data of the fit")
  expect_message(measures <- glance(fit), "need the data of the fit")
  expect_identical(measures$r.squared, NA_real_)
  expect_output(print(fit), "two_layer")
  expect_identical(nrow(predict(fit, table)), nrow(table))
  assign("pytwolayer_test_table", table, envir = globalenv())
  expect_length(fitted(fit), nrow(table) - 1)
})

test_that("fitted values are there at once where data would be gone, and where they cost little", {
  skip_without_torch()
  withr::local_options(pytwolayer.fitted_rows = 10)
  plain <- function(...) two_layer(..., seed = 1, weight_decay = 0, verbose = FALSE)
  own <- mtcars[c("mpg", "wt")] # of this function
  expect_false(has_waited(plain(mpg ~ wt, own, epochs = 1)))
  expect_false(has_waited(plain(own, outcome = "mpg", epochs = 1)))
  expect_false(has_waited(plain(mpg ~ log(wt), mtcars, epochs = 1)))
  assign("pytwolayer_test_cars", mtcars, envir = globalenv())
  withr::defer(rm("pytwolayer_test_cars", envir = globalenv()))
  expect_true(has_waited(plain(mpg ~ wt, pytwolayer_test_cars, epochs = 1)))
  expect_false(has_waited(plain(log(mpg) ~ wt, pytwolayer_test_cars, epochs = 1)))
  expect_false(has_waited(plain(pytwolayer_test_cars[1:3], outcome = "mpg", epochs = 1)))
  passed_on <- function(...) (function() plain(..., epochs = 1))()
  expect_true(has_waited(passed_on(mpg ~ wt, data = pytwolayer_test_cars)))
  passed <- passed_on(mpg ~ wt, data = pytwolayer_test_cars)
  expect_identical(passed$call$data, quote(pytwolayer_test_cars))
  expect_false(has_waited(plain(mpg ~ wt, pytwolayer_test_cars, epochs = 40)))
  expect_true(has_waited(plain(mpg ~ wt, pytwolayer_test_cars, epochs = 39)))
  expect_false(has_waited(plain(mpg ~ wt, pytwolayer_test_cars, epochs = 1, n_models = 2)))
  withr::local_options(pytwolayer.fitted_rows = NULL)
  expect_false(has_waited(plain(mpg ~ wt, pytwolayer_test_cars, epochs = 1)))
})

test_that("data of the workspace that a function was given are found again by their own name", {
  skip_without_torch()
  withr::local_options(pytwolayer.fitted_rows = 10)
  assign("pytwolayer_test_cars", mtcars, envir = globalenv())
  withr::defer(rm("pytwolayer_test_cars", envir = globalenv()))
  plain <- function(...) two_layer(..., epochs = 1, seed = 1, weight_decay = 0, verbose = FALSE)
  named <- function(table) plain(mpg ~ wt, data = table)
  changed <- function(table) {
    table$wt <- table$wt + 1
    plain(mpg ~ wt, data = table)
  }
  usual <- function(table = head(pytwolayer_test_cars, 20)) plain(mpg ~ wt, data = table)
  given <- named(pytwolayer_test_cars)
  expect_true(has_waited(given))
  cars <- mtcars
  withr::local_options(pytwolayer.fitted_rows = NULL)
  expect_identical(fitted(given), fitted(named(cars)))
  withr::local_options(pytwolayer.fitted_rows = 10)
  expect_false(has_waited(named(cars)))
  expect_false(has_waited(changed(pytwolayer_test_cars)))
  expect_false(has_waited(usual()))
  frames <- function(x) two_layer(x, outcome = "mpg", epochs = 1, seed = 1, weight_decay = 0)
  expect_true(has_waited(frames(pytwolayer_test_cars)))
  expect_length(fitted(frames(pytwolayer_test_cars)), 32)
})
