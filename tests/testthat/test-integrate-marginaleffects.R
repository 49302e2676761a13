cars <- transform(mtcars, cyl = factor(cyl))

test_that("marginaleffects gets a row for each prediction, in the order of the rows", {
  skip_without_torch()
  fit <- two_layer(mpg ~ log(disp) + hp + cyl, cars, epochs = 5, seed = 1)
  new <- cbind(cars[3:1, ], rowid = c(7, 5, 6))
  found <- get_predict.two_layer(fit, new)
  expect_identical(found, data.frame(rowid = c(7, 5, 6), estimate = predict(fit, new)$.pred))
  new$hp[[2]] <- NA
  found <- get_predict.two_layer(fit, new, "response")
  expect_identical(is.na(found$estimate), c(FALSE, TRUE, FALSE))
  expect_identical(nrow(get_predict.two_layer(fit, new[0, ])), 0L)
  raw <- get_predict.two_layer(fit, cars, "link")$estimate
  expect_identical(raw, predict(fit, cars, "raw")$.raw)
  expect_refused(get_predict.two_layer(fit, new, "class"), "type", "response")
  expect_null(get_vcov.two_layer(fit))
  expect_null(get_coef.two_layer(fit))
})

test_that("classes and several outcomes are groups", {
  skip_without_torch()
  fit <- two_layer(cyl ~ mpg + hp, cars, epochs = 5, seed = 1)
  found <- get_predict.two_layer(fit, cars[1:2, ])
  expect_identical(as.character(found$group), rep(c("4", "6", "8"), each = 2))
  expect_identical(found$rowid, rep(1:2, 3))
  expect_identical(found$estimate, unlist(predict(fit, cars[1:2, ], "prob"), use.names = FALSE))
  expect_identical(get_group_names.two_layer(fit), c("4", "6", "8"))
  both <- two_layer(cbind(mpg, qsec) ~ hp, cars, epochs = 5, seed = 1)
  found <- get_predict.two_layer(both, cars[1:2, ])
  expect_identical(as.character(found$group), rep(c("mpg", "qsec"), each = 2))
  expect_identical(get_group_names.two_layer(quick(mtcars[-1])), "main_marginaleffect")
})

test_that("the networks of an ensemble are draws", {
  skip_without_torch()
  fits <- two_layer(mpg ~ hp + cyl, cars, n_models = 3, bootstrap = TRUE, epochs = 5, seed = 1)
  found <- get_predict.two_layer_ensemble(fits, cars[1:4, ])
  expect_identical(found$estimate, predict(fits, cars[1:4, ])$.pred)
  draws <- attr(found, "posterior_draws")
  expect_identical(dim(draws), c(4L, 3L))
  expect_identical(draws[, 2], predict(fits$models[[2]], cars[1:4, ])$.pred)
  expect_refused(get_predict.two_layer_ensemble(fits, cars, "link"), "type")
})

test_that("marginaleffects' own slopes and comparisons are those of effects()", {
  skip_without_torch()
  skip_if_not_installed("marginaleffects")
  withr::local_envvar(TZ = "UTC")
  fit <- two_layer(mpg ~ hp + cyl, cars, activation = "tanh", epochs = 30, seed = 1)
  found <- as.data.frame(marginaleffects::avg_slopes(fit, newdata = cars))
  own <- effects(fit, cars)
  slope <- found$estimate[found$term == "hp"]
  expect_equal(slope, own$estimate[own$input == "hp"], tolerance = 1e-4)
  contrasts <- found[found$term == "cyl", ]
  expect_equal(
    contrasts$estimate[order(contrasts$contrast)], own$estimate[own$input == "cyl"],
    tolerance = 1e-8
  )
  cars$am <- factor(cars$am)
  fits <- two_layer(am ~ hp + cyl, cars, n_models = 4, bootstrap = TRUE, epochs = 5, seed = 1)
  found <- as.data.frame(marginaleffects::avg_comparisons(fits, newdata = cars))
  expect_true(all(found$conf.low <= found$estimate & found$estimate <= found$conf.high))
  skip_if_not_installed("ggplot2")
  expect_s3_class(marginaleffects::plot_predictions(fits, condition = "hp"), "ggplot")
})

