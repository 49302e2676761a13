skip_without_torch()

cars <- quick_formula(mpg ~ log(disp) + poly(hp, 2) + factor(cyl) + wt:qsec, mtcars)
flowers <- quick(iris[-5], iris$Species, validation = 0.2)
saved <- function(fit, file = tempfile(fileext = ".safetensors")) {
  suppressWarnings(save_two_layer(fit, file))
  file
}

test_that("a file comes back: it predicts the same, and is written again byte by byte", {
  new_data <- mtcars[7:1, rev(names(mtcars))]
  file <- saved(cars)
  expect_identical(readBin(file, "raw", 1e6), cars$model)
  again <- load_two_layer(file)
  expect_identical(predict(again, new_data), predict(cars, new_data))
  expect_identical(predict(again, new_data, engine = "r"), predict(cars, new_data, engine = "r"))
  expect_identical(again$model, cars$model)
  for (name in c("history", "settings", "sizes", "parameters", "rows", "inputs", "outputs")) {
    expect_identical(again[[name]], cars[[name]])
  }
  expect_identical(coef(again), coef(cars))
  expect_identical(deparse1(formula(again)), deparse1(formula(cars)))
  expect_identical(tidy(again), tidy(cars))
  expect_identical(as.data.frame(again), as.data.frame(cars))
  expect_identical(nobs(again), nobs(cars))
  expect_identical(capture.output(print(again)), capture.output(print(cars)))
  expect_identical(readBin(saved(again), "raw", 1e6), cars$model)
})

test_that("what was tuned comes back from files, saveRDS() and copies", {
  expect_null(cars$tuning)
  expect_null(load_two_layer(saved(cars))$tuning)
  lists <- c(
    encoding = '["linear", "piecewise"]', learning_rate = "[0.003, 0.01]",
    weight_decay = "[1, 0.003]", fold = "[1, 2]", valid_loss = "[0.25, null]"
  )
  tuning <- sprintf("{%s}", toString(sprintf("\"%s\": %s", names(lists), lists)))
  bytes <- rewritten(cars$model, replaced_text('"tuning": null', paste0('"tuning": ', tuning)))
  fit <- read_back(bytes)
  expected <- data.frame(
    encoding = c("linear", "piecewise"), learning_rate = c(0.003, 0.01),
    weight_decay = c(1, 0.003), fold = 1:2, valid_loss = c(0.25, Inf)
  )
  expect_identical(fit$tuning, expected)
  expect_identical(predict(fit, mtcars), predict(cars, mtcars))
  expect_identical(load_two_layer(saved(fit))$tuning, expected)
  expect_identical(unserialize(serialize(fit, NULL))$tuning, expected)
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  again <- readRDS(file)
  expect_identical(again$tuning, expected)
  expect_identical(readBin(saved(again), "raw", 1e6), bytes)
  again$call <- NULL # as butcher and others cut a fit
  expect_identical(again$tuning, expected)
  for (change in list(
    c("[1, 2]", "[1]"), c("[0.25, null]", "[0.25, true]"), c("[1, 0.003]", "[1, -1]"),
    c("[0.003, 0.01]", "[0.003, 0]")
  )) {
    refused <- rewritten(bytes, replaced_text(change[[1]], change[[2]]))
    expect_refused(read_back(refused), "cannot be read", kind = "file")
  }
})

test_that("a fit in pieces comes back, and knots that are none are refused", {
  fit <- quick_formula(mpg ~ hp + am, mtcars, encoding = "piecewise", pieces = 2)
  again <- load_two_layer(saved(fit))
  expect_identical(predict(again, mtcars), predict(fit, mtcars))
  expected <- list(encoding = "piecewise", pieces = 2L)
  expect_identical(again$settings[names(expected)], expected)
  expect_identical(again$inputs, c("hp_1", "hp_2", "am"))
  knots <- '"knots": [52.0, 123.0, 335.0]'
  for (wrong in c(
    "[]", "[52, 335]", "[52, 335, 123]", "[52, 123, 123]", "[52, 123, 335, 336]", "[52, 1e400, 2]",
    "[52, null, 335]", "[52, \"123\", 335]", "[52, true, 335]", "3", "null",
    "[-1.5e308, 1.5e308, 1.6e308]"
  )) {
    bytes <- rewritten(fit$model, replaced_text(knots, paste0('"knots": ', wrong)))
    expect_refused(read_back(bytes), "cannot be read", kind = "file")
  }
  linear <- rewritten(fit$model, replaced_text('"encoding": "piecewise"', '"encoding": "linear"'))
  expect_refused(read_back(linear), "more pieces than its settings", kind = "file")
})

