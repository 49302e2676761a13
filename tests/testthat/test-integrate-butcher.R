# butcher's generics; the real ones where it is installed.
generics <- c("axe_call", "axe_ctrl", "axe_data", "axe_env", "axe_fitted")
standin <- c(
  sprintf("%s <- function(x, verbose = FALSE, ...) UseMethod('%s')", generics, generics),
  sprintf("%s.default <- function(x, verbose = FALSE, ...) x", generics),
  ".onLoad <- function(...) registerS3method('axe_env', 'recipe', mark, envir = topenv())",
  "mark <- function(x, verbose = FALSE, ...) structure(x, axed = TRUE)",
  "butcher <- function(x) axe_fitted(axe_env(axe_data(axe_ctrl(axe_call(x)))))"
)

local_butcher <- function(env = parent.frame()) {
  skip_without_torch()
  withr::local_envvar(TZ = "UTC", .local_envir = env) # what recipes loads asks the system for it
  if (!requireNamespace("butcher", quietly = TRUE)) {
    loadNamespace("butcher", lib.loc = local_package("butcher", standin, env))
    withr::defer(unloadNamespace("butcher"), envir = env)
  }
  asNamespace("butcher")
}

size_of <- function(x) length(serialize(x, NULL))

test_that("what butcher leaves of a fit is smaller, predicts the same bits and says what is gone", {
  butcher <- local_butcher()
  half <- function(x) x / 2
  data <- mtcars[rep(1:32, 20), ]
  fit <- quick_formula(mpg ~ half(wt) + hp + factor(cyl), data, case_weights = seq_len(640))
  small <- butcher$butcher(fit)
  expect_lt(size_of(small), size_of(fit) - 2 * 8 * 640)
  expect_s3_class(small, "butchered_two_layer")
  expect_identical(predict(small, data), predict(fit, data))
  expect_identical(predict(small, data, engine = "r"), predict(fit, data, engine = "r"))
  expect_identical(format(small), format(fit))
  expect_identical(nobs(small), nobs(fit))
  for (gone in list(fitted, residuals, model.frame)) {
    expect_refused(gone(small), "one that butcher took it from")
  }
  expect_refused(predict(small), "new_data")
  expect_output(print(summary(small)), "which butcher took")
  expect_identical(update(small, data = data, seed = 2)$settings$seed, 2)
})

test_that("butcher's verbs take what each is for", {
  butcher <- local_butcher()
  fit <- quick_formula(mpg ~ ., mtcars)
  without_call <- butcher$axe_call(fit)
  expect_identical(residuals(without_call), residuals(fit))
  expect_refused(update(without_call, epochs = 3), "data")
  expect_identical(butcher$axe_ctrl(fit), fit)
  expect_identical(butcher$axe_env(fit), fit)
  expect_null(butcher$axe_fitted(fit)$fitted)
  expect_identical(nrow(butcher$axe_data(fit)$outcomes), 0L)
  expect_refused(residuals(butcher$axe_data(fit)), "butcher")
  once <- butcher$butcher(fit)
  expect_identical(class(butcher$butcher(once)), class(once))
})

test_that("butcher leaves ensembles their classes, and takes environments of recipes", {
  butcher <- local_butcher()
  fits <- quick_formula(ordered(Species) ~ ., iris, n_models = 3, bootstrap = TRUE)
  small <- butcher$butcher(fits)
  expect_lt(size_of(small), size_of(fits))
  for (type in c("class", "prob", "conf_int")) {
    expect_identical(predict(small, iris, type = type), predict(fits, iris, type = type))
  }
  skip_if_not_installed("recipes")
  recipe <- recipes::step_normalize(recipes::recipe(mpg ~ ., mtcars), wt)
  fit <- two_layer(recipe, mtcars, epochs = 3, seed = 1)
  small <- butcher$butcher(fit)
  expect_false(identical(small$blueprint$recipe, fit$blueprint$recipe))
  expect_identical(predict(small, mtcars), predict(fit, mtcars))
})

test_that("what butcher leaves of a fit predicts each row's own number, whatever table it is in", {
  butcher <- local_butcher()
  fit <- quick_formula(y ~ . - count + log(count), odd_data)
  small <- butcher$butcher(fit)
  truth <- predict(fit, odd_data)$.pred
  for (engine in c("python", "r")) {
    predicted <- function(new) predict(small, new, engine = engine)$.pred
    expect_rows_in_place(predicted, truth, tolerance = 1e-6)
  }
  if (requireNamespace("bundle", quietly = TRUE)) {
    back <- bundle::unbundle(unserialize(serialize(bundle::bundle(small), NULL)))
    expect_identical(predict(back, odd_data), predict(fit, odd_data))
  }
})
