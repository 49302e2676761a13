test_that("insight finds formula, data and kind of a fit", {
  skip_without_torch()
  skip_if_not_installed("insight")
  cars <- transform(mtcars, cyl = factor(cyl))
  fit <- two_layer(mpg ~ log(disp) + cyl, cars, epochs = 5, seed = 1)
  expect_identical(insight::find_predictors(fit)$conditional, c("disp", "cyl"))
  expect_identical(insight::find_response(fit), "mpg")
  expect_identical(insight::get_data(fit)$disp, cars$disp, ignore_attr = TRUE)
  expect_true(insight::model_info(fit)$is_linear)
  expect_identical(as.vector(insight::get_predicted(fit)), predict(fit, cars)$.pred)
  parameters <- insight::get_parameters(fit)
  expect_identical(nrow(parameters), as.integer(fit$parameters))
  expect_identical(parameters$Estimate, generics::tidy(fit)$estimate)
})

test_that("insight's predictions of classes and ensembles have the places of theirs", {
  skip_without_torch()
  skip_if_not_installed("insight")
  three <- two_layer(Species ~ Petal.Width, iris, epochs = 5, seed = 1)
  expect_true(insight::model_info(three)$is_multinomial)
  found <- as.data.frame(insight::get_predicted(three, data = iris[c(1, 150), ]))
  expect_identical(found$Response, rep(levels(iris$Species), each = 2))
  expect_identical(found$Predicted, unlist(predict(three, iris[c(1, 150), ], "prob"), FALSE, FALSE))
  two <- two_layer(factor(am) ~ hp, mtcars, n_models = 3, epochs = 5, seed = 1)
  expect_true(insight::model_info(two)$is_logit)
  found <- as.data.frame(insight::get_predicted(two, data = mtcars[1:3, ], ci = 0.5))
  ends <- predict(two, mtcars[1:3, ], "conf_int", level = 0.5)
  expect_identical(found$Predicted, predict(two, mtcars[1:3, ], "prob")[[2]])
  expect_identical(found$CI_low, ends$.pred_lower_1)
  expect_identical(found$CI_high, ends$.pred_upper_1)
})

test_that("ggeffects shows adjusted predictions, with the intervals of ensembles", {
  skip_without_torch()
  skip_if_not_installed("ggeffects")
  cars <- transform(mtcars, cyl = factor(cyl))
  fit <- two_layer(mpg ~ hp + cyl, cars, n_models = 3, epochs = 5, seed = 1)
  shown <- as.data.frame(ggeffects::ggpredict(fit, "hp [100, 200]"))
  new <- data.frame(hp = c(100, 200), cyl = factor("4", levels(cars$cyl)))
  expect_equal(shown$predicted, predict(fit, new)$.pred)
  expect_equal(shown$conf.low, predict(fit, new, "conf_int")$.pred_lower)
})

test_that("with insight each row has its own prediction, whatever table it is in", {
  skip_without_torch()
  skip_if_not_installed("insight")
  fit <- quick_formula(y ~ ., odd_data)
  truth <- predict(fit, odd_data)$.pred
  expect_rows_in_place(function(new) as.vector(insight::get_predicted(fit, data = new)), truth)
  expect_identical(insight::find_predictors(fit)$conditional, names(odd_data)[1:5])
  expect_refused(insight::get_predicted(fit, data = odd_data[-1]), "a b")
  gaps <- transform_column(odd_data, "a b", function(column) replace(column, 3, NA))
  suppressMessages(fit <- two_layer(y ~ ., gaps, epochs = 2, seed = 1))
  expect_identical(which(is.na(insight::get_predicted(fit))), 3L)
})

test_that("insight finds predictors and outcome of fits that have no formula", {
  skip_without_torch()
  skip_if_not_installed("insight")
  x <- odd_data[1:5]
  fits <- list(
    two_layer(x, odd_data["y"], epochs = 2, seed = 1),
    two_layer(x, odd_data$y, epochs = 2, seed = 1),
    two_layer(odd_data, outcome = "y", epochs = 2, seed = 1),
    two_layer(recipes::recipe(y ~ ., odd_data), odd_data, epochs = 2, seed = 1)
  )
  for (fit in fits) {
    expect_identical(insight::find_predictors(fit)$conditional, names(x))
    expect_equal(insight::get_response(fit), odd_data$y, ignore_attr = TRUE)
    expect_identical(dim(insight::get_predictors(fit)), c(24L, 5L))
  }
  expect_identical(insight::find_response(fits[[2]]), ".outcome")
  both <- quick(mtcars[3:5], mtcars[1:2])
  expect_identical(insight::find_response(both, combine = FALSE), c("mpg", "cyl"))
  skip_if_not_installed("ggeffects")
  both <- mtcars[c("hp", "wt")] # ggeffects 1.2 has no logical columns
  fit <- two_layer(both, mtcars$mpg, epochs = 2, seed = 1)
  shown <- as.data.frame(ggeffects::ggpredict(fit, "hp [100, 200]"))
  expect_equal(
    shown$predicted, predict(fit, data.frame(hp = c(100, 200), wt = mean(both$wt)))$.pred
  )
})

