test_that("on_epoch is told of each epoch, and FALSE stops", {
  skip_without_torch()
  told <- NULL
  fit <- quick(on_epoch = function(epoch, loss) {
    told <<- rbind(told, c(epoch, loss))
    if (epoch == 3) FALSE
  }, epochs = 10)
  expect_identical(nrow(fit$history), 3L)
  expect_identical(fit$stopped, "on_epoch")
  expect_equal(told, unname(as.matrix(fit$history)))
  going <- quick(on_epoch = function(epoch, loss) mtcars)
  expect_identical(going$history, quick()$history)
  expect_refused(quick(on_epoch = 3), "`on_epoch`", "a function", "not 3")
})

test_that("an error in on_epoch comes out as it is, with the fit so far", {
  skip_without_torch()
  cnd <- expect_error(
    quick(on_epoch = function(epoch, loss) if (epoch == 4) rlang::abort("mine", "my_class")),
    class = "my_class"
  )
  expect_identical(conditionMessage(cnd), "mine")
  expect_s3_class(cnd$fit, "two_layer")
  expect_identical(nrow(cnd$fit$history), 4L)
})

test_that("messages and warnings of on_epoch come out, whoever catches them", {
  skip_without_torch()
  expect_message(quick(on_epoch = function(epoch, loss) message("epoch ", epoch)), "epoch 1") |>
    suppressMessages()
  talking <- function(epoch, loss) message("hello")
  expect_identical(tryCatch(quick(on_epoch = talking), message = conditionMessage), "hello\n")
  warning_of <- function(epoch, loss) warning("careful")
  caught <- tryCatch(quick(on_epoch = warning_of), warning = conditionMessage)
  expect_identical(caught, "careful")
  left <- withRestarts(
    quick(on_epoch = function(epoch, loss) invokeRestart("away")),
    away = function() "away"
  )
  expect_identical(left$stopped, "interrupt")
  expect_identical(quick()$stopped, "epochs")
})

test_that("an interrupt in on_epoch gives the fit so far, with a warning", {
  skip_without_torch()
  expect_warning(
    fit <- quick(epochs = 50, on_epoch = function(epoch, loss) {
      if (epoch == 3) rlang::interrupt()
    }),
    "Interrupted after 3 of 50 epochs",
    class = "pytwolayer_warning_interrupted"
  )
  expect_identical(fit$stopped, "interrupt")
})

test_that("Ctrl-C gives the fit so far, and R lives on", {
  skip_without_torch()
  skip_on_os("windows")
  code <- "
    suppressMessages(library(pytwolayer))
    press <- function() tools::pskill(Sys.getpid(), tools::SIGINT)
    fit <- withCallingHandlers(
      two_layer(mpg ~ ., mtcars, epochs = 1e5, on_epoch = function(epoch, loss) {
        if (epoch == 20) press()
      }),
      pytwolayer_warning_interrupted = function(cnd) {
        cat('warned ')
        rlang::cnd_muffle(cnd)
      }
    )
    cat(fit$stopped, nrow(fit$history) < 100, '')
    cat(tryCatch({ press(); Sys.sleep(5); 'slept' }, interrupt = function(cnd) 'again'))
  "
  file <- withr::local_tempfile(fileext = ".R", lines = code)
  withr::local_envvar(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
  rscript <- file.path(R.home("bin"), "Rscript")
  answer <- system2(rscript, shQuote(file), stdout = TRUE, stderr = FALSE)
  expect_identical(answer, "warned interrupt TRUE again")
})

test_that("a loss may be a function of tensors", {
  skip_without_torch()
  squared <- function(output, y) (output - y)^2
  fit <- two_layer(mpg ~ ., mtcars, loss = squared, epochs = 5, seed = 1)
  expect_equal(fit$history, quick()$history, tolerance = 1e-5)
  expect_identical(fit$settings$loss, "squared")
  whole <- quick(loss = function(output, y) mean(abs(output - y)))
  expect_equal(whole$history, quick(loss = "mae")$history, tolerance = 1e-5)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), mtcars), predict(fit, mtcars))
})

test_that("a loss function that fails comes out as its own error", {
  skip_without_torch()
  cnd <- expect_error(quick(loss = function(output, y) rlang::abort("no", "mine")), class = "mine")
  expect_s3_class(cnd$fit, "two_layer")
  expect_refused(quick(loss = function(output, y) 3), "`loss`", "tensors", "a number")
  expect_refused(quick(loss = function(output, y) mean(y)), "`loss`", "does not depend")
  expect_refused(quick(loss = mean, epochs = 1:2), "`epochs`", "a single value")
})
