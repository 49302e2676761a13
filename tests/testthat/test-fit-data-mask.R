cars_fit <- function(...) two_layer(mpg ~ disp + hp, ..., epochs = 3, seed = 1)

test_that("subset and case_weights are looked for in the data, as lm() does", {
  skip_without_torch()
  cars <- mtcars
  some <- cars[cars$cyl > 4, ]
  fit <- cars_fit(cars, subset = cyl > 4)
  expect_identical(fit$history, cars_fit(some)$history)
  expect_identical(names(fitted(fit)), row.names(some))
  expect_identical(cars_fit(cars, subset = which(cyl > 4))$history, fit$history)
  expect_identical(cars_fit(cars, subset = row.names(some))$history, fit$history)
  weighted <- cars_fit(cars, case_weights = wt)
  expect_identical(weighted$history, cars_fit(cars, case_weights = cars$wt)$history)
  expect_false(identical(weighted$history, cars_fit(cars)$history))
  both <- cars_fit(cars, subset = cyl > 4, case_weights = wt^2)
  expect_identical(both$history, cars_fit(some, case_weights = some$wt^2)$history)
  expect_equal(stats::weights(both), some$wt^2, ignore_attr = TRUE)

  held <- cars_fit(cars, subset = cyl > 4, validation = 1:3)
  expect_identical(held$history, cars_fit(some, validation = 1:3)$history)
  held <- cars_fit(cars, subset = cyl > 4, validation = cars$gear == 5)
  expect_identical(held$history, cars_fit(some, validation = some$gear == 5)$history)
  cars$hp[5] <- NA
  expect_message(left <- cars_fit(cars, subset = cyl > 4), "1 of 21")
  expect_identical(names(fitted(left)), setdiff(row.names(some), row.names(cars)[5]))
})

test_that("they work through update(), continue_training(), do.call() and functions", {
  skip_without_torch()
  cars <- mtcars
  some <- cars[cars$cyl > 4, ]
  fit <- cars_fit(cars, subset = cyl > 4, case_weights = wt)
  expected <- cars_fit(some, case_weights = some$wt)
  fit <- two_layer(mpg ~ disp + hp, cars, subset = cyl > 4, case_weights = wt, epochs = 3, seed = 1)
  expect_identical(fit$history, expected$history)
  more <- update(expected, data = some, case_weights = some$wt, epochs = 5, seed = 1)
  expect_identical(update(fit, epochs = 5)$history, more$history)
  expect_identical(update(fit, subset = NULL)$rows, 32L)
  longer <- continue_training(fit, 2)
  expect_identical(nrow(longer$history), 5L)
  expect_identical(longer$rows, nrow(some))
  called <- do.call(two_layer, list(
    mpg ~ disp + hp, quote(cars), subset = quote(cyl > 4), case_weights = quote(wt), epochs = 3,
    seed = 1
  ))
  expect_identical(called$history, fit$history)
  inside <- function(table, least, w) cars_fit(table, subset = cyl > least, case_weights = w)
  expect_identical(inside(cars, 4, cars$wt)$history, fit$history)
})

test_that("an argument that cannot be evaluated is an error that names it", {
  skip_without_torch()
  expect_refused(cars_fit(mtcars, case_weights = nowhere), "`case_weights`", "'nowhere' not found")
  expect_refused(cars_fit(mtcars, subset = nowhere > 3), "`subset`", "'nowhere' not found")
  expect_refused(cars_fit(mtcars, hidden_units = nowhere), "`hidden_units`", "'nowhere' not found")
  expect_refused(quick(case_weights = nowhere), "`case_weights`", "'nowhere' not found")
  expect_refused(cars_fit(mtcars, subset = 40), "`subset`", "each of 32 rows", "not 40")
  expect_refused(quick(subset = 1:3), "`subset`", "only for a formula")
})
