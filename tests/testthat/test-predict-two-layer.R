test_that("new data may have more columns, in another order, or be one row", {
  skip_without_torch()
  fit <- quick()
  all <- predict(fit, mtcars)
  expect_identical(predict(fit, rev(cbind(mtcars, more = "text"))), all)
  expect_identical(predict(fit, newdata = mtcars), all)
  expect_identical(predict(fit, as.matrix(mtcars)), all)
  expect_identical(predict(fit, tibble::as_tibble(mtcars)), all)
  expect_equal(predict(fit, mtcars[3, ]), all[3, ], tolerance = 1e-6)
  expect_identical(nrow(predict(fit, mtcars[c(1, 1, 1), ])), 3L)
})

test_that("numbers: .pred, or .pred_<outcome>", {
  skip_without_torch()
  expect_identical(predict(quick(), mtcars, type = "numeric"), predict(quick(), mtcars))
  several <- predict(quick(mtcars[-(1:2)], mtcars[1:2]), mtcars)
  expect_identical(names(several), c(".pred_mpg", ".pred_cyl"))
  nameless <- quick(mtcars[-(1:2)], unname(as.matrix(mtcars[1:2])))
  expect_identical(names(predict(nameless, mtcars)), c(".pred_y1", ".pred_y2"))
})

test_that("classes: .pred_class with all levels, .pred_<level> that add up to 1", {
  skip_without_torch()
  classes <- factor(iris$Species, levels = c("virginica", "none", "versicolor", "setosa"))
  fit <- quick(iris[1:4], classes, epochs = 100)
  predicted <- predict(fit, iris)
  expect_identical(names(predicted), ".pred_class")
  expect_identical(levels(predicted$.pred_class), levels(classes))
  expect_gt(mean(predicted$.pred_class == classes), 0.9)
  prob <- predict(fit, iris, type = "prob")
  expect_identical(names(prob), paste0(".pred_", levels(classes)))
  expect_equal(rowSums(prob), rep(1, 150), tolerance = 1e-12)
  best <- levels(classes)[max.col(as.matrix(prob), "first")]
  expect_identical(as.character(predicted$.pred_class), best)
})

test_that("logical and ordered outcomes keep their kind of levels", {
  skip_without_torch()
  logical <- predict(quick(mtcars[-9], mtcars$am == 1), mtcars)
  expect_identical(levels(logical$.pred_class), c("FALSE", "TRUE"))
  sizes <- cut(mtcars$mpg, 3, labels = c("low", "mid", "high"), ordered_result = TRUE)
  expect_s3_class(predict(quick(mtcars[-1], sizes), mtcars)$.pred_class, "ordered")
})

test_that("raw: the network's own output", {
  skip_without_torch()
  fit <- quick()
  raw <- predict(fit, mtcars, type = "raw")
  expect_identical(names(raw), ".raw")
  scale <- sqrt(mean((mtcars$mpg - mean(mtcars$mpg))^2))
  expect_equal(raw$.raw * scale + mean(mtcars$mpg), predict(fit, mtcars)$.pred)
  classes <- quick(iris[1:4], iris$Species)
  raw <- predict(classes, iris, type = "raw")
  expect_identical(names(raw), paste0(".raw_", levels(iris$Species)))
  prob <- exp(as.matrix(raw)) / rowSums(exp(as.matrix(raw)))
  expect_equal(unname(prob), unname(as.matrix(predict(classes, iris, type = "prob"))))
})

test_that("no new rows are no predictions, whatever the type", {
  skip_without_torch()
  expect_identical(predict(quick(), mtcars[0, ]), tibble::tibble(.pred = double()))
  fit <- quick(iris[1:4], iris$Species)
  none <- predict(fit, iris[0, ])
  expect_identical(levels(none$.pred_class), levels(iris$Species))
  expect_identical(dim(predict(fit, iris[0, ], type = "prob")), c(0L, 3L))
  expect_identical(dim(predict(fit, iris[0, ], type = "raw")), c(0L, 3L))
})

