test_that("a value is described by what it is, in one line", {
  shown <- lapply(list(NULL, factor("a"), sum, 1:3, 0.5, "a", mtcars, list(1)), describe_value)
  expect_identical(unlist(shown), c(
    "NULL", "a factor", "a function", "an integer vector of length 3", "0.5", "\"a\"",
    "an object of class data.frame", "an object of class list"
  ))
})

test_that("of many names the first are given, and how many more there are", {
  expect_identical(quote_some_names(letters[1:3]), '"a", "b", "c"')
  shown <- '"z1", "z2", "z3", "z4", "z5" and 1,995 more'
  expect_identical(quote_some_names(paste0("z", 1:2000)), shown)
})

test_that("a misspelt argument is refused with the likeliest name", {
  known <- c("hidden_units", "epochs", "patience")
  hint <- function(name) conditionMessage(expect_error(refuse_unknown(name, known, known, NULL)))
  expect_match(hint("epoch"), "did you mean `epochs`", fixed = TRUE)
  expect_match(hint("patinece"), "did you mean `patience`", fixed = TRUE)
  expect_match(hint("neurons"), "did you mean `hidden_units`", fixed = TRUE)
  expect_no_match(hint("zzzzzz"), "did you mean")
  expect_match(hint(c("epochs", "epochs")), "`epochs` is given twice", fixed = TRUE)
  expect_match(hint(""), "without a name", fixed = TRUE)
})

test_that("names that other packages use get a hint, unevaluated", {
  skip_without_torch()
  hints <- c(
    weights = "case_weights", size = "hidden_units", penalty = "weight_decay",
    lr = "learning_rate", maxit = "epochs", trace = "verbose", random_state = "seed"
  )
  for (name in names(hints)) {
    told <- sprintf("`%s` is not an argument (did you mean `%s`?)", name, hints[[name]])
    given <- stats::setNames(list(quote(nowhere)), name)
    expect_refused(do.call(two_layer, c(list(mpg ~ cyl, quote(mtcars)), given)), told)
    expect_refused(do.call(two_layer, c(list(quote(mtcars[-1]), quote(mtcars$mpg)), given)), told)
  }
  arguments <- c(names(formals(two_layer.data.frame)), "new_data")
  expect_identical(setdiff(names(argument_aliases), arguments), character())
})

test_that("no message is huge, whatever was given", {
  skip_without_torch()
  huge <- strrep("h", 10000)
  wide <- as.data.frame(matrix(as.double(1:40), 40, 300))
  wide$y <- sin(1:40)
  expect_brief <- function(call, ...) {
    expect_lt(nchar(conditionMessage(expect_refused(call, ...))), 500)
  }
  fit <- quick(wide[1:2], wide$y)
  expect_brief(predict(fit, wide, type = huge), "`type`", "hhh...")
  expect_brief(do.call(predict, c(list(fit, wide), stats::setNames(1, huge))), "hhh...")
  every <- paste0("z", 1:300)
  expect_brief(quick_formula(stats::reformulate(every, "y"), wide), "\"z5\" and 295 more")
  odd <- stats::setNames(wide, c("a", every))
  odd$z1[[3]] <- Inf
  expect_brief(quick_formula(z300 ~ ., odd), "infinite in column \"z1\" (1 of 40 values)")
  whole <- two_layer(y ~ ., wide, epochs = 1, seed = 1, verbose = FALSE)
  for (engine in c("python", "r")) {
    expect_brief(predict(whole, wide["y"], engine = engine), "\"V5\" and 295 more")
  }
})
