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

# As `augment()` of one fit gives it, and then of another.
told_of <- function(call, ...) {
  augmented <- NULL
  cnd <- expect_message(augmented <- call, class = "pytwolayer_message")
  for (text in c("`augment()`", "replaced", ...)) {
    expect_match(conditionMessage(cnd), text, fixed = TRUE)
  }
  expect_false(anyDuplicated(names(augmented)) > 0)
  augmented
}

test_that("augment replaces the columns of another fit's augment, and says so", {
  skip_without_torch()
  first <- quick_formula(Species ~ Sepal.Width, iris, epochs = 1)
  second <- quick_formula(Species ~ ., iris, epochs = 60)
  for (engine in c("python", "r")) {
    before <- augment(first, iris, engine = engine)
    twice <- told_of(
      augment(second, before, engine = engine), "`.pred_class`", "`.pred_setosa`"
    )
    expect_identical(twice, augment(second, iris, engine = engine))
    expect_identical(twice$.pred_class, predict(second, iris, engine = engine)$.pred_class)
    expect_gt(mean(twice$.pred_class == iris$Species), mean(before$.pred_class == iris$Species))
  }
  numbers <- quick_formula(mpg ~ wt, mtcars)
  others <- quick_formula(mpg ~ hp, mtcars)
  twice <- told_of(augment(others, augment(numbers, mtcars)), "`.pred`, `.resid`")
  expect_identical(twice, augment(others, mtcars))
  expect_identical(twice$.resid, mtcars$mpg - predict(others, mtcars)$.pred)
  of_matrix <- quick(as.matrix(mtcars[c("hp", "wt")]))
  as_matrix <- as.matrix(augment(numbers, mtcars))
  expect_identical(told_of(augment(of_matrix, as_matrix)), augment(of_matrix, as.matrix(mtcars)))
})

test_that("augment leaves no column of a fit of another kind", {
  skip_without_torch()
  numbers <- augment(quick_formula(Sepal.Width ~ Petal.Length, iris), iris)
  classes <- quick_formula(Species ~ Petal.Length, iris)
  expect_identical(told_of(augment(classes, numbers), "`.resid`"), augment(classes, iris))
  others <- transform(iris, size = ifelse(Sepal.Width > 3, "wide", "narrow"))
  sizes <- quick_formula(size ~ Petal.Length, others)
  again <- told_of(augment(sizes, augment(classes, others)), "`.pred_setosa`")
  expect_identical(again, augment(sizes, others))
  without <- told_of(augment(quick_formula(mpg ~ wt, mtcars), data.frame(wt = 3, .resid = 1)))
  expect_identical(names(without), c("wt", ".pred"))
})

test_that("augment leaves the columns that the fit uses, but for the names that it needs", {
  skip_without_torch()
  stacked <- data.frame(.pred_a = mtcars$wt, .pred = mtcars$hp, y = mtcars$mpg)
  fit <- quick_formula(y ~ ., stacked)
  augmented <- told_of(augment(fit, stacked), "`.pred`")
  expect_identical(names(augmented), c(".pred_a", "y", ".pred", ".resid"))
  expect_identical(augmented$.pred, predict(fit, stacked)$.pred)
  expect_identical(augmented$.pred_a, mtcars$wt)
})

test_that("a class called \"class\" does not make a name twice", {
  skip_without_torch()
  fit <- quick(mtcars[-9], c("class", "other")[mtcars$am + 1])
  augmented <- augment(fit, mtcars)
  expect_false(anyDuplicated(names(augmented)) > 0)
  expect_identical(augmented$.pred_class, predict(fit, mtcars)$.pred_class)
  expect_identical(augmented$.pred_other, predict(fit, mtcars, type = "prob")$.pred_other)
})
