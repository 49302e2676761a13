# The mistakes of a first hour, each of which ends in a message that names what mends it.
# docs/mistakes.md lists them; tests/python/promises/test_mistakes.py has Python's.

cars <- data.frame(
  weight = 0:39 %% 7, Power = 0:39 %% 5, maker = factor(rep(c("a", "b"), 20)), mpg = 0:39 %% 11
)
quickly <- function(...) two_layer(..., epochs = 2, weight_decay = 0, seed = 1)

test_that("a misspelt argument is told with the right one", {
  expect_refused(two_layer(mpg ~ ., data = cars, epoch = 3), "did you mean `epochs`?")
  expect_refused(two_layer(mpg ~ ., data = cars, size = 3), "did you mean `hidden_units`?")
})

test_that("a misspelt column is told with the one that is there", {
  expect_refused(two_layer(MPG ~ ., data = cars), "without \"MPG\" (there is \"mpg\")")
  expect_refused(two_layer(mpg ~ wieght, data = cars), "\"wieght\" (there is \"weight\")")
  expect_refused(two_layer(cars, outcome = "mgp"), "\"mgp\" (did you mean \"mpg\"?)")
})

test_that("a column that is nowhere is told with the columns there are", {
  few <- cars[c("mpg", "weight")]
  there <- "\"price\" (its columns are \"mpg\", \"weight\")."
  expect_refused(two_layer(mpg ~ price, data = few), there)
  expect_refused(two_layer(price ~ ., data = few), there)
  expect_refused(two_layer(few, outcome = "price"), there)
  expect_refused(two_layer(few, outcome = "mpg", case_weights = "price"), there)
})

test_that("the core finds the same name", {
  near <- reticulate::import("pytwolayer.checks")$near
  names <- c("weight", "Power", "maker", "mpg", "a", "b")
  for (name in c("wieght", "power", "MPG", "mkaer", "price", "A", "z", "weights", "wt")) {
    expect_identical(as.character(near(name, names)), near_name(name, names), label = name)
  }
})

test_that("a missing outcome is told with how to name it", {
  expect_refused(two_layer(cars), "(name a column of `x`: `outcome = \"...\"`)")
  expect_refused(two_layer(~weight, data = cars), "`y ~ .`")
})

test_that("a formula in the wrong place is told with the right one", {
  expect_refused(two_layer(cars, mpg ~ weight), "`two_layer(formula, data)`")
  expect_refused(two_layer("mpg ~ weight", cars), "a formula has no quotes")
  expect_refused(two_layer("mpg ~ weight", data = cars), "a formula without quotes")
})

test_that("an outcome that is left among the predictors is told", {
  expect_warning(quickly(cars, cars$mpg), "column \"mpg\" equals it in every row")
  expect_silent(quickly(mpg ~ ., data = cars))
})

test_that("infinite values are told with what to do", {
  expect_refused(quickly(mpg ~ log(weight), data = cars), "infinite", "leave these rows out")
  infinite <- transform(cars, weight = replace(weight, 3, Inf))
  expect_refused(quickly(mpg ~ ., data = infinite), "\"weight\" (1 of 40 values)", "leave these")
})

test_that("a column without a value is told to be left out", {
  expect_refused(quickly(mpg ~ ., data = transform(cars, weight = NA)), "\"weight\" (leave it out)")
})

test_that("dates and lists are told", {
  dates <- transform(cars, weight = as.Date("2020-01-01") + weight)
  expect_refused(quickly(mpg ~ ., data = dates), "as.numeric() converts them to numbers")
  lists <- cars
  lists$weight <- as.list(cars$weight)
  told <- "a list in column \"weight\" (give each of its values a column of its own)"
  expect_refused(quickly(mpg ~ ., data = lists), told)
})

test_that("numbers as text are told", {
  text <- transform(cars, weight = sprintf("%.3f", 0:39 / 7))
  expect_warning(quickly(mpg ~ ., data = text), "Turn numbers into numeric values")
})

test_that("a share in per cent is told with the share", {
  expect_refused(two_layer(mpg ~ ., data = cars, validation = 20), "(did you mean 0.2?)")
})

test_that("one class is told", {
  expect_refused(quickly(maker ~ mpg, data = transform(cars, maker = "a")), "one class only, \"a\"")
})

test_that("columns that new data lack are told with those that may be meant", {
  fit <- quickly(mpg ~ ., data = cars)
  lower <- stats::setNames(cars, tolower(names(cars)))
  told <- "without \"Power\" (there is \"power\")"
  expect_refused(predict(fit, lower), told)
  expect_refused(predict(fit, lower, engine = "r"), told)
  told <- "one without \"Power\", \"maker\" (its only column is \"weight\")."
  expect_refused(predict(fit, cars["weight"]), told)
})

test_that("a level that training did not see is told with what to do", {
  fit <- quickly(mpg ~ ., data = cars)
  for (engine in c("python", "r")) {
    new <- transform(cars[1:2, ], maker = "c")
    expect_warning(predict(fit, new, engine = engine), "fit again with such rows, or give them")
  }
})

test_that("what is no table is told with how to make one", {
  fit <- quickly(mpg ~ weight, data = cars)
  expect_refused(predict(fit, 1:3), "data.frame() makes a table")
  expect_refused(two_layer(cars$weight, cars$mpg), "data.frame() makes a table")
})

test_that("types of other packages are told with those that are meant", {
  numbers <- quickly(mpg ~ ., data = cars)
  classes <- quickly(maker ~ ., data = cars)
  expect_refused(predict(numbers, cars, type = "response"), "did you mean \"numeric\"?")
  expect_refused(predict(classes, cars, type = "probs"), "did you mean \"prob\"?")
  told <- "convert it to classes with factor() before the fit"
  expect_refused(predict(numbers, cars, type = "prob"), told)
})