test_that("missing columns and other mistakes are errors that say so", {
  skip_without_torch()
  fit <- quick()
  expect_refused(predict(fit, mtcars[c("cyl", "disp")]), "`new_data`", "\"hp\"", "\"carb\"")
  expect_refused(predict(fit, 1:3), "`new_data`", "data frame or a matrix")
  expect_refused(predict(fit, mtcars, type = "class"), "`type`", "\"numeric\"", "\"class\"")
  expect_refused(predict(fit, mtcars, type = 3), "`type`", "not 3")
  expect_refused(predict(fit, mtcars, tpye = "numeric"), "`tpye`", "did you mean `type`")
  expect_refused(predict(fit, replace(mtcars, "hp", "a")), "`new_data`", "text", "\"hp\"")
  expect_refused(predict(fit, replace(mtcars, "hp", Inf)), "`new_data`", "\"hp\"", "infinite")
  twins <- cbind(mtcars, cyl = 1)
  expect_refused(predict(fit, twins), "`new_data`", "several columns \"cyl\"")
  classes <- quick(iris[1:4], iris$Species)
  expect_refused(predict(classes, iris, type = "numeric"), "\"class\"", "\"prob\"", "\"raw\"")
})

test_that("without new data the training rows are predicted", {
  skip_without_torch()
  fit <- quick()
  expect_identical(predict(fit), predict(fit, mtcars))
  expect_identical(predict(fit, engine = "r"), predict(fit))
  several <- quick(mtcars[-(1:2)], mtcars[1:2])
  expect_identical(predict(several), predict(several, mtcars))
  classes <- quick_formula(Species ~ ., iris)
  expect_identical(predict(classes), predict(classes, iris))
  expect_identical(predict(classes, type = "prob"), predict(classes, iris, type = "prob"))
  logical <- quick(mtcars[-9], mtcars$am == 1)
  expect_identical(predict(logical), predict(logical, mtcars))
  ordered <- quick(mtcars[-2], factor(mtcars$cyl, ordered = TRUE))
  expect_identical(predict(ordered), predict(ordered, mtcars))
  expect_refused(predict(fit, type = "raw"), "`new_data` must be given for `type = \"raw\"`")
  expect_refused(predict(fit, type = "prob"), "`type`")
  expect_refused(predict(fit, NULL), "`new_data`", "NULL")
})

test_that("without new data rows left out are not predicted, as fitted() has it", {
  skip_without_torch()
  holed <- replace(mtcars, 3, c(NA, mtcars$disp[-1]))
  holed$mpg[[5]] <- NA
  fit <- suppressMessages(quick_formula(mpg ~ ., holed))
  expect_identical(predict(fit), predict(fit, holed[-c(1, 5), ]))
  expect_identical(predict(fit)$.pred, unname(fitted(fit)))
})

test_that("without new data an ensemble predicts the training rows too", {
  skip_without_torch()
  fits <- quick(n_models = 3, bootstrap = TRUE)
  expect_equal(predict(fits), predict(fits, mtcars))
  expect_identical(predict(fits)$.pred, unname(fitted(fits)))
  classes <- quick_formula(Species ~ ., iris, n_models = 2)
  expect_identical(predict(classes), predict(classes, iris))
  expect_equal(predict(classes, type = "prob"), predict(classes, iris, type = "prob"))
  expect_refused(predict(fits, type = "conf_int"), "`new_data` must be given for `type = ")
  expect_refused(predict(fits$models[[1]]), "`new_data` must be given")
})

test_that("a loaded fit has no training rows to predict", {
  skip_without_torch()
  file <- withr::local_tempfile()
  for (models in 1:2) {
    save_two_layer(quick(n_models = models), file)
    expect_refused(
      predict(load_two_layer(file)),
      "`new_data` must be given for a fit without its training data, not missing"
    )
  }
})

