test_that("encoded rows in a folder give the same bits, and are found again", {
  skip_without_torch()
  dir <- withr::local_tempfile()
  settings <- list(iris[1:4], iris$Species, validation = 0.2, batch_size = 40, seed = 1)
  in_memory <- do.call(quick, settings)
  expect_message(
    kept <- do.call(quick, c(settings, cache = dir)), "are kept in the folder",
    class = "pytwolayer_message"
  )
  expect_match(list.files(dir), "^rows-[0-9a-f]{16}[.]safetensors$")
  expect_message(found <- do.call(quick, c(settings, cache = dir)), "were found in the folder")
  expect_length(list.files(dir), 2)
  for (fit in list(kept, found)) {
    expect_identical(fit$history, in_memory$history)
    expect_identical(fit$weights, in_memory$weights)
    expect_identical(fitted(fit), fitted(in_memory))
  }
})

test_that("fitted values come from the rows in the folder, too", {
  skip_without_torch()
  dir <- withr::local_tempfile()
  in_memory <- quick_formula(mpg ~ ., mtcars, seed = 1)
  kept <- suppressMessages(quick_formula(mpg ~ ., mtcars, seed = 1, cache = dir))
  expect_identical(fitted(kept), fitted(in_memory))
  expect_identical(residuals(kept), residuals(in_memory))
})

test_that("a fit that is continued takes a folder", {
  skip_without_torch()
  dir <- withr::local_tempfile()
  fit <- two_layer(mpg ~ ., mtcars, epochs = 3, seed = 1)
  expect_message(longer <- continue_training(fit, epochs = 3, cache = dir), "are kept")
  expect_identical(longer$weights, continue_training(fit, epochs = 3)$weights)
})

test_that("what is no folder is an error that names the argument", {
  skip_without_torch()
  file <- withr::local_tempfile(lines = "text")
  expect_refused(quick(cache = file), "`cache` must be the path of a folder, not the file")
  expect_refused(quick(cache = 5), "`cache` must be the path of a folder, not 5")
  expect_refused(quick(cache = c("a", "b")), "`cache` must be a single value")
})

test_that("a tilde is the home folder for encoded rows, too", {
  skip_without_torch()
  home <- withr::local_tempdir()
  withr::local_envvar(HOME = home)
  suppressMessages(quick(cache = file.path(home, "rows")))
  expect_length(list.files(file.path(home, "rows")), 1)
})
