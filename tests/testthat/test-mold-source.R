# The data as a table of R's and as a file that Python reads, whose numbers are the same to the bit.
local_file <- function(env = parent.frame()) {
  rows <- 60
  number <- seq_len(rows)
  data <- data.frame(
    a = number / 8, f = c("u", "v", "w")[number %% 3 + 1], l = number %% 4 > 1,
    w = number %% 5 + 1, y = (number %% 7) / 4
  )
  data$a[3] <- NA
  path <- withr::local_tempfile(fileext = ".csv", .local_envir = env)
  utils::write.csv(data, path, row.names = FALSE)
  list(data = data, path = path)
}

quietly <- function(code) {
  withCallingHandlers(code, pytwolayer_message = function(cnd) rlang::cnd_muffle(cnd))
}

fit_of <- function(...) quietly(two_layer(..., epochs = 3, seed = 1))

test_that("a fit to a path is that to the table in R, whatever it is called with", {
  skip_without_torch()
  given <- local_file()
  same <- function(from_file, from_table) {
    expect_identical(from_file$weights, from_table$weights)
    expect_identical(from_file$history, from_table$history)
    expect_identical(from_file$model, from_table$model)
  }
  data <- given$data
  path <- given$path
  same(fit_of(path, outcome = "y"), fit_of(data, outcome = "y"))
  same(fit_of(path, outcome = c("y", "w")), fit_of(data, outcome = c("y", "w")))
  same(fit_of(y ~ ., path), fit_of(y ~ ., data))
  same(fit_of(cbind(y, w) ~ f + a, path), fit_of(cbind(y, w) ~ f + a, data))
  same(fit_of(f ~ . - w, path), fit_of(f ~ . - w, data))
  same(fit_of(y ~ `a` + l, path, validation = 0.2), fit_of(y ~ a + l, data, validation = 0.2))
  same(fit_of(y ~ a, path, validation = 5:9), fit_of(y ~ a, data, validation = 5:9))
  held <- seq_len(60) %% 6 == 0
  same(fit_of(y ~ a, path, validation = held), fit_of(y ~ a, data, validation = held))
  same(
    fit_of(f ~ a + l, path, n_models = 2, bootstrap = TRUE),
    fit_of(f ~ a + l, data, n_models = 2, bootstrap = TRUE)
  )
})

test_that("validation data are a path or a table", {
  skip_without_torch()
  given <- local_file()
  expected <- fit_of(y ~ a + f, given$data, validation = given$data)$history
  expect_identical(fit_of(y ~ a + f, given$path, validation = given$path)$history, expected)
  expect_identical(fit_of(y ~ a + f, given$path, validation = given$data)$history, expected)
})

test_that("a column of weights has a name, with quotes or without, and is no predictor", {
  skip_without_torch()
  given <- local_file()
  weighted <- fit_of(y ~ a + f + l, given$data, case_weights = w)
  expect_identical(fit_of(y ~ ., given$path, case_weights = w)$weights, weighted$weights)
  expect_identical(fit_of(y ~ ., given$path, case_weights = "w")$weights, weighted$weights)
  by_name <- fit_of(given$path, outcome = "y", case_weights = "w")
  expect_identical(by_name$weights, weighted$weights)
  w <- given$data$w
  named <- fit_of(y ~ a + w, given$path, case_weights = "w")
  expect_identical(named$weights, fit_of(y ~ a + w, given$data, case_weights = w)$weights)
  outside <- rev(w)
  expect_identical(
    fit_of(y ~ a, given$path, case_weights = outside)$weights,
    fit_of(y ~ a, given$data, case_weights = outside)$weights
  )
  refuse <- function(...) expect_refused(fit_of(y ~ a, given$path, ...), "`case_weights`")
  refuse(case_weights = w * 2)
  refuse(case_weights = "nowhere")
  refuse(case_weights = y)
  refuse(case_weights = c("w", "a"))
})

test_that("a formula names columns, and what computes is one error", {
  skip_without_torch()
  path <- local_file()$path
  computed <- list(
    y ~ log(a), log(y) ~ a, y ~ a:f, y ~ a * l, y ~ poly(a, 2), y ~ offset(a), y ~ I(a), y ~ .^2,
    y ~ a + factor(w), cbind(y, z = w) ~ a
  )
  for (formula in computed) {
    expect_refused(two_layer(formula, path), "`formula` must name columns", "read the table into R")
  }
  expect_refused(two_layer(y ~ nowhere, path), "`data`", "every column", "nowhere")
  expect_refused(two_layer(nowhere ~ a, path), "`data`", "nowhere")
  expect_refused(two_layer(~a, path), "`formula`", "outcome")
  expect_refused(two_layer(y ~ a, path, subset = a > 1), "`subset` must be left out")
})

