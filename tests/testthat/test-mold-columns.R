# Columns with a class of their own.

both_engines <- function(fit, new_data) {
  by_core <- predict(fit, new_data)
  expect_equal(predict(fit, new_data, engine = "r"), by_core, tolerance = 1e-5)
  by_core
}

integer64_of <- function(numbers) {
  high <- floor(numbers / 2^32)
  low <- numbers - high * 2^32
  halves <- as.vector(rbind(ifelse(low >= 2^31, low - 2^32, low), high))
  bytes <- writeBin(as.integer(halves), raw(), endian = "little")
  structure(
    readBin(bytes, "double", length(numbers), endian = "little"), class = "integer64"
  )
}

test_that("an outcome with a class of its own is refused as x and y refuse it, with its class", {
  skip_without_torch()
  days <- as.Date("2024-01-01") + 1:8
  odd <- list(
    Surv = structure(cbind(time = 1:8, status = rep(0:1, 4)), class = "Surv"),
    dates = days, dates = as.POSIXct(days), "time spans" = days - days[[1]],
    table = table(1:8), numeric_version = as.numeric_version(paste0("1.", 1:8)),
    Period = structure(1:8 + 0, class = "Period"), "a list" = as.list(1:8), complex = 1:8 + 1i,
    units = structure(1:8 + 0, class = "units"),
    matrixlike = structure(diag(8), class = "matrixlike")
  )
  x <- data.frame(x = c(2, 1, 4, 3, 6, 5, 8, 7))
  for (place in seq_along(odd)) {
    y <- odd[[place]]
    told <- names(odd)[[place]]
    x$y <- if (is.list(y) && !is.object(y)) I(y) else y
    expect_refused(quick_formula(y ~ x, x), told)
    x$y <- NULL
    expect_refused(quick(x, y), "`y`")
  }
  data <- data.frame(x, time = 1:8, status = rep(0:1, 4))
  censored <- function(time, status) structure(cbind(time, status), class = "Surv")
  expect_refused(quick_formula(censored(time, status) ~ x, data), "class Surv", "censored")
  expect_refused(quick_formula(x ~ censored(time, status), data), "class Surv")
  expect_refused(quick_formula(as.Date(time, "1970-01-01") ~ x, data), "dates", "as.numeric()")
})

test_that("numbers in a wrapping are outcomes all the same", {
  skip_without_torch()
  expected <- quick_formula(mpg ~ wt, mtcars)
  same <- function(formula, data = mtcars) {
    expect_identical(quick_formula(formula, data)$history, expected$history)
  }
  same(I(mpg) ~ wt)
  same(cbind(mpg) ~ wt)
  same(mpg ~ I(wt))
  same(stats::ts(mpg) ~ wt)
  expect_identical(dim(fitted(quick_formula(cbind(mpg, hp) ~ wt, mtcars))), c(32L, 2L))
  expect_identical(dim(fitted(quick_formula(stats::poly(mpg, 2) ~ wt, mtcars))), c(32L, 2L))
  expect_identical(quick_formula(scale(mpg) ~ wt, mtcars)$outputs, "scale(mpg)")
})

test_that("integer64, labelled columns and time spans are the numbers that they are", {
  skip_without_torch()
  numbers <- c(5, -3, 2^40, 7, NA, 2^32 - 1, -2^35 - 9, 11, 2^31, -2^31)
  expect_identical(convert_column(integer64_of(replace(numbers, 5, 0))), replace(numbers, 5, 0))
  if (requireNamespace("bit64", quietly = TRUE)) {
    missing <- bit64::as.integer64(c(1, NA, -4))
    expect_identical(convert_column(missing), c(1, NA, -4))
    largest <- bit64::as.integer64("9007199254740991")
    expect_identical(convert_column(largest), 2^53 - 1)
    expect_s3_class(convert_column(largest + 1L), "integer64")
  }
  plain <- data.frame(y = mtcars$mpg, x = mtcars$disp * 1, z = mtcars$gear)
  expected <- quick(plain[-1], plain$y)
  kinds <- list(
    integer64 = function(x) integer64_of(x),
    haven = function(x) {
      structure(x, class = c("haven_labelled", "vctrs_vctr", "double"), labels = c(low = 3))
    },
    Hmisc = function(x) structure(x, class = c("labelled", "numeric"), label = "Gears")
  )
  for (kind in kinds) {
    odd <- plain
    odd$z <- kind(plain$z)
    for (fit in list(quick(odd[-1], odd$y), quick_formula(y ~ ., odd))) {
      expect_identical(fit$history, expected$history)
      expect_identical(both_engines(fit, odd), predict(expected, plain))
      expect_identical(predict(fit, plain), predict(expected, plain))
    }
    odd <- plain
    odd$y <- kind(mtcars$gear)
    fit <- quick_formula(y ~ ., odd)
    expect_identical(fit$history, quick(plain[-1], mtcars$gear)$history)
    expect_equal(unname(residuals(fit) + fitted(fit)), mtcars$gear)
    expect_equal(augment(fit, odd)$.resid, unname(residuals(fit)), tolerance = 1e-5)
  }
  interaction <- transform(plain, z = integer64_of(z))
  expect_identical(
    quick_formula(y ~ x:z, interaction)$history, quick_formula(y ~ x:z, plain)$history
  )
})

