skip_without_torch()

cars <- quick_formula(mpg ~ wt + hp, mtcars)

test_that("to_sql() gives one query, of an ensemble too", {
  query <- to_sql(cars, c("main", "cars"), "duckdb", columns = c("id", "wt"))
  expect_length(query, 1)
  expect_match(query, "FROM \"main\".\"cars\" AS d", fixed = TRUE)
  expect_match(query, "AS \"id\",\n  k2 AS \"wt\",\n  v1 AS \".pred\"", fixed = TRUE)
  several <- quick_formula(Species ~ ., iris, n_models = 2)
  expect_match(to_sql(several, "flowers", "sqlite"), "AS \".pred_virginica\"", fixed = TRUE)
})

test_that("names and levels with quotes are written as SQL writes them", {
  data <- data.frame(y = 1:6, `a"b` = rep(c("it's", "\\'", "x"), 2), check.names = FALSE)
  fit <- quick_formula(y ~ ., data)
  query <- to_sql(fit, "t\"; DROP", "postgresql")
  expect_match(query, "FROM \"t\"\"; DROP\" AS d", fixed = TRUE)
  expect_match(query, "d.\"a\"\"b\"", fixed = TRUE)
  expect_match(query, "'it''s'", fixed = TRUE)
  expect_match(query, "E'\\\\''", fixed = TRUE)
})

test_that("a fit with an offset needs its column", {
  fit <- quick_formula(mpg ~ wt + offset(log(hp)), mtcars)
  expect_error(to_sql(fit, "cars", "duckdb"), "`offset` must be the name of the column that has")
  expect_match(to_sql(fit, "cars", "duckdb", offset = "log_hp"), "d.\"log_hp\"", fixed = TRUE)
})

test_that("arguments are checked", {
  expect_error(to_sql(1, "t", "duckdb"), "`fit` must be what `two_layer\\(\\)` gave, not 1")
  for (table in list(1, NA_character_, "", character())) {
    expect_error(to_sql(cars, table, "duckdb"), "`table` must be the name of a table, or names")
  }
  expect_error(to_sql(cars, dialect = "duckdb"), "`table` must be .*, not missing")
  expect_error(to_sql(cars, "t"), "`dialect` must be .*, not missing")
  expect_error(to_sql(cars, "t", "oracle"), "`dialect` must be one of \"duckdb\", .* \"oracle\"")
  expect_error(to_sql(cars, "t", "sqlite", columns = 1), "`columns` must be names of columns")
  expect_error(to_sql(cars, "t", "sqlite", offset = "o"), "`offset` must be left out")
  expect_error(to_sql(cars, "t", "sqlite", offset = 1), "`offset` must be the name of a column")
})
