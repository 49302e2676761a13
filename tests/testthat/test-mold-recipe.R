recipes_or_skip <- function() {
  skip_without_torch()
  skip_if_not_installed("recipes")
}

quick_recipe <- function(recipe, data, ...) {
  two_layer(recipe, data, ..., epochs = 5, seed = 1)
}

test_that("a recipe is prepared, and applied to new data", {
  recipes_or_skip()
  recipe <- recipes::step_log(recipes::recipe(mpg ~ ., mtcars), hp)
  fit <- quick_recipe(recipe, mtcars)
  by_hand <- transform(mtcars, hp = log(hp))
  expect_identical(fit$history, quick(by_hand[-1])$history)
  expect_identical(predict(fit, mtcars[-1]), predict(quick(by_hand[-1]), by_hand))
  expect_identical(predict(fit, mtcars[0, ]), tibble::tibble(.pred = double()))
  expect_identical(names(augment(fit, mtcars)), c(names(mtcars), ".pred", ".resid"))
})

test_that("a recipe without steps is the table", {
  recipes_or_skip()
  fit <- quick_recipe(recipes::recipe(Species ~ ., iris), iris)
  expect_identical(fit$history, quick_formula(Species ~ ., iris)$history)
  expect_identical(names(predict(fit, iris, type = "prob")), paste0(".pred_", levels(iris$Species)))
})

test_that("levels that training did not see are NA with a warning", {
  recipes_or_skip()
  odd <- data.frame(y = 1:6, t = letters[1:3], f = factor(rep(c("u", "v"), 3)))
  fit <- quick_recipe(recipes::recipe(y ~ ., odd), odd)
  new <- data.frame(t = c("a", "zz", NA), f = c("u", "u", "v"))
  expect_warning(
    predicted <- predict(fit, new), "\"t\": \"zz\"",
    class = "pytwolayer_warning_unseen_level"
  )
  expect_identical(is.na(predicted$.pred), c(FALSE, TRUE, TRUE))
})

test_that("what a recipe cannot do is our error", {
  recipes_or_skip()
  recipe <- recipes::recipe(mpg ~ ., mtcars)
  fit <- quick_recipe(recipe, mtcars)
  expect_refused(predict(fit, mtcars[1:3]), "`new_data`", "\"hp\"")
  expect_refused(predict(fit, transform(mtcars, hp = "a")), "cannot be applied", "hp")
  expect_refused(quick_recipe(recipe, mtcars[1:3]), "cannot be prepared", "hp")
  expect_refused(quick_recipe(recipe, 3), "`data`", "not 3")
  expect_refused(two_layer(recipe), "`data`", "missing")
  expect_refused(quick_recipe(recipes::recipe(~., mtcars), mtcars), "`x`", "with an outcome")
  expect_refused(quick_recipe(recipe, mtcars, epohcs = 3), "`epohcs`", "did you mean `epochs`")
  dropping <- recipes::step_filter(recipe, cyl > 4, skip = FALSE)
  expect_refused(predict(quick_recipe(dropping, mtcars), mtcars), "`x`", "21 rows of 32")
})

test_that("a recipe's case weights are the fit's", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  weights <- rep(c(1, 100), each = 16)
  data <- transform(mtcars, w = hardhat::importance_weights(weights))
  recipe <- recipes::recipe(mpg ~ hp + wt + w, data)
  plain <- recipes::recipe(mpg ~ hp + wt, mtcars)
  fit <- two_layer(recipe, data, epochs = 5, seed = 1)
  expect_identical(
    fit$history, two_layer(plain, mtcars, epochs = 5, seed = 1, case_weights = weights)$history
  )
  expect_refused(two_layer(recipe, data, case_weights = weights), "`case_weights`", "recipe")
})

test_that("of many new levels the warning names the first and how many more there are", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  data <- data.frame(g = c("a", "b"), x = 1:8, y = 1:8)
  recipe <- recipes::recipe(y ~ ., data)
  fit <- two_layer(recipe, data, epochs = 2, seed = 1, verbose = FALSE)
  new <- data.frame(g = sprintf("new%04d", 1:2000), x = 1, y = 1)
  for (engine in c("python", "r")) {
    told <- tryCatch(predict(fit, new, engine = engine), pytwolayer_warning = conditionMessage)
    expect_match(told, "column \"g\": \"new0001\", .* and 1,995 more. The predictions")
    expect_lt(nchar(told), 250)
  }
})

