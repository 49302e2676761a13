skip_without_torch()

refused <- function(formula, data = mtcars) {
  fit <- quick_formula(formula, data)
  tryCatch(to_sql(fit, "cars", "sqlite"), pytwolayer_error_argument = conditionMessage)
}

test_that("a formula's query takes the columns of the data", {
  fit <- quick_formula(mpg ~ log(disp) + factor(cyl) + hp:wt, mtcars)
  query <- to_sql(fit, "cars", "sqlite")
  for (name in c("disp", "cyl", "hp", "wt")) {
    expect_match(query, sprintf("d.\"%s\"", name), fixed = TRUE)
  }
})

test_that("a function that cannot be exported is named, with its term and the way out", {
  expect_match(refused(mpg ~ lgamma(hp) + wt), paste0(
    "one with `lgamma`, which exports do not know, in the term `lgamma(hp)`: ",
    "compute that column in the data"
  ), fixed = TRUE)
  expect_match(refused(mpg ~ splines::ns(hp, 3)), "`splines::ns`, which exports do not know",
    fixed = TRUE
  )
  expect_match(refused(mpg ~ log(hp, disp)), "`disp` where a constant is needed", fixed = TRUE)
  expect_match(refused(mpg ~ cut(hp, 3)), "`cut()` without its breaks", fixed = TRUE)
  expect_match(refused(mpg ~ poly(hp, wt)), "`wt` where a constant is needed")
  log <- function(x) x + 1
  expect_match(refused(mpg ~ log(hp)), "`log`, which exports do not know", fixed = TRUE)
})

test_that("what R computes with more digits, or in a unit that it chooses, is refused", {
  expect_match(
    refused(mpg ~ I(hp %% 0.1) + wt),
    "`%%` or `%/%` by something other than a multiple of 1/1024",
    fixed = TRUE
  )
  expect_match(refused(mpg ~ I(hp %/% 2.5) + wt), "^WITH ")
  start <- as.POSIXct("2020-01-01", tz = "UTC")
  data <- data.frame(y = 1:6, a = start + 1:6, b = start + c(9, 7, 5, 2, 3, 1) * 1e5)
  data$day <- as.Date(data$a) + c(3, 1, 4, 1, 5, 9)
  data$gap <- data$b - data$a
  for (formula in c(y ~ as.numeric(a - b), y ~ as.numeric(b - start), y ~ as.numeric(b - gap))) {
    expect_match(refused(formula, data), "a difference of times, whose unit R chooses")
  }
  expect_match(
    refused(y ~ I(as.numeric(gap) > as.difftime(1, units = "days")), data),
    "a constant of the class \"difftime\""
  )
  for (formula in c(y ~ I(day - as.Date("2020-01-01")), y ~ I(as.numeric(b) - 5), y ~ gap)) {
    expect_match(refused(formula, data), "^WITH ")
  }
})

test_that("what becomes of text is not guessed", {
  data <- data.frame(y = 1:6, f = factor(rep(c("1", "2", "3"), 2)), t = rep(c("a", "b"), 3))
  expect_match(refused(y ~ as.numeric(f), data), "text where `as.numeric(f)` needs", fixed = TRUE)
  expect_match(refused(y ~ I(is.na(t)), data), "anything but a column of numbers", fixed = TRUE)
  query <- refused(y ~ factor(f), data)
  expect_match(query, "CAST(d.\"f\" AS TEXT)", fixed = TRUE)
})
