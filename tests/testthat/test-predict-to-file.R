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

cars <- transform(mtcars, name = rownames(mtcars), gears = factor(gear))
quick <- function(...) two_layer(..., epochs = 3, hidden_units = 4, weight_decay = 0.1, seed = 1)

csv_of <- function(table) {
  file <- withr::local_tempfile(fileext = ".csv", .local_envir = parent.frame())
  utils::write.csv(table, file, row.names = FALSE)
  file
}

read_numbers <- function(file) utils::read.csv(file, check.names = FALSE)

test_that("predictions of a file go to a file, with the numbers of the table", {
  skip_without_torch()
  fit <- quick(mpg ~ wt + hp, cars)
  output <- withr::local_tempfile(fileext = ".csv")
  shown <- withVisible(predict(fit, csv_of(cars), output = output, columns = "name"))
  expect_identical(shown, list(value = output, visible = FALSE))
  found <- read_numbers(output)
  expect_named(found, c("name", ".pred"))
  expect_identical(found$name, cars$name)
  expect_equal(found$.pred, predict(fit, cars)$.pred, tolerance = 1e-14)
})

test_that("predictions of a data frame go to a file, of a formula that computes too", {
  skip_without_torch()
  fit <- quick(mpg ~ log(wt) + gears, cars)
  output <- withr::local_tempfile(fileext = ".csv")
  predict(fit, cars, output = output, columns = c("name", "gears", "wt"))
  found <- read_numbers(output)
  expect_named(found, c("name", "gears", "wt", ".pred"))
  expect_identical(found$name, cars$name)
  expect_identical(found$wt, cars$wt)
  expect_equal(found$.pred, predict(fit, cars)$.pred, tolerance = 1e-14)
})

test_that("classes, their probabilities and intervals have the columns of the command line", {
  skip_without_torch()
  new_data <- cars
  new_data$wt[[3]] <- NA
  fits <- quick(cars[c("wt", "hp")], cars$gears, n_models = 3)
  expected <- c(
    ".pred_class", paste0(".pred_", 3:5), paste0(".pred_lower_", 3:5), paste0(".pred_upper_", 3:5)
  )
  for (data in list(csv_of(new_data), new_data)) {
    output <- withr::local_tempfile(fileext = ".csv")
    predict(fits, data, output = output)
    found <- read_numbers(output)
    expect_named(found, expected)
    expect_identical(
      as.character(found$.pred_class), as.character(predict(fits, new_data)$.pred_class)
    )
    expect_equal(found$.pred_4, predict(fits, new_data, "prob")$.pred_4, tolerance = 1e-14)
    predict(fits, data, "class", output = output)
    expect_named(read_numbers(output), ".pred_class")
  }
})

test_that("what cannot be is one clear error, and nothing is written", {
  skip_without_torch()
  fit <- quick(mpg ~ wt, cars)
  file <- csv_of(cars)
  for (data in list(file, cars)) {
    expect_argument <- function(code) expect_error(code, class = "pytwolayer_error_argument")
    expect_argument(predict(fit, data, output = "a.txt"))
    expect_argument(predict(fit, data, output = 3))
    expect_argument(predict(fit, data, output = "a.csv", columns = "nothing"))
    expect_argument(predict(fit, data, columns = "name"))
  }
  expect_error(predict(fit, file, output = file), "`output` must be another file")
  expect_error(predict(fit, file, output = "a.csv", engine = "r"), "`engine` must be")
  expect_error(predict(fit, output = "a.csv"), "`new_data` must be given")
  expect_false(file.exists("a.csv"))
})
