cars <- function(..., n_models = 4, epochs = 15, seed = 1) {
  two_layer(mpg ~ ., mtcars, n_models = n_models, epochs = epochs, seed = seed, ...)
}

flowers <- function(...) {
  two_layer(Species ~ ., iris, n_models = 3, epochs = 5, seed = 2, ...)
}

test_that("several models make an ensemble of fits, each what it is alone", {
  skip_without_torch()
  fits <- cars()
  expect_s3_class(fits, "two_layer_ensemble")
  expect_length(fits$models, 4)
  for (model in fits$models) {
    alone <- two_layer(mpg ~ ., mtcars, epochs = 15, seed = model$settings$seed)
    expect_equal(predict(model, mtcars), predict(alone, mtcars), tolerance = 1e-4)
    expect_equal(model$history, alone$history, tolerance = 1e-4)
  }
  expect_identical(fits$models[[1]]$settings$seed, fits$settings$seed)
  expect_identical(names(fits$history), c("model", "epoch", "loss"))
  expect_identical(as.data.frame(fits), fits$history)
  expect_identical(nrow(fits$history), 60L)
})

test_that("one model is a plain fit", {
  skip_without_torch()
  expect_s3_class(cars(n_models = 1, epochs = 2), "two_layer")
})

test_that("predictions are the mean, with spread and interval", {
  skip_without_torch()
  fits <- cars(bootstrap = TRUE)
  each <- vapply(fits$models, function(model) predict(model, mtcars)$.pred, double(32))
  expect_equal(predict(fits, mtcars)$.pred, rowMeans(each))
  expect_equal(predict(fits, mtcars, type = "std_error")$.std_error, apply(each, 1, sd))
  interval <- predict(fits, mtcars, type = "conf_int", level = 0.8)
  expect_identical(names(interval), c(".pred_lower", ".pred_upper"))
  ends <- apply(each, 1, quantile, c(0.1, 0.9), names = FALSE)
  expect_equal(unname(as.matrix(interval)), t(ends))
  expect_equal(as.vector(fitted(fits)), rowMeans(each))
  expect_equal(as.vector(residuals(fits)), mtcars$mpg - rowMeans(each))
  expect_identical(nobs(fits), 32L)
})

test_that("classes have mean probabilities, with an interval for each", {
  skip_without_torch()
  fits <- flowers()
  probabilities <- predict(fits, iris, type = "prob")
  expect_equal(rowSums(probabilities), rep(1, 150))
  expect_identical(
    as.integer(predict(fits, iris)$.pred_class), max.col(probabilities, ties.method = "first")
  )
  expect_identical(names(predict(fits, iris[1, ], type = "conf_int")), c(
    ".pred_lower_setosa", ".pred_upper_setosa", ".pred_lower_versicolor",
    ".pred_upper_versicolor", ".pred_lower_virginica", ".pred_upper_virginica"
  ))
  expect_identical(ncol(predict(fits, iris[1, ], type = "std_error")), 3L)
})

test_that("R's own engine gives the same", {
  skip_without_torch()
  new_cars <- mtcars
  new_cars[2, "disp"] <- NA
  numbers <- cars(bootstrap = TRUE)
  for (type in c("numeric", "conf_int", "std_error")) {
    own <- predict(numbers, new_cars, type = type, engine = "r")
    expect_equal(own, predict(numbers, new_cars, type = type), tolerance = 1e-6)
    expect_true(all(is.na(own[2, ])))
  }
  classes <- flowers()
  for (type in c("class", "prob", "conf_int", "std_error")) {
    expect_equal(
      predict(classes, iris, type = type, engine = "r"), predict(classes, iris, type = type),
      tolerance = 1e-6
    )
  }
})