test_that("intervals of a single network say that several are needed", {
  skip_without_torch()
  fit <- quick()
  for (engine in c("python", "r")) {
    for (type in c("conf_int", "std_error")) {
      expect_refused(predict(fit, mtcars, type = type, engine = engine), "`type`", "n_models", type)
    }
    expect_refused(predict(fit, mtcars, type = "conf_int", level = 0.9), "`type`", "n_models")
  }
  expect_refused(predict(fit, mtcars, level = 0.9), "`level`", "n_models")
  expect_refused(predict(fit, mtcars, interval = "confidence"), "`interval`", "n_models")
  expect_refused(predict(fit, mtcars, se.fit = TRUE), "`se.fit`", "n_models")
  classes <- quick_formula(Species ~ ., iris)
  expect_refused(predict(classes, iris, type = "conf_int"), "`type`", "n_models")
  fits <- quick(n_models = 2)
  expect_refused(predict(fits, mtcars, interval = "confidence"), "`interval`", "type = \"conf_int")
  expect_refused(predict(fits, mtcars, se.fit = TRUE), "`se.fit`", "type = \"std_error")
})

test_that("predictions are the tibbles that tibble() makes, of no rows too", {
  skip_without_torch()
  cars <- two_layer(mpg ~ wt + factor(cyl), mtcars, epochs = 1, seed = 1, weight_decay = 0)
  flowers <- two_layer(Species ~ ., iris, epochs = 1, seed = 1, weight_decay = 0)
  pairs <- two_layer(cbind(mpg, hp) ~ wt, mtcars, epochs = 1, seed = 1, weight_decay = 0)
  for (engine in c("python", "r")) {
    for (rows in list(0, 1, 3)) {
      found <- predict(cars, utils::head(mtcars, rows), engine = engine)
      expect_identical(found, tibble::tibble(.pred = found$.pred))
      found <- predict(pairs, utils::head(mtcars, rows), engine = engine)
      made <- tibble::tibble(.pred_mpg = found$.pred_mpg, .pred_hp = found$.pred_hp)
      expect_identical(found, made)
      found <- predict(flowers, utils::head(iris, rows), engine = engine)
      expect_identical(found, tibble::tibble(.pred_class = found$.pred_class))
      expect_identical(levels(found$.pred_class), levels(iris$Species))
      found <- predict(flowers, utils::head(iris, rows), type = "prob", engine = engine)
      made <- stats::setNames(as.list(found), paste0(".pred_", levels(iris$Species)))
      expect_identical(found, tibble::as_tibble(made))
    }
  }
})

test_that("quantiles have a column for each level and ascend, by both engines", {
  skip_without_torch()
  levels <- c(0.1, 0.5, 0.9)
  fit <- quick(loss = "quantile", quantile_levels = levels)
  found <- predict(fit, mtcars, type = "quantile")
  expect_identical(names(found), c(".pred_q0.1", ".pred_q0.5", ".pred_q0.9"))
  expect_true(all(apply(as.matrix(found), 1, diff) >= 0))
  expect_equal(predict(fit, mtcars, type = "quantile", engine = "r"), found, tolerance = 1e-6)
  expect_identical(predict(fit, type = "quantile"), found)
  expect_identical(predict(fit, mtcars)$.pred, found$.pred_q0.5)
  expect_equal(predict(fit, mtcars, engine = "r"), predict(fit, mtcars), tolerance = 1e-6)
  expect_identical(unname(fitted(fit)), found$.pred_q0.5)
  crossing <- quick(loss = "quantile", quantile_levels = c(0.45, 0.48, 0.5, 0.52), epochs = 2)
  raw <- as.matrix(predict(crossing, mtcars, type = "raw"))
  expect_true(any(apply(raw, 1, diff) < 0))
  sorted <- predict(crossing, mtcars, type = "quantile")
  expect_true(all(apply(as.matrix(sorted), 1, diff) >= 0))
  expect_equal(predict(crossing, mtcars, type = "quantile", engine = "r"), sorted, tolerance = 1e-6)
})

test_that("rows without quantiles are NA, one row and no rows keep the columns", {
  skip_without_torch()
  fit <- quick(loss = "quantile", quantile_levels = 0.9, epochs = 3)
  gaps <- mtcars[1:3, ]
  gaps$wt[2] <- NA
  for (engine in c("python", "r")) {
    found <- predict(fit, gaps, type = "quantile", engine = engine)
    expect_identical(is.na(found$.pred_q0.9), c(FALSE, TRUE, FALSE))
    expect_identical(dim(predict(fit, mtcars[1, ], type = "quantile", engine = engine)), c(1L, 1L))
    expect_identical(dim(predict(fit, mtcars[0, ], type = "quantile", engine = engine)), c(0L, 1L))
  }
})

