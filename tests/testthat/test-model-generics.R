numbers <- function(..., epochs = 2) {
  fit <- two_layer(mpg ~ log(disp) + wt + factor(cyl), mtcars, epochs = epochs, seed = 1, ...)
  given <- list(epochs = epochs, ...)
  fit$call[names(given)] <- given # for update()
  fit
}

# In a function of a loop's own, so that each call has its own environment.
outcome_of <- function(call) {
  withr::local_pdf(NULL)
  tryCatch(
    {
      value <- NULL
      capture.output(value <- suppressWarnings(suppressMessages(force(call))))
      list(value = value)
    },
    error = function(cnd) cnd
  )
}

generics_of <- function(package) {
  names <- ls(asNamespace(package), all.names = TRUE)
  names <- names[package == "base" | names %in% getNamespaceExports(package)]
  Filter(function(name) {
    fun <- get(name, asNamespace(package))
    is.function(fun) && !is.primitive(fun) &&
      isTRUE(tryCatch(utils::isS3stdGeneric(fun), error = function(cnd) FALSE))
  }, names)
}

# Those whose answers have tests by value.
answered <- list(
  stats = c(
    "case.names", "coef", "coefficients", "deviance", "effects", "fitted", "fitted.values",
    "formula", "getCall", "model.frame", "model.matrix", "na.action", "nobs", "predict", "resid",
    "residuals", "sigma", "terms", "update", "variable.names", "weights"
  ),
  # A fit is a list, and as such has names, elements and so on; of rows it has none.
  base = c(
    "all.equal", "as.data.frame", "as.expression", "as.list", "as.null", "format", "labels",
    "levels", "plot", "print", "row.names", "summary", "toString", "with"
  )
)

test_that("each generic of stats has an answer of ours, or says in one error why there is none", {
  skip_without_torch()
  fits <- list(numbers(), numbers(n_models = 2))
  for (generic in setdiff(generics_of("stats"), answered$stats)) {
    for (fit in fits) {
      cnd <- outcome_of(getExportedValue("stats", generic)(fit))
      expect_s3_class(cnd, "error")
      # R's later versions may have others.
      known <- generic %in% unlist(pytwolayer:::no_answers$stats)
      if (getRversion() < "4.3") expect_true(known, info = generic)
      if (known) {
        expect_s3_class(cnd, "pytwolayer_error")
        expect_match(conditionMessage(cnd), paste0("`", generic, "()`"), fixed = TRUE)
      }
    }
  }
  for (generic in answered$stats) {
    for (fit in fits) {
      expect_type(outcome_of(getExportedValue("stats", generic)(fit)), "list")
      expect_false(inherits(outcome_of(getExportedValue("stats", generic)(fit)), "error"))
    }
  }
})

test_that("generics of base that would take a fit for data are errors that say so", {
  skip_without_torch()
  fits <- list(numbers(), numbers(n_models = 2))
  # Those that ask R for no answer of a fit's: some of them are in newer versions alone.
  aside <- c("browser", "close", "flush", "open", "chooseOpsMethod", "nameOfClass")
  others <- setdiff(generics_of("base"), c(answered$base, aside))
  for (generic in others) {
    for (fit in fits) {
      cnd <- outcome_of(get(generic, baseenv())(fit))
      expect_s3_class(cnd, "error")
    }
  }
  for (generic in unlist(pytwolayer:::no_answers[c("base", "utils", "graphics")])) {
    if (generic %in% c("Math", "Ops", "Summary", "Complex")) next
    for (fit in fits) {
      cnd <- outcome_of(get(generic)(fit))
      expect_s3_class(cnd, "pytwolayer_error")
      expect_match(conditionMessage(cnd), paste0("`", generic, "()`"), fixed = TRUE)
    }
  }
  for (fit in fits) {
    expect_refused(fit + 1, "`+()` has no answer")
    expect_refused(2 == fit, "`==()` has no answer")
    expect_refused(!fit, "`!()` has no answer")
    expect_refused(max(fit), "`max()` has no answer")
    expect_refused(range(fit), "`range()` has no answer")
    expect_refused(log(fit), "`log()` has no answer")
    expect_refused(order(fit), "has no answer")
  }
})

