# All kinds of columns, `i` being one that is nowhere in memory.
mixed <- function(rows = 60L) {
  data.frame(
    d = c(NA, sin(2:rows)), i = seq_len(rows), k = c(1L, NA, 3:rows), l = c(NA, 2:rows %% 3 == 0),
    f = factor(c("b", "a", "c")[1:rows %% 3 + 1], levels = c("c", "b", "a", "none")),
    t = c(NA, letters[2:rows %% 5 + 1]), w = scale(cos(seq_len(rows)))
  )
}

without_sharing <- function(code) {
  session <- pytwolayer:::session
  before <- pytwolayer:::shares_memory()
  session$shares <- FALSE
  on.exit(session$shares <- before)
  force(code)
}

test_that("R's numbers are read where they are, in this reticulate too", {
  skip_without_torch()
  expect_true(pytwolayer:::shares_memory())
})

test_that("columns read in place and columns sent as bytes are the same to the last bit", {
  skip_without_torch()
  x <- mixed()
  y <- sin(seq_len(nrow(x)))
  fit <- suppressMessages(quick(x, y))
  sent <- without_sharing(suppressMessages(quick(x, y)))
  expect_identical(sent$weights, fit$weights)
  expect_identical(fitted(sent), fitted(fit))
  expect_identical(without_sharing(predict(fit, x)), predict(fit, x))
  expect_identical(predict(fit, x[0, ]), without_sharing(predict(fit, x[0, ])))
  expect_identical(predict(fit, x)$.pred[-(1:2)], unname(fitted(fit)))
  numbers <- as.matrix(x[c("d", "i", "k")])
  fit <- suppressMessages(quick(unname(numbers), y))
  expect_identical(without_sharing(predict(fit, unname(numbers))), predict(fit, unname(numbers)))
})

test_that("what R has in memory stays as it was, and a sequence stays one", {
  skip_without_torch()
  x <- mixed()
  y <- as.integer(x$k > 5)
  before <- unserialize(serialize(list(x, y), NULL))
  fit <- suppressMessages(quick(x, y))
  predict(fit, x)
  expect_identical(list(x, y), before)
  long <- seq_len(1e6)
  expect_output(.Internal(inspect(long)), "compact")
  predict(quick(data.frame(long = c(1, 2, 5)), 1:3), data.frame(long = long))
  expect_output(.Internal(inspect(long)), "compact")
})

test_that("R's garbage collector finds what Python still looks at", {
  skip_without_torch()
  fresh <- function() data.frame(a = sin(1:2000), b = cos(1:2000))
  epoch <- function(...) {
    rnorm(1e5)
    gc()
    TRUE
  }
  fit <- quick(fresh(), sin(1:2000), epochs = 3, on_epoch = epoch)
  expect_identical(unname(fitted(fit)), predict(fit, fresh())$.pred)
})

test_that("predictions come back column by column, however many rows", {
  skip_without_torch()
  fit <- quick(iris[1:4], iris$Species)
  many <- iris[rep(seq_len(150), 40), 1:4]
  prob <- predict(fit, many, type = "prob")
  expect_equal(rowSums(prob), rep(1, 6000))
  expect_equal(as.data.frame(prob[5851:6000, ]), as.data.frame(predict(fit, iris, type = "prob")))
})

test_that("fitted values are the predictions of the training rows, however these were trained on", {
  skip_without_torch()
  for (settings in list(
    list(batch_size = 32), list(batch_size = NULL), list(validation = 0.2, batch_size = 32),
    list(case_weights = rep(0:2, 50), batch_size = 32), list(dropout = 0.5)
  )) {
    numbers <- do.call(quick, c(list(iris[-1], iris$Sepal.Length), settings))
    expect_identical(unname(fitted(numbers)), predict(numbers, iris)$.pred)
    classes <- do.call(quick, c(list(iris[-5], iris$Species), settings))
    prob <- unname(as.matrix(predict(classes, iris, type = "prob")))
    expect_identical(unname(as.matrix(classes$fitted)), prob)
  }
})