test_that("what needs the training data says so", {
  for (fit in lapply(list(saved(cars), saved(flowers)), load_two_layer)) {
    expect_refused(fitted(fit), "`object` must be a fit with its training data, not one loaded")
    expect_refused(residuals(fit), "not one loaded from a file")
    expect_output(print(summary(fit)), "Measures need the training data")
    expect_true(anyNA(glance(fit)))
  }
  expect_identical(names(glance(load_two_layer(saved(cars)))), names(glance(cars)))
  expect_identical(names(glance(load_two_layer(saved(flowers)))), names(glance(flowers)))
})

test_that("update() works with data, and says that it needs them", {
  again <- load_two_layer(saved(cars))
  expect_identical(update(again, data = mtcars)$history, cars$history)
  expect_refused(update(again), "`data` must be a data frame or a matrix")
  table <- load_two_layer(saved(quick(mtcars, NULL, outcome = c("mpg", "qsec"))))
  expect_identical(dim(fitted(update(table, x = mtcars))), c(32L, 2L))
  expect_refused(update(table), "`x` must be")
})

test_that("ordered, unused and odd levels, and missing values, are as they were", {
  data <- data.frame(
    size = factor(rep(c("s", "l"), 8), levels = c("s", "never", "l"), ordered = TRUE),
    text = rep(c("a", NA, "ö ü", ""), 4), yes = rep(c(TRUE, FALSE, NA, TRUE), 4), "x 1" = 1:16,
    check.names = FALSE
  )
  fit <- suppressMessages(quick_formula(size ~ ., data))
  again <- load_two_layer(saved(fit))
  found <- suppressWarnings(predict(fit, data))
  expect_identical(suppressWarnings(predict(again, data)), found)
  expect_true(is.ordered(found$.pred_class))
  expect_identical(suppressWarnings(predict(again, data, engine = "r")), found)
  expect_match(capture.output(print(again))[[2]], "left out", fixed = TRUE)
})

test_that("a matrix without names is taken by position", {
  x <- unname(as.matrix(mtcars[-1]))
  fit <- quick(x, mtcars$mpg)
  again <- load_two_layer(saved(fit))
  expect_identical(predict(again, x), predict(fit, x))
  expect_refused(predict(again, x[, -1]), "a table of 10 columns", "one of 9")
})

test_that("constants of a formula come back to the last bit, and others do not matter", {
  third <- 1 / 3
  limits <- c(low = -1, high = 20.1)
  fit <- quick_formula(mpg ~ I(wt * third) + pmin(qsec, limits[2]), mtcars)
  file <- saved(fit)
  third <- 0
  again <- load_two_layer(file)
  log <- function(x) stop("not this one")
  expect_identical(predict(again, mtcars), predict(fit, mtcars))
  expect_identical(get("third", environment(formula(again))), 1 / 3)
})

test_that("a formula with a function of one's own is not kept, with a warning that names it", {
  half <- function(x) x / 2
  fit <- quick_formula(mpg ~ half(wt) + hp, mtcars)
  file <- tempfile()
  cnd <- expect_warning(save_two_layer(fit, file), class = "pytwolayer_warning")
  expect_match(conditionMessage(cnd), "The formula uses `half`, which a model file does not keep")
  expect_match(conditionMessage(cnd), "takes the columns `half(wt)`, `hp` themselves", fixed = TRUE)
  again <- load_two_layer(file)
  expect_refused(predict(again, mtcars), "the terms of `mpg ~ half(wt) + hp`", "\"half(wt)\"")
  made <- data.frame("half(wt)" = mtcars$wt / 2, hp = mtcars$hp, check.names = FALSE)
  expect_identical(predict(again, made), predict(fit, mtcars))
})