test_that("with marginaleffects each row has its own prediction, whatever table it is in", {
  skip_without_torch()
  fit <- two_layer(y ~ ., odd_data, epochs = 5, seed = 1)
  truth <- predict(fit, odd_data)$.pred
  expect_rows_in_place(function(new) get_predict.two_layer(fit, new)$estimate, truth)
  expect_type(get_predict.two_layer(fit, odd_data[0, ])$estimate, "double")
  fits <- quick_formula(y ~ ., odd_data, n_models = 2)
  draws <- attr(get_predict.two_layer_ensemble(fits, odd_data[0, ]), "posterior_draws")
  expect_type(draws, "double")
  skip_if_not_installed("marginaleffects")
  withr::local_envvar(TZ = "UTC")
  cases <- odd_new_data(setdiff(names(odd_new_data()), "no rows")) # that is its own
  predicted <- function(new) as.data.frame(marginaleffects::predictions(fit, newdata = new))
  expect_rows_in_place(function(new) predicted(new)$estimate, truth, cases)
  expect_error(predicted(odd_data[-1]), "a b")
})

test_that("fits of tables and of recipes have slopes, too", {
  skip_without_torch()
  skip_if_not_installed("marginaleffects")
  withr::local_envvar(TZ = "UTC")
  data <- cars[c("mpg", "hp", "cyl")]
  recipe <- recipes::recipe(mpg ~ ., data)
  fits <- list(
    two_layer(data[-1], data["mpg"], epochs = 5, activation = "tanh", seed = 1),
    two_layer(data[-1], data$mpg, epochs = 5, activation = "tanh", seed = 1),
    two_layer(recipe, data, epochs = 5, activation = "tanh", seed = 1)
  )
  for (fit in fits) {
    own <- effects(fit, data)
    found <- as.data.frame(marginaleffects::avg_slopes(fit, newdata = data))
    found <- found[match(own$contrast[-1], found$contrast), ]
    expect_equal(found$estimate, own$estimate[-1])
  }
})

test_that("a fit whose data are gone has effects of the data that are given, and of no others", {
  skip_without_torch()
  skip_if_not_installed("marginaleffects")
  withr::local_envvar(TZ = "UTC")
  fitted <- function() {
    data <- cars # which is a function, too
    two_layer(mpg ~ hp + cyl, data, epochs = 5, seed = 1)
  }
  fit <- fitted()
  slopes <- as.data.frame(marginaleffects::avg_slopes(fit, newdata = cars))$estimate
  expect_equal(sort(slopes), sort(effects(fit, cars)$estimate), tolerance = 1e-2)
  expect_error(marginaleffects::predictions(fit), "newdata")
  data <- transform(cars[1:3, ], hp = hp + 100)
  expect_error(marginaleffects::predictions(fit), "newdata")
  found <- as.data.frame(marginaleffects::predictions(fit, newdata = cars))
  expect_equal(found$estimate, predict(fit, cars)$.pred)
})

test_that("several labels are groups of probabilities", {
  skip_without_torch()
  labels <- function(...) {
    two_layer(
      cbind(vs, am) ~ hp + cyl, cars, loss = "binary_cross_entropy", epochs = 5, seed = 1, ...
    )
  }
  fit <- labels(activation = "tanh", weight_decay = 0.01)
  truth <- unlist(predict(fit, cars[1:2, ], "prob"), use.names = FALSE)
  found <- get_predict.two_layer(fit, cars[1:2, ])
  expect_identical(as.character(found$group), rep(c("vs", "am"), each = 2))
  expect_identical(found$estimate, truth)
  fits <- labels(n_models = 2)
  found <- get_predict.two_layer_ensemble(fits, cars[1:2, ], "response")
  expect_identical(found$estimate, unlist(predict(fits, cars[1:2, ], "prob"), use.names = FALSE))
  expect_identical(dim(attr(found, "posterior_draws")), c(4L, 2L))
  skip_if_not_installed("marginaleffects")
  slopes <- as.data.frame(marginaleffects::avg_slopes(fit, variables = "hp", newdata = cars))
  expected <- effects(fit, cars, variables = "hp")
  own <- expected$estimate[match(slopes$group, expected$outcome)]
  expect_equal(slopes$estimate, own, tolerance = 1e-3)
})
