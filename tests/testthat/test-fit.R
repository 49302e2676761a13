quick <- function(x = mtcars[-1], y = mtcars$mpg, ..., epochs = 20) {
  two_layer(x, y, ..., epochs = epochs)
}

test_that("a fit learns, and predicts in the outcome's own units", {
  skip_without_torch()
  fit <- two_layer(mtcars[-1], mtcars$mpg, seed = 1)
  expect_s3_class(fit, "two_layer")
  predictions <- predict(fit, mtcars)
  expect_s3_class(predictions, "tbl_df")
  expect_identical(names(predictions), ".pred")
  expect_gt(cor(predictions$.pred, mtcars$mpg), 0.99)
})

test_that("the history is a data frame of epoch and loss", {
  skip_without_torch()
  fit <- quick(seed = 1)
  expect_identical(class(fit$history), "data.frame")
  expect_identical(names(fit$history), c("epoch", "loss"))
  expect_identical(fit$history$epoch, 1:20)
  expect_type(fit$history$loss, "double")
})

test_that("set.seed() makes a fit reproducible, and the seed is kept", {
  skip_without_torch()
  set.seed(7)
  first <- quick()
  set.seed(7)
  again <- quick()
  expect_identical(first$history, again$history)
  expect_identical(quick(seed = first$settings$seed)$history, first$history)
  expect_false(identical(quick()$history, first$history))
})

test_that("a fit leaves R's and torch's random state alone when the seed is given", {
  skip_without_torch()
  set.seed(1)
  before <- .Random.seed
  torch_before <- as.numeric(torch$get_rng_state()$sum())
  quick(seed = 3)
  expect_identical(.Random.seed, before)
  expect_identical(as.numeric(torch$get_rng_state()$sum()), torch_before)
})

test_that("data frame, matrix and tibble give the same fit", {
  skip_without_torch()
  fit <- quick(seed = 1)
  expect_identical(quick(as.matrix(mtcars[-1]), seed = 1)$history, fit$history)
  expect_identical(quick(tibble::as_tibble(mtcars[-1]), seed = 1)$history, fit$history)
  expect_identical(quick(seed = 1, y = mtcars["mpg"])$history, fit$history)
  nameless <- unname(as.matrix(mtcars[-1]))
  bare <- quick(nameless, seed = 1)
  expect_identical(bare$history, fit$history)
  expect_identical(predict(bare, nameless), predict(fit, mtcars))
})

test_that("the user's matrix is not written to", {
  skip_without_torch()
  x <- as.matrix(mtcars[-1])
  copy <- x + 0
  quick(x, seed = 1)
  expect_identical(x, copy)
})

test_that("new data may have more columns, in another order, or be one row", {
  skip_without_torch()
  fit <- quick(seed = 1)
  all <- predict(fit, mtcars)
  expect_identical(predict(fit, rev(cbind(mtcars, more = "text"))), all)
  expect_identical(predict(fit, newdata = mtcars), all)
  expect_identical(predict(fit, as.matrix(mtcars)), all)
  expect_equal(predict(fit, mtcars[3, ]), all[3, ], tolerance = 1e-6)
  expect_identical(nrow(predict(fit, mtcars[c(1, 1, 1), ])), 3L)
})

test_that("several outcomes have a column each", {
  skip_without_torch()
  fit <- quick(mtcars[-(1:2)], mtcars[1:2], seed = 1)
  expect_identical(names(predict(fit, mtcars)), c(".pred_mpg", ".pred_cyl"))
  expect_identical(fit$sizes, c(9L, 32L, 2L))
})

test_that("missing columns are an error that names them all", {
  skip_without_torch()
  fit <- quick(seed = 1)
  expect_refused(predict(fit, mtcars[c("cyl", "disp")]), "`new_data`", "\"hp\"", "\"carb\"")
  expect_refused(predict(fit), "`new_data`", "missing")
  expect_refused(predict(fit, 1:3), "`new_data`", "data frame or a matrix")
  expect_refused(predict(fit, mtcars, type = "class"), "`type`", "\"numeric\"", "\"class\"")
  expect_refused(predict(fit, mtcars, tpye = "numeric"), "`tpye`", "did you mean `type`")
  expect_refused(predict(fit, replace(mtcars, "hp", NA)), "`new_data`", "\"hp\"", "32 of 32")
  expect_refused(predict(fit, replace(mtcars, "hp", "a")), "`new_data`", "text", "\"hp\"")
})

