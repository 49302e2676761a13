skip_without_torch()

rows <- data.frame(
  a = (1:60 * 7) %% 60 / 10, "größe x" = (1:60 * 11) %% 17, f = c("u", "v", "w", "v"),
  l = 1:60 %% 3 == 0, check.names = FALSE
)
rows$y <- round(rows$a^2 + rows$l, 2)
fit_to <- function(x, ...) {
  two_layer(x, ..., epochs = 20, hidden_units = 4, seed = 1, weight_decay = 0, verbose = FALSE)
}
fit <- fit_to(y ~ ., rows[1:40, ])
explain <- function(object, data, ...) {
  suppressMessages(list(
    effects(object, data, case_weights = rep(1:2, 30)),
    effects(object, data, variables = "a", at = list(f = c("u", "v"), l = TRUE), step = 0.1),
    importance(object, data, seed = 1, repeats = 2, case_weights = rep(1:2, 30)),
    feature_effects(object, data, "a", points = 4),
    feature_effects(object, data, "f", kind = "pdp", case_weights = rep(1:2, 30)),
    feature_effects(object, data, "l", kind = "ice")
  ))
}

test_that("a path gives what the rows in it give", {
  file <- withr::local_tempfile(fileext = ".csv")
  write.csv(rows, file, row.names = FALSE, fileEncoding = "UTF-8")
  expect_identical(explain(fit, file), explain(fit, rows))
  fits <- fit_to(y ~ ., rows[1:40, ], n_models = 2, bootstrap = TRUE)
  expect_identical(explain(fits, file), explain(fits, rows))
  beside <- fit_to(rows[1:40, 1:4], rows$y[1:40])
  expect_refused(importance(beside, file), "`y` must be given")
  expect_identical(
    importance(beside, file, y = rows$y, seed = 1), importance(beside, rows, y = rows$y, seed = 1)
  )
})

test_that("a fit to a path is explained on the rows there", {
  file <- withr::local_tempfile(fileext = ".csv")
  write.csv(rows, file, row.names = FALSE, fileEncoding = "UTF-8")
  of_path <- fit_to(file, outcome = "y")
  expect_identical(explain(of_path, NULL), explain(of_path, rows))
  expect_true(attr(suppressMessages(importance(of_path, seed = 1)), "facts")$training)
})

test_that("what a path cannot do is said in one sentence", {
  file <- withr::local_tempfile(fileext = ".csv")
  write.csv(rows, file, row.names = FALSE, fileEncoding = "UTF-8")
  made <- fit_to(y ~ log(a + 1) + f, rows)
  for (call in expression(
    effects(made, file), importance(made, file), feature_effects(made, file, "f")
  )) {
    expect_refused(eval(call), "`new_data` must be a table in R, as the fit is of a formula")
  }
  expect_refused(feature_effects(fit, file, "a", engine = "r"), "`engine` must be \"python\"")
  expect_refused(augment(fit, file), "`predict(output = \"file.parquet\", columns = )`")
  expect_refused(importance(fit, file, case_weights = 1:3), "as long as `new_data` (60 rows)")
  expect_refused(effects(fit, file, case_weights = "x"), "`case_weights` must be numbers")
  write.csv(rows[-1], file, row.names = FALSE, fileEncoding = "UTF-8")
  for (call in expression(
    effects(fit, file), importance(fit, file), feature_effects(fit, file, "f")
  )) {
    expect_refused(eval(call), "\"a\"")
  }
})

test_that("columns in another order and further ones change nothing", {
  other <- cbind(more = letters[1], rows[c("f", "y", "l", "größe x", "a")])
  expect_identical(explain(fit, other), explain(fit, rows))
  made <- fit_to(y ~ log(a + 1) * l + f + `größe x`, rows)
  expect_identical(explain(made, other), explain(made, rows))
})

test_that("rows that cannot be predicted are left out, by their numbers", {
  made <- fit_to(y ~ log(a + 1) * l + f + `größe x`, rows)
  odd <- rows
  odd$a[[2]] <- NA
  odd$f[[5]] <- "new"
  odd$y[[9]] <- NA
  for (object in list(fit, made)) {
    for (engine in c("python", "r")) {
      for (name in c("a", "f", "l")) {
        expect_warning(
          found <- feature_effects(object, odd, name, kind = "ice", points = 3, engine = engine),
          class = "pytwolayer_warning_unseen_level"
        )
        expect_identical(unique(found$row), setdiff(1:60, c(2L, 5L)))
      }
      suppressWarnings(found <- effects(object, odd, engine = engine))
      own <- effects(object, rows[-c(2, 5), ], engine = engine)
      expect_equal(found$estimate, own$estimate, tolerance = 1e-4) # steps are of all rows
    }
    suppressWarnings(suppressMessages(found <- importance(object, odd, seed = 1, repeats = 2)))
    expect_identical(attr(found, "facts")$rows, 57)
    own <- suppressMessages(importance(object, rows[-c(2, 5, 9), ], seed = 1, repeats = 2))
    expect_equal(found$estimate, own$estimate)
  }
})

test_that("of quantiles, labels and counts there is a row for each, by both engines", {
  data <- transform(rows, two = as.integer(f == "v"), one = as.integer(a > 3), n = round(y))
  fits <- list(
    fit_to(y ~ log(a + 1) + f, data, loss = "quantile", quantile_levels = c(0.1, 0.9)),
    fit_to(cbind(one, two) ~ log(a + 1) + f, data, loss = "binary_cross_entropy"),
    fit_to(n ~ log(a + 1) + f, data, loss = "negative_binomial"),
    fit_to(y ~ log(a + 1) + f, data, loss = "normal")
  )
  outcomes <- list(c("q0.1", "q0.9"), c("one", "two"), "n", "y")
  for (number in seq_along(fits)) {
    object <- fits[[number]]
    found <- effects(object, data)
    expect_equal(effects(object, data, engine = "r"), found, tolerance = 1e-8)
    expect_identical(unique(found$outcome), outcomes[[number]])
    for (name in c("a", "f")) {
      curve <- feature_effects(object, data, name, points = 4)
      expect_equal(
        feature_effects(object, data, name, points = 4, engine = "r"), curve,
        tolerance = 1e-8
      )
      expect_identical(unique(curve$outcome), outcomes[[number]])
    }
  }
  quantiles <- predict(fits[[1]], transform(data, a = 2), type = "quantile")
  curve <- feature_effects(fits[[1]], transform(data, a = 2), "a", kind = "pdp")
  expect_equal(curve$estimate, unname(colMeans(quantiles)))
  found <- suppressMessages(importance(fits[[1]], data, measure = "mae", seed = 1, repeats = 2))
  expect_equal(attr(found, "facts")$base, mean(abs(predict(fits[[1]], data)$.pred - data$y)))
})