test_that("whole numbers that no double holds are refused, with what to do", {
  skip_without_torch()
  skip_if_not_installed("bit64")
  data <- data.frame(y = 1:3)
  data$id <- bit64::as.integer64("9007199254740993") + 0:2
  expect_refused(quick_formula(y ~ id, data), "64 bits in column \"id\"", "2^53", "as.character()")
})

test_that("time spans are the same in whatever units they come", {
  skip_without_torch()
  hours <- c(1, 5, 2, 8, 4, 9)
  data <- data.frame(y = c(1, 4, 2, 7, 4, 8), t = as.difftime(hours, units = "hours"))
  fit <- quick_formula(y ~ t, data)
  plain <- data.frame(y = data$y, t = hours * 3600)
  expect_identical(fit$history, quick_formula(y ~ t, plain)$history)
  minutes <- data.frame(t = as.difftime(hours * 60, units = "mins"))
  expect_identical(both_engines(fit, minutes), predict(fit, data))
  expect_refused(quick_formula(t ~ y, data), "time spans", "as.numeric()")
})

test_that("values that SPSS says are missing are", {
  values <- structure(
    c(1, 2, 99, 150, NA),
    class = c("haven_labelled_spss", "haven_labelled", "vctrs_vctr", "double"),
    na_values = 99, na_range = c(100, 200), labels = c(gone = 99)
  )
  expect_identical(convert_column(values), c(1, 2, NA, NA, NA))
})

test_that("a factor's level NA is a level", {
  skip_without_torch()
  data <- data.frame(y = 1:9, f = factor(rep(c("a", "b", NA), 3)))
  data$g <- addNA(data$f)
  named <- data.frame(y = 1:9, g = factor(rep(c("a", "b", "NA"), 3), c("a", "b", "NA")))
  expected <- quick_formula(y ~ g, named)
  for (fit in list(quick_formula(y ~ g, data), quick(data["g"], data$y))) {
    expect_identical(fit$rows, 9L)
    expect_identical(fit$inputs, c("g_a", "g_b", "g_NA"))
    expect_identical(fit$history, expected$history)
    expect_identical(both_engines(fit, data), predict(expected, named))
    file <- withr::local_tempfile()
    save_two_layer(fit, file)
    expect_identical(predict(load_two_layer(file), data), predict(expected, named))
  }
  fit <- quick_formula(y ~ addNA(f), data)
  expect_identical(both_engines(fit, data[3:1, ])$.pred, predict(expected, named[3:1, ])$.pred)
  classes <- quick_formula(g ~ y, data)
  expect_identical(levels(predict(classes, data)$.pred_class), c("a", "b", "NA"))
  expect_false(anyNA(residuals(classes)))
  clash <- data.frame(y = 1:3, g = factor(c("a", "NA", NA), c("a", "NA", NA), exclude = NULL))
  expect_refused(quick_formula(y ~ g, clash), "another name")
})

test_that("a date as a predictor is refused with what to do", {
  skip_without_torch()
  data <- data.frame(y = 1:3, day = as.Date("2024-01-01") + 1:3)
  told <- c("`data`", "dates in column \"day\"", "as.numeric()", "step_date()")
  expect_refused(quick_formula(y ~ day, data), told)
})

test_that("I() hides no class, and terms compute with numbers and one unit", {
  skip_without_torch()
  skip_if_not_installed("bit64")
  table <- mtcars
  table$id <- bit64::as.integer64(1:32)
  table$span <- as.difftime(1:32 * 10, units = "mins")
  numbers <- transform(table, id = as.double(1:32))
  for (formula in c(mpg ~ I(id), mpg ~ I(id^2), mpg ~ cut(id, 3), mpg ~ cbind(id, hp), id ~ wt)) {
    fit <- quick_formula(formula, table)
    same <- quick_formula(formula, numbers)
    expect_identical(fitted(fit), fitted(same))
    expect_identical(predict(fit, numbers), predict(fit, table))
  }
  expect_identical(
    fitted(quick(mtcars["wt"], I(table$id))), fitted(quick(mtcars["wt"], as.double(1:32)))
  )
  hours <- table
  units(hours$span) <- "hours"
  for (formula in c(mpg ~ I(span * 2), mpg ~ I(span), mpg ~ poly(span, 2), mpg ~ span)) {
    fit <- quick_formula(formula, table)
    expect_equal(predict(fit, hours), predict(fit, table))
  }
  expect_identical(quick_formula(mpg ~ I(factor(cyl)), mtcars)$inputs, quick_formula(
    mpg ~ factor(cyl), mtcars
  )$inputs |> sub(pattern = "factor(cyl)", replacement = "I(factor(cyl))", fixed = TRUE))
  table$date <- as.Date("2024-01-01") + 1:32
  expect_refused(quick_formula(I(date) ~ wt, table), "`data`", "date")
  expect_refused(quick_formula(mpg ~ I(date), table), "`data`", "date")
  expect_refused(quick(mtcars["wt"], I(table$date)), "`y`", "date")
  if (requireNamespace("survival", quietly = TRUE)) {
    expect_refused(quick_formula(I(survival::Surv(hp, am)) ~ wt, mtcars), "`data`", "Surv")
  }
})