test_that("a recipe with steps is not kept, with a warning", {
  skip_if_not_installed("recipes")
  recipe <- recipes::recipe(mpg ~ ., mtcars)
  plain <- two_layer(recipe, mtcars, epochs = 3)
  expect_silent(save_two_layer(plain, tempfile()))
  fit <- two_layer(recipes::step_log(recipe, disp), mtcars, epochs = 3)
  expect_warning(save_two_layer(fit, tempfile()), "does not keep", class = "pytwolayer_warning")
})

test_that("arguments that are none are refused", {
  expect_refused(save_two_layer(1, tempfile()), "`fit` must be what `two_layer()` gave")
  for (file in list(NULL, 3, "", NA_character_, c("a", "b"), "/no/such/folder/m", tempdir())) {
    expect_refused(save_two_layer(cars, file), "`file` must be the path of a file")
    expect_refused(load_two_layer(file), "`file` must be the path of a file")
  }
  expect_refused(load_two_layer("https://example.org/m.safetensors"), "no such file")
  expect_refused(load_two_layer("stdin"), "no such file")
  expect_refused(save_two_layer(cars), "`file` must be the path of a file, not missing")
  expect_refused(load_two_layer(), "`file` must be the path of a file, not missing")
})

test_that("damaged files are refused in one line that names them", {
  file <- tempfile()
  bytes <- cars$model
  flipped <- replace(bytes, 900, xor(bytes[900], as.raw(4)))
  damaged <- list(
    raw(), bytes[-length(bytes)], c(bytes, as.raw(0)), flipped, raw(100), charToRaw("{}{}{}{}"),
    rewritten(bytes, replaced_text('"format": 4', '"format": 5')),
    rewritten(bytes, replaced_text('"rows": 32', '"rows": 32, "rows": 32')),
    rewritten(bytes, replaced_text('"hidden_units": 64', '"hidden_units": 2000000000')),
    rewritten(bytes, replaced_text('"limit": 5.0', '"limit": 1e400'))
  )
  for (part in damaged) {
    writeBin(part, file)
    expect_refused(load_two_layer(file), sprintf("The model in \"%s\" cannot be read:", file),
      kind = "file"
    )
  }
  writeBin(damaged[[7]], file)
  expect_refused(load_two_layer(file), "install a newer pytwolayer", kind = "file")
  cars$model <- flipped
  expect_refused(predict(cars, mtcars), "The model cannot be read: it is", kind = "file")
})

test_that("what makes a bounded number of columns is kept", {
  low <- c(0, 100, 400)
  formula <- mpg ~ splines::bs(wt, df = 5) + splines::ns(log(hp), 3) + cut(hp, low) +
    poly(wt, hp, degree = 2) + cut(disp, c(0, 200, 500), labels = c("l", "h")) +
    scale(cbind(wt, qsec)) + pmin(qsec, low[3]) + I(cyl %in% 4:6) + cut(wt, 3 + -1:5) +
    factor(gear, levels = 3:5) + poly(disp, 3, raw = TRUE):I(am)
  fit <- quick_formula(formula, mtcars)
  again <- load_two_layer(saved(fit))
  expect_identical(again$how$kind, "formula")
  expect_identical(predict(again, mtcars), predict(fit, mtcars))
})

