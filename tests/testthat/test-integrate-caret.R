attached <- search() # caret attaches what it trains by

skip_unless_caret <- function(env = parent.frame()) {
  skip_without_torch()
  withr::local_envvar(TZ = "UTC", .local_envir = env) # what caret loads asks the system for it
  skip_if_not_installed("caret")
}

trained <- function(..., hidden_units = 4, weight_decay = 0.1, control = "none", epochs = 3) {
  if (is.character(control)) control <- caret::trainControl(control)
  caret::train(...,
    method = caret_two_layer(), epochs = epochs, seed = 1, trControl = control,
    tuneGrid = expand.grid(hidden_units = hidden_units, weight_decay = weight_decay)
  )
}

own_fit <- function(..., weight_decay = 0.1) {
  two_layer(..., hidden_units = 4, weight_decay = weight_decay, epochs = 3, seed = 1)
}

test_that("a fit by caret is that of two_layer(): weights, factors, 'auto', names of any kind", {
  skip_unless_caret()
  data <- transform(mtcars, cyl = factor(cyl))
  names(data)[2:3] <- c("number of cylinders", "Gr\u00f6\u00dfe")
  predicted <- function(fit) as.vector(predict(fit, data))
  x <- data[-1]
  expect_identical(
    predicted(trained(x, data$mpg, weights = data$wt)),
    predict(own_fit(x, data$mpg, case_weights = data$wt), data)$.pred
  )
  fit <- trained(x, data$mpg, weight_decay = "auto")
  expect_identical(predicted(fit), predict(own_fit(x, data$mpg, weight_decay = "auto"), x)$.pred)
  scaled <- trained(mtcars[-1], mtcars$mpg, preProcess = c("center", "scale"))
  own <- own_fit(as.data.frame(scale(mtcars[-1])), mtcars$mpg)
  expect_equal(predict(scaled, mtcars), fitted(own), tolerance = 1e-5, ignore_attr = TRUE)
})

test_that("caret chooses from the grid by the errors in its resamples", {
  skip_unless_caret()
  control <- caret::trainControl("cv", index = list(1:20, 13:32))
  fit <- trained(mtcars[-1], mtcars$mpg,
    hidden_units = c(2, 16), weight_decay = c(0.01, 1), control = control, epochs = 20
  )
  expect_identical(nrow(fit$results), 4L)
  expect_false(anyNA(fit$results$RMSE))
  best <- fit$results[which.min(fit$results$RMSE), c("hidden_units", "weight_decay")]
  expect_identical(fit$bestTune, best, ignore_attr = TRUE)
  expect_identical(fit$finalModel$settings$weight_decay, fit$bestTune$weight_decay)
  own <- two_layer(mtcars[1:20, -1], mtcars$mpg[1:20],
    hidden_units = best$hidden_units, weight_decay = best$weight_decay, epochs = 20, seed = 1
  )
  rmse <- sqrt(mean((predict(own, mtcars[21:32, ])$.pred - mtcars$mpg[21:32])^2))
  expect_equal(fit$resample$RMSE[fit$resample$Resample == "Resample1"], rmse)
})

test_that("caret has classes and their probabilities, also where a class is held out", {
  skip_unless_caret()
  control <- caret::trainControl("cv",
    index = list(1:100, 51:150), classProbs = TRUE, savePredictions = TRUE,
    summaryFunction = caret::mnLogLoss
  )
  fit <- suppressWarnings( # of a class without predictions
    trained(iris[1:4], iris$Species, control = control, metric = "logLoss")
  )
  own <- own_fit(iris[1:4], iris$Species)
  prob <- predict(fit, iris, type = "prob")
  expect_identical(names(prob), levels(iris$Species))
  expect_identical(unname(as.list(prob)), unname(as.list(predict(own, iris, type = "prob"))))
  expect_identical(predict(fit, iris), predict(own, iris)$.pred_class)
  own <- own_fit(iris[1:100, 1:4], iris$Species[1:100])
  held_out <- subset(fit$pred, Resample == unique(Resample)[1])
  expected <- predict(own, iris[held_out$rowIndex, ], type = "prob")
  expect_identical(held_out$virginica, expected$.pred_virginica)
})

test_that("with caret rows that cannot be predicted are missing, in their places", {
  skip_unless_caret()
  data <- transform(iris, Petal.Width = factor(Petal.Width > 1))
  fit <- trained(data[1:4], data$Species, control = caret::trainControl("none", classProbs = TRUE))
  new <- data[c(1, 51, 101), ]
  new$Petal.Width <- factor(c("FALSE", "maybe", "TRUE"))
  expect_warning(prob <- predict(fit, new, type = "prob"), "maybe")
  expect_identical(is.na(prob$setosa), c(FALSE, TRUE, FALSE))
  complete <- predict(fit, data[c(1, 101), ], type = "prob")
  expect_identical(prob$setosa[c(1, 3)], complete$setosa)
  new$Petal.Width[2] <- "TRUE"
  new$Sepal.Width[3] <- NA
  expect_identical(is.na(predict(fit, new)), c(FALSE, FALSE, TRUE))
  expect_length(predict(fit, new[1, ]), 1)
  expect_length(predict(fit, new[0, ]), 0)
})

test_that("with caret each row has its own prediction, whatever table it is in", {
  skip_unless_caret()
  x <- odd_data[names(odd_data) != "y"]
  truth <- predict(own_fit(x, odd_data$y), x)$.pred
  fit <- trained(x, odd_data$y)
  expect_rows_in_place(function(new) predict(fit, new), truth)
  expect_refused(predict(fit, x[-1]), "a b")
  suppressWarnings({ # of row names, which caret gives to tibbles
    for (case in odd_new_data(c("a tibble", "a data.table", "a grouped table"))) {
      of_table <- trained(case$new[, seq_along(x)], odd_data$y)
      expect_equal(as.vector(predict(of_table, x)), truth)
    }
  })
  gaps <- transform_column(x, "a b", function(column) replace(column, 3, NA))
  suppressMessages(fit <- trained(gaps, odd_data$y))
  expect_identical(which(is.na(predict(fit, gaps))), 3L)
})

test_that("the grids of caret are as long as asked, and follow the number of rows", {
  method <- caret_two_layer()
  expect_equal(method$grid(mtcars, len = 1), data.frame(hidden_units = 64, weight_decay = 3 / 32),
    ignore_attr = TRUE
  )
  grid <- method$grid(mtcars, len = 3)
  expect_equal(sort(unique(grid$hidden_units)), c(16, 32, 64))
  expect_equal(sort(unique(grid$weight_decay)), 3 / 32 * c(0.1, 1, 10))
  expect_identical(nrow(method$grid(mtcars, len = 5, search = "random")), 5L)
  sorted <- method$sort(grid)
  expect_equal(unlist(sorted[1, ]), c(hidden_units = 16, weight_decay = 30 / 32))
})

for (name in setdiff(search(), attached)) detach(name, character.only = TRUE)
