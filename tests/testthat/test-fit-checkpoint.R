folder <- function() {
  withr::local_tempfile(.local_envir = parent.frame())
}

test_that("a run that was stopped goes on to the same bits", {
  skip_without_torch()
  dir <- folder()
  settings <- list(
    iris[1:4], iris$Species,
    batch_size = 40, dropout = 0.2, validation = 0.2, epochs = 8, seed = 1
  )
  whole <- do.call(quick, settings)
  stops <- function(epoch, loss) if (epoch == 5) stop("no more")
  kept <- c(settings, checkpoint = dir, checkpoint_every = 1)
  expect_error(do.call(quick, c(kept, on_epoch = stops)), "no more")
  expect_message(again <- do.call(quick, kept), "Continuing after epoch 4 of 8")
  expect_identical(again$history, whole$history)
  expect_identical(again$weights, whole$weights)
  expect_identical(again$best_epoch, whole$best_epoch)
})

test_that("without a seed it is the run's, and an ended run gives its fit at once", {
  skip_without_torch()
  dir <- folder()
  set.seed(1)
  first <- quick(seed = NULL, checkpoint = dir)
  calls <- 0
  expect_message(
    again <- quick(seed = NULL, checkpoint = dir, on_epoch = function(...) calls <<- calls + 1),
    "a run that ended after epoch 5 of 5"
  )
  expect_identical(calls, 0)
  expect_identical(again$settings, first$settings)
  expect_identical(again$weights, first$weights)
  expect_refused(quick(seed = 2^40, checkpoint = dir), "`seed` (")
})

test_that("other data and settings are named", {
  skip_without_torch()
  dir <- folder()
  quick(checkpoint = dir)
  expect_refused(
    quick(checkpoint = dir, epochs = 6, activation = "tanh"),
    "`checkpoint` must be the folder of a run of the same data and settings",
    "`activation` (\"relu\", now \"tanh\")", "`epochs` (5, now 6)"
  )
  expect_refused(quick(transform(mtcars[-1], wt = wt * 2), checkpoint = dir), "column \"wt\"")
})

test_that("what is no folder is an error before training", {
  skip_without_torch()
  file <- withr::local_tempfile(lines = "text")
  calls <- 0
  count <- function(...) calls <<- calls + 1
  for (path in c(file, file.path(file, "below"), "")) {
    expect_refused(quick(checkpoint = path, on_epoch = count), "`checkpoint` must be the path of")
  }
  expect_refused(quick(checkpoint = 3, on_epoch = count), "`checkpoint` must be the path of")
  expect_refused(quick(checkpoint = c("a", "b")), "`checkpoint` must be a single value")
  expect_refused(quick(checkpoint_every = 2), "`checkpoint` must be given")
  expect_refused(quick(checkpoint = folder(), checkpoint_every = 1.5), "`checkpoint_every` must be")
  expect_identical(calls, 0)
})

test_that("a tilde is the home folder", {
  skip_without_torch()
  home <- withr::local_tempdir()
  withr::local_envvar(HOME = home)
  quick(checkpoint = file.path(home, "run"))
  expect_length(list.files(file.path(home, "run")), 1)
})

test_that("a damaged checkpoint is passed over, with a warning", {
  skip_without_torch()
  dir <- folder()
  whole <- quick(checkpoint = dir, checkpoint_every = 1)
  newest <- max(list.files(dir, full.names = TRUE))
  writeBin(as.raw(1:100), newest)
  expect_warning(
    expect_message(again <- quick(checkpoint = dir, checkpoint_every = 1), "after epoch 4"),
    "is skipped",
    class = "pytwolayer_warning_checkpoint"
  )
  expect_identical(again$weights, whole$weights)
})
