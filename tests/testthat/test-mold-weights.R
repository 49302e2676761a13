number <- 1:60
data <- data.frame(
  a = number / 8, f = c("u", "v", "w")[number %% 3 + 1], w = number %% 5 + 1,
  y = (number %% 7) / 4, row.names = paste0("row", number)
)
fit_of <- function(...) {
  suppressMessages(two_layer(..., epochs = 3, seed = 1))
}
expect_same <- function(fit, expected) {
  expect_identical(fit$model, expected$model)
  expect_identical(fitted(fit), fitted(expected))
  expect_identical(weights(fit), weights(expected))
}

test_that("a column of weights that is named is no predictor, in every kind of table", {
  skip_without_torch()
  w <- data$w
  rest <- data[names(data) != "w"]
  expected <- fit_of(rest, outcome = "y", case_weights = w)
  expect_same(fit_of(data, outcome = "y", case_weights = "w"), expected)
  from_tibble <- fit_of(tibble::as_tibble(data), outcome = "y", case_weights = "w")
  expect_identical(from_tibble$model, expected$model)
  apart <- fit_of(rest[1:2], data$y, case_weights = w)
  expect_same(fit_of(data[1:3], data$y, case_weights = "w"), apart)
  by_formula <- fit_of(y ~ ., rest, case_weights = w)
  expect_same(fit_of(y ~ ., data, case_weights = "w"), by_formula)
  name <- "w"
  expect_same(fit_of(y ~ ., data, case_weights = name), by_formula)
  for (formula in list(y ~ a + w, y ~ log(w))) {
    expected <- fit_of(formula, data, case_weights = w)
    expect_same(fit_of(formula, data, case_weights = "w"), expected) # the formula has it
  }
  matrix <- as.matrix(data[c("a", "w", "y")])
  expect_same(
    fit_of(matrix, outcome = "y", case_weights = "w"),
    fit_of(matrix[, -2], outcome = "y", case_weights = w)
  )
  expect_same(fit_of(y ~ ., matrix, case_weights = "w"), fit_of(y ~ a, matrix, case_weights = w))
})

test_that("sparse matrices and data.tables have columns of weights too", {
  skip_without_torch()
  w <- data$w
  if (requireNamespace("Matrix", quietly = TRUE)) {
    dense <- as.matrix(data[c("a", "w", "y")])
    sparse <- Matrix::Matrix(dense, sparse = TRUE)
    expected <- fit_of(dense[, -2], outcome = "y", case_weights = w)
    expect_same(fit_of(sparse, outcome = "y", case_weights = "w"), expected)
  }
  skip_if_not_installed("data.table")
  table <- data.table::as.data.table(data)
  expected <- fit_of(data[c("a", "f", "y")], outcome = "y", case_weights = w)
  expect_identical(fit_of(table, outcome = "y", case_weights = "w")$model, expected$model)
  expect_identical(names(table), names(data))
})

test_that("what the weights mean, a subset and validation data go with a name too", {
  skip_without_torch()
  w <- data$w
  rest <- data[names(data) != "w"]
  expect_same(
    fit_of(y ~ ., data, case_weights = "w", weight_type = "frequency"),
    fit_of(y ~ ., rest, case_weights = w, weight_type = "frequency")
  )
  counted <- transform(data, w = hardhat::frequency_weights(as.integer(w)))
  expect_same(
    fit_of(y ~ ., counted, case_weights = "w"),
    fit_of(y ~ ., rest, case_weights = w, weight_type = "frequency")
  )
  expect_same(
    fit_of(y ~ ., data, case_weights = "w", subset = a > 2),
    fit_of(y ~ ., rest[data$a > 2, ], case_weights = w[data$a > 2])
  )
  valid <- data[7:20, ]
  apart <- list(x = rest[7:20, 1:2], y = valid$y, case_weights = valid$w)
  expected <- fit_of(rest[1:2], data$y, case_weights = w, validation = apart)$history
  by_name <- function(...) fit_of(..., case_weights = "w")$history
  expect_identical(by_name(data, outcome = "y", validation = valid), expected)
  expect_identical(by_name(y ~ ., data, validation = valid), expected)
  expect_identical(by_name(data[1:3], data$y, validation = apart), expected)
  unweighted <- list(x = rest[7:20, 1:2], y = valid$y)
  expect_identical(
    by_name(y ~ ., data, validation = rest[7:20, ]),
    fit_of(rest[1:2], data$y, case_weights = w, validation = unweighted)$history
  )
})

test_that("the same fit comes of a file, and is continued, updated and asked for its data", {
  skip_without_torch()
  path <- withr::local_tempfile(fileext = ".csv")
  utils::write.csv(data, path, row.names = FALSE)
  fit <- fit_of(y ~ ., data, case_weights = "w")
  expect_identical(fit_of(y ~ ., path, case_weights = "w")$model, fit$model)
  expected <- fit_of(y ~ a + f, data, case_weights = w)
  continued <- function(fit) suppressMessages(continue_training(fit, 2))$weights
  expect_identical(continued(fit), continued(expected))
  expect_identical(model.frame(fit), model.frame(expected), ignore_attr = TRUE)
  expect_identical(update(fit, epochs = 2)$weights, update(expected, epochs = 2)$weights)
  expect_identical(predict(fit, data[c("a", "f")]), predict(expected, data))
  in_one <- fit_of(data, outcome = "y", case_weights = "w")
  expect_identical(continued(in_one), continued(expected))
  expect_identical(dim(model.frame(in_one)), c(60L, 4L))
})

test_that("a name that is no column, or another column's, is one clear error", {
  skip_without_torch()
  refuse <- function(..., texts = NULL) expect_refused(fit_of(...), "`case_weights`", texts)
  refuse(y ~ ., data, case_weights = "nowhere", texts = c("a column of `data`", "\"nowhere\""))
  refuse(data, outcome = "y", case_weights = "v", texts = c("a column of `x`", "\"v\""))
  refuse(data, outcome = "y", case_weights = "y", texts = "another column than the outcome")
  refuse(y ~ ., data, case_weights = "y", texts = "another column than the outcome")
  refuse(log(y + 1) ~ ., data, case_weights = "y", texts = "another column than the outcome")
  refuse(y ~ ., data, case_weights = c("a", "w"), texts = "text")
  refuse(y ~ ., data, case_weights = "f", texts = c("numbers of at least 0", "text"))
  refuse(unname(as.matrix(data["a"])), data$y, case_weights = "w", texts = "a column of `x`")
  twins <- stats::setNames(data, c("w", "f", "w", "y"))
  expect_refused(fit_of(twins, outcome = "y", case_weights = "w"), "`x`", "several columns \"w\"")
  skip_if_not_installed("recipes")
  refuse(recipes::recipe(y ~ a, data), data, case_weights = "w", texts = "the role")
})
