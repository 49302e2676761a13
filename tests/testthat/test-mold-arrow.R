rows <- 60
number <- seq_len(rows)
data <- data.frame(
  a = number / 8, f = c("u", "v", "w")[number %% 3 + 1], g = factor(c("q", "p"))[number %% 2 + 1],
  l = number %% 4 > 1, i = number, w = number %% 5 + 1, y = (number %% 7) / 4
)
data$i[3] <- NA
data$g[5] <- NA

quietly <- function(code) {
  withCallingHandlers(code, pytwolayer_message = function(cnd) rlang::cnd_muffle(cnd))
}

fit_of <- function(...) quietly(two_layer(..., epochs = 3, seed = 1))

expect_same <- function(fit, expected) expect_identical(fit$model, expected$model)

skip_without_nanoarrow <- function() {
  skip_without_torch()
  skip_if_not_installed("nanoarrow")
  skip_if_not(reticulate::py_module_available("pyarrow"), "Python's package pyarrow")
}

stream_of <- function(...) {
  arrays <- lapply(list(...), nanoarrow::as_nanoarrow_array)
  nanoarrow::basic_array_stream(arrays)
}

test_that("a fit to an array, a stream or a vector of nanoarrow is that to the data frame", {
  skip_without_nanoarrow()
  array <- nanoarrow::as_nanoarrow_array(data)
  expected <- fit_of(data, outcome = "y")
  expect_same(fit_of(array, outcome = "y"), expected)
  expect_same(fit_of(array, outcome = "y"), expected) # which is still there
  expect_same(fit_of(nanoarrow::as_nanoarrow_array_stream(data), outcome = "y"), expected)
  expect_same(fit_of(nanoarrow::as_nanoarrow_vctr(data), outcome = "y"), expected)
  expect_same(fit_of(stream_of(data[1:7, ], data[8:60, ]), outcome = "y"), expected)
  expect_same(fit_of(y ~ ., array), fit_of(y ~ ., data))
  expect_same(fit_of(g ~ a + f, array, n_models = 2), fit_of(g ~ a + f, data, n_models = 2))
  expect_same(fit_of(y ~ a, array, case_weights = w), fit_of(y ~ a, data, case_weights = w))
  expect_same(fit_of(y ~ a, array, validation = 5:9), fit_of(y ~ a, data, validation = 5:9))
  held_out <- stream_of(data[1:20, ])
  expect_same(
    fit_of(y ~ a + f, array, validation = held_out),
    fit_of(y ~ a + f, data, validation = data[1:20, ])
  )
})

test_that("Arrow's types are what R's are", {
  skip_without_nanoarrow()
  types <- data.frame(
    span = as.difftime(number / 4, units = "hours"), days = number / 2, y = number %% 7
  )
  expect_same(
    fit_of(y ~ ., nanoarrow::as_nanoarrow_array(types)), fit_of(y ~ ., types)
  )
  whole <- data.frame(a = number, y = number %% 7 / 4)
  dates <- nanoarrow::as_nanoarrow_array(transform(whole, when = as.Date("2024-01-01") + a))
  expect_refused(fit_of(y ~ ., dates), "`data`", "dates", "\"when\"")
  expect_same(fit_of(y ~ a, dates), fit_of(y ~ a, whole))
})

test_that("validation data are Arrow's beside a table in R too", {
  skip_without_nanoarrow()
  expected <- fit_of(y ~ log(a), data, validation = data)
  array <- nanoarrow::as_nanoarrow_array(data)
  expect_same(fit_of(y ~ log(a), data, validation = array), expected)
  apart <- fit_of(data["a"], data$y, validation = list(data["a"], data$y))
  part <- nanoarrow::as_nanoarrow_array(data["a"])
  expect_same(fit_of(data["a"], data$y, validation = list(part, data$y)), apart)
})

