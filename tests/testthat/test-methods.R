test_that("print shows the fit, and gives it back invisibly", {
  skip_without_torch()
  fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 20, seed = 1)
  shown <- capture.output(value <- withVisible(print(fit)))
  expect_false(value$visible)
  expect_identical(value$value, fit)
  text <- paste(shown, collapse = "\n")
  parts <- c("32 rows", "10 predictors", "10-32-1", "385 parameters", "adam", "cpu", "seed 1")
  for (part in parts) {
    expect_match(text, part, fixed = TRUE)
  }
})

test_that("plot draws the loss, also where it is not above zero", {
  skip_without_torch()
  fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 20, seed = 1)
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  expect_identical(plot(fit), fit)
  expect_true(graphics::par("ylog"))
  fit$history$loss[20] <- 0
  plot(fit, main = "mine")
  expect_false(graphics::par("ylog"))
})