test_that("several networks give the means of their quantiles, by both engines", {
  skip_without_torch()
  fits <- quick(loss = "quantile", n_models = 3)
  found <- predict(fits, mtcars, type = "quantile")
  each <- lapply(fits$models, function(fit) as.matrix(predict(fit, mtcars, type = "quantile")))
  expect_equal(as.matrix(found), Reduce(`+`, each) / 3, tolerance = 1e-12)
  expect_equal(predict(fits, mtcars, type = "quantile", engine = "r"), found, tolerance = 1e-6)
})

test_that("a file keeps the levels, and the measures are those of quantiles", {
  skip_without_torch()
  fit <- quick(loss = "quantile", quantile_levels = c(0.2, 0.8))
  file <- tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  again <- load_two_layer(file)
  expect_identical(again$settings$quantile_levels, c(0.2, 0.8))
  for (engine in c("python", "r")) {
    expect_identical(
      predict(again, mtcars, type = "quantile", engine = engine),
      predict(fit, mtcars, type = "quantile", engine = engine)
    )
  }
  quantiles <- as.matrix(predict(fit, mtcars, type = "quantile"))
  errors <- mtcars$mpg - quantiles
  shares <- rep(c(0.2, 0.8), each = 32)
  measures <- summary(fit)$measures
  expect_equal(measures$pinball, mean(ifelse(errors > 0, shares, shares - 1) * errors))
  expect_equal(measures$coverage, mean(errors[, 1] >= 0 & errors[, 2] <= 0))
  expect_identical(c(glance(fit)$pinball, glance(again)$pinball), c(measures$pinball, NA))
})

test_that("what has no quantiles is refused in one sentence", {
  skip_without_torch()
  expect_error(predict(quick(), mtcars, type = "quantile"), class = "pytwolayer_error_argument")
  for (levels in list(c(0.9, 0.1), 0, 1, c(0.5, 0.5), "0.5", NA, double(), TRUE)) {
    expect_error(
      quick(loss = "quantile", quantile_levels = levels), "^`quantile_levels` must be numbers",
      class = "pytwolayer_error_argument"
    )
  }
  expect_error(quick(quantile_levels = 0.5), "left out but with the loss \"quantile\"")
  expect_error(quick(mtcars[-(1:2)], mtcars[1:2], loss = "quantile"), "a single outcome with")
})

test_that("columns that a formula only names are what model.frame() makes of them", {
  data <- data.frame(
    y = 1:3, a = c(1.5, NA, 3), b = c("u", NA, "v"), c = factor(c("k", "l", "k")),
    d = c(TRUE, NA, FALSE), `e f` = 3:1, check.names = FALSE
  )
  how <- pytwolayer:::mold_formula(y ~ `e f` + c + b + a + d, data, NULL)$how
  made <- function(data) {
    parts <- list(terms = how$terms, outcome = list())
    frame <- pytwolayer:::evaluate_formula(parts, data, "new_data", NULL)$frame
    pytwolayer:::frame_predictors(frame, how, "new_data", NULL)
  }
  plain <- function(data) pytwolayer:::plain_predictors(how$terms, data)
  for (rows in list(1:3, 2, 3:1)) {
    some <- data[rows, sample(names(data))]
    expect_identical(plain(some), made(some))
  }
  # What is to be converted or refused is left to model.frame().
  expect_null(plain(transform(data, a = Sys.Date(), check.names = FALSE)))
  expect_null(plain(data[-2]))
  data$a <- matrix(1:6, 3)
  expect_null(plain(data))
  data$a <- list(1, 2, 3)
  expect_null(plain(data))
  expect_null(pytwolayer:::plain_predictors(terms(~ log(a) + b), data))
  expect_null(pytwolayer:::plain_predictors(terms(~ b:d), data))
})
