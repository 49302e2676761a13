flowers <- transform(iris, wide = Sepal.Width > 3, word = rep(c("v", "u", "w"), 50))
cars <- transform(mtcars, f = factor(gear), g = factor(letters[cyl / 2]), t = as.character(carb))

# The columns that a formula makes.
predictors <- function(formula, data = cars) {
  with_decimal_point(mold_formula(formula, data, NULL))$predictors
}

warned_of <- function(code, ...) {
  told <- character()
  value <- withCallingHandlers(code, pytwolayer_warning_unseen_level = function(cnd) {
    told <<- c(told, conditionMessage(cnd))
    invokeRestart("muffleWarning")
  })
  expect_length(told, ...length())
  for (text in c(...)) {
    expect_true(any(grepl(text, told, fixed = TRUE)), info = text)
  }
  value
}

# The same from both engines, and from what saveRDS() and a model file keep.
same_after <- function(fit, data) {
  expected <- predict(fit, data)
  expect_equal(predict(fit, data, engine = "r"), expected, tolerance = 1e-5)
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), data), expected)
  save_two_layer(fit, file)
  loaded <- load_two_layer(file)
  expect_identical(loaded$how$kind, "formula")
  expect_identical(loaded$how$classes, fit$how$classes)
  expect_identical(predict(loaded, data), expected)
  expect_identical(predict(loaded, data, engine = "r"), predict(fit, data, engine = "r"))
  expected
}

test_that("factors, text and logicals with numbers are the columns of model.matrix()", {
  formulas <- list(
    ~ f:wt, ~ wt:f, ~ t:wt, ~ wt:t:hp, ~ f:poly(wt, 2), ~ poly(wt, 2):f, ~ f:wt:poly(hp, 2),
    ~ factor(cyl):wt, ~ cut(hp, c(0, 100, 400)):wt, ~ ordered(cyl):wt
  )
  for (formula in formulas) {
    found <- predictors(update(formula, mpg ~ .))
    contrasts <- if (identical(formula, ~ ordered(cyl):wt)) list("ordered(cyl)" = "contr.treatment")
    expected <- stats::model.matrix(update(formula, ~ 0 + .), cars, contrasts.arg = contrasts)
    expect_identical(names(found), colnames(expected), info = deparse1(formula))
    expect_equal(as.matrix(found), expected, ignore_attr = TRUE, info = deparse1(formula))
  }
  found <- predictors(mpg ~ f:g:wt + wt:f:g)
  expected <- stats::model.matrix(~ 0 + f:g:wt, cars)
  had <- colSums(expected != 0) > 0
  expect_identical(names(found), colnames(expected)[had])
  expect_equal(as.matrix(found), expected[, had], ignore_attr = TRUE)
  of_logical <- predictors(mpg ~ I(wt > 3):f)
  expect_identical(names(of_logical), paste0("I(wt > 3):f", 3:5))
  expect_equal(of_logical[[2]], as.double(cars$wt > 3 & cars$f == 4))
})

test_that("factors among themselves are one factor of pairs, in the order of interaction()", {
  found <- predictors(mpg ~ f:g)
  expect_identical(names(found), "f:g")
  expected <- interaction(cars$f, cars$g, sep = ":", drop = TRUE)
  expect_identical(as.character(found[[1]]), as.character(expected))
  expect_identical(levels(found[[1]]), levels(expected))
  expect_identical(predictors(mpg ~ f %in% g), found)
  three <- predictors(mpg ~ f:g:t)
  expected <- interaction(cars$f, cars$g, cars$t, sep = ":", drop = TRUE)
  expect_identical(three[["f:g:t"]], expected)
  expect_identical(
    names(predictors(mpg ~ f * g)), c("f", "g", "f:g")
  )
})

test_that("a fit with interactions is that of its columns by hand, and so is all after", {
  skip_without_torch()
  formula <- Sepal.Length ~ Species * Petal.Width + wide:word
  fit <- two_layer(formula, flowers, epochs = 5, seed = 1)
  of_matrix <- as.data.frame(stats::model.matrix(~ 0 + Species:Petal.Width, flowers))
  of_words <- as.data.frame(sapply(c("u", "v", "w"), function(word) {
    as.double(flowers$wide & flowers$word == word)
  }))
  x <- cbind(flowers[c("Species", "Petal.Width")], of_matrix, of_words)
  by_hand <- quick(x, flowers$Sepal.Length)
  made <- paste0("wide:word", c("u", "v", "w"))
  expect_identical(fit$inputs[-(1:3)], c("Petal.Width", names(of_matrix), made))
  expect_identical(fit$history, by_hand$history)
  expected <- same_after(fit, flowers)
  expect_identical(expected, predict(by_hand, x))

  odd <- transform(flowers,
    Species = factor(as.character(Species), levels = rev(levels(Species))), word = factor(word)
  )
  expect_identical(predict(fit, odd), expected)
  expect_identical(predict(fit, transform(flowers, Species = as.character(Species))), expected)
  expect_equal(predict(fit, flowers[77, ]), expected[77, ], tolerance = 1e-5)
  expect_equal(predict(fit, droplevels(flowers[60:70, ])), expected[60:70, ], tolerance = 1e-5)
  expect_identical(nrow(predict(fit, flowers[0, ])), 0L)
  expect_identical(augment(fit, flowers)$.pred, expected$.pred)
  expect_identical(
    names(model.frame(fit)), c("Sepal.Length", "Species", "Petal.Width", "wide", "word")
  )
  expect_identical(attr(terms(fit), "term.labels"), labels(fit))
  expect_identical(labels(fit)[3:4], c("Species:Petal.Width", "wide:word"))
  expect_identical(dim(model.matrix(fit)), c(150L, length(fit$inputs)))
  longer <- continue_training(fit, epochs = 2)
  expect_equal(longer$history[1:5, ], fit$history, ignore_attr = TRUE)
  file <- withr::local_tempfile()
  save_two_layer(fit, file)
  again <- continue_training(load_two_layer(file), epochs = 2, data = flowers)
  expect_identical(again$history, longer$history)
  expect_identical(update(fit, . ~ . - wide:word)$inputs, fit$inputs[1:7])
})

