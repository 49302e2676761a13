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

test_that("row names that are 1, 2, ... stay the two numbers that R keeps of them", {
  compact <- function(table) .row_names_info(table, 0L)
  table <- data.frame(a = c(1.5, 2, 3), b = c(TRUE, NA, FALSE), y = 1:3)
  input <- mold_table(table, NULL, "y", NULL)
  # Above 0: fitted values have them as names, as lm()'s have.
  expect_identical(compact(input$outcomes), c(NA, 3L))
  expect_identical(compact(input$predictors), c(NA, -3L))
  expect_identical(compact(mold_formula(y ~ a, table, NULL)$outcomes), c(NA, 3L))
  some <- mold_table(table[c(3, 1), ], NULL, "y", NULL)
  expect_identical(row.names(some$outcomes), c("3", "1"))
  row.names(table) <- c("u", "v", "w")
  expect_identical(row.names(mold_table(table, NULL, "y", NULL)$outcomes), c("u", "v", "w"))
  matrix <- mold_table(as.matrix(table), 1:3, NULL, NULL)
  expect_identical(row.names(matrix$outcomes), c("u", "v", "w"))
  expect_identical(mold_table(table[0], 1:3, NULL, NULL)$columns$x$rows, 3L)
})