test_that("files, copies and new sessions keep an ensemble", {
  skip_without_torch()
  file <- withr::local_tempfile()
  fits <- flowers(bootstrap = TRUE)
  expected <- predict(fits, iris, type = "conf_int")
  save_two_layer(fits, file)
  again <- load_two_layer(file)
  expect_s3_class(again, "two_layer_ensemble")
  expect_identical(predict(again, iris, type = "conf_int"), expected)
  expect_identical(again$settings, fits$settings)
  expect_identical(again$history, fits$history)
  copy <- unserialize(serialize(fits, NULL))
  expect_identical(predict(copy, iris, type = "conf_int"), expected)
})

test_that("a damaged file is an error", {
  skip_without_torch()
  bytes <- flowers()$model
  for (place in round(seq(1, length(bytes), length.out = 60))) {
    changed <- bytes
    changed[[place]] <- xor(changed[[place]], as.raw(1))
    expect_error(read_back(changed), class = "pytwolayer_error_file")
  }
  for (end in c(0, 7, 100, length(bytes) - 1)) {
    expect_error(read_back(bytes[seq_len(end)]), class = "pytwolayer_error_file")
  }
})

test_that("print tells how many were stopped before their last epoch", {
  skip_without_torch()
  fits <- quick(n_models = 3, on_epoch = function(epoch, loss) epoch < 2)
  expect_output(print(fits), "(mse, mean), all stopped by `on_epoch`", fixed = TRUE)
  fits$models[[1]]$stopped <- "epochs"
  fits$models[[2]]$stopped <- "interrupt"
  told <- "(mse, mean), 1 of 3 stopped by `on_epoch`, 1 of 3 interrupted"
  expect_output(print(fits), told, fixed = TRUE)
  expect_identical(format_ends(c("epochs", "epochs")), "")
})

test_that("it prints, plots and sums up", {
  skip_without_torch()
  fits <- cars(bootstrap = TRUE, validation = 0.2)
  expect_output(print(fits), "<two_layer_ensemble>\nModels:     4, on bootstrap resamples")
  expect_output(print(fits), "Losses: .* to .* \\(validation: mse, mean\\)")
  expect_identical(nrow(summary(fits)), 4L)
  withr::local_pdf(NULL)
  expect_identical(plot(fits), fits)
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fits), "ggplot")
})

test_that("update() refits, and formulas, recipes and matrices do as well", {
  skip_without_torch()
  fits <- two_layer(mpg ~ ., mtcars, n_models = 4, bootstrap = TRUE, epochs = 9, seed = 1)
  fits <- update(fits, n_models = 2, epochs = 3)
  expect_length(fits$models, 2)
  expect_true(fits$settings$bootstrap)
  formula <- two_layer(log(mpg) ~ poly(disp, 2), mtcars, n_models = 2, epochs = 3, seed = 1)
  expect_identical(nrow(predict(formula, mtcars[1:3, ])), 3L)
  matrix <- two_layer(as.matrix(mtcars[-1]), mtcars$mpg, n_models = 2, epochs = 3, seed = 1)
  expect_identical(nrow(predict(matrix, as.matrix(mtcars[1:3, -1]))), 3L)
  skip_if_not_installed("recipes")
  recipe <- recipes::recipe(mpg ~ ., mtcars)
  made <- two_layer(recipe, mtcars, n_models = 2, epochs = 3, seed = 1)
  expect_identical(nrow(predict(made, mtcars[1:3, ])), 3L)
})

test_that("what cannot be is an error that says so", {
  skip_without_torch()
  expect_refused(cars(n_models = 0), "`n_models` must be a whole number of at least 1")
  expect_refused(cars(n_models = 1.5), "`n_models`")
  expect_refused(cars(n_models = 1, bootstrap = TRUE), "`bootstrap` must be FALSE for one model")
  expect_refused(cars(checkpoint = tempfile()), "`checkpoint` must be left out")
  fits <- cars(epochs = 2)
  expect_refused(predict(fits, mtcars, type = "prob"), "`type`")
  expect_refused(predict(fits, mtcars, type = "conf_int", level = 1), "`level`")
  expect_refused(predict(fits, mtcars[1:3]), "`new_data`")
  expect_refused(continue_training(fits, epochs = 2), "`fit`")
})

