test_that("the outcome can be named among the columns", {
  skip_without_torch()
  expect_refused(quick(mtcars, NULL, outcome = c("mpg", "no")), "`outcome`", "`x`", "\"no\"")
  expect_refused(quick(mtcars, 1, outcome = "mpg"), "`y`", "left out", "given too")
  expect_refused(quick(mtcars, NULL, outcome = 3), "`outcome`", "name of a column", "3")
  expect_refused(quick(iris, NULL, outcome = c("Species", "Sepal.Width")), "`x`", "\"Species\"")
  twins <- stats::setNames(mtcars[c(1, 1, 2)], c("mpg", "mpg", "cyl"))
  expect_refused(quick(twins, NULL, outcome = "mpg"), "`x`", "several columns \"mpg\"")
})

test_that("tables of any class, and matrices, mold as plain data frames do", {
  plain <- mold_table(mtcars[-1], mtcars$mpg, NULL, quote(f()))
  expect_identical(plain$vector, TRUE)
  expect_identical(plain$blueprint$ptypes$predictors, tibble::as_tibble(mtcars[0, -1]))
  other <- mold_table(tibble::as_tibble(mtcars[-1]), mtcars$mpg, NULL, quote(f()))
  expect_identical(other$predictors, structure(plain$predictors, row.names = 1:32))
  columns <- mold_table(as.matrix(mtcars[-1]), as.matrix(mtcars["mpg"]), NULL, quote(f()))
  expect_identical(matrix_frame(columns$predictors), plain$predictors)
  expect_identical(columns$vector, FALSE)
})

test_that("a matrix without column names counts by position", {
  input <- mold_table(unname(as.matrix(mtcars[-1])), mtcars$mpg, NULL, quote(f()))
  expect_true(input$how$nameless)
  expect_null(input$columns$x$names)
  expect_false(mold_table(mtcars[-1], mtcars$mpg, NULL, quote(f()))$how$nameless)
})
