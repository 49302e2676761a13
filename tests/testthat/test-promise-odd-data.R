test_that("rows with missing values are left out, with a message that counts them", {
  skip_without_torch()
  holes <- mtcars
  holes$hp[3] <- NA
  holes$mpg[c(3, 5)] <- NA
  expect_message(
    fit <- quick_formula(mpg ~ ., holes), "2 of 32 rows left out",
    class = "pytwolayer_message"
  )
  expect_identical(nobs(fit), 30L)
  expect_identical(fit$history, quick(mtcars[-c(3, 5), -1], mtcars$mpg[-c(3, 5)])$history)
  expect_s3_class(fit$na.action, "omit")
  expect_identical(unname(unclass(fit$na.action)), c(3L, 5L))
  expect_identical(names(fitted(fit)), rownames(mtcars)[-c(3, 5)])
  expect_refused(quick_formula(mpg ~ ., holes, na_action = "fail"), "`data`", "2 of 32 rows")
  expect_refused(quick(holes[-1], na_action = "fail"), "`x`", "1 of 32 rows")
  expect_refused(quick(na_action = "exclude"), "`na_action`", "\"omit\"")
  expect_refused(quick(replace(mtcars[-1], "hp", NA)), "`x`", "complete in at least one row")
})

test_that("new rows with missing values have missing predictions, in their place", {
  skip_without_torch()
  fit <- quick()
  for (hole in list(NA_real_, NA_integer_, NA, NaN)) {
    predicted <- predict(fit, transform(mtcars, hp = replace(hp, 3, hole)))$.pred
    expect_identical(which(is.na(predicted)), 3L)
    expect_false(any(is.nan(predicted)))
    expect_identical(predicted[-3], predict(fit, mtcars[-3, ])$.pred)
  }
  expect_true(all(is.na(predict(fit, replace(mtcars, "hp", NA))$.pred)))
  flowers <- quick_formula(Species ~ ., iris)
  holes <- transform(iris, Sepal.Width = replace(Sepal.Width, 2, NA))
  expect_identical(which(is.na(predict(flowers, holes)$.pred_class)), 2L)
  expect_true(all(is.na(predict(flowers, holes, type = "prob")[2, ])))
})

test_that("integers, logicals and levels may be missing", {
  skip_without_torch()
  odd <- data.frame(
    i = c(1L, NA, 3L, 4L, 2L), l = c(TRUE, FALSE, NA, FALSE, TRUE),
    f = factor(c("u", "v", "u", NA, "v")), t = c("x", "y", "x", "y", "x")
  )
  expect_message(fit <- quick(odd, 1:5), "3 of 5 rows")
  expect_identical(nobs(fit), 2L)
  predicted <- suppressWarnings(predict(fit, odd)) # rows left out have levels of their own
  expect_identical(is.na(predicted$.pred), c(FALSE, TRUE, TRUE, TRUE, FALSE))
  nothing <- data.frame(i = NA, l = NA, f = NA, t = NA)
  expect_identical(predict(fit, nothing)$.pred, NA_real_)
})

test_that("a level that training did not see is NA with a warning that names it", {
  skip_without_torch()
  odd <- data.frame(f = factor(c("u", "v", "u", "v"), levels = c("u", "v", "w")), t = letters[1:4])
  fit <- quick(odd, 1:4)
  new <- data.frame(f = c("u", "w", "u"), t = c("a", "a", "z\u00fc"))
  warned <- character()
  predicted <- withCallingHandlers(
    predict(fit, new),
    pytwolayer_warning_unseen_level = function(cnd) {
      warned <<- c(warned, conditionMessage(cnd))
      rlang::cnd_muffle(cnd)
    }
  )
  expect_identical(is.na(predicted$.pred), c(FALSE, TRUE, TRUE))
  expect_match(warned[[1]], "column \"f\": \"w\"", fixed = TRUE)
  expect_match(warned[[2]], "\"z\u00fc\"", fixed = TRUE)
  expect_refused(predict(fit, transform(new, f = 1)), "`new_data`", "numbers in column \"f\"")
  swapped <- data.frame(f = c("u", "v"), t = factor(c("b", "a")))
  expect_identical(predict(fit, swapped), predict(fit, transform(swapped, t = as.character(t))))
})

test_that("infinite numbers are errors that name the column", {
  skip_without_torch()
  expect_refused(quick(transform(mtcars[-1], hp = Inf)), "`x`", "\"hp\"", "32 of 32")
  expect_refused(quick(y = replace(mtcars$mpg, 2, -Inf)), "`y`", "1 of 32")
  infinite <- transform(mtcars, mpg = replace(mpg, 2, Inf))
  expect_refused(quick_formula(mpg ~ ., infinite), "`data`", "\"mpg\"", "1 of 32")
  expect_refused(quick(infinite, NULL, outcome = "mpg"), "`x`", "\"mpg\"", "1 of 32")
})

test_that("constant columns, constant outcomes and one row do no harm", {
  skip_without_torch()
  constant <- quick(transform(mtcars[-1], one = 1))
  expect_identical(
    predict(constant, transform(mtcars, one = 5)), predict(constant, transform(mtcars, one = 1))
  )
  single <- quick(mtcars[1, -1], mtcars$mpg[1])
  expect_true(is.finite(predict(single, mtcars)$.pred[[32]]))
  flat <- quick(y = rep(3, 32), epochs = 200)
  expect_equal(predict(flat, mtcars)$.pred, rep(3, 32), tolerance = 0.1)
})