test_that("data that cannot be used are refused by name", {
  skip_without_torch()
  expect_refused(quick(1:3, 1:3), "`x`", "a data frame or a matrix")
  expect_refused(quick(list(1), 1), "`x`", "class list")
  expect_refused(two_layer(mtcars[-1]), "`y`", "missing")
  expect_refused(quick(y = NULL), "`y`", "NULL")
  expect_refused(quick(y = 1:3), "`y`", "32 rows", "3 rows")
  expect_refused(quick(y = letters[1:32]), "`y`", "text")
  expect_refused(quick(y = factor(mtcars$cyl)), "`y`", "a factor")
  expect_refused(quick(iris, iris$Sepal.Length), "`x`", "a factor in column \"Species\"")
  expect_refused(quick(mtcars[0, -1], double()), "`x`", "at least one row")
  expect_refused(quick(mtcars[, 0]), "`x`", "one column")
  expect_refused(quick(data.frame(a = 1:2, a = 3:4, check.names = FALSE), 1:2), "`x`", "\"a\"")
  expect_refused(quick(data.frame(day = Sys.Date() + 1:2), 1:2), "\"day\"", "Date")
  expect_refused(quick(data.frame(z = complex(2)), 1:2), "\"z\"")
  expect_refused(quick(data.frame(n = I(list(1, 2))), 1:2), "\"n\"")
  for (hole in list(NA, NaN, Inf, -Inf)) {
    expect_refused(quick(transform(mtcars, hp = replace(hp, 3, hole))), "\"hp\"", "1 of 32")
    expect_refused(quick(y = replace(mtcars$mpg, 2, hole)), "`y`", "1 of 32")
  }
  expect_refused(quick(data.frame(i = c(1L, NA)), 1:2), "\"i\"", "1 of 2")
  expect_refused(quick(data.frame(l = c(TRUE, NA)), 1:2), "\"l\"", "1 of 2")
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
  expect_refused(quick(epohcs = 3), "`epohcs`", "did you mean `epochs`")
  expect_refused(quick(as.matrix(mtcars[-1]), epohcs = 3), "`epohcs`", "did you mean `epochs`")
})

test_that("constant columns and one row do no harm", {
  skip_without_torch()
  constant <- quick(transform(mtcars[-1], one = 1), seed = 1)
  expect_true(all(is.finite(predict(constant, transform(mtcars, one = 5))$.pred)))
  single <- quick(mtcars[1, -1], mtcars$mpg[1], seed = 1)
  expect_true(is.finite(predict(single, mtcars)$.pred[[32]]))
})

test_that("column names need not be ASCII, nor syntactic", {
  skip_without_torch()
  names <- c("gr\u00f6\u00dfe", "\u91cd\u3055", "a b", names(mtcars)[5:11])
  odd <- stats::setNames(mtcars[-1], names)
  expect_identical(quick(odd, seed = 1)$history, quick(seed = 1)$history)
  expect_refused(predict(quick(odd, seed = 1), mtcars), "gr\u00f6\u00dfe")
})

test_that("a fit is plain R data: it survives saveRDS() into another session", {
  skip_without_torch()
  fit <- quick(seed = 1)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), mtcars), predict(fit, mtcars))
  pointers <- rapply(unclass(fit), function(part) typeof(part) == "externalptr", how = "unlist")
  expect_false(any(pointers))
})

test_that("a model whose bytes are damaged is one clear error", {
  skip_without_torch()
  fit <- quick(seed = 1)
  fit$model <- fit$model[1:100]
  cnd <- expect_error(predict(fit, mtcars), class = "pytwolayer_error")
  expect_match(conditionMessage(cnd), "cannot be read")
  expect_match(cnd$traceback, "Traceback")
})

test_that("no new rows are no predictions", {
  skip_without_torch()
  predictions <- predict(quick(seed = 1), mtcars[0, ])
  expect_identical(nrow(predictions), 0L)
  expect_identical(names(predictions), ".pred")
})

test_that("what scale() and I() leave are plain numbers", {
  skip_without_torch()
  wrapped <- mtcars
  wrapped$wt <- scale(wrapped$wt)
  wrapped$hp <- I(wrapped$hp)
  plain <- transform(mtcars, wt = as.vector(scale(wt)))
  expect_identical(quick(wrapped[-1], seed = 1)$history, quick(plain[-1], seed = 1)$history)
  expect_identical(quick(y = ts(mtcars$mpg), seed = 1)$history, quick(seed = 1)$history)
})

test_that("what cannot be used is refused before the work, in our words", {
  skip_without_torch()
  expect_refused(quick(stats::setNames(mtcars[2:3], c("a", NA))), "`x`", "all have names")
  expect_refused(quick(stats::setNames(mtcars[2:3], c("a", ""))), "`x`", "all have names")
  expect_refused(quick(y = Sys.time() + 1:32), "`y` must be numeric, not an object of class POSIX")
  expect_refused(quick(epochs = mean), "`epochs`", "a single value")
  expect_refused(quick(activation = quote(relu)), "`activation`", "a single value")
  expect_refused(quick(loss = factor("mse")), "`loss`", "a factor")
  expect_refused(quick(epochs = as.difftime(3, units = "secs")), "`epochs`", "difftime")
  expect_refused(two_layer(), "`x`", "missing")
  expect_refused(quick(epochs = 1e30), "`epochs`", "at most")
})

test_that("a fit that diverges says so", {
  skip_without_torch()
  expect_warning(
    fit <- quick(optimizer = "sgd", learning_rate = 1e6, seed = 1),
    "not finite from epoch", class = "pytwolayer_warning"
  )
  expect_false(is.finite(fit$history$loss[[20]]))
})
