# A table of many columns and few rows.
wide <- function(columns, rows = 12) {
  values <- (seq_len(columns * rows) * 7919) %% 1009 / 1009
  table <- as.data.frame(matrix(values, rows))
  names(table) <- paste0("x", seq_len(columns))
  cbind(y = sin(seq_len(rows)) + 2, table)
}

test_that("a formula of many columns is taken apart as R's own terms() does", {
  table <- wide(6)
  names(table)[7] <- "a b"
  formulas <- list(
    y ~ ., y ~ . - x1, y ~ . - x1 - x2 + x1, y ~ x1 + (x2 + x3), y ~ x1 * x2, y ~ x2:x1 + x1,
    y ~ (x1 + x2 + x3)^2, y ~ (x1 + x2)^3 - x1:x2, y ~ x1 / x2, y ~ (x1 + x2) / x3, y ~ x1 %in% x2,
    y ~ . + I(x1^2), log(y) ~ ., cbind(y, x3) ~ ., y ~ . - 1, y ~ 0 + x1, y ~ x1 + 0 + 1, y ~ 1,
    y ~ x1 + (x2 - x1), y ~ x1 + x2 - (x1 + x3), y ~ -1 + x1, y ~ log(x1):x2 + (x3 > 1), y ~ y + x1,
    y ~ .^2, y ~ (.)^2 - x1:x2, y ~ poly(x1, 2) * x2, y ~ x3 + (x1 + (x2 + (x4))), y ~ . + x1:x2,
    y ~ `a b` + x1:`a b`, y ~ x1 + x1 + I(x1) + I(x1), y ~ ((x1)), y ~ x1 * x2 * x3 - x1:x2:x3,
    y ~ x1 + (x3 < 2):x2
  )
  for (formula in formulas) {
    told <- deparse1(formula)
    full <- stats::terms(formula, data = table)
    expected <- stats::delete.response(stats::terms(formula_from_terms(formula, full)))
    found <- stats::delete.response(wide_terms(formula, names(table)))
    expected_sets <- term_variables(expected)
    kept <- lengths(expected_sets) > 0 # that of the outcome itself loses its variable
    labels <- attr(expected, "term.labels")[kept]
    expect_identical(attr(found, "term.labels"), labels, info = told)
    expect_identical(term_variables(found), expected_sets[kept], info = told)
    expect_identical(attr(found, "intercept"), attr(expected, "intercept"), info = told)
    variables <- as.character(attr(found, "variables"))
    expect_identical(variables, as.character(attr(expected, "variables")), info = told)
    again <- stats::terms(stats::formula(found))
    expect_identical(attr(again, "term.labels"), labels, info = told)
  }
})

test_that("over a thousand columns work as a few do, whatever the formula, and so does all after", {
  skip_without_torch()
  table <- wide(1200)
  names <- names(table)[-1]
  fit <- two_layer(y ~ ., table, epochs = 2, seed = 1)
  by_table <- quick(table[-1], table$y, epochs = 2)
  expect_identical(fit$history, by_table$history)
  expected <- predict(by_table, table)
  expect_identical(predict(fit, table), expected)
  expect_equal(predict(fit, table, engine = "r"), expected, tolerance = 1e-5)
  expect_identical(deparse(fit$call$formula), "y ~ .")
  expect_output(print(fit), "1200 columns")
  expect_output(print(summary(fit)), "y ~ .", fixed = TRUE)
  expect_identical(all.vars(formula(fit)), names(table))

  written <- quick_formula(stats::reformulate(names, "y"), table, epochs = 2)
  expect_identical(written$history, fit$history)
  columns <- function(formula) quick_formula(formula, table, epochs = 1)$inputs
  expect_identical(columns(y ~ . - x1 - x2), names[-(1:2)])
  expect_identical(columns(log(y) ~ . + I(x1^2) + x1:x2), c(names, "I(x1^2)", "x1:x2"))
  expect_identical(columns(cbind(y, x3) ~ .), names[-3])

  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), table), expected)
  save_two_layer(written, file)
  loaded <- load_two_layer(file)
  expect_identical(predict(loaded, table[rev(names(table))]), expected)
  expect_identical(update(loaded, data = table)$history, fit$history)

  less <- update(fit, . ~ . - x17, epochs = 1)
  expect_identical(less$inputs, names[-17])
  expect_identical(less$call$epochs, 1)
  expect_identical(update(less, log(.) ~ . + x17)$inputs, c(names[-17], "x17"))
  expect_identical(nrow(continue_training(fit, 1)$history), 3L)
  together <- two_layer(y ~ ., table, n_models = 2, epochs = 1, seed = 1)
  expect_identical(nrow(predict(together, table, type = "conf_int")), 12L)
  expect_identical(update(together, . ~ . - x17)$models[[2]]$inputs, names[-17])
})

test_that("a formula of 6,000 columns is kept without deep nesting", {
  names <- paste0("x", seq_len(6000))
  terms <- wide_terms(stats::reformulate(names, "y"), c("y", names))
  expect_identical(attr(terms, "term.labels"), names)
  depth <- function(code) {
    deepest <- 0
    open <- list(list(code, 1))
    while (length(open)) {
      here <- open[[length(open)]]
      open[[length(open)]] <- NULL
      deepest <- max(deepest, here[[2]])
      parts <- Filter(is.call, as.list(here[[1]]))
      open <- c(open, lapply(parts, list, here[[2]] + 1))
    }
    deepest
  }
  expect_lt(depth(stats::formula(terms)), 1100)
  expect_identical(all.vars(stats::formula(terms)), c("y", names))
  right_nested <- Reduce(function(a, b) call("+", a, b), lapply(names, as.name), right = TRUE)
  expect_identical(flatten_sum(right_nested)[[5999]]$part, quote(x5999))
  expect_lt(object.size(terms), 1e7) # where a table of variables by terms has 1.4e8 bytes
})