test_that("what a recipe uses up may be of any kind, in new data too", {
  recipes_or_skip()
  data <- data.frame(
    y = mtcars$mpg, wt = mtcars$wt, day = as.Date("2024-01-31") + 20 * (1:32),
    time = as.POSIXct("2024-01-31", tz = "UTC") + 9000 * (1:32)
  )
  data$span <- data$day - data$day[[1]]
  data$many <- lapply(1:32, seq_len)
  data$far <- c(Inf, rep(1, 31))
  data$long <- structure(rep(4.940656e-324, 32), class = "integer64")
  start <- function(names) recipes::recipe(stats::reformulate(names, "y"), data)
  listed <- recipes::recipe(
    data[c("y", "wt", "many")],
    vars = c("y", "wt", "many"), roles = c("outcome", "predictor", "predictor")
  )
  given <- list(
    day = recipes::step_rm(recipes::step_date(start(c("wt", "day")), day, features = "month"), day),
    day = recipes::step_rm(start(c("wt", "day")), day),
    day = recipes::step_mutate(start(c("wt", "day")), day = as.numeric(day)),
    time = recipes::step_mutate(start(c("wt", "time")), time = as.numeric(time) / 3600),
    span = recipes::step_mutate(start(c("wt", "span")), span = as.numeric(span)),
    many = recipes::step_mutate(listed, many = lengths(many)),
    far = recipes::step_mutate(start(c("wt", "far")), far = pmin(far, 5)),
    long = recipes::step_rm(start(c("wt", "long")), long)
  )
  for (recipe in given) {
    fit <- quick_recipe(recipe, data)
    file <- withr::local_tempfile()
    saveRDS(fit, file)
    predicted <- predict(readRDS(file), data[5:1, ])
    expect_equal(predicted$.pred, unname(fitted(fit))[5:1], tolerance = 1e-5)
    by_r <- predict(fit, data[5:1, ], engine = "r")
    expect_equal(by_r, predicted, tolerance = 1e-5)
  }
  expect_identical(nrow(predict(quick_recipe(given[[1]], data, n_models = 2), data)), 32L)
  left <- start(c("wt", "day"))
  expect_refused(quick_recipe(left, data), "dates in column \"day\"", "step_date()")
  far <- quick_recipe(start(c("wt", "far")), transform(data, far = wt))
  for (engine in c("python", "r")) {
    expect_refused(predict(far, data, engine = engine), "infinite in column \"far\"")
  }
})

test_that("a recipe that puts rows in another order is refused", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  recipe <- recipes::recipe(mpg ~ hp + wt, mtcars)
  for (skip in c(TRUE, FALSE)) {
    expect_refused(
      two_layer(recipes::step_arrange(recipe, hp, skip = skip), mtcars, epochs = 1),
      "`x`", "step_arrange"
    )
  }
  slice <- recipes::step_slice(recipe, 32:1, skip = FALSE)
  expect_refused(two_layer(slice, mtcars, epochs = 1), "`x`", "step_slice")
})

test_that("an outcome that a recipe changes and skips is not held against that of new data", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  recipe <- recipes::recipe(mpg ~ hp + wt, mtcars)
  recipe <- recipes::step_log(recipe, recipes::all_outcomes(), skip = TRUE)
  fit <- two_layer(recipe, mtcars, epochs = 3, seed = 1)
  expect_named(augment(fit, mtcars), c(names(mtcars), ".pred"))
  expect_refused(
    two_layer(recipe, mtcars, epochs = 1, validation = mtcars[1:8, ]), "`validation`", "step_log"
  )
  held <- two_layer(recipe, mtcars, epochs = 3, seed = 1, validation = 1:8)
  logs <- two_layer(log(mpg) ~ hp + wt, mtcars, epochs = 3, seed = 1, validation = 1:8)
  expect_identical(held$history, logs$history)
})
