test_that("a fit learns, and predicts in the outcome's own units", {
  skip_without_torch()
  fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 300, seed = 1)
  expect_s3_class(fit, "two_layer")
  predictions <- predict(fit, mtcars)
  expect_s3_class(predictions, "tbl_df")
  expect_identical(names(predictions), ".pred")
  expect_gt(cor(predictions$.pred, mtcars$mpg), 0.9)
})

test_that("the history is a data frame of epoch and losses", {
  skip_without_torch()
  fit <- quick()
  expect_identical(class(fit$history), "data.frame")
  expect_identical(names(fit$history), c("epoch", "loss"))
  expect_identical(fit$history$epoch, 1:5)
  expect_type(fit$history$loss, "double")
  expect_null(fit$best_epoch)
  watched <- quick(validation = 0.25)
  expect_identical(names(watched$history), c("epoch", "loss", "valid_loss"))
  expect_identical(watched$best_epoch, which.min(watched$history$valid_loss))
})

test_that("set.seed() makes a fit reproducible, and the seed is kept", {
  skip_without_torch()
  set.seed(7)
  first <- quick(seed = NULL)
  set.seed(7)
  again <- quick(seed = NULL)
  expect_identical(first$history, again$history)
  expect_identical(quick(seed = first$settings$seed)$history, first$history)
  expect_false(identical(quick(seed = NULL)$history, first$history))
})

test_that("a fit leaves R's and torch's random state alone when the seed is given", {
  skip_without_torch()
  set.seed(1)
  before <- .Random.seed
  torch_before <- as.numeric(torch$get_rng_state()$sum())
  quick(seed = 3, validation = 0.2, dropout = 0.1)
  expect_identical(.Random.seed, before)
  expect_identical(as.numeric(torch$get_rng_state()$sum()), torch_before)
})

test_that("every way in gives the core the same table", {
  skip_without_torch()
  fit <- quick()
  expect_identical(quick(as.matrix(mtcars[-1]))$history, fit$history)
  expect_identical(quick(tibble::as_tibble(mtcars[-1]))$history, fit$history)
  expect_identical(quick(y = mtcars["mpg"])$history, fit$history)
  expect_identical(quick(mtcars, NULL, outcome = "mpg")$history, fit$history)
  expect_identical(quick(as.matrix(mtcars), NULL, outcome = "mpg")$history, fit$history)
  expect_identical(quick_formula(mpg ~ ., mtcars)$history, fit$history)
  expect_identical(quick_formula(mpg ~ ., as.matrix(mtcars))$history, fit$history)
  mixed <- transform(iris, wide = Sepal.Width > 3, text = as.character(Petal.Width > 1))
  x <- mixed[names(mixed) != "Species"]
  expect_identical(
    quick_formula(Species ~ ., mixed)$history,
    quick(x, mixed$Species)$history
  )
})

test_that("data.tables are tables", {
  skip_without_torch()
  skip_if_not_installed("data.table")
  table <- data.table::as.data.table(mtcars)
  fit <- quick_formula(mpg ~ ., table)
  expect_identical(fit$history, quick()$history)
  expect_identical(predict(fit, table[1:2, ]), predict(fit, mtcars[1:2, ]))
  expect_identical(names(table), names(mtcars))
})

test_that("a matrix without column names goes by position", {
  skip_without_torch()
  nameless <- unname(as.matrix(mtcars[-1]))
  fit <- quick(nameless)
  expect_identical(fit$history, quick()$history)
  expect_identical(predict(fit, nameless), predict(quick(), mtcars))
  expect_identical(predict(quick(), nameless), predict(quick(), mtcars))
  expect_refused(predict(fit, nameless[, -1]), "`new_data`", "10 columns", "one of 9")
  expect_refused(quick(nameless, NULL, outcome = "V1"), "`x`", "column names")
})

test_that("the user's matrix is not written to", {
  skip_without_torch()
  x <- as.matrix(mtcars[-1])
  copy <- x + 0
  quick(x)
  expect_identical(x, copy)
})