test_that("names and levels need not be ASCII, nor syntactic", {
  skip_without_torch()
  names <- c("gr\u00f6\u00dfe", "\u91cd\u3055", "a b", names(mtcars)[5:11])
  odd <- stats::setNames(mtcars[-1], names)
  fit <- quick(odd)
  expect_identical(fit$history, quick()$history)
  expect_identical(fit$inputs, names)
  expect_refused(predict(fit, mtcars), "gr\u00f6\u00dfe", "\u91cd\u3055")
  text <- c("\u00e4", "\u00f6", "\u00e4", "\u00fc")
  fit <- quick(data.frame(t = text), 1:4)
  expect_identical(fit$inputs, paste0("t_", c("\u00e4", "\u00f6", "\u00fc")))
  latin <- data.frame(t = iconv(text, "UTF-8", "latin1"))
  expect_identical(quick(latin, 1:4)$history, fit$history)
  expect_identical(predict(fit, latin), predict(fit, data.frame(t = text)))
  classes <- quick(data.frame(a = 1:4), text)
  expect_identical(classes$levels, c("\u00e4", "\u00f6", "\u00fc"))
  mislabelled <- text
  mislabelled[2] <- "\xff"
  Encoding(mislabelled) <- "UTF-8"
  expect_refused(quick(data.frame(t = mislabelled), 1:4), "`x`", "encoding")
})

test_that("data that cannot be used are refused by name", {
  skip_without_torch()
  expect_refused(quick(1:3, 1:3), "`x`", "a data frame, a matrix")
  expect_refused(quick(list(1), 1), "`x`", "class list")
  expect_refused(two_layer(), "`x`", "missing")
  expect_refused(two_layer(mtcars[-1]), "`y`", "missing")
  expect_refused(quick(y = NULL), "`y`", "missing")
  expect_refused(quick(y = 1:3), "`y`", "32 rows", "3 rows")
  expect_refused(quick(y = list(1)), "`y`", "class list")
  expect_refused(quick(y = rep("a", 32)), "`y`", "two classes", "\"a\"")
  expect_refused(quick(mtcars[0, -1], double()), "`x`", "at least one row")
  expect_refused(quick(data.frame(f = factor(character())), double()), "`x`", "at least one row")
  expect_refused(quick(mtcars[, 0]), "`x`", "one column")
  expect_refused(quick(data.frame(a = 1:2, a = 3:4, check.names = FALSE), 1:2), "`x`", "\"a\"")
  expect_refused(quick(stats::setNames(mtcars[2:3], c("a", NA))), "`x`", "all have names")
  expect_refused(quick(stats::setNames(mtcars[2:3], c("a", ""))), "`x`", "all have names")
})

test_that("columns that are neither numbers nor levels are refused", {
  skip_without_torch()
  plain <- "numbers, logicals, factors or text"
  expect_refused(quick(data.frame(day = Sys.Date() + 1:2), 1:2), plain, "dates in column \"day\"")
  expect_refused(quick(data.frame(z = complex(2)), 1:2), plain, "\"z\"")
  expect_refused(quick(data.frame(n = I(list(1, 2))), 1:2), plain, "a list in column \"n\"")
  spans <- as.difftime(1:2, units = "mins")
  expect_refused(quick(data.frame(x = 1:2), spans), plain, "time spans")
  expect_refused(quick(y = Sys.time() + 1:32), paste("`y` must be", plain), "dates")
  expect_refused(quick_formula(mpg ~ ., transform(mtcars, cyl = Sys.Date())), "`data`", "\"cyl\"")
})

test_that("what scale() and I() leave are plain numbers", {
  skip_without_torch()
  wrapped <- mtcars
  wrapped$wt <- scale(wrapped$wt)
  wrapped$hp <- I(wrapped$hp)
  plain <- transform(mtcars, wt = as.vector(scale(wt)))
  expect_identical(quick(wrapped[-1])$history, quick(plain[-1])$history)
  expect_identical(quick(y = ts(mtcars$mpg))$history, quick()$history)
})

test_that("text that looks like numbers or dates is a warning of its own class", {
  skip_without_torch()
  day <- format(as.Date("2024-01-03") + 0:29)
  data <- data.frame(a = c("?", 1:29), day = day, y = 1:30, stringsAsFactors = FALSE)
  expect_told <- function(call, ...) {
    cnd <- expect_warning(call, class = "pytwolayer_warning_suspect_column")
    expect_match(conditionMessage(cnd), ..., fixed = TRUE)
  }
  numbers <- "column \"a\" (30 levels: numbers, but for \"?\" in 1 row)"
  both <- paste0(numbers, ", column \"day\" (30 levels: dates). Turn numbers")
  expect_told(quick(data[1:2], data$y), both)
  expect_told(two_layer(y ~ ., data, epochs = 1, verbose = FALSE), both)
  expect_told(quick(data["y"], data$a), "the outcome (30 classes: numbers, but for \"?\" in 1 row)")
  factors <- data.frame(a = factor(data$a), y = 1:30)
  expect_told(quick(factors["a"], data$y), numbers)
  expect_no_warning(quick(data.frame(a = factor(1:15), b = c("4", "6", "8")), c(1:15, 1:15)[1:15]))
})

test_that("a recipe's text is told of as well", {
  skip_without_torch()
  skip_if_not_installed("recipes")
  data <- data.frame(a = c("?", 1:29), y = 1:30, stringsAsFactors = FALSE)
  expect_warning(
    two_layer(recipes::recipe(y ~ ., data), data, epochs = 1, verbose = FALSE),
    "column \"a\" .30 levels: numbers, but for",
    class = "pytwolayer_warning_suspect_column"
  )
})