test_that("a path that is none, and arguments that do not go with one, are named", {
  skip_without_torch()
  path <- local_file()$path
  expect_refused(two_layer("nowhere", outcome = "y"), "`x`", "the path of", "\"nowhere\"")
  expect_refused(two_layer(y ~ a, "nowhere"), "`data`", "the path of", "\"nowhere\"")
  expect_refused(two_layer(c(path, "b"), outcome = "y"), "`x`", "\"b\", where there is none")
  expect_refused(two_layer(c(path, path), outcome = "y"), "`x`", "Parquet files", "a list of paths")
  expect_refused(two_layer(c(path, NA), outcome = "y"), "`x`", "vector of length 2")
  expect_refused(two_layer(character(), outcome = "y"), "`x`", "vector of length 0")
  expect_refused(two_layer(NA_character_, outcome = "y"), "`x`")
  expect_refused(two_layer(path), "`outcome`", "missing")
  expect_refused(two_layer(path, 1:3), "`y`", "left out")
  expect_refused(two_layer(path, outcome = "z"), "`outcome`", "\"z\"")
  expect_refused(fit_of(y ~ a, path, validation = "nowhere"), "`validation`", "nowhere")
  expect_refused(fit_of(y ~ a, path, validation = list(1)), "`validation`")
  expect_refused(fit_of(mpg ~ ., mtcars, validation = path), "`validation`", "a table in R")
  expect_refused(two_layer(outcome = "y"), "`x`", "missing")
})

test_that("a fit to a path is asked as others are, and says where its rows are", {
  skip_without_torch()
  given <- local_file()
  fit <- fit_of(y ~ a + f, given$path)
  expect_identical(nobs(fit), 59L)
  expect_identical(formula(fit), y ~ a + f, ignore_formula_env = TRUE)
  expect_output(print(fit), "59 rows, 2 columns")
  expect_output(print(summary(fit)), "On the training data")
  expect_identical(glance(fit)$nobs, 59L)
  expect_identical(unique(tidy(fit)$layer), c("hidden", "output"))
  expect_identical(nrow(augment(fit, given$data)), 60L)
  expect_null(local({
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    plot(fit)
    NULL
  }))
  for (ask in list(model.frame, model.matrix)) {
    expect_refused(ask(fit), "must be a fit whose training rows are in R", given$path)
  }
  expect_refused(augment(fit, given$path), "`new_data`", "a path")
})

test_that("a fit to a path predicts tables by both engines, and paths by Python's", {
  skip_without_torch()
  given <- local_file()
  fit <- fit_of(y ~ a + f, given$path)
  expected <- predict(fit_of(y ~ a + f, given$data), given$data)
  expect_identical(predict(fit, given$data), expected)
  expect_equal(predict(fit, given$data, engine = "r"), expected, tolerance = 1e-6)
  expect_identical(predict(fit, given$path), expected)
  expect_refused(predict(fit, given$path, engine = "r"), "`engine`", "a path")
  expect_refused(predict(fit, "nowhere"), "`new_data`", "nowhere")
  computed <- fit_of(y ~ log(a), given$data)
  expect_refused(predict(computed, given$path), "`new_data`", "a formula that computes")
  several <- fit_of(given$path, outcome = "y", n_models = 3)
  expect_identical(
    predict(several, given$path, type = "conf_int"),
    predict(several, given$data, type = "conf_int")
  )
})

test_that("a fit to a path is kept, continued and updated", {
  skip_without_torch()
  given <- local_file()
  path <- given$path
  data <- given$data
  fit <- fit_of(y ~ a + f, path, case_weights = w)
  from_table <- fit_of(y ~ a + f, data, case_weights = w)
  longer <- quietly(continue_training(fit, 2))
  expect_identical(longer$model, quietly(continue_training(from_table, 2))$model)
  expect_identical(
    quietly(update(fit, . ~ . - f))$model, quietly(update(from_table, . ~ . - f))$model
  )
  named <- fit_of(path, outcome = "y", case_weights = "w")
  expect_identical(nrow(quietly(continue_training(named, 2))$history), 5L)
  kept <- withr::local_tempfile()
  saveRDS(fit, kept)
  expect_identical(predict(readRDS(kept), path), predict(fit, path))
  file <- withr::local_tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  expect_identical(predict(load_two_layer(file), path), predict(fit, path))
  folder <- withr::local_tempdir()
  run <- function() fit_of(y ~ a, path, checkpoint = folder)
  first <- run()
  expect_identical(run()$model, first$model)
})