test_that("several outcomes have an output each", {
  skip_without_torch()
  fit <- quick(mtcars[-(1:2)], mtcars[1:2])
  expect_identical(fit$sizes, c(9L, 64L, 2L))
  named <- quick(mtcars, NULL, outcome = c("mpg", "cyl"))
  expect_identical(named$history, fit$history)
})

test_that("classes are factors, text and logicals", {
  skip_without_torch()
  expect_identical(quick(iris[1:4], iris$Species)$levels, levels(iris$Species))
  text <- quick(iris[1:4], rep(c("b", "B", "a"), 50))
  expect_identical(text$levels, c("B", "a", "b"))
  expect_identical(quick(mtcars[-9], mtcars$am == 1)$levels, c("FALSE", "TRUE"))
  expect_null(quick()$levels)
})

test_that("settings reach the core, and come back with values for \"auto\"", {
  skip_without_torch()
  fit <- quick(
    hidden_units = 3, activation = "tanh", batch_size = 8, optimizer = "sgd",
    learning_rate = 0.01, momentum = 0.9, nesterov = TRUE, schedule = "step",
    weight_decay = 0.1, dropout = 0.2, gradient_clip = 1, loss = "huber", reduction = "sum",
    validation = 0.2, patience = 3
  )
  expect_identical(fit$sizes, c(10L, 3L, 1L))
  expected <- list(
    activation = "tanh", optimizer = "sgd", learning_rate = 0.01, momentum = 0.9,
    nesterov = TRUE, schedule = "step", weight_decay = 0.1, dropout = 0.2, gradient_clip = 1,
    loss = "huber", reduction = "sum"
  )
  expect_equal(fit$settings[names(expected)], expected)
  expect_equal(fit$settings$batch_size, 8)
  expect_true(all(vapply(quick()$settings, function(x) !identical(x, "auto"), NA)))
  expect_null(quick(batch_size = NULL)$settings$batch_size)
})

test_that("rows can be held out by share, number and flag", {
  skip_without_torch()
  numbers <- quick(validation = c(2, 5, 31))
  flags <- quick(validation = seq_len(32) %in% c(2, 5, 31))
  expect_identical(numbers$history, flags$history)
  expect_false(identical(numbers$history, quick(validation = c(1, 5, 31))$history))
  expect_named(quick(validation = 0.2)$history, c("epoch", "loss", "valid_loss"))
  expect_refused(quick(validation = c(1, 33)), "`validation`", "from 1 to 32", "1 to 33")
  expect_refused(quick(validation = c(1, 2.5)), "`validation`", "from 1 to 32")
  expect_refused(quick(validation = c(TRUE, FALSE)), "`validation`", "32 rows", "2 long")
  expect_refused(quick(validation = c(TRUE, NA)), "`validation`", "missing values")
  expect_refused(quick(validation = 1), "`validation`", "below 1")
  expect_refused(quick(validation = "a"), "`validation`")
  expect_refused(quick(validation = list(1, 2)), "`validation`", "TRUE and FALSE", "list")
})

test_that("`patience` stops, and the best weights come back", {
  skip_without_torch()
  fit <- quick(epochs = 500, patience = 2, learning_rate = 0.3, validation = 0.3)
  expect_identical(fit$stopped, "patience")
  expect_lt(nrow(fit$history), 500)
  expect_identical(nrow(fit$history), fit$best_epoch + 2L)
})

