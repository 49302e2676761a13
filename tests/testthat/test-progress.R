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

test_that("a fit without a terminal shows nothing", {
  skip_without_torch()
  expect_silent(quick(epochs = 300, batch_size = 2))
})
