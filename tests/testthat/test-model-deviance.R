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
    mean <- predict(fit, sizes, engine = engine)$.pred
    expect_equal(mean, unname(fitted(known)), tolerance = 1e-3)
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

trials <- local({
  set.seed(6)
  x <- rnorm(60)
  n <- c(0, sample(1:9, 59, TRUE))
  data.frame(x, f = rep(c("u", "v", "w"), 20), won = rbinom(60, n, plogis(x)), n = n)
})
trials$lost <- trials$n - trials$won

test_that("a linear network with the binomial loss is glm()'s model", {
  skip_without_torch()
  fit <- linear(cbind(won, lost) ~ x + f, trials, loss = "binomial")
  known <- glm(cbind(won, lost) ~ x + f, binomial, trials)
  for (engine in c("python", "r")) {
    share <- predict(fit, trials, engine = engine)
    expect_named(share, ".pred")
    expect_equal(share$.pred, unname(predict(known, trials, "response")), tolerance = 1e-3)
  }
  raw <- predict(fit, trials, type = "raw")$.raw
  expect_equal(plogis(raw), unname(fitted(fit)), tolerance = 1e-6)
  expect_equal(deviance(fit), deviance(known), tolerance = 1e-4)
  expect_equal(residuals(fit)[-1], (trials$won / trials$n - fitted(fit))[-1])
  expect_true(is.nan(residuals(fit)[[1]]))
  expect_equal(augment(fit, trials)$.resid, unname(residuals(fit)))
  shares <- linear(I(won / n) ~ x + f, trials, loss = "binomial", case_weights = n, subset = n > 0)
  expect_equal(predict(shares, trials), predict(fit, trials))
  expect_equal(deviance(shares), deviance(fit))
  expect_true(all(is.finite(unlist(glance(fit)[c("r.squared", "rmse")]))))
  expect_output(print(fit), "won, lost (successes, failures)", fixed = TRUE)
  expect_s3_class(summary(fit), "summary.two_layer")
  expect_equal(nobs(fit), 59)
  expect_identical(names(model.frame(fit)), names(model.frame(known)))
})

test_that("a fit of trials survives a file, in both engines and together", {
  skip_without_torch()
  fit <- two_layer(
    trials["x"], trials[c("won", "lost")], loss = "binomial", epochs = 3, n_models = 2, seed = 1
  )
  file <- withr::local_tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  again <- load_two_layer(file)
  for (engine in c("python", "r")) {
    expect_equal(predict(again, trials, engine = engine), predict(fit, trials), tolerance = 1e-6)
  }
  expect_named(again$outcomes, c("won", "lost"))
  expect_length(predict(fit, trials, type = "conf_int"), 2)
})

test_that("odd trials are errors that say what is odd", {
  skip_without_torch()
  odd <- transform(trials, won = won - 1)
  expect_refused(linear(cbind(won, lost) ~ x, odd, loss = "binomial"), "`data`", "whole", "-1")
  odd <- transform(trials, lost = lost + 0.5)
  expect_refused(linear(cbind(won, lost) ~ x, odd, loss = "binomial"), "\"lost\" (row 1,")
  odd <- transform(trials, won = 0, lost = 0)
  expect_refused(linear(cbind(won, lost) ~ x, odd, loss = "binomial"), "at least one trial")
  expect_refused(linear(won ~ x, trials, loss = "binomial"), "shares from 0 to 1")
  expect_refused(
    linear(cbind(won, lost) ~ x + offset(n), trials, loss = "binomial"), "offset", "left out"
  )
})

counts <- local({
  set.seed(7)
  x <- rnorm(150)
  z <- runif(150, -1, 1)
  n <- sample(1:9, 150, TRUE)
  y <- rnbinom(150, size = 2, mu = exp(1 + 0.5 * x - z))
  data.frame(x, z, n, y, total = rnbinom(150, size = 2, mu = n * exp(0.5 * x - z)))
})

test_that("a linear network with the negative binomial loss is MASS's glm.nb()", {
  skip_without_torch()
  skip_if_not_installed("MASS")
  for (formula in list(y ~ x + z, total ~ x + z + offset(log(n)))) {
    fit <- linear(formula, counts, loss = "negative_binomial")
    known <- MASS::glm.nb(formula, counts)
    expect_equal(glance(fit)$theta, known$theta, tolerance = 1e-3)
    expect_equal(deviance(fit), deviance(known), tolerance = 1e-3)
    sd <- sqrt(fitted(known) + fitted(known)^2 / known$theta)
    for (engine in c("python", "r")) {
      mean <- predict(fit, counts, engine = engine)$.pred
      expect_equal(mean, unname(fitted(known)), tolerance = 1e-3)
      found <- predict(fit, counts, type = "sd", engine = engine)
      expect_named(found, ".sd")
      expect_equal(found$.sd, unname(sd), tolerance = 1e-3)
    }
    expect_equal(unname(fitted(fit)), predict(fit, counts)$.pred)
    expect_true(is.finite(summary(fit)$measures$theta))
    expect_equal(nrow(model.frame(fit)), 150)
  }
  more <- continue_training(fit, epochs = 2)
  expect_equal(predict(more, counts), predict(fit, counts), tolerance = 1e-3)
})

