# Predictions that are written to a file.

read_predictions <- function(path) {
  utils::read.csv(path, check.names = FALSE)
}

quick_fit <- function(...) {
  two_layer(mpg ~ ., mtcars, epochs = 3, hidden_units = 3, seed = 1, verbose = FALSE, ...)
}

test_that("a file's rows are predicted into a file, in order, with the numbers of predict()", {
  skip_without_torch()
  folder <- withr::local_tempdir()
  data <- file.path(folder, "cars.csv")
  utils::write.csv(mtcars, data, row.names = FALSE)
  fit <- quick_fit()
  output <- file.path(folder, "predictions.csv")
  written <- withVisible(predict(fit, data, output = output))
  expect_false(written$visible)
  expect_identical(normalizePath(written$value), normalizePath(output))
  expect_equal(read_predictions(output)$.pred, predict(fit, mtcars)$.pred, tolerance = 1e-14)
  expect_equal(predict(fit, data)$.pred, predict(fit, mtcars)$.pred, tolerance = 1e-14)
})

test_that("R's own tables are predicted into a file too, by type", {
  skip_without_torch()
  output <- withr::local_tempfile(fileext = ".tsv")
  flowers <- two_layer(Species ~ ., iris, epochs = 3, hidden_units = 3, seed = 1, verbose = FALSE)
  predict(flowers, iris, output = output)
  both <- utils::read.delim(output, check.names = FALSE)
  expect_identical(both$.pred_class, as.character(predict(flowers, iris)$.pred_class))
  expect_named(both, c(".pred_class", paste0(".pred_", levels(iris$Species))))
  predict(flowers, newdata = iris, type = "prob", output = output)
  shares <- utils::read.delim(output, check.names = FALSE)
  expect_named(shares, paste0(".pred_", levels(iris$Species)))
})

test_that("several networks write intervals of their level", {
  skip_without_torch()
  output <- withr::local_tempfile(fileext = ".csv")
  fits <- quick_fit(n_models = 3)
  predict(fits, mtcars, type = "conf_int", level = 0.5, output = output)
  expect_equal(
    read_predictions(output), as.data.frame(predict(fits, mtcars, type = "conf_int", level = 0.5)),
    tolerance = 1e-12
  )
  predict(fits, mtcars, output = output)
  expect_named(read_predictions(output), c(".pred", ".pred_lower", ".pred_upper"))
})

test_that("formulas that compute are predicted of R's tables, and refused of paths", {
  skip_without_torch()
  folder <- withr::local_tempdir()
  data <- file.path(folder, "cars.csv")
  utils::write.csv(mtcars, data, row.names = FALSE)
  fit <- two_layer(mpg ~ log(wt), mtcars, epochs = 2, seed = 1, verbose = FALSE)
  output <- file.path(folder, "predictions.csv")
  predict(fit, mtcars, output = output)
  expect_equal(read_predictions(output)$.pred, predict(fit, mtcars)$.pred, tolerance = 1e-14)
  expect_error(predict(fit, data, output = output), class = "pytwolayer_error_argument")
})

test_that("what cannot be written is an error that names the argument, and nothing is left", {
  skip_without_torch()
  folder <- withr::local_tempdir()
  data <- file.path(folder, "cars.csv")
  utils::write.csv(mtcars, data, row.names = FALSE)
  fit <- quick_fit()
  expect_error(predict(fit, data, output = data), "`output`")
  expect_error(predict(fit, data, output = file.path(folder, "a.xlsx")), "`output`")
  expect_error(predict(fit, data, output = 3), "`output` must be the path of a file")
  expect_error(predict(fit, output = file.path(folder, "a.csv")), "`new_data`")
  expect_error(
    predict(fit, data, output = file.path(folder, "a.csv"), engine = "r"), "`engine`"
  )
  expect_error(predict(fit, data, output = file.path(folder, "no", "a.csv")), "`output`")
  expect_error(predict(fit, mtcars[-1:-3], output = file.path(folder, "a.csv")), "`new_data`")
  expect_identical(list.files(folder), "cars.csv")
})