test_that("both engines predict them, also of fits whose predictors R makes", {
  skip_without_nanoarrow()
  fits <- list(
    fit_of(y ~ a + f + i, data), fit_of(y ~ poly(a, 2), data), fit_of(g ~ a, data, n_models = 2)
  )
  for (fit in fits) {
    expected <- predict(fit, data)
    expect_identical(predict(fit, nanoarrow::as_nanoarrow_array(data)), expected)
    expect_identical(predict(fit, stream_of(data[1:9, ], data[10:60, ])), expected)
    by_r <- predict(fit, stream_of(data), engine = "r")
    expect_equal(by_r, predict(fit, data, engine = "r"))
    files <- replicate(2, withr::local_tempfile(fileext = ".csv"))
    predict(fit, stream_of(data[1:9, ], data[10:60, ]), output = files[[1]], columns = "i")
    predict(fit, data, output = files[[2]], columns = "i")
    written <- lapply(files, utils::read.csv)
    expect_equal(written[[1]], written[[2]], tolerance = 0)
  }
  raw <- predict(fits[[1]], stream_of(data), type = "raw")
  expect_identical(raw, predict(fits[[1]], data, type = "raw"))
})

test_that("a recipe takes them", {
  skip_without_nanoarrow()
  skip_if_not_installed("recipes")
  recipe <- recipes::step_log(recipes::recipe(y ~ a + f, data), a)
  fit <- fit_of(recipe, nanoarrow::as_nanoarrow_array(data))
  expect_same(fit, fit_of(recipe, data))
  expect_identical(predict(fit, nanoarrow::as_nanoarrow_array(data)), predict(fit, data))
})

test_that("a stream is read once, and to continue a fit the rows are given again", {
  skip_without_nanoarrow()
  stream <- stream_of(data)
  fit <- fit_of(y ~ a, stream)
  expect_refused(continue_training(fit, 1), "`data`", "streams can be read once")
  expect_refused(predict(fit, stream), "`new_data`", "streams can be read once")
  longer <- quietly(continue_training(fit, 1, data = stream_of(data)))
  expect_same(longer, quietly(continue_training(fit_of(y ~ a, data), 1)))
  array <- nanoarrow::as_nanoarrow_array(data)
  expect_same(quietly(continue_training(fit_of(y ~ a, array), 1)), longer)
  expect_refused(fitted(fit), "cannot be read again", "streams can be read once")
  expect_identical(fitted(fit_of(y ~ a, array)), fitted(fit_of(y ~ a, data)))
  expect_identical(glance(fit_of(g ~ a, array)), glance(fit_of(g ~ a, data)))
  expect_identical(as.integer(bridge()$opened_tables$number_open()), 0L)
})

test_that("what is no table, and a stream that fails, is one clear error", {
  skip_without_nanoarrow()
  vector <- nanoarrow::as_nanoarrow_array(1:3)
  expect_refused(two_layer(vector, outcome = "y"), "`x` must be a table")
  expect_refused(two_layer(nanoarrow::na_int32(), outcome = "y"), "`x`", "nanoarrow_schema")
  array <- nanoarrow::as_nanoarrow_array(data)
  expect_refused(two_layer(array), "`outcome`", "where `x` is an Arrow object")
  expect_refused(two_layer(array, data$y), "`y`", "where `x` is an Arrow object")
  expect_refused(two_layer(y ~ log(a), array), "`formula`", "where `data` is an Arrow object")
  expect_refused(two_layer(y ~ a, array, subset = a > 1), "`subset`", "an Arrow object")
  expect_refused(two_layer(y ~ a, array, case_weights = w * 2), "`case_weights`", "an Arrow object")
  fit <- fit_of(y ~ a, data)
  expect_refused(augment(fit, array), "`new_data`", "an Arrow object")
  skip_if_not_installed("nanoarrow", "0.6")
  bytes <- local({
    connection <- rawConnection(raw(), "wb")
    on.exit(close(connection))
    nanoarrow::write_nanoarrow(data[c("a", "y")], connection)
    rawConnectionValue(connection)
  })
  cut <- function() nanoarrow::read_nanoarrow(bytes[seq_len(length(bytes) - 300)])
  expect_refused(fit_of(y ~ a, cut()), "`data` must be a stream that can be read", "fails")
  expect_refused(predict(fit, cut()), "`new_data` must be a stream that can be read", "fails")
})

test_that("a fit is explained on them", {
  skip_without_nanoarrow()
  fit <- fit_of(y ~ a + f, data)
  array <- nanoarrow::as_nanoarrow_array(data)
  for (engine in engines) {
    of <- function(data) { # without what plots of data in R need
      structure(effects(fit, data, engine = engine), facts = NULL)
    }
    expect_equal(of(array), of(data), tolerance = 1e-12)
  }
  expect_identical(importance(fit, array, seed = 1), importance(fit, data, seed = 1))
  at <- function(data) feature_effects(fit, data, "a")
  expect_identical(at(array), at(data))
})