test_that("Python lets each table go", {
  skip_without_torch()
  path <- local_file()$path
  fit <- fit_of(y ~ a, path, validation = path)
  predict(fit, path)
  quietly(continue_training(fit, 1))
  try(two_layer(y ~ nowhere, path), silent = TRUE)
  expect_identical(as.integer(bridge()$opened_tables$number_open()), 0L)
})

test_that("a file's columns are read as what they were in training", {
  skip_without_torch()
  given <- local_file()
  data <- transform(given$data, w = factor(w))
  fit <- fit_of(y ~ a + w, data)
  expect_identical(predict(fit, given$path), predict(fit, data))
})

test_that("a path may be written in many ways", {
  skip_without_torch()
  folder <- file.path(withr::local_tempdir(), enc2utf8("d\u00e4ta f\u00fcr"))
  skip_if_not(dir.create(folder, showWarnings = FALSE), "names of files beyond ASCII")
  given <- local_file()
  path <- file.path(folder, "t.csv")
  file.copy(given$path, path)
  expected <- fit_of(given$data, outcome = "y")$model
  withr::local_dir(folder)
  withr::local_envvar(HOME = folder)
  own <- path.expand("~/t.csv")
  ways <- list(
    path, "t.csv", c(named = path), iconv(path, "UTF-8", "latin1"), paste0("file://", path),
    paste0("file://", utils::URLencode(path)), if (file.exists(own)) "~/t.csv" else path,
    structure(path, class = c("fs_path", "character")),
    structure(path, class = c("glue", "character"))
  )
  for (way in ways) {
    expect_identical(fit_of(way, outcome = "y")$model, expected)
  }
  fit <- fit_of(y ~ a + f, given$data)
  for (way in ways) {
    own <- fit_of(y ~ a + f, way, validation = way)
    expect_identical(own$history, fit_of(y ~ a + f, given$data, validation = given$data)$history)
    expect_identical(predict(fit, way), predict(fit, given$data))
  }
})

test_that("several Parquet files are one table", {
  skip_without_torch()
  skip_if_not(reticulate::py_module_available("pyarrow"), "Python's package pyarrow")
  data <- data.frame(a = 1:40 / 8, y = 1:40 %% 7 / 4)
  folder <- withr::local_tempdir()
  files <- file.path(folder, c("z.parquet", "a.parquet"))
  pandas <- reticulate::import("pandas", convert = FALSE)
  pandas$DataFrame(as.list(data[1:15, ]))$to_parquet(files[[1]])
  pandas$DataFrame(as.list(data[16:40, ]))$to_parquet(files[[2]])
  expected <- fit_of(y ~ a, data, validation = data)
  fit <- fit_of(y ~ a, files, validation = structure(files, class = c("fs_path", "character")))
  expect_identical(fit$model, expected$model)
  expect_identical(predict(fit, files), predict(fit, data))
  expect_identical(predict(fit, folder)$.pred[1:25], predict(fit, data)$.pred[16:40])
  longer <- quietly(continue_training(fit_of(y ~ a, files), 1))
  expect_identical(longer$model, quietly(continue_training(fit_of(y ~ a, data), 1))$model)
  expect_refused(model.frame(fit), "one of c(\"", "a.parquet")
})

test_that("connections, addresses and vectors that are no paths are one clear error", {
  skip_without_torch()
  given <- local_file()
  fit <- fit_of(y ~ a, given$data)
  for (address in c("https://a.example/b.csv", "s3://b/c.parquet", "file://host/a.csv")) {
    expect_refused(two_layer(address, outcome = "y"), "`x` must be a path on this machine", address)
    expect_refused(two_layer(y ~ a, address), "`data` must be a path on this machine")
    expect_refused(predict(fit, address), "`new_data` must be a path on this machine")
  }
  expect_refused(predict(fit, "file:///nowhere.csv"), "`new_data`", "/nowhere.csv")
  connection <- file(given$path)
  on.exit(close(connection))
  expect_refused(two_layer(connection), "`x`", "a connection: give the path of its file")
  expect_refused(two_layer(y ~ a, connection), "`data`", "a connection: give the path")
  expect_refused(predict(fit, connection), "`new_data`", "a connection: give the path")
})
