test_that("a fit goes on, its history with it", {
  skip_without_torch()
  fit <- two_layer(mpg ~ log(disp) + wt, mtcars, epochs = 5)
  longer <- continue_training(fit, epochs = 3)
  expect_identical(longer$history$epoch, 1:8)
  expect_identical(longer$history[1:5, ], fit$history)
  expect_identical(longer$settings$epochs, 8L)
  expect_identical(longer$call$epochs, 8)
  expect_identical(residuals(longer), mtcars$mpg - fitted(longer), ignore_attr = "names")
  expect_s3_class(predict(longer, mtcars), "tbl_df")
  expect_identical(nrow(update(longer)$history), 8L)
})

test_that("it is the same whether the fit was saved in between or not", {
  skip_without_torch()
  file <- withr::local_tempfile()
  of_formula <- two_layer(mpg ~ poly(wt, 2) + hp, mtcars, epochs = 5, optimizer = "lbfgs")
  of_tables <- two_layer(
    iris[1:4], iris$Species,
    validation = 0.2, patience = 3, epochs = 8, seed = 1
  )
  cases <- list(
    list(fit = of_formula, data = list(data = mtcars)),
    list(fit = of_tables, data = list(x = iris[1:4], y = iris$Species, validation = 0.2))
  )
  for (case in cases) {
    directly <- continue_training(case$fit, epochs = 4)
    by_rds <- continue_training(unserialize(serialize(case$fit, NULL)), epochs = 4)
    save_two_layer(case$fit, file)
    loaded <- load_two_layer(file)
    by_file <- do.call(continue_training, c(list(loaded, epochs = 4), case$data))
    for (other in list(by_rds, by_file)) {
      expect_identical(other$history, directly$history)
      expect_identical(other$weights, directly$weights)
      expect_identical(other$best_epoch, directly$best_epoch)
    }
    expect_refused(continue_training(loaded, epochs = 4), "must be given again")
  }
})

test_that("the fit's own arguments are evaluated where it is called", {
  skip_without_torch()
  weights <- rep(1:2, 16)
  squared <- function(output, y) (output - y)^2
  fit <- two_layer(
    mtcars[-1], mtcars$mpg,
    case_weights = weights, loss = squared, validation = 1:4, epochs = 5
  )
  expect_identical(nrow(continue_training(fit, epochs = 2)$history), 7L)
  away <- function(fit) continue_training(fit, epochs = 2)
  environment(away) <- asNamespace("pytwolayer")
  expect_refused(away(fit), "must be given again, since what the fit's call names", "not found")
})

test_that("a recipe goes on", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  recipe <- recipes::step_log(recipes::recipe(mpg ~ disp + hp, mtcars), disp)
  fit <- two_layer(recipe, mtcars, epochs = 3, seed = 1)
  expect_identical(nrow(continue_training(fit, epochs = 2)$history), 5L)
})

test_that("other data are an error that says what differs", {
  skip_without_torch()
  fit <- two_layer(mpg ~ hp + wt, mtcars, epochs = 5)
  other <- transform(mtcars, wt = wt + 1)
  expect_refused(
    continue_training(fit, epochs = 2, data = other),
    "`data` must be the data of the fit that goes on", "column \"wt\""
  )
  expect_refused(continue_training(fit, epochs = 2, validation = 0.2), "`validation` must be 0")
  expect_refused(continue_training(fit, epochs = 2, data = mtcars[32:1, ]), "`data` must be")
})

test_that("wrong arguments are named", {
  skip_without_torch()
  fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 3)
  expect_refused(continue_training(fit), "`epochs` must be a whole number", "not missing")
  expect_refused(continue_training(fit, epochs = 0), "`epochs` must be")
  for (epochs in list("many", NULL, TRUE, mtcars, NA_real_)) {
    expect_refused(continue_training(fit, epochs = epochs), "`epochs` must be")
  }
  expect_refused(continue_training(fit, epochs = c(1, 2)), "`epochs` must be a single value")
  expect_refused(continue_training(fit, epochs = 2, epoch = 2), "`epoch` is not an argument")
  expect_refused(continue_training(3, epochs = 2), "`fit` must be what `two_layer()` gave, not 3")
  again <- function(x = mtcars[-1], ...) continue_training(fit, 2, x = x, y = mtcars$mpg, ...)
  expect_refused(again("text"), "`x` must be a data frame")
  expect_refused(again(loss = "mae"), "`loss` must be \"mse\"")
})

test_that("a loss function that no file keeps is asked for", {
  skip_without_torch()
  cubed <- function(output, y) abs(output - y)^3
  file <- withr::local_tempfile()
  fit <- two_layer(mtcars[-1], mtcars$mpg, loss = cubed, epochs = 3)
  save_two_layer(fit, file)
  again <- function(...) {
    continue_training(load_two_layer(file), 2, x = mtcars[-1], y = mtcars$mpg, ...)
  }
  expect_refused(again(), "`loss` must be given again", "`cubed`")
  expect_identical(again(loss = cubed)$history, continue_training(fit, 2)$history)
})

test_that("a misspelt argument is compared with all that there are", {
  skip_without_torch()
  fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 3)
  expect_refused(continue_training(fit, 2, checkpont = "a"), "did you mean `checkpoint`")
  expect_refused(continue_training(fit, 2, hidden_units = 3), "`hidden_units` is not an argument")
})

test_that("a path of the call is found from another working folder", {
  skip_without_torch()
  folder <- withr::local_tempdir()
  utils::write.csv(mtcars, file.path(folder, "cars.csv"), row.names = FALSE)
  fit <- withr::with_dir(folder, two_layer(mpg ~ hp + wt, "cars.csv", epochs = 3, seed = 1))
  at_home <- withr::with_dir(folder, continue_training(fit, epochs = 2))
  elsewhere <- continue_training(fit, epochs = 2)
  expect_identical(elsewhere$weights, at_home$weights)
})