test_that("junk in R's own notes is refused", {
  base <- 2
  fit <- quick_formula(mpg ~ log(disp, base), mtcars)
  for (change in list(
    c('"constants": {"base": "c(0x1p+1)"}', '"constants": {"base": "c(c(1))"}'),
    c('"constants": {"base": "c(0x1p+1)"}', '"constants": {"base": "c(system(1))"}'),
    c('"constants": {"base": "c(0x1p+1)"}', '"constants": {"log": "c(1)"}'),
    c('"constants": {"base": "c(0x1p+1)"}', '"constants": ["c(1)"]'),
    c('"constants": {"base": "c(0x1p+1)"}', '"constants": {"mpg": "c(1)"}'),
    c('"variables": ["mpg", "disp"]', '"variables": ["mpg"]'),
    c('"variables": ["mpg", "disp"]', '"variables": "mpg"'),
    c('"outcome": {"mpg": "mpg"}', '"outcome": {"mpg": 1}'),
    c('"outcome": {"mpg": "mpg"}', '"outcome": "mpg"'),
    c('{"r": {', '{"r": {"more": 1, '), c('{"r": {', '{"r": {"ordered": "yes", ')
  )) {
    bytes <- rewritten(fit$model, replaced_text(change[[1]], change[[2]]))
    expect_refused(read_back(bytes), "cannot be read", kind = "file")
  }
})

test_that("folders, pipes and devices are not opened, a huge file is not read", {
  skip_on_os("windows")
  pipe <- tempfile()
  system2("mkfifo", shQuote(pipe))
  for (file in c(pipe, "/dev/zero", "/dev/null")) {
    expect_refused(load_two_layer(file), "it is empty, or not a file", kind = "file")
  }
  huge <- saved(cars)
  system2("truncate", c("-s", "10G", shQuote(huge)))
  expect_refused(load_two_layer(huge), "its tensors take", "instead of", kind = "file")
  unlink(huge)
})

test_that("a link stays a link, permissions stay, and a device is no file to replace", {
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  file <- file.path(folder, "m.safetensors")
  file.create(file)
  Sys.chmod(file, "640", use_umask = FALSE)
  link <- file.path(folder, "link")
  file.symlink("m.safetensors", link)
  save_two_layer(cars, link)
  expect_identical(Sys.readlink(link), "m.safetensors")
  expect_identical(readBin(file, "raw", 1e6), cars$model)
  expect_identical(format(file.info(file)$mode), "640")
  expect_setequal(list.files(folder, all.files = TRUE, no.. = TRUE), c("link", basename(file)))
  pipe <- file.path(folder, "pipe")
  system2("mkfifo", shQuote(pipe))
  system2("cat", shQuote(pipe), stdout = file.path(folder, "through"), wait = FALSE)
  save_two_layer(cars, pipe)
  through <- file.path(folder, "through")
  for (time in 1:6000) if (file.size(through) < length(cars$model)) Sys.sleep(0.05)
  expect_identical(readBin(through, "raw", 1e6), cars$model)
})

test_that("a full disk leaves the old file and nothing else", {
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  mounted <- suppressWarnings(system2(
    "mount", c("-t", "tmpfs", "-o", "size=4k", "tmpfs", shQuote(folder)), stdout = FALSE,
    stderr = FALSE
  )) == 0
  skip_if_not(mounted, "a file system of one's own")
  withr::defer(system2("umount", shQuote(folder)))
  file <- file.path(folder, "m.safetensors")
  writeLines("old", file)
  cnd <- expect_error(save_two_layer(cars, file), class = "pytwolayer_error")
  expect_match(conditionMessage(cnd), "cannot be written: .*(as on a full disk|No space left)")
  expect_identical(readLines(file), "old")
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "m.safetensors")
})

test_that("a reader never sees half a file, also of a writer that is killed", {
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  sources <- c(saved(cars, file.path(folder, "a")), saved(flowers, file.path(folder, "b")))
  file <- file.path(folder, "m.safetensors")
  script <- file.path(folder, "writer.R")
  writeLines(c(
    "library(pytwolayer)", sprintf("setwd('%s')", folder),
    "fits <- lapply(c('a', 'b'), load_two_layer)", "writeLines(as.character(Sys.getpid()), 'pid')",
    "repeat for (fit in fits) save_two_layer(fit, 'm.safetensors')"
  ), script)
  withr::local_envvar(R_LIBS = paste(.libPaths(), collapse = ":"), R_TESTS = "")
  system2(file.path(R.home("bin"), "Rscript"), shQuote(script), wait = FALSE, stdout = FALSE,
    stderr = FALSE
  )
  for (time in 1:12000) if (!file.exists(file)) Sys.sleep(0.05)
  for (time in 1:200) {
    seen <- readBin(file, "raw", 1e6)
    expect_true(identical(seen, cars$model) || identical(seen, flowers$model))
  }
  tools::pskill(as.integer(readLines(file.path(folder, "pid"))), tools::SIGKILL)
  expect_s3_class(load_two_layer(file), "two_layer")
})