test_that("pairs predict the same after saving, in any order of levels, row by row", {
  skip_without_torch()
  formulas <- list(mpg ~ f:g, mpg ~ f * g * wt, mpg ~ f:g:wt + hp, mpg ~ hp:f:wt:g, mpg ~ t:g)
  for (formula in formulas) {
    fit <- quick_formula(formula, cars)
    expected <- same_after(fit, cars)
    odd <- transform(cars, f = as.character(f), g = factor(g, levels = c("d", "c", "b")))
    expect_identical(predict(fit, odd), expected)
    expect_equal(predict(fit, cars[5, ]), expected[5, ], tolerance = 1e-5)
  }
})

test_that("levels and pairs that training did not see are missing, with one warning for each", {
  skip_without_torch()
  new <- transform(cars[1:4, ], f = c("3", "9", "4", NA), g = c("b", "c", "zz", "b"))
  pair <- transform(cars[1:2, ], f = c("4", "5"), g = "d")
  for (engine in c("python", "r")) {
    for (formula in list(mpg ~ f:g, mpg ~ f * g * wt, mpg ~ f:g:wt + f:g:hp)) {
      fit <- quick_formula(formula, cars)
      found <- warned_of(predict(fit, new, engine = engine), "\"f\": \"9\"", "\"g\": \"zz\"")
      expect_identical(is.na(found$.pred), c(FALSE, TRUE, TRUE, TRUE))
      found <- warned_of(predict(fit, pair, engine = engine), "\"f:g\": \"4:d\"")
      expect_identical(is.na(found$.pred), c(TRUE, FALSE))
    }
    fit <- quick_formula(mpg ~ f:wt + wt:t, cars)
    found <- warned_of(predict(fit, new, engine = engine), "\"f\": \"9\"")
    expect_identical(is.na(found$.pred), c(FALSE, TRUE, FALSE, TRUE))
    expect_identical(is.na(predict(fit, transform(cars[1:2, ], f = NA))$.pred), c(TRUE, TRUE))
  }
})

test_that("a level that no complete training row has is one that training did not see", {
  skip_without_torch()
  holes <- transform(cars, wt = replace(wt, f == 5, NA))
  expect_message(fit <- quick_formula(mpg ~ f:hp + wt, holes), "5 of 32")
  expect_identical(fit$inputs, c("wt", "f3:hp", "f4:hp"))
  expect_identical(fit$history, quick_formula(mpg ~ f:hp + wt, cars[cars$f != 5, ])$history)
  found <- warned_of(predict(fit, cars), "\"f\": \"5\"")
  expect_identical(is.na(found$.pred), cars$f == 5)
  unused <- quick_formula(mpg ~ f:hp, transform(cars, f = factor(f, levels = 1:9)))
  expect_identical(unused$inputs, c("f3:hp", "f4:hp", "f5:hp"))
})

test_that("rows where a part is missing are left out, and predicted as missing", {
  skip_without_torch()
  holes <- cars
  holes$f[3] <- NA
  holes$wt[5] <- NA
  expect_message(fit <- quick_formula(mpg ~ f:wt + f:g + g, holes), "2 of 32")
  expect_identical(
    fit$history, quick_formula(mpg ~ f:wt + f:g + g, cars[-c(3, 5), ])$history
  )
  expect_identical(which(is.na(predict(fit, holes)$.pred)), c(3L, 5L))
  for (formula in list(mpg ~ f:wt + hp, mpg ~ f:g + hp, mpg ~ f:g:wt + hp)) {
    expect_refused(
      quick_formula(formula, transform(cars, f = factor(NA))), "`data`", "at least one row"
    )
  }
  expect_refused(
    predict(fit, transform(cars, wt = Inf)), "`new_data`", "infinite", "\"f3:wt\""
  )
})

