# What the checked way of files makes of bytes.
read_checked <- function(bytes) {
  pytwolayer:::read_parts(pytwolayer:::taking(bytes), length(bytes), NULL, NULL)$model
}

test_that("what R makes of the bytes of its own fit is what it makes of them in a file", {
  skip_without_torch()
  odd <- data.frame(y = cos(1:12), `a b` = 1:12, c = c("\u00fc\\u0041", "v\\"), check.names = FALSE)
  names(odd)[[3]] <- "\u00e4\""
  tried <- data.frame(y = 0:11, n = 30 - 0:11, x = sin(1:12), w = cos(1:12)^2, g = c("u", "v", "w"))
  again <- function(...) two_layer(..., epochs = 2, seed = 1, verbose = FALSE)
  for (fit in list(
    again(y ~ ., odd), again(Species ~ ., iris), again(y ~ ., odd, n_models = 2),
    again(mtcars[-1], mtcars$mpg > 20, validation = 0.3, patience = 2, shards = 2),
    again(unname(as.matrix(mtcars[-1])), mtcars[1:2], input_clip = NULL, gradient_clip = 1L),
    again(mtcars[3:5], mtcars[8:9] == 1, loss = "binary_cross_entropy"),
    again(cbind(y, n) ~ x + g, tried, loss = "binomial"),
    again(y ~ x + offset(w), tried, loss = "negative_binomial"),
    again(y ~ x, tried, loss = "normal", encoding = "piecewise", pieces = 3, validation = 0.5),
    again(y ~ x, tried, loss = "quantile", quantile_levels = c(0.1, 0.5, 0.9), validation = 0.5),
    again(y ~ x, tried, loss = function(output, y) (output - y)^2, optimizer = "sgd", momentum = 0),
    two_layer(mpg ~ ., rbind(mtcars, mtcars * 1.1), weight_decay = "auto", epochs = 30, seed = 1)
  )) {
    expect_identical(pytwolayer:::read_model(fit$model), read_checked(fit$model))
  }
})