test_that("weights of rows and classes count", {
  skip_without_torch()
  twice <- quick(mtcars[c(1:32, 1), -1], mtcars$mpg[c(1:32, 1)])
  frequencies <- quick(case_weights = c(2, rep(1, 31)), weight_type = "frequency")
  expect_identical(frequencies$history, twice$history)
  without <- quick(case_weights = c(0, rep(1, 31)))
  expect_identical(without$history, quick(mtcars[-1, -1], mtcars$mpg[-1])$history)
  expect_identical(nobs(without), 31L)
  weights <- c(setosa = 1, versicolor = 1, virginica = 3)
  fit <- quick_formula(Species ~ ., iris, class_weights = weights, weight_decay = 0.01)
  by_row <- quick_formula(
    Species ~ ., iris,
    case_weights = weights[iris$Species], weight_decay = 0.01
  )
  expect_identical(fit$history, by_row$history)
  for (am in list(factor(mtcars$am), mtcars$am == 1, as.character(mtcars$am))) {
    keys <- if (is.logical(am)) c("FALSE", "TRUE", "0", "1") else c("0", "1", "0.0", "1.0")
    one <- function(...) quick(mtcars["wt"], am, weight_decay = 0.01, ...)$history
    weighted <- one(case_weights = ifelse(mtcars$am == 1, 5, 1))
    expect_identical(one(class_weights = stats::setNames(c(1, 5), keys[1:2])), weighted)
    expect_identical(one(class_weights = stats::setNames(c(5, 1), keys[4:3])), weighted)
  }
  balanced <- quick_formula(Species ~ ., iris[1:120, ], class_weights = "balanced")
  expect_false(identical(balanced$history, quick_formula(Species ~ ., iris[1:120, ])$history))
})

test_that("weights that cannot be are refused by R's name", {
  skip_without_torch()
  cnd <- expect_refused(quick(case_weights = 1:3), "`case_weights`", "`x` (32 rows)", "3 rows")
  expect_identical(cnd$argument, "case_weights")
  expect_refused(quick_formula(mpg ~ ., mtcars, case_weights = 1:3), "as long as `data`")
  expect_refused(quick(case_weights = -(1:32)), "`case_weights`", "negative")
  expect_refused(quick(case_weights = c(NA, 1:31)), "`case_weights`", "missing")
  expect_refused(quick(case_weights = letters), "`case_weights`", "text")
  expect_refused(quick(case_weights = list(1)), "`case_weights`", "list")
  expect_refused(quick(case_weights = rep(0, 32)), "`case_weights`", "0 in all rows")
  expect_refused(quick(class_weights = "balanced"), "`class_weights`", "numeric outcome")
  some <- function(weights) quick_formula(Species ~ ., iris, class_weights = weights)
  expect_refused(some(c(setosa = 1, b = 2)), "`class_weights`", "\"versicolor\"")
  expect_refused(some(1:3), "`class_weights`", "as names")
  expect_refused(some("balenced"), "`class_weights`", "\"balanced\"")
  expect_refused(some(c(setosa = 0, versicolor = 1, virginica = 1)), "`class_weights`", "0")
})

test_that("settings that cannot be are refused by name", {
  skip_without_torch()
  expect_refused(quick(hidden_units = 2.5), "`hidden_units`", "2.5")
  expect_refused(quick(epochs = 0), "`epochs`")
  expect_refused(quick(optimizer = "Adam"), "`optimizer`", "did you mean \"adam\"")
  expect_refused(quick(activation = NULL), "`activation`", "NULL")
  expect_refused(quick(learning_rate = "fast"), "`learning_rate`", "\"fast\"")
  expect_refused(quick(seed = 2^60), "`seed`")
  expect_refused(quick(device = "cuda:99"), "`device`", kind = "device")
  expect_refused(quick(nesterov = 3), "`nesterov` must be TRUE or FALSE")
  expect_refused(quick(nesterov = TRUE), "`nesterov` must be FALSE")
  expect_refused(quick(verbose = NA), "`verbose` must be TRUE or FALSE, not NA.")
  expect_refused(quick(epochs = mean), "`epochs`", "a single value", "a function")
  expect_refused(quick(activation = quote(relu)), "`activation`", "a single value")
  expect_refused(quick(loss = factor("mse")), "`loss`", "a factor")
  expect_refused(quick(loss = "cross_entropy"), "`loss`", "numeric outcome")
  expect_refused(quick(epochs = as.difftime(3, units = "secs")), "`epochs`", "difftime")
  expect_refused(quick(epochs = 1e30), "`epochs`", "at most")
  expect_refused(quick(optimizer = "lbfgs", batch_size = 3), "`batch_size`", "lbfgs")
})