test_that("interactions of another kind than in training are refused", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ f:wt, cars)
  for (engine in c("python", "r")) {
    expect_refused(
      predict(fit, transform(cars, f = gear), engine = engine), "`new_data`", "factors or text",
      "numbers in column \"f\""
    )
    expect_refused(
      predict(fit, transform(cars, wt = "a"), engine = engine), "`new_data`",
      "text in column \"wt\""
    )
  }
  days <- transform(cars, day = as.Date("2024-01-01") + 1:32)
  expect_refused(quick_formula(mpg ~ day:f, days), "`data`", "dates in column \"day\"")
  expect_refused(quick_formula(mpg ~ cbind(t, t):wt, cars), "`formula`", "a matrix of text")
  alike <- transform(cars, a = rep(c("a", "a:b"), 16), b = rep(c("b:c", "c"), each = 16))
  expect_refused(quick_formula(mpg ~ a:b, alike), "`formula`", "\"a:b:c\" twice in `a:b`")
})

test_that("subset, validation, weights and ensembles go with interactions", {
  skip_without_torch()
  formula <- mpg ~ f * wt + f:g
  expect_identical(
    quick_formula(formula, cars, subset = hp > 90)$history,
    quick_formula(formula, cars[cars$hp > 90, ])$history
  )
  held_out <- quick_formula(formula, cars, validation = 1:4)
  own <- quick_formula(formula, cars[-(1:4), ], validation = cars[1:4, ])
  expect_identical(own$history, held_out$history)
  shared <- quick_formula(mpg ~ f * wt, cars, validation = 0.2, case_weights = hp)
  expect_true("valid_loss" %in% names(shared$history))
  several <- quick_formula(formula, cars, n_models = 2)
  expect_identical(several$models[[1]]$how$classes, held_out$how$classes)
  expected <- predict(several, cars)
  expect_equal(predict(several, cars, engine = "r"), expected, tolerance = 1e-5)
  file <- withr::local_tempfile()
  save_two_layer(several, file)
  expect_identical(predict(load_two_layer(file), cars), expected)
  unseen <- transform(cars[1:2, ], f = c("9", "4"))
  found <- warned_of(predict(several, unseen), "\"f\": \"9\"")
  expect_identical(is.na(found$.pred), c(TRUE, FALSE))
})

test_that("formulas of many columns have them too", {
  skip_without_torch()
  more <- as.data.frame(matrix((seq_len(32 * 600) * 7919) %% 1009, 32))
  many <- cbind(cars[c("mpg", "f", "g", "wt")], more)
  few <- quick_formula(mpg ~ f:g + f:wt + f:g:wt, cars)
  fit <- quick_formula(mpg ~ . + f:g + f:wt + f:g:wt, many, epochs = 1)
  expect_identical(grep(":", fit$inputs, value = TRUE, fixed = TRUE), few$inputs)
  expected <- same_after(fit, many)
  odd <- transform(many, f = as.character(f), g = factor(g, levels = c("d", "b", "c")))
  expect_identical(predict(fit, odd), expected)
  found <- warned_of(predict(fit, transform(many[1:2, ], f = c("9", "4"))), "\"f\": \"9\"")
  expect_identical(is.na(found$.pred), c(TRUE, FALSE))
})

test_that("names and levels beyond ASCII, with colons, and of addNA() are fine", {
  skip_without_torch()
  odd <- transform(cars, z = c("\u00e4:1", "\u00f6", "x y", "")[1 + gear %% 4])
  odd <- transform(odd, n = addNA(factor(replace(gear, 1:3, NA))))
  names(odd)[names(odd) == "t"] <- "a b"
  fit <- quick_formula(mpg ~ z:wt + f:z + `a b`:hp + n:wt, odd)
  expect_true(all(c("z\u00e4:1:wt", "z:f_\u00e4:1:4", "a b1:hp", "wt:nNA") %in% fit$inputs))
  expect_false(anyNA(same_after(fit, odd)$.pred))
})

test_that("junk in what a model file keeps of levels is refused", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ f:g:wt, cars)
  for (change in list(
    c('"levels": {"f": [', '"levels": {"hp": ['), c('"f": ["3", ', '"f": ["4", '),
    c('"f": ["3", "4", "5"]', '"f": []'), c('"f": ["3", "4", "5"]', '"f": ["3", "4"]'),
    c('"f": ["3", "4", "5"]', '"f": "3"'), c('"f": ["3", "4", "5"], ', ""),
    c('"f:g:wt": ["1:1"', '"f:g:hp": ["1:1"'), c('["1:1", ', '["1:0", '), c('["1:1", ', '["2:1", '),
    c('["1:1", ', '["1", '), c('["1:1", ', '["1:1:1", '), c('["1:1", ', '["1:99999999999", '),
    c('["1:1", ', "[1, "), c('"levels": {', '"others": {')
  )) {
    bytes <- rewritten(fit$model, replaced_text(change[[1]], change[[2]]))
    expect_refused(read_back(bytes), "cannot be read", kind = "file")
  }
})