test_that("a process without Python loads, prints and predicts, and is told how", {
  file <- saved(cars)
  rds <- withr::local_tempfile()
  saveRDS(flowers, rds)
  said <- without_python(c(
    sprintf("fit <- load_two_layer('%s')", file), "print(fit)", "print(summary(fit))",
    "predictions <- predict(fit, mtcars, engine = 'r')$.pred",
    "cat('predicted', sprintf('%a', predictions[1:3]), '\\n')",
    "cat('augmented', dim(augment(fit, mtcars, engine = 'r')), '\\n')",
    sprintf("flowers <- readRDS('%s')", rds), "print(flowers)",
    "cat('classes', levels(predict(flowers, iris, engine = 'r')$.pred_class), '\\n')",
    sprintf("save_two_layer(fit, '%s')", tempfile()),
    "stopifnot(!reticulate::py_available())",
    "for (call in list(quote(predict(fit, mtcars)), quote(augment(fit, mtcars))))",
    "  tryCatch(eval(call), pytwolayer_error_python = function(cnd) message(conditionMessage(cnd)))"
  ))
  expected <- sprintf("%a", predict(cars, mtcars, engine = "r")$.pred[1:3])
  expect_true(paste("predicted", paste(expected, collapse = " "), "") %in% said)
  expect_true("augmented 32 13 " %in% said)
  expect_true("classes setosa versicolor virginica " %in% said)
  expect_identical(sum(grepl("predict without Python: `engine = \"r\"`", said)), 2L)
})

test_that("formulas of comparisons, and of splines without `df`, come back", {
  skip_without_torch()
  skip_if_not_installed("splines")
  bs <- splines::bs
  ns <- splines::ns
  k <- 3
  formulas <- list(
    mpg ~ (wt > 3) + hp, mpg ~ (wt > k) + hp, mpg ~ wt %% 2 + hp, mpg ~ (wt > 3):hp + (hp > 100),
    mpg ~ (wt > 3) * hp, mpg ~ (!am) + hp, mpg ~ bs(wt), mpg ~ ns(wt) + hp
  )
  file <- withr::local_tempfile()
  for (formula in formulas) {
    fit <- quick_formula(formula, mtcars)
    expect_no_warning(save_two_layer(fit, file))
    again <- load_two_layer(file)
    expect_identical(predict(again, mtcars), predict(fit, mtcars))
    expect_equal(predict(again, mtcars, engine = "r"), predict(fit, mtcars), tolerance = 1e-6)
    expect_identical(again$how$kind, "formula")
  }
})

test_that("the formula of a sum of columns is kept as it can be read", {
  odd <- data.frame(y = 1:3, `a b` = 1:3, `+` = 1:3, c = c("u", "v", "v"), check.names = FALSE)
  names(odd)[[4]] <- "\u00e4\""
  for (formula in c(y ~ ., y ~ `+` + `a b`, `a b` ~ y)) {
    how <- pytwolayer:::mold_formula(formula, odd, NULL)$how
    expect_true(pytwolayer:::is_sum_of_columns(how))
    kept <- pytwolayer:::formula_notes(how, 3)$formula
    read <- pytwolayer:::read_formula(kept, 3)
    expect_identical(attr(read$terms, "variables"), attr(how$terms, "variables"))
    expect_identical(read[c("outcome", "variables")], how[c("outcome", "variables")])
  }
  for (formula in c(log(y) ~ ., y ~ . - 1, y ~ `+`:`a b`, cbind(y, `a b`) ~ `+`)) {
    expect_false(pytwolayer:::is_sum_of_columns(pytwolayer:::mold_formula(formula, odd, NULL)$how))
  }
})
