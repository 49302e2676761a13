last <- 25:32
train <- mtcars[-last, ]
valid <- mtcars[last, ]

same_fit <- function(own, held_out) {
  expect_identical(own$history, held_out$history)
  expect_true("valid_loss" %in% names(own$history))
  expect_identical(own$best_epoch, held_out$best_epoch)
  expect_identical(predict(own, mtcars), predict(held_out, mtcars))
  expect_identical(predict(own, mtcars, engine = "r"), predict(held_out, mtcars, engine = "r"))
}

test_that("the fit is that of the same rows held out, whatever the data come as", {
  skip_without_torch()
  held_out <- quick_formula(mpg ~ ., mtcars, validation = last)
  own <- quick_formula(mpg ~ ., train, validation = valid)
  same_fit(own, held_out)
  expect_identical(nobs(own), 24L)
  expect_identical(length(fitted(own)), 24L)
  expect_identical(names(residuals(own)), rownames(train))
  same_fit(quick(train[-1], train$mpg, validation = list(valid[-1], valid$mpg)), held_out)
  same_fit(quick(train[-1], train$mpg, validation = list(y = valid$mpg, x = valid[-1])), held_out)
  named <- two_layer(train, outcome = "mpg", validation = valid, epochs = 5, seed = 1)
  same_fit(named, held_out)
  nameless <- function(x) unname(as.matrix(x[-1]))
  own <- quick(nameless(train), train$mpg, validation = list(nameless(valid), valid$mpg))
  expect_identical(own$history, held_out$history)
  reordered <- transform(valid[rev(names(valid))], more = "text")
  same_fit(quick_formula(mpg ~ ., train, validation = reordered), held_out)
  more <- list(batch_size = 8, dropout = 0.2, n_models = 2, bootstrap = TRUE)
  held_out <- do.call(quick, c(list(validation = last), more))
  own <- list(train[-1], train$mpg, validation = list(valid[-1], valid$mpg))
  expect_identical(do.call(quick, c(own, more))$history, held_out$history)
})

test_that("weights go with the data", {
  skip_without_torch()
  weights <- seq(0.5, 3, length.out = 32)
  for (type in c("importance", "frequency")) {
    given <- if (type == "importance") weights else rep(1:4, 8)
    held_out <- quick(case_weights = given, weight_type = type, validation = last)
    own <- quick(
      train[-1], train$mpg,
      case_weights = given[-last], weight_type = type,
      validation = list(x = valid[-1], y = valid$mpg, case_weights = given[last])
    )
    expect_identical(own$history, held_out$history)
  }
  classes <- quick_formula(Species ~ ., iris, class_weights = "balanced", validation = 1:30 * 5)
  expect_s3_class(classes, "two_layer")
})

test_that("terms are fitted to the training rows alone, and the outcome is the formula's", {
  skip_without_torch()
  fit <- quick_formula(log(mpg) ~ poly(wt, 2) + factor(cyl), train, validation = valid)
  by_hand <- poly(train$wt, 2)
  x <- function(data) {
    terms <- predict(by_hand, data$wt)
    data.frame(a = terms[, 1], b = terms[, 2], cyl = factor(data$cyl, levels = c(4, 6, 8)))
  }
  other <- quick(x(train), log(train$mpg), validation = list(x(valid), log(valid$mpg)))
  expect_equal(fit$history, other$history, tolerance = 1e-6)
  classes <- quick_formula(Species ~ ., iris[-(1:50 * 3), ], validation = iris[1:50 * 3, ])
  held_out <- quick_formula(Species ~ ., iris, validation = 1:50 * 3)
  expect_equal(classes$history$valid_loss, held_out$history$valid_loss, tolerance = 1e-4)
})