test_that("ggeffects shows each class and outcome, with intervals of the level that is asked", {
  skip_without_torch()
  skip_if_not_installed("ggeffects")
  generic <- "get_predictions" %in% getNamespaceExports("ggeffects")
  skip_if_not(generic, "a ggeffects that asks for predictions by a generic, as 2.2 does")
  new <- data.frame(Petal.Width = c(0.2, 2), Sepal.Length = mean(iris$Sepal.Length))
  fits <- two_layer(Species ~ Petal.Width + Sepal.Length, iris, n_models = 3, epochs = 5, seed = 1)
  shown <- as.data.frame(
    ggeffects::ggpredict(fits, "Petal.Width [0.2, 2]", ci_level = 0.5)
  )
  shown <- shown[order(shown$response.level, shown$x), ]
  expect_identical(as.character(shown$response.level), rep(levels(iris$Species), each = 2))
  expect_equal(shown$predicted, unlist(predict(fits, new, "prob"), use.names = FALSE))
  ends <- predict(fits, new, "conf_int", level = 0.5)
  expect_equal(shown$conf.low, unlist(ends[c(1, 3, 5)], use.names = FALSE))
  expect_equal(shown$conf.high, unlist(ends[c(2, 4, 6)], use.names = FALSE))
  cars <- mtcars
  both <- two_layer(cbind(mpg, qsec) ~ hp + wt, cars, epochs = 5, seed = 1)
  shown <- as.data.frame(ggeffects::ggpredict(both, "hp [100, 200]"))
  new <- data.frame(hp = c(100, 200), wt = mean(cars$wt))
  shown <- shown[order(shown$response.level, shown$x), ]
  expect_equal(shown$predicted, unlist(predict(both, new), use.names = FALSE))
  expect_true(all(is.na(shown$conf.low)))
})

test_that("insight has the probabilities of several labels, each a response", {
  skip_without_torch()
  skip_if_not_installed("insight")
  fit <- two_layer(
    cbind(vs, am) ~ hp + wt, mtcars, loss = "binary_cross_entropy", epochs = 5, seed = 1
  )
  found <- as.data.frame(insight::get_predicted(fit, data = mtcars[1:2, ]))
  expect_identical(found$Response, rep(c("vs", "am"), each = 2))
  truth <- unlist(predict(fit, mtcars[1:2, ], "prob"), use.names = FALSE)
  expect_identical(found$Predicted, truth)
  info <- insight::model_info(fit)
  expect_identical(c(info$is_linear, info$is_logit, info$is_multivariate), c(FALSE, TRUE, TRUE))
})

test_that("insight gets the variables of a fit, and others where it asks for them", {
  skip_without_torch()
  skip_if_not_installed("insight")
  cars <- transform(mtcars, manual = am == 1)
  fit <- two_layer(mpg ~ log(hp) + wt, cars, epochs = 5, seed = 1)
  expect_named(insight::get_data(fit), c("mpg", "hp", "wt"))
  expect_named(insight::get_data(fit, additional_variables = "qsec"), c("mpg", "hp", "wt", "qsec"))
  expect_named(insight::get_data(fit, additional_variables = TRUE), names(cars))
  every <- two_layer(mpg ~ . - cyl - am - manual, cars, epochs = 5, seed = 1)
  own <- setdiff(names(mtcars), c("cyl", "am"))
  expect_named(insight::get_data(every), own, ignore.order = TRUE)
  table <- two_layer(cars[c("hp", "wt")], cars$mpg, epochs = 5, seed = 1)
  expect_named(insight::get_data(table), c(".outcome", "hp", "wt"), ignore.order = TRUE)
  skip_if_not_installed("ggeffects")
  shown <- as.data.frame(ggeffects::ggpredict(fit, "hp [100, 200]"))
  new <- data.frame(hp = c(100, 200), wt = mean(cars$wt))
  expect_equal(shown$predicted, predict(fit, new)$.pred)
})