test_that("a misspelt argument is an error in every method", {
  skip_without_torch()
  expect_refused(quick(epohcs = 3), "`epohcs`", "did you mean `epochs`")
  expect_refused(quick(as.matrix(mtcars[-1]), epohcs = 3), "`epohcs`", "did you mean `epochs`")
  expect_refused(quick_formula(mpg ~ ., mtcars, epohcs = 3), "`epohcs`", "did you mean `epochs`")
  expect_refused(two_layer(mpg ~ ., mtcars, 3), "without a name")
  expect_refused(two_layer(mtcars[-1], mtcars$mpg, 3), "without a name")
  expect_refused(two_layer(mpg ~ ., mtcars, outcome = "mpg"), "`outcome` is not an argument")
  twice <- as.call(list(quote(two_layer), mpg ~ ., mtcars, seed = 1, seed = 2))
  expect_refused(eval(twice), "`seed` is given twice")
})

test_that("a fit that diverges is an error that has the last good weights", {
  skip_without_torch()
  cnd <- expect_refused(
    quick(optimizer = "sgd", learning_rate = 1e6, epochs = 20), "not finite in epoch",
    "smaller `learning_rate`",
    kind = "diverged"
  )
  expect_s3_class(cnd$fit, "two_layer")
  expect_identical(cnd$fit$stopped, "divergence")
  expect_false(is.finite(cnd$fit$history$loss[nrow(cnd$fit$history)]))
  expect_true(all(is.finite(predict(cnd$fit, mtcars)$.pred)))
})

test_that("a fit is plain R data: it survives saveRDS()", {
  skip_without_torch()
  fit <- quick_formula(log(mpg) ~ poly(wt, 2) + hp, mtcars)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), mtcars), predict(fit, mtcars))
  pointers <- rapply(unclass(fit), function(part) typeof(part) == "externalptr", how = "unlist")
  expect_false(any(pointers))
})

test_that("a fit of a formula does not drag along where the formula was written", {
  skip_without_torch()
  local({
    ballast <- stats::rnorm(1e5)
    fit <- quick_formula(mpg ~ ., mtcars)
    expect_lt(length(serialize(fit, NULL)), 2e5)
  })
})

test_that("a model whose bytes are damaged is one clear error", {
  skip_without_torch()
  fit <- quick()
  fit$model <- fit$model[1:100]
  cnd <- expect_error(predict(fit, mtcars), class = "pytwolayer_error")
  expect_match(conditionMessage(cnd), "cannot be read")
  expect_match(cnd$traceback, "Traceback")
})

test_that("the name of a column is not taken for the outcome", {
  expect_refused(two_layer(mtcars, "mpg"), "`y`", "is named in `outcome`")
})

test_that("the session's settings of torch change no bit, and stay", {
  torch <- torch_or_skip()
  given <- function(...) {
    fit <- quick(seed = 1, batch_size = 8, validation = 0.25, ...)
    several <- quick(seed = 1, n_models = 2)
    list(
      fit$history, fitted(fit), predict(fit, mtcars), predict(several, mtcars)
    )
  }
  own_loss <- function(output, y) abs(output - y)^1.5
  plain <- list(given(), given(loss = own_loss))
  withr::defer({
    torch$set_default_device(NULL)
    torch$set_default_dtype(torch$float32)
    torch$set_grad_enabled(TRUE)
  })
  torch$set_default_device("meta")
  torch$set_default_dtype(torch$float64)
  torch$set_grad_enabled(FALSE)
  expect_identical(list(given(), given(loss = own_loss)), plain)
  seen <- NULL
  quick(on_epoch = function(epoch, loss) {
    seen <<- c(seen, torch$is_grad_enabled())
    TRUE
  })
  expect_identical(seen, rep(FALSE, 5))
  expect_identical(as.character(torch$get_default_dtype()), "torch.float64")
  expect_identical(as.character(torch$empty(2L)$device), "meta")
})