test_that("the normal loss gives a standard deviation for each row, in both engines", {
  skip_without_torch()
  data <- transform(counts, v = x + exp(z) * sin(seq_along(x)))
  formulas <- list(v ~ x + z, cbind(v, x) ~ z + n, v ~ x + offset(z))
  for (formula in formulas) {
    for (models in c(1, 3)) {
      fit <- two_layer(
        formula, data, loss = "normal", epochs = 15, hidden_units = 4, n_models = models, seed = 1
      )
      for (type in c("numeric", "sd")) {
        core <- predict(fit, data, type = type)
        expect_equal(predict(fit, data, type = type, engine = "r"), core, tolerance = 1e-5)
      }
      expect_true(all(unlist(core) > 0))
    }
  }
  fit <- two_layer(v ~ x + z, data, loss = "normal", epochs = 15, seed = 1, hidden_units = 4)
  expect_equal(dim(predict(fit, data, type = "raw")), c(150, 2))
  expect_equal(sigma(fit), sqrt(mean(residuals(fit)^2)))
  expect_refused(deviance(fit), "\"normal\"", "does not keep")
  file <- withr::local_tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  again <- load_two_layer(file)
  expect_equal(predict(again, data, type = "sd"), predict(fit, data, type = "sd"))
  expect_refused(predict(again, type = "sd"), "`new_data`")
  expect_refused(predict(linear(v ~ x, data), data, type = "sd"), "`type`")
  expect_equal(
    effects(fit, data, engine = "r"), effects(fit, data), tolerance = 1e-4, ignore_attr = TRUE
  )
})

labelled <- transform(
  mtcars, v = vs == 1, a = factor(c("auto", "manual")[am + 1]), g = as.double(gear > 3)
)

test_that("several labels at once are classes with a probability for each", {
  skip_without_torch()
  for (models in 1:2) {
    fit <- two_layer(
      cbind(v, a, g) ~ mpg + wt, labelled, loss = "binary_cross_entropy", epochs = 20, seed = 1,
      n_models = models
    )
    shares <- predict(fit, labelled, type = "prob")
    expect_named(shares, c(".pred_v", ".pred_a", ".pred_g"))
    classes <- predict(fit, labelled)
    expect_named(classes, c(".pred_class_v", ".pred_class_a", ".pred_class_g"))
    expect_identical(lapply(classes, levels), list(
      .pred_class_v = c("FALSE", "TRUE"), .pred_class_a = c("auto", "manual"),
      .pred_class_g = c("0", "1")
    ))
    expect_identical(classes$.pred_class_a == "manual", shares$.pred_a > 0.5)
    expect_equal(predict(fit, labelled, type = "prob", engine = "r"), shares, tolerance = 1e-6)
    expect_identical(predict(fit, labelled, engine = "r"), classes)
    expect_identical(predict(fit), classes)
    truth <- cbind(labelled$v, labelled$a == "manual", labelled$g == 1) * 1
    of_truth <- ifelse(truth == 1, as.matrix(shares), 1 - as.matrix(shares))
    expect_equal(unname(deviance(fit)), unname(colSums(-2 * log(of_truth))))
    expect_equal(unname(residuals(fit)), unname(truth - as.matrix(shares)), ignore_attr = TRUE)
    expect_equal(glance(fit)$log_loss, mean(-log(of_truth)))
    expect_true(all(names(c(classes, shares)) %in% names(augment(fit, labelled))))
    expect_true(all(is.na(predict(fit, transform(labelled, wt = NA)))))
    file <- withr::local_tempfile(fileext = ".safetensors")
    save_two_layer(fit, file)
    expect_identical(predict(load_two_layer(file), labelled), classes)
  }
  expect_output(print(fit), "v, a, g (3 labels)", fixed = TRUE)
  one <- linear(labelled["wt"], labelled["v"], loss = "binary_cross_entropy")
  known <- glm(v ~ wt, binomial, labelled)
  expect_named(predict(one, labelled, type = "prob"), ".pred")
  expect_equal(predict(one, labelled, type = "prob")$.pred, unname(fitted(known)), tolerance = 1e-3)
  expect_equal(deviance(one), deviance(known), tolerance = 1e-4)
  expect_named(predict(one, labelled), ".pred_class")
  expect_refused(linear(cbind(v, cyl) ~ wt, labelled, loss = "binary_cross_entropy"), "0 or 1")
  expect_refused(linear(cbind(v, a) ~ wt, labelled), "several columns")
})
