test_that("a formula's terms are columns, in its order", {
  skip_without_torch()
  fit <- quick_formula(log(mpg) ~ wt + log(hp) + cyl, mtcars)
  expect_identical(fit$inputs, c("wt", "log(hp)", "cyl"))
  x <- data.frame(wt = mtcars$wt, hp = log(mtcars$hp), cyl = mtcars$cyl)
  by_hand <- quick(x, log(mtcars$mpg))
  expect_identical(fit$history, by_hand$history)
  expect_identical(predict(fit, mtcars), predict(by_hand, x))
})

test_that("several outcomes are bound by cbind()", {
  skip_without_torch()
  fit <- quick_formula(cbind(mpg, power = log(hp)) ~ ., mtcars)
  expect_identical(names(predict(fit, mtcars)), c(".pred_mpg", ".pred_power"))
  expect_identical(fit$inputs, setdiff(names(mtcars), c("mpg", "hp")))
  y <- data.frame(mpg = mtcars$mpg, hp = log(mtcars$hp))
  expect_identical(fit$history, quick(mtcars[fit$inputs], y)$history)
  expect_identical(quick_formula(cbind(log(mpg), cyl) ~ wt, mtcars)$outputs, c("log(mpg)", "cyl"))
  expect_refused(quick_formula(cbind(Species, Sepal.Width) ~ ., iris), "`data`", "\"Species\"")
})

test_that("interactions of numbers are products", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ wt * hp + vs:am, mtcars)
  expect_identical(fit$inputs, c("wt", "hp", "wt:hp", "vs:am"))
  x <- with(mtcars, data.frame(wt, hp, a = wt * hp, b = vs * am))
  expect_identical(fit$history, quick(x)$history)
  expect_identical(predict(fit, mtcars), predict(quick(x), x))
  polynomial <- quick_formula(mpg ~ poly(wt, 2):hp, mtcars)
  expect_identical(polynomial$inputs, c("poly(wt, 2)1:hp", "poly(wt, 2)2:hp"))
})

test_that("functions that depend on the data predict as they were fitted", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ poly(wt, 2) + scale(hp), mtcars)
  expect_identical(fit$inputs, c("poly(wt, 2)1", "poly(wt, 2)2", "scale(hp)"))
  all <- predict(fit, mtcars)
  expect_equal(predict(fit, mtcars[5, ]), all[5, ], tolerance = 1e-5)
  holes <- transform(mtcars, wt = replace(wt, 2, NA))
  expect_identical(which(is.na(predict(fit, holes)$.pred)), 2L)
  expect_identical(predict(fit, mtcars[0, ]), all[0, ])
  expect_message(omitted <- quick_formula(mpg ~ poly(wt, 2), holes), "1 of 32")
  expect_identical(omitted$history, quick_formula(mpg ~ poly(wt, 2), holes[-2, ])$history)
  infinite <- transform(mtcars, wt = replace(wt, 2, Inf))
  expect_refused(quick_formula(mpg ~ poly(wt, 2), infinite), "`data`", "infinite", "\"wt\"")
})

test_that("names in backticks and matrix columns are fine", {
  skip_without_torch()
  odd <- stats::setNames(mtcars[1:3], c("mpg", "a b", "+"))
  fit <- quick_formula(mpg ~ `a b` + `+`, odd)
  expect_identical(fit$inputs, c("a b", "+"))
  expect_identical(fit$history, quick(odd[-1], odd$mpg)$history)
  expect_identical(predict(fit, odd), predict(quick(odd[-1], odd$mpg), odd))
  wide <- mtcars["mpg"]
  wide$m <- as.matrix(mtcars[c("cyl", "hp")])
  fit <- quick_formula(mpg ~ m, wide)
  expect_identical(fit$inputs, c("mcyl", "mhp"))
  expect_identical(nrow(predict(fit, wide[1:2, ])), 2L)
})

test_that("factors, text and logicals go in as they are", {
  skip_without_torch()
  odd <- data.frame(
    y = 1:6, f = factor(rep(c("u", "v"), 3)), t = rep(c("b", "a", "c"), 2),
    l = rep(c(TRUE, FALSE, TRUE), 2), o = factor(1:6 > 2, ordered = TRUE)
  )
  fit <- quick_formula(y ~ ., odd)
  expect_identical(fit$inputs, c("f_u", "f_v", "t_a", "t_b", "t_c", "l", "o_FALSE", "o_TRUE"))
  expect_identical(nrow(predict(fit, odd[2, ])), 1L)
  expect_identical(fit$history, quick(odd[-1], odd$y)$history)
})

test_that("variables taken away again are not needed", {
  skip_without_torch()
  fit <- quick_formula(mpg ~ . - cyl - hp, mtcars)
  expect_identical(fit$inputs, setdiff(names(mtcars), c("mpg", "cyl", "hp")))
  expect_identical(nrow(predict(fit, mtcars[fit$inputs])), 32L)
  expect_refused(predict(fit, mtcars[1:3]), "`new_data`", "\"drat\", \"wt\"")
})

test_that("functions and constants of the user's go along with the fit", {
  skip_without_torch()
  fit <- local({
    power <- 2
    raised <- function(x) x^power
    quick_formula(mpg ~ raised(wt) + I(hp^power), mtcars)
  })
  expect_identical(fit$history, quick(with(mtcars, data.frame(a = wt^2, b = hp^2)))$history)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), mtcars), predict(fit, mtcars))
})