# As the package arrow documents its objects: a data frame by as.data.frame(), a dataset's `files`.
stand_in <- function(class, frame) {
  structure(list2env(list(frame = frame)), class = c(class, "ArrowObject", "R6"))
}

test_that("the package arrow's tables are the data frames that it makes of them", {
  skip_without_torch()
  skip_if(isNamespaceLoaded("arrow"))
  classes <- c("ArrowTabular", "RecordBatchReader", "Dataset", "arrow_dplyr_query")
  for (class in classes) {
    registerS3method("as.data.frame", class, function(x, ...) x$frame)
  }
  fit <- fit_of(y ~ a + f, data)
  for (class in list(c("Table", "ArrowTabular"), c("FileSystemDataset", "Dataset"), classes[[2]])) {
    table <- stand_in(class, data)
    expect_same(fit_of(y ~ a + f, table), fit)
    expect_same(fit_of(y ~ log(a), table), fit_of(y ~ log(a), data))
    expect_same(fit_of(table, outcome = "y"), fit_of(data, outcome = "y"))
    expect_identical(predict(fit, table), predict(fit, data))
    expect_identical(predict(fit, table, engine = "r"), predict(fit, data, engine = "r"))
    expect_identical(augment(fit, table), augment(fit, data))
    expect_same(
      fit_of(y ~ a, data, validation = table), fit_of(y ~ a, data, validation = data)
    )
    longer <- quietly(continue_training(fit, 1))
    expect_same(quietly(continue_training(fit, 1, data = table)), longer)
    expect_identical(fitted(fit_of(table, data$y)), fitted(fit_of(data, data$y)))
  }
  query <- structure(list(frame = data), class = "arrow_dplyr_query")
  expect_same(fit_of(query, outcome = "y"), fit_of(data, outcome = "y"))
  expect_refused(two_layer(stand_in("Schema", data)), "`x`", "Schema")
})

test_that("the package arrow's own objects are taken", {
  skip_without_torch()
  skip_if_not_installed("arrow")
  skip_if_not(reticulate::py_module_available("pyarrow"), "Python's package pyarrow")
  fit <- fit_of(y ~ a + f, data)
  table <- arrow::arrow_table(data)
  expect_same(fit_of(y ~ a + f, table), fit)
  expect_same(fit_of(y ~ a + f, arrow::as_record_batch_reader(table)), fit)
  expect_identical(predict(fit, arrow::record_batch(data)), predict(fit, data))
  folder <- withr::local_tempdir()
  arrow::write_dataset(data, folder, partitioning = "w")
  dataset <- arrow::open_dataset(folder)
  from_dataset <- fit_of(dataset, outcome = "y")
  expect_same(from_dataset, fit_of(folder, outcome = "y"))
  expect_null(from_dataset$fitted) # Python read the files
  expect_same(from_dataset, fit_of(as.data.frame(dataset), outcome = "y"))
  frame <- as.data.frame(dataset)
  expect_identical(predict(from_dataset, dataset), predict(from_dataset, frame))
  by_r <- predict(from_dataset, frame, engine = "r")
  expect_equal(predict(from_dataset, dataset, engine = "r"), by_r)
  types <- arrow::schema(a = arrow::float64(), y = arrow::float64(), w = arrow::string())
  as_text <- transform(frame[c("a", "y", "w")], w = as.character(w))
  typed <- arrow::open_dataset(folder, schema = types)
  expect_same(fit_of(typed, outcome = "y"), fit_of(as_text, outcome = "y"))
  types$a <- arrow::string()
  typed <- arrow::open_dataset(folder, schema = types)
  expect_refused(fit_of(typed, outcome = "y"), "`x`", "numbers as text: \"a\"")
  plain <- withr::local_tempdir()
  arrow::write_dataset(data, plain, partitioning = "w", hive_style = FALSE)
  elsewhere <- arrow::open_dataset(plain, partitioning = "w")
  expect_refused(fit_of(elsewhere, outcome = "y"), "`x`", "\"w\" elsewhere")
})