test_that("a fit is still a list, and can lie in lists and tables", {
  skip_without_torch()
  for (fit in list(numbers(), numbers(n_models = 2))) {
    expect_identical(as.list(fit)$rows, 32L)
    expect_identical(with(fit, rows), 32L)
    expect_identical(lapply(fit, identity)$rows, 32L)
    expect_true(all.equal(fit, fit))
    expect_equal(fit, unserialize(serialize(fit, NULL)))
    expect_identical(c(list(), list(fit))[[1]], fit)
    expect_identical(unlist(list(list(fit)), recursive = FALSE)[[1]], fit)
    expect_identical(tibble::tibble(fit = list(fit, fit))$fit[[2]], fit)
    expect_output(print(data.frame(fit = I(list(fit)))), "<two_layer", fixed = TRUE)
    expect_match(format(fit), "^<two_layer.* 5-64-1>$")
    expect_identical(toString(fit), format(fit))
    expect_identical(paste(fit), format(fit))
    expect_output(str(fit), "two_layer")
  }
})

test_that("step() and its like say what to do instead", {
  skip_without_torch()
  instead <- c("no AIC", "update(fit, . ~ . - x)", "valid_loss")
  for (fit in list(numbers(), numbers(n_models = 2))) {
    expect_refused(step(fit, trace = 0), instead)
    expect_refused(drop1(fit), "`drop1()`", instead)
    expect_refused(add1(fit, . ~ . + hp), "`add1()`", instead)
    expect_refused(AIC(fit), "`AIC()`", "valid_loss")
    expect_refused(BIC(fit), "`BIC()`", "valid_loss")
    expect_refused(vcov(fit), "`vcov()`", "n_models")
    expect_refused(confint(fit, level = 0.9), "`confint()`", "n_models")
    expect_refused(influence.measures(fit))
    expect_refused(residuals(fit, type = "pearson"), "`type` must be \"response\"")
  }
  expect_refused(step(quick(), trace = 0), "a fit of a formula", "one of tables")
})

test_that("terms() and labels() are those of lm()", {
  skip_without_torch()
  formulas <- list(
    mpg ~ log(disp) + wt + factor(cyl), log(mpg) ~ poly(wt, 2) + hp:qsec,
    cbind(mpg, qsec) ~ wt - 1
  )
  for (formula in formulas) {
    linear <- lm(formula, mtcars)
    for (models in 1:2) {
      fit <- quick_formula(formula, mtcars, n_models = models, epochs = 1)
      for (what in c("term.labels", "response", "intercept", "factors", "order", "predvars")) {
        expect_equal(attr(terms(fit), what), attr(terms(linear), what), ignore_attr = TRUE)
      }
      expect_identical(labels(fit), labels(linear))
      expect_identical(deparse1(formula(fit)), deparse1(formula(terms(fit))))
    }
  }
  without <- quick_formula(mpg ~ . - cyl, mtcars, epochs = 1)
  expect_identical(labels(without), names(mtcars)[-(1:2)])
  expect_identical(attr(terms(without), "term.labels"), labels(without))
  new <- model.frame(delete.response(terms(fit)), mtcars[1:3, ])
  expect_identical(new$wt, mtcars$wt[1:3])
  expect_refused(terms(quick()), "`x` must be a fit of a formula, not one of tables")
  expect_refused(formula(quick(n_models = 2)), "`x` must be a fit of a formula")
  expect_identical(labels(quick()), names(mtcars)[-1])
})

test_that("names of variables, cases and classes", {
  skip_without_torch()
  fit <- numbers()
  inputs <- c("log(disp)", "wt", paste0("factor(cyl)_", c(4, 6, 8)))
  expect_identical(variable.names(fit), inputs)
  expect_identical(variable.names(fit), colnames(coef(fit)$hidden_weight))
  expect_identical(case.names(fit), row.names(mtcars))
  fits <- numbers(n_models = 2, bootstrap = TRUE)
  expect_identical(variable.names(fits), inputs)
  expect_identical(case.names(fits), row.names(mtcars))
  holed <- replace(iris, 1, c(NA, iris$Sepal.Length[-1]))
  weights <- replace(rep(1, 150), 2, 0)
  classes <- suppressMessages(quick_formula(Species ~ ., holed, case_weights = weights))
  expect_identical(case.names(classes), as.character(3:150))
  expect_identical(case.names(classes, full = TRUE), as.character(2:150))
  expect_identical(levels(classes), levels(iris$Species))
  expect_null(levels(fit))
})

