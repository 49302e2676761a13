test_that("tidy has a row per weight and bias", {
  skip_without_torch()
  fit <- quick(hidden_units = 3)
  tidied <- tidy(fit)
  expect_s3_class(tidied, "tbl_df")
  expect_identical(names(tidied), c("layer", "from", "to", "estimate"))
  expect_identical(nrow(tidied), fit$parameters)
  at <- function(layer, from, to) {
    tidied$estimate[tidied$layer == layer & tidied$from == from & tidied$to == to]
  }
  parts <- coef(fit)
  expect_identical(at("hidden", "wt", "h2"), parts$hidden_weight["h2", "wt"])
  expect_identical(at("hidden", "(bias)", "h3"), parts$hidden_bias[["h3"]])
  expect_identical(at("output", "h1", fit$outputs), parts$output_weight[1, "h1"])
  expect_identical(at("output", "(bias)", fit$outputs), parts$output_bias[[1]])
  expect_refused(tidy(fit, conf.int = TRUE), "`conf.int` is not an argument")
})

test_that("glance has one row", {
  skip_without_torch()
  fit <- quick(validation = 0.25)
  glanced <- glance(fit)
  expect_identical(nrow(glanced), 1L)
  expect_identical(glanced$nobs, 32L)
  expect_identical(glanced$hidden_units, 64L)
  expect_identical(glanced$valid_loss, min(fit$history$valid_loss))
  expect_identical(glanced$loss, fit$history$loss[fit$best_epoch])
  expect_equal(glanced$r.squared, summary(fit)$measures$r.squared)
  expect_identical(glanced$stopped, "epochs")
  classes <- glance(quick_formula(Species ~ ., iris))
  expect_identical(nrow(classes), 1L)
  expect_true(is.na(classes$valid_loss))
  expect_true(all(c("accuracy", "log_loss") %in% names(classes)))
  expect_identical(nrow(glance(quick(mtcars[-(1:2)], mtcars[1:2]))), 1L)
})

test_that("augment adds predictions, and residuals where it can", {
  skip_without_torch()
  fit <- quick_formula(log(mpg) ~ wt, mtcars)
  augmented <- augment(fit, mtcars)
  expect_identical(names(augmented), c(names(mtcars), ".pred", ".resid"))
  expect_equal(augmented$.resid, log(mtcars$mpg) - predict(fit, mtcars)$.pred)
  expect_identical(names(augment(fit, mtcars["wt"])), c("wt", ".pred"))
  expect_identical(augment(fit, newdata = mtcars), augmented)
  named <- two_layer(mtcars, outcome = "mpg", epochs = 2, seed = 1)
  expect_true(".resid" %in% names(augment(named, mtcars)))
  expect_false(".resid" %in% names(augment(quick(), mtcars)))
  classes <- quick_formula(Species ~ ., iris)
  expect_identical(
    names(augment(classes, iris[1:2, ])),
    c(names(iris), ".pred_class", paste0(".pred_", levels(iris$Species)))
  )
  expect_refused(augment(fit), "`new_data`", "missing")
})
