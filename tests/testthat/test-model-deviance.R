linear <- function(...) {
  two_layer(
    ..., activation = "identity", hidden_units = 2, optimizer = "lbfgs", epochs = 300,
    weight_decay = 0, input_clip = NULL, seed = 1, verbose = FALSE
  )
}

sizes <- local({
  set.seed(5)
  x <- rnorm(80)
  z <- runif(80, -1, 1)
  n <- sample(1:20, 80, TRUE)
  mean <- exp(1 + 0.5 * x - z)
  data.frame(x, z, n, w = runif(80, 0.5, 2), y = rgamma(80, 3, 3 / mean), total = NA)
})
sizes$total <- sizes$y * sizes$n

test_that("a linear network with the gamma loss is glm()'s model, with weights and an offset too", {
  skip_without_torch()
  for (engine in c("python", "r")) {
    fit <- linear(y ~ x + z, sizes, loss = "gamma", case_weights = w)
    known <- glm(y ~ x + z, Gamma("log"), sizes, weights = w)
    mean <- predict(fit, sizes, engine = engine)$.pred
    expect_equal(mean, unname(fitted(known)), tolerance = 1e-3)
    expect_equal(deviance(fit), deviance(known), tolerance = 1e-4)
    fit <- linear(total ~ x + z + offset(log(n)), sizes, loss = "gamma")
    known <- glm(total ~ x + z + offset(log(n)), Gamma("log"), sizes)
    expect_equal(predict(fit, sizes, engine = engine)$.pred, unname(fitted(known)), tolerance = 1e-3)
    expect_equal(deviance(fit), deviance(known), tolerance = 1e-4)
    expect_equal(residuals(fit), sizes$total - fitted(fit))
  }
})

test_that("the frequency of a row is so many rows, with an offset and the gamma loss too", {
  skip_without_torch()
  times <- rep(1:2, 40)
  fit <- function(...) {
    two_layer(
      total ~ x + z + offset(log(n)), ..., loss = "gamma", hidden_units = 3, epochs = 5, seed = 1
    )
  }
  frequent <- fit(sizes, case_weights = times, weight_type = "frequency")
  expect_identical(frequent$weights, fit(sizes[rep(1:80, times), ])$weights)
})

test_that("the first row whose outcome a loss is not for is named", {
  skip_without_torch()
  sizes$y[c(9, 40)] <- 0
  expect_refused(linear(y ~ x, sizes, loss = "gamma"), "`data`", "above 0", "row 9,")
  expect_refused(linear(sizes["x"], sizes$y, loss = "gamma"), "`y`", "above 0", "row 9,")
})
