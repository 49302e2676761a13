# A fit holds copies: what becomes of the caller's data afterwards does not change it. data.table
# changes tables where they are.

cars_table <- function() {
  table <- datasets::mtcars
  table$gear <- factor(table$gear)
  row.names(table) <- NULL
  data.table::copy(data.table::as.data.table(table)) # with vectors of its own
}

# In every way that data.table has.
change_in_place <- function(table) {
  outcome <- if (is.factor(table[["gear"]])) "gear" else "mpg"
  data.table::setorderv(table, c("cyl", "disp"))
  data.table::set(table, 1:9, "wt", 99)
  data.table::set(table, 1:9, "mpg", 99)
  data.table::set(table, 1:9, outcome, table[[outcome]][[32]])
  for (name in names(table)) {
    data.table::setattr(table[[name]], "label", "changed")
  }
  if (is.factor(table[["gear"]])) {
    data.table::setattr(table[["gear"]], "levels", c("a", "b", "c"))
  }
  data.table::setnames(table, toupper(names(table)))
  data.table::setattr(table, "row.names", rev(seq_len(nrow(table))))
}

# All that a fit is, and what it answers.
all_of <- function(fit, new_data = cars_table()) {
  parts <- unclass(fit)
  kept <- parts[setdiff(names(parts), c("blueprint", "how", "models", "call"))]
  kept$ptypes <- parts$blueprint$ptypes
  kept$outcome_of_models <- lapply(parts$models, `[[`, "outcomes")
  list(
    unserialize(serialize(kept, NULL)), deparse(fit$call),
    unclass(summary(fit))[c("measures", "loss")],
    residuals(fit), fitted(fit), nobs(fit),
    predict(fit, new_data), predict(fit, new_data, engine = "r")
  )
}

expect_kept <- function(make, changes = change_in_place, ...) {
  for (models in 1:2) {
    table <- cars_table()
    fit <- make(table, epochs = 2, hidden_units = 3, n_models = models, seed = 1, ...)
    before <- all_of(fit)
    changes(table)
    testthat::expect_identical(all_of(fit), before)
  }
}

test_that("a fit of a formula on a data.table stays when the table changes where it is", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  expect_kept(function(d, ...) two_layer(mpg ~ ., d, ...))
  expect_kept(function(d, ...) two_layer(log(mpg) ~ poly(wt, 2) + gear + I(hp), d, ...))
  expect_kept(function(d, ...) two_layer(cbind(mpg, qsec) ~ wt + gear, d, ...))
  expect_kept(function(d, ...) two_layer(gear ~ ., d, ...))
})

test_that("so does a fit of tables and vectors", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  expect_kept(function(d, ...) two_layer(d, outcome = "mpg", ...))
  expect_kept(function(d, ...) two_layer(d, outcome = "gear", ...))
  expect_kept(function(d, ...) two_layer(d, d$mpg, ...))
  expect_kept(function(d, ...) two_layer(d, d$gear, case_weights = d$wt, ...))
  data.table::setDT(numbers <- data.table::copy(mtcars))
  fit <- two_layer(numbers, numbers, epochs = 2, seed = 1)
  before <- all_of(fit, mtcars)
  change_in_place(numbers)
  expect_identical(all_of(fit, mtcars), before)
})

test_that("so does a fit of a recipe, also where a step keeps rows of the data", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  skip_if_not_installed("recipes")
  expect_kept(function(d, ...) two_layer(recipes::recipe(mpg ~ wt + gear, d), d, ...))
  holed <- cars_table()
  data.table::set(holed, 1:3, "hp", NA)
  expect_kept(function(d, ...) {
    recipe <- recipes::recipe(mpg ~ wt + hp + cyl, d)
    fit <- two_layer(recipes::step_impute_knn(recipe, hp, neighbors = 1), d, ...)
    predict(fit, holed)
    fit
  })
  table <- cars_table()
  recipe <- recipes::step_impute_knn(recipes::recipe(mpg ~ wt + hp, table), hp, neighbors = 1)
  fit <- two_layer(recipe, table, epochs = 2, seed = 1)
  before <- predict(fit, holed)
  change_in_place(table)
  expect_identical(predict(fit, holed), before)
})

test_that("so do fits within a data.table, whose groups have the same memory one after another", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  table <- cars_table()
  by_gear <- eval(
    quote(table[, list(fit = list(two_layer(mpg ~ wt, .SD, epochs = 2, seed = 1))), by = gear]),
    list2env(list(table = table), parent = globalenv())
  )
  for (number in 1:3) {
    own <- as.data.frame(table)[table$gear == by_gear$gear[[number]], ]
    alone <- two_layer(mpg ~ wt, own, epochs = 2, seed = 1)
    expect_identical(unname(residuals(by_gear$fit[[number]])), unname(residuals(alone)))
    expect_identical(glance(by_gear$fit[[number]]), glance(alone))
  }
})

test_that("so does a fit whose formula uses a vector of the caller's", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  knots <- data.table::data.table(at = c(100, 200, 300))
  at <- knots$at
  fit <- two_layer(mpg ~ cut(disp, c(0, at, 1000)), cars_table(), epochs = 2, seed = 1)
  before <- all_of(fit)
  data.table::set(knots, 1:3, "at", c(1, 2, 3))
  expect_identical(at, c(1, 2, 3))
  expect_identical(all_of(fit), before)
})

test_that("so does one whose call has the data themselves in it, and then goes on", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  table <- cars_table()
  fit <- do.call(two_layer, list(mpg ~ ., table, epochs = 2, seed = 1))
  before <- all_of(fit)
  longer <- continue_training(fit, epochs = 2)
  change_in_place(table)
  expect_identical(all_of(fit), before)
  expect_identical(continue_training(fit, epochs = 2)$history, longer$history)
})

test_that("rows left out, glance() and augment() stay too", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  table <- cars_table()
  data.table::set(table, 3L, "hp", NA)
  fit <- suppressMessages(two_layer(mpg ~ wt + hp, table, epochs = 50, seed = 1))
  before <- list(glance(fit), augment(fit, cars_table()), all_of(fit))
  data.table::setorderv(table, "cyl")
  expect_identical(list(glance(fit), augment(fit, cars_table()), all_of(fit)), before)
})

test_that("what a function of the user's changes while it trains is not seen", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  first <- function(table, change) {
    change_once <- function(epoch, loss) {
      if (epoch == 1) change(table)
      TRUE
    }
    two_layer(
      mpg ~ wt + gear, table,
      on_epoch = change_once, epochs = 3, seed = 1, bootstrap = TRUE, n_models = 2
    )
  }
  expect_identical(
    all_of(first(cars_table(), change_in_place)), all_of(first(cars_table(), identity))
  )
})

test_that("a fit whose table has changed says so, and goes on with the data as they were", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  table <- cars_table()
  fit <- two_layer(mpg ~ ., table, epochs = 2, seed = 1)
  as_it_was <- data.table::copy(table)
  data.table::setorderv(table, "cyl")
  expect_refused(
    continue_training(fit, epochs = 2), "`data` must be the data of the fit that goes on",
    "the order of their rows", "keeps no copy of its predictors", "`data = `"
  )
  longer <- continue_training(fit, epochs = 2, data = as_it_was)
  expect_identical(residuals(longer), as_it_was$mpg - fitted(longer))
})
