skip_without_torch()

skip_without_onnx <- function() {
  if (!reticulate::py_module_available("onnx")) skip("the Python package onnx is not there")
}

test_that("save_onnx() writes a small file, and an ensemble's", {
  skip_without_onnx()
  file <- tempfile(fileext = ".onnx")
  fit <- quick_formula(mpg ~ ., mtcars, hidden_units = 64)
  expect_identical(save_onnx(fit, file), file)
  expect_gt(file.size(file), 1000)
  expect_lt(file.size(file), 6000)
  several <- quick_formula(Species ~ ., iris, n_models = 2)
  save_onnx(several, file)
  expect_gt(file.size(file), 1000)
})

test_that("a recipe that computes columns is refused", {
  suppressWarnings(skip_if_not_installed("recipes"))
  plain <- recipes::recipe(mpg ~ hp + wt, mtcars)
  recipe <- recipes::step_normalize(plain, recipes::all_predictors())
  fit <- quick(recipe, mtcars)
  expect_error(save_onnx(fit, tempfile()), "`fit` must be a fit to columns that the data have")
})

test_that("arguments are checked", {
  expect_error(save_onnx(1, "f.onnx"), "`fit` must be what `two_layer\\(\\)` gave, not 1")
  fit <- quick_formula(mpg ~ hp, mtcars)
  expect_error(save_onnx(fit), "`file` must be the path of a file, not missing")
  expect_error(save_onnx(fit, file.path(tempfile(), "m.onnx")), "in a folder that exists")
})
