test_that("print shows the fit, and gives it back invisibly", {
  skip_without_torch()
  fit <- quick(hidden_units = 3, learning_rate = 0.01, validation = 0.25)
  shown <- capture.output(value <- withVisible(print(fit)))
  expect_false(value$visible)
  expect_identical(value$value, fit)
  text <- paste(shown, collapse = "\n")
  best <- sprintf("%.4g in epoch %d", min(fit$history$valid_loss), fit$best_epoch)
  parts <- c(
    "32 rows", "10 columns", "10-3-1", "relu", "37 parameters", "adam", "learning rate 0.01",
    "5 epochs", "cpu", "seed 1", "Best loss", best
  )
  for (part in parts) {
    expect_match(text, part, fixed = TRUE)
  }
  expect_output(print(quick()), "Last loss")
})

test_that("print tells of rows left out and of an early end", {
  skip_without_torch()
  fit <- suppressMessages(quick(replace(mtcars[-1], 3, c(NA, 1:31))))
  left_out <- "31 rows, 10 columns (1 row with missing values left out)"
  expect_output(print(fit), left_out, fixed = TRUE)
  stopped <- quick(on_epoch = function(epoch, loss) epoch < 2)
  expect_output(print(stopped), "stopped by `on_epoch`", fixed = TRUE)
  for (reason in names(ends)) {
    stopped$stopped <- reason
    expect_output(print(stopped), paste0("(mse, mean), ", ends[[reason]]), fixed = TRUE)
    expect_output(print(summary(stopped)), paste0("(mse, mean), ", ends[[reason]]), fixed = TRUE)
  }
})

test_that("summary measures the fit of numbers", {
  skip_without_torch()
  fit <- quick()
  measures <- summary(fit)$measures
  residuals <- mtcars$mpg - predict(fit, mtcars)$.pred
  expect_equal(measures$rmse, sqrt(mean(residuals^2)))
  expect_equal(measures$r.squared, 1 - var(residuals) / var(mtcars$mpg), tolerance = 0.05)
  expect_equal(as.vector(summary(fit)$residuals), unname(quantile(residuals)))
  expect_output(print(summary(fit)), "Residuals:.*r.squared")
  expect_identical(nrow(summary(quick(mtcars[-(1:2)], mtcars[1:2]))$measures), 2L)
  shown <- capture.output(value <- withVisible(print(summary(fit))))
  expect_false(value$visible)
})

test_that("summary measures the fit of classes", {
  skip_without_torch()
  fit <- quick_formula(Species ~ ., iris)
  summary <- summary(fit)
  predicted <- predict(fit, iris)$.pred_class
  expect_equal(summary$measures$accuracy, mean(predicted == iris$Species))
  prob <- as.matrix(predict(fit, iris, type = "prob"))
  expect_equal(summary$measures$log_loss, mean(-log(prob[cbind(1:150, as.integer(iris$Species))])))
  expect_identical(unname(diag(summary$confusion)), unname(diag(table(iris$Species, predicted))))
  expect_output(print(summary), "True classes.*accuracy")
})

test_that("coef() gives the network: it computes what predict() does", {
  skip_without_torch()
  fit <- quick(hidden_units = 4)
  parts <- coef(fit)
  expect_named(parts, c("hidden_weight", "hidden_bias", "output_weight", "output_bias"))
  expect_identical(dimnames(parts$hidden_weight), list(paste0("h", 1:4), names(mtcars)[-1]))
  expect_identical(dim(parts$output_weight), c(1L, 4L))
  standardised <- scale(mtcars[-1]) * sqrt(32 / 31)
  hidden <- pmax(standardised %*% t(parts$hidden_weight) + rep(parts$hidden_bias, each = 32), 0)
  raw <- hidden %*% t(parts$output_weight) + parts$output_bias
  expect_equal(as.vector(raw), predict(fit, mtcars, type = "raw")$.raw, tolerance = 1e-5)
})

test_that("fitted values and residuals are those of the training rows", {
  skip_without_torch()
  fit <- quick()
  expect_identical(unname(fitted(fit)), predict(fit, mtcars)$.pred)
  expect_identical(names(fitted(fit)), rownames(mtcars))
  expect_identical(residuals(fit), mtcars$mpg - fitted(fit))
  several <- quick(mtcars[-(1:2)], mtcars[1:2])
  expect_identical(residuals(several), as.matrix(mtcars[1:2]) - fitted(several))
  classes <- quick_formula(Species ~ ., iris)
  prob <- as.matrix(predict(classes, iris, type = "prob"))
  expect_identical(unname(fitted(classes)), unname(prob))
  indicator <- unname(diag(3)[as.integer(iris$Species), ])
  expect_identical(unname(residuals(classes)), indicator - unname(prob))
  logical <- quick(mtcars[-9], mtcars$am == 1)
  signs <- stats::setNames(ifelse(mtcars$am == 1, 1, -1), rownames(mtcars))
  expect_identical(sign(residuals(logical)[, "TRUE"]), signs)
})

test_that("nobs, formula and as.data.frame answer", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ . - cyl, mtcars[1:4])
  expect_identical(nobs(fit), 32L)
  expect_identical(deparse1(formula(fit)), "mpg ~ disp + hp")
  expect_identical(as.data.frame(fit), fit$history)
  expect_refused(formula(quick()), "`x`", "a fit of a formula")
})

test_that("update() changes formula and settings", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ ., mtcars)
  fit$call <- quote(two_layer(formula = mpg ~ ., data = mtcars, epochs = 5, seed = 1))
  changed <- update(fit, . ~ . - cyl, hidden_units = 5)
  expect_identical(changed$sizes, c(9L, 5L, 1L))
  expect_identical(changed$history, quick(mtcars[-(1:2)], hidden_units = 5)$history)
  direct <- two_layer(mtcars[-1], mtcars$mpg, epochs = 3, seed = 1)
  expect_identical(direct$call[[1]], quote(two_layer))
  expect_identical(nrow(update(direct, epochs = 2)$history), 2L)
  expect_identical(update(direct, epochs = 2)$history, direct$history[1:2, ])
})

test_that("the call of a fit made in a function with dots has what the function was given", {
  skip_without_torch()
  inner <- function(...) two_layer(..., epochs = 3, seed = 1)
  outer <- function(...) inner(...)
  fit <- outer(mpg ~ wt + hp, mtcars, hidden_units = 4, batch_size = NULL)
  expect_identical(fit$call$data, quote(mtcars))
  expect_identical(fit$call$hidden_units, 4)
  expect_null(fit$call$batch_size)
  expect_identical(
    predict(update(fit, . ~ . - hp), mtcars),
    predict(two_layer(
      mpg ~ wt, mtcars,
      hidden_units = 4, batch_size = NULL, epochs = 3, seed = 1
    ), mtcars)
  )
  expect_equal(nrow(model.frame(fit)), 32)
  expect_equal(nrow(continue_training(fit, epochs = 2)$history), 5)
  tables <- inner(mtcars["wt"], mtcars$mpg)
  expect_equal(nrow(continue_training(tables, epochs = 2)$history), 5)
})