test_that("weights() are the case weights, and coef() has the network's", {
  skip_without_torch()
  given <- seq_len(32) / 4
  for (models in 1:2) {
    expect_null(weights(quick(n_models = models)))
    expect_identical(weights(quick(case_weights = given, n_models = models)), given)
    holed <- replace(mtcars, 3, c(NA, mtcars$disp[-1]))
    fit <- suppressMessages(quick(holed, case_weights = seq_len(32), n_models = models))
    expect_identical(weights(fit), as.double(2:32))
  }
  fit <- two_layer(mtcars[-1], mtcars$mpg, case_weights = given, epochs = 1)
  expect_identical(weights(unserialize(serialize(fit, NULL))), given)
  expect_identical(weights(continue_training(fit, 1)), given)
  fits <- quick(n_models = 2)
  expect_identical(coef(fits), lapply(fits$models, coef))
  skip_if_not_installed("recipes")
  table <- transform(mtcars, wt = hardhat::importance_weights(wt))
  recipe <- recipes::recipe(mpg ~ ., table)
  expect_identical(weights(two_layer(recipe, table, epochs = 1)), mtcars$wt)
})

test_that("sigma() and deviance() are of the residuals", {
  skip_without_torch()
  given <- seq_len(32)
  for (models in 1:2) {
    fit <- numbers(n_models = models)
    expect_equal(sigma(fit), sqrt(mean(residuals(fit)^2)))
    expect_identical(sigma(fit), glance(fit)$rmse)
    expect_equal(deviance(fit), sum(residuals(fit)^2))
    weighted <- numbers(n_models = models, case_weights = given)
    expect_equal(deviance(weighted), sum(given * residuals(weighted)^2))
    several <- quick(mtcars[-(1:2)], mtcars[1:2], n_models = models)
    expect_equal(sigma(several), sqrt(colMeans(residuals(several)^2)))
    expect_equal(deviance(several), colSums(residuals(several)^2))
    classes <- quick_formula(Species ~ ., iris, n_models = models)
    of_truth <- fitted(classes)[cbind(1:150, as.integer(iris$Species))]
    expect_equal(deviance(classes), -2 * sum(log(of_truth)))
    expect_refused(sigma(classes), "`object`", "one of classes")
    counts <- quick(mtcars[-11], mtcars$carb - 1, loss = "poisson", n_models = models)
    own <- poisson()$dev.resids(mtcars$carb - 1, unname(fitted(counts)), 1)
    expect_equal(deviance(counts), sum(own))
    expect_refused(deviance(quick(loss = "mae", n_models = models)), "`object`", "\"mae\"")
    mse <- function(output, y) abs(output - y)^3
    own <- two_layer(mpg ~ wt, mtcars, loss = mse, epochs = 1, n_models = models)
    expect_refused(deviance(own), "`object`", "which belongs to no likelihood")
  }
})

test_that("model.frame() of a formula is that of lm()", {
  skip_without_torch()
  holed <- mtcars
  holed$disp[[3]] <- NA
  formulas <- list(
    mpg ~ log(disp) + wt + factor(cyl), log(mpg) ~ poly(wt, 2) + disp, cbind(mpg, qsec) ~ disp + wt
  )
  for (formula in formulas) {
    expected <- model.frame(lm(formula, holed))
    for (models in 1:2) {
      fit <- suppressMessages(
        two_layer(formula, holed, epochs = 1, n_models = models, bootstrap = models > 1)
      )
      found <- model.frame(fit)
      expect_equal(found, expected, ignore_attr = "terms")
      expect_identical(na.action(found), na.action(expected))
      expect_identical(nrow(found), NROW(fitted(fit)))
    }
  }
  fit <- quick_formula(mpg ~ wt, mtcars, case_weights = mtcars$qsec)
  weighted <- model.frame(fit, data = mtcars, case_weights = mtcars$qsec)
  expect_identical(weighted, model.frame(lm(mpg ~ wt, mtcars, weights = qsec)), ignore_attr = TRUE)
})