test_that("formulas that cannot be are refused in our words", {
  skip_without_torch()
  outside <- 1:32
  expect_refused(quick_formula(mpg ~ nope + outside, mtcars), "`data`", "\"nope\", \"outside\"")
  expect_refused(quick_formula(~cyl, mtcars), "`formula`", "an outcome", "~cyl")
  expect_refused(quick_formula(mpg ~ 1, mtcars), "`data`", "one column")
  expect_refused(quick_formula(mpg ~ foo(cyl), mtcars), "cannot be evaluated", "foo")
  expect_refused(quick_formula(mpg ~ sum(cyl), mtcars), "`formula`", "1 for 32 rows")
  expect_refused(quick_formula(sum(mpg) ~ cyl, mtcars), "`formula`", "1 for 32 rows")
  expect_refused(quick_formula(mpg ~ log(cyl - 4), mtcars), "infinite", "\"log(cyl - 4)\"")
  expect_refused(two_layer(mpg ~ cyl), "`data`", "missing")
  expect_refused(quick_formula(mpg ~ cyl, 3), "`data`", "not 3")
  twins <- cbind(mtcars, cyl = 1)
  expect_refused(quick_formula(mpg ~ cyl, twins), "`data`", "several columns \"cyl\"")
  expect_refused(
    quick_formula(Species ~ ., iris[1:50, ]), "`data`", "\"setosa\" in column \"Species\""
  )
  fit <- quick_formula(mpg ~ poly(wt, 2), mtcars)
  expect_refused(predict(fit, data.frame(wt = "a")), "cannot be evaluated")
})

test_that("functions that a formula's functions call, and constants, go along", {
  skip_without_torch()
  eval(quote(twice_of_mine <- function(x) 2 * x), globalenv())
  eval(quote(twice_squared <- function(x) twice_of_mine(x)^2), globalenv())
  on.exit(rm("twice_of_mine", "twice_squared", envir = globalenv()))
  breaks <- c(0, 2, 3, 9)
  fit <- two_layer(mpg ~ twice_squared(hp) + cut(wt, breaks), mtcars, epochs = 3, seed = 1)
  expected <- predict(fit, mtcars)
  rm("twice_of_mine", "twice_squared", envir = globalenv())
  on.exit()
  rm(breaks)
  expect_identical(predict(unserialize(serialize(fit, NULL)), mtcars), expected)
})

test_that("a constant that a function of the user's uses goes along, what it makes does not", {
  skip_without_torch()
  eval(quote(part_of_mine <- 3), globalenv())
  eval(quote(large_thing <- numeric(1e5)), globalenv())
  eval(quote(shifted <- function(x) {
    large_thing <- x + part_of_mine
    for (i in 1:2) large_thing <- large_thing + i
    large_thing
  }), globalenv())
  on.exit(rm("part_of_mine", "large_thing", "shifted", envir = globalenv()))
  fit <- two_layer(mpg ~ shifted(wt), mtcars, epochs = 3, seed = 1)
  expected <- predict(fit, mtcars)
  rm("part_of_mine", "large_thing", "shifted", envir = globalenv())
  on.exit()
  bytes <- serialize(fit, NULL)
  expect_lt(length(bytes), 4e5) # of which the large one would take twice as many
  again <- unserialize(bytes)
  expect_identical(predict(again, mtcars), expected)
  expect_identical(update(again, hidden_units = 64)$history, fit$history)
})

test_that("a formula by its name is in the call as itself, without where it was written", {
  skip_without_torch()
  fit <- local({
    large <- numeric(1e6)
    written <- mpg ~ .
    quick_formula(written, mtcars)
  })
  expect_identical(fit$call$formula, quote(mpg ~ .))
  expect_lt(length(serialize(fit, NULL)), 1e5)
})

test_that("a comparison in brackets is a term of its own", {
  skip_without_torch()
  columns <- function(formula) quick_formula(formula, mtcars)$inputs
  expect_identical(columns(mpg ~ wt + (gear > 3)), c("wt", "gear > 3"))
  expect_identical(columns(mpg ~ wt + (gear > 3):wt), c("wt", "wt:gear > 3"))
  expect_identical(columns(mpg ~ (hp / wt > 20) + . - disp)[1:2], c("hp/wt > 20", "cyl"))
  expect_identical(columns(mpg ~ wt - 1), "wt")
  data <- transform(mtcars, many = gear > 3)
  expect_identical(
    quick_formula(mpg ~ wt + (gear > 3), mtcars)$history,
    quick_formula(mpg ~ wt + many, data)$history
  )
})

test_that("interaction() makes one factor of two", {
  skip_without_torch()
  data <- transform(mtcars, f = factor(gear), g = factor(am))
  fit <- quick_formula(mpg ~ interaction(f, g) + wt, data)
  expect_equal(predict(fit, data[3:5, ])$.pred, unname(fitted(fit))[3:5], tolerance = 1e-5)
  by_r <- predict(fit, data[3:5, ], engine = "r")
  expect_equal(by_r, predict(fit, data[3:5, ]), tolerance = 1e-5)
})

test_that("a constant may have the name of a function that is not R's own", {
  env <- new.env(parent = globalenv())
  env$beta <- function(a, b) stop("not this one")
  inner <- new.env(parent = env)
  inner$beta <- 2
  formula <- mpg ~ I(wt * beta)
  environment(formula) <- inner
  twice <- quick_formula(mpg ~ I(wt * 2), mtcars)
  expect_identical(fitted(quick_formula(formula, mtcars)), fitted(twice))
})

test_that("a formula without data is refused by name", {
  expect_refused(two_layer(mpg ~ wt), "`data`", "missing")
})