test_that("an error in a function of the user's has the ensemble so far", {
  skip_without_torch()
  cnd <- expect_error(
    cars(on_epoch = function(epoch, loss) if (epoch == 3) stop("enough")), "enough"
  )
  expect_s3_class(cnd$fit, "two_layer_ensemble")
  expect_identical(nrow(predict(cnd$fit, mtcars)), 32L)
})

test_that("tidy has a row per parameter of each model", {
  skip_without_torch()
  fits <- cars(epochs = 2, hidden_units = 3)
  tidied <- tidy(fits)
  expect_s3_class(tidied, "tbl_df")
  expect_identical(names(tidied), c("model", "layer", "from", "to", "estimate"))
  for (number in 1:4) {
    expect_identical(tidied[tidied$model == number, -1], tidy(fits$models[[number]]))
  }
  expect_identical(nrow(tidied), 4L * fits$models[[1]]$parameters)
  expect_refused(tidy(fits, conf.int = TRUE), "`conf.int` is not an argument")
})

test_that("glance has one row, of the mean predictions", {
  skip_without_torch()
  fits <- cars(validation = 0.25, patience = 2, hidden_units = 5)
  glanced <- glance(fits)
  expect_identical(nrow(glanced), 1L)
  expect_identical(glanced$nobs, 32L)
  expect_identical(glanced$n_models, 4L)
  expect_identical(glanced$hidden_units, 5L)
  expect_identical(glanced$parameters, 4L * 61L)
  found <- predict(fits, mtcars)$.pred
  expect_equal(glanced$rmse, sqrt(mean((mtcars$mpg - found)^2)))
  around <- sum((mtcars$mpg - mean(mtcars$mpg))^2)
  expect_equal(glanced$r.squared, 1 - sum((mtcars$mpg - found)^2) / around)
  own <- vapply(fits$models, function(model) min(model$history$valid_loss), 1)
  expect_equal(glanced$valid_loss, mean(own))
  expect_identical(glanced$stopped, fits$models[[1]]$stopped)
  classes <- flowers()
  predicted <- predict(classes, iris)$.pred_class
  expect_equal(glance(classes)$accuracy, mean(predicted == iris$Species))
  file <- withr::local_tempfile()
  save_two_layer(fits, file)
  expect_identical(glance(load_two_layer(file))$rmse, NA_real_)
  expect_identical(glance(load_two_layer(file))$nobs, 32L)
})

test_that("augment adds the mean predictions, and residuals", {
  skip_without_torch()
  fits <- two_layer(log(mpg) ~ wt, mtcars, n_models = 3, epochs = 3, seed = 1)
  for (engine in c("python", "r")) {
    augmented <- augment(fits, mtcars, engine = engine)
    expect_identical(names(augmented), c(names(mtcars), ".pred", ".resid"))
    expect_identical(augmented$.pred, predict(fits, mtcars, engine = engine)$.pred)
    expect_equal(augmented$.resid, log(mtcars$mpg) - augmented$.pred)
  }
  expect_identical(augment(fits, newdata = mtcars), augment(fits, mtcars))
  classes <- augment(flowers(), iris[1:2, ])
  names <- c(names(iris), ".pred_class", paste0(".pred_", levels(iris$Species)))
  expect_identical(names(classes), names)
  interval <- cbind(mtcars, predict(fits, mtcars, type = "conf_int"))
  again <- NULL
  expect_message(again <- augment(fits, interval), "`.pred_lower`, `.pred_upper`")
  expect_identical(again, augment(fits, mtcars))
  expect_refused(augment(fits), "`new_data`", "missing")
})

test_that("one of the networks says that it has no fitted values of its own", {
  skip_without_torch()
  fits <- cars(epochs = 2)
  expect_refused(fitted(fits$models[[1]]), "not one network of several")
})