test_that("a recipe is fitted to the training rows alone", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  recipe <- function(data) {
    recipes::step_normalize(recipes::recipe(mpg ~ hp + wt, data), recipes::all_predictors())
  }
  own <- two_layer(recipe(train), train, validation = valid, epochs = 5, seed = 1)
  x <- function(data) {
    scaled <- function(column, all) (column - mean(all)) / sd(all)
    Map(scaled, data[c("hp", "wt")], train[c("hp", "wt")])
  }
  tables <- quick(
    as.data.frame(x(train)), train$mpg,
    validation = list(as.data.frame(x(valid)), valid$mpg)
  )
  expect_equal(own$history, tables$history, tolerance = 1e-6)
  expect_refused(
    two_layer(recipe(train), train, validation = valid["mpg"], epochs = 1), "`validation`", "hp"
  )
  expect_refused(
    two_layer(recipe(train), train, validation = valid["wt"], epochs = 1), "`validation`"
  )
})

test_that("odd rows there are told and left out", {
  skip_without_torch()
  holes <- valid
  holes$wt[1:3] <- NA
  expect_message(
    fit <- quick_formula(mpg ~ ., train, validation = holes),
    "3 of 8 rows of `validation` left out"
  )
  expect_null(fit$na.action)
  expect_refused(
    quick_formula(mpg ~ ., train, validation = holes, na_action = "fail"), "`validation`", "3 of 8"
  )
  levels <- transform(iris, Species = as.character(Species))
  odd <- transform(levels[1:50 * 3, ], Species = ifelse(seq_len(50) < 3, "new", Species))
  expect_warning(
    quick_formula(Sepal.Length ~ ., levels, validation = odd), "Species.*\"new\".*left out"
  )
})

test_that("what is no validation data is an error that says so", {
  skip_without_torch()
  refused <- function(validation, ...) {
    cnd <- expect_refused(quick(train[-1], train$mpg, validation = validation), "`validation`", ...)
    expect_identical(cnd$argument, "validation")
  }
  refused(valid, "list(x, y)", "a table")
  refused(list(valid[-1]), "without `y`")
  refused(list(valid[-1], valid$mpg[-1]), "8 and 7 rows")
  refused(list(valid[c("wt", "hp")], valid$mpg), "one without", "\"cyl\"")
  numbers <- "with numbers where training has them"
  refused(list(transform(valid, wt = "x")[-1], valid$mpg), numbers, "\"wt\"")
  refused(list(valid[-1], letters[1:8]), numbers, "text")
  refused(list(valid[-1], valid$mpg, 1:3), "8 rows")
  refused(list(valid[-1], valid$mpg, rep("a", 8)), "`case_weights`", "text")
  refused(list(a = valid[-1], b = 1), "list(x = , y = , case_weights = )", "`a`, `b`")
  refused(list(), "data like those of training")
  refused(list(1, 2), "data like those of training")
  refused(list(1, valid), "`x` is a table")
  refused(letters, "data like those of training")
  expect_refused(
    quick_formula(mpg ~ ., train, validation = valid[-1]), "`validation`", "outcome", "\"mpg\""
  )
  expect_refused(quick_formula(mpg ~ ., train, validation = valid[-6]), "`validation`", "\"wt\"")
  expect_refused(
    quick_formula(mpg ~ ., train, validation = list(valid)), "`validation`", "a table"
  )
})

test_that("a run is kept, and a fit goes on with the same validation data", {
  skip_without_torch()
  folder <- withr::local_tempdir()
  whole <- two_layer(mpg ~ ., train, validation = valid, epochs = 6, seed = 1)
  kept <- function(...) {
    two_layer(
      mpg ~ ., train,
      validation = valid, epochs = 6, seed = 1, checkpoint = folder, checkpoint_every = 1, ...
    )
  }
  expect_error(kept(on_epoch = function(epoch, loss) if (epoch == 3) stop("enough")), "enough")
  expect_message(again <- kept(), class = "pytwolayer_message")
  expect_identical(again$history, whole$history)
  longer <- continue_training(whole, 2)
  expect_identical(nrow(longer$history), 8L)
  file <- withr::local_tempfile(fileext = ".safetensors")
  save_two_layer(whole, file)
  saved <- load_two_layer(file)
  more <- continue_training(saved, 2, formula = mpg ~ ., data = train, validation = valid)
  expect_identical(more$history, longer$history)
  other <- transform(valid, mpg = mpg + 1)
  expect_refused(
    continue_training(saved, 2, formula = mpg ~ ., data = train, validation = other), "held-out"
  )
})