test_that("model.frame() of tables and recipes has outcome and predictors", {
  skip_without_torch()
  for (models in 1:2) {
    fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 1, n_models = models)
    expected <- cbind(data.frame(.outcome = mtcars$mpg), mtcars[-1])
    expect_identical(model.frame(fit), expected, ignore_attr = "terms")
    fit <- two_layer(iris, outcome = "Species", validation = 0.2, epochs = 1, n_models = models)
    expect_identical(model.frame(fit), iris[c(5, 1:4)])
  }
  fit <- two_layer(as.matrix(mtcars[-1]), mtcars$mpg, epochs = 1)
  expect_identical(dim(model.frame(fit)), c(32L, 11L))
  fit <- two_layer(unname(as.matrix(mtcars[-1])), mtcars$mpg, epochs = 1)
  expect_identical(model.frame(fit)[[3]], mtcars$disp)
  expect_identical(dim(model.matrix(fit)), c(32L, 10L))
  skip_if_not_installed("recipes")
  recipe <- recipes::step_log(recipes::recipe(mpg ~ disp + hp, mtcars), disp)
  found <- model.frame(two_layer(recipe, mtcars, epochs = 1))
  expect_identical(found$disp, log(mtcars$disp))
})

test_that("model.frame() needs none but the data", {
  skip_without_torch()
  made <- local({
    held_out <- 1:4
    squared <- function(output, y) (output - y)^2
    two_layer(mpg ~ wt, mtcars, validation = held_out, loss = squared, epochs = 1)
  })
  expect_identical(model.frame(made)$wt, mtcars$wt)
  expect_refused(model.frame(made, wt = 3), "`wt` is not an argument")
})

test_that("model.frame() of data that have changed, or that are gone, is an error", {
  skip_without_torch()
  for (models in 1:2) {
    own_cars <- mtcars
    fit <- two_layer(
      mpg ~ wt + hp, own_cars, epochs = 1, n_models = models, bootstrap = models > 1, seed = 1
    )
    for (row in 1:32) { # of which some are in no resample
      own_cars <- mtcars
      own_cars$hp[[row]] <- 1
      expect_refused(model.frame(fit), "`data` must be the data of the fit")
    }
    own_cars <- mtcars
    own_cars$mpg[[5]] <- 1
    expect_refused(model.frame(fit), "the data of the fit", "the outcome", "`data = `")
    expect_identical(model.frame(fit, data = mtcars)$hp, mtcars$hp)
    own_cars <- mtcars[32:1, ]
    expect_refused(model.frame(fit), "`data` must be the data of the fit")
    rm(own_cars)
    expect_refused(model.frame(fit), "`data` must be given again")
    file <- withr::local_tempfile()
    save_two_layer(fit, file)
    expect_refused(model.frame(load_two_layer(file), data = mtcars), "`formula`", "from a file")
  }
})

test_that("model.matrix() is what the network computes with", {
  skip_without_torch()
  fit <- numbers()
  inputs <- model.matrix(fit)
  expect_identical(dimnames(inputs), list(row.names(mtcars), variable.names(fit)))
  scaled <- as.vector(scale(mtcars$wt)) * sqrt(32 / 31)
  expect_equal(unname(inputs[, "wt"]), scaled, tolerance = 1e-6)
  expect_identical(unname(inputs[, "factor(cyl)_6"]), as.double(mtcars$cyl == 6))
  parts <- coef(fit)
  hidden <- pmax(inputs %*% t(parts$hidden_weight) + rep(parts$hidden_bias, each = 32), 0)
  raw <- hidden %*% t(parts$output_weight) + parts$output_bias
  expect_equal(as.vector(raw), predict(fit, mtcars, type = "raw")$.raw, tolerance = 1e-5)
  fits <- two_layer(mpg ~ wt, mtcars, n_models = 2, epochs = 1)
  expect_identical(model.matrix(fits)[, "wt"], inputs[, "wt"])
  resampled <- two_layer(mpg ~ wt, mtcars, n_models = 2, bootstrap = TRUE, epochs = 1)
  expect_refused(model.matrix(resampled), "code their inputs alike")
})

test_that("a loaded fit says that it has no training data", {
  skip_without_torch()
  file <- withr::local_tempfile()
  for (models in 1:2) {
    save_two_layer(numbers(n_models = models), file)
    loaded <- load_two_layer(file)
    for (generic in list(weights, sigma, deviance, case.names, model.matrix, fitted, residuals)) {
      expect_refused(generic(loaded), "a fit with its training data", "one loaded from a file")
    }
    expect_identical(labels(loaded), c("log(disp)", "wt", "factor(cyl)"))
    expect_identical(attr(terms(loaded), "term.labels"), labels(loaded))
    expect_length(variable.names(loaded), 5)
    expect_identical(nobs(loaded), 32L)
  }
})
