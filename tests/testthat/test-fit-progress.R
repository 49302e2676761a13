test_that("a bar is made where somebody would see it", {
  expect_null(progress_bar(verbose = FALSE, visible = TRUE))
  expect_null(progress_bar(verbose = TRUE, visible = FALSE))
  expect_type(progress_bar(verbose = TRUE, visible = TRUE), "closure")
})

test_that("the bar is drawn and removed, and options stay as they were", {
  withr::local_options(cli.progress_show_after = 7, cli.dynamic = TRUE, cli.num_colors = 1)
  show <- progress_bar(verbose = TRUE, visible = TRUE)
  drawn <- capture.output(
    {
      show(30, 0.25, 100)
      show(60, 0.125, 100)
      invisible(show(0, 0, 100))
    },
    type = "message"
  )
  text <- paste(drawn, collapse = "")
  expect_match(text, "Epoch 30 of 100")
  expect_match(text, "loss 0.125")
  expect_identical(getOption("cli.progress_show_after"), 7)
})

test_that("what the bar says has no stray space, and whole numbers written out", {
  withr::local_options(
    cli.progress_show_after = 0, cli.dynamic = TRUE, cli.num_colors = 1, cli.width = 100
  )
  show <- progress_bar(verbose = TRUE, visible = TRUE)
  drawn <- capture.output(
    {
      show(5, 0.25, 1e5)
      show(99999, 0.125, 1e5)
      invisible(show(0, 0, 1e5))
    },
    type = "message"
  )
  said <- grep("Epoch", strsplit(paste(drawn, collapse = "\n"), "[\r\n]+")[[1]], value = TRUE)
  first <- "^Epoch 5 of 100000 [^0-9]* 0%, loss 0\\.25, ETA [0-9?]"
  expect_match(said, first, all = FALSE)
  expect_match(said, "^Epoch 99999 of 100000 [^0-9]* 100%, loss 0\\.125, ETA", all = FALSE)
  expect_false(any(grepl(" ,|ETA  ", said)))
})

test_that("without a loss the bar is that of the search, and the training's comes after it", {
  withr::local_options(cli.dynamic = TRUE, cli.num_colors = 1, cli.width = 100)
  show <- progress_bar(verbose = TRUE, visible = TRUE)
  drawn <- capture.output(
    {
      show(30, NULL, 300)
      show(0, NULL, 300)
      show(5, 0.25, 100)
      invisible(show(0, 0, 100))
    },
    type = "message"
  )
  said <- strsplit(paste(drawn, collapse = "\n"), "[\r\n]+")[[1]]
  search <- grep("^Choosing weight decay [^0-9]*10%, ETA", said)
  run <- grep("^Epoch 5 of 100 .*loss 0\\.25", said)
  expect_true(length(search) > 0 && length(run) > 0)
  expect_lt(max(search), min(run))
})

test_that("a fit without a terminal shows nothing", {
  skip_without_torch()
  expect_silent(quick(epochs = 300, batch_size = 2))
})

test_that("with a text for a loss the bar is that of rows, and the training's comes after it", {
  withr::local_options(cli.dynamic = TRUE, cli.num_colors = 1, cli.width = 100)
  show <- progress_bar(verbose = TRUE, visible = TRUE)
  drawn <- capture.output(
    {
      show(500000, "Reading", 2e6)
      show(0, "Reading", 2e6)
      show(5, 0.25, 100)
      invisible(show(0, 0, 100))
    },
    type = "message"
  )
  said <- strsplit(paste(drawn, collapse = "\n"), "[\r\n]+")[[1]]
  reading <- grep("^Reading rows [^0-9]*25% of 2,000,000, ETA", said)
  run <- grep("^Epoch 5 of 100 .*loss 0\\.25", said)
  expect_true(length(reading) > 0 && length(run) > 0)
  expect_lt(max(reading), min(run))
})
