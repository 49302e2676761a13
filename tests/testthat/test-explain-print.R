skip_without_torch()

test_that("what is printed says what it is of", {
  fits <- two_layer(mpg ~ wt + hp, mtcars, epochs = 5, seed = 1, n_models = 2)
  expect_warning(expect_output(print(effects(fits$models[[1]], mtcars)), "tibble: 2 . 5"), NA)
  expect_output(print(effects(fits, mtcars)), "with intervals of the networks.*A tibble: 2 . 7")
  suppressMessages(found <- importance(fits$models[[1]], mtcars, y = mtcars$mpg, repeats = 2))
  expect_output(print(found), "Permutation importance: loss .* of 32 rows, 2 repeats, rows of trai")
  expect_output(print(feature_effects(fits, mtcars, "wt")), "Accumulated local effects, 32 rows")
  expect_output(print(feature_effects(fits, mtcars, "wt", kind = "ice")), "Individual conditional")
})
