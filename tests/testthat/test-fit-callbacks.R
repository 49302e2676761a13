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
  expect_identical(quick()$stopped, "epochs")
})

# One network, several, and one that goes on.
ways_to_train <- function() {
  begun <- quick(epochs = 1)
  list(
    quick,
    function(...) quick(..., n_models = 2),
    function(...) continue_training(begun, 5, x = mtcars[-1], y = mtcars$mpg, ...)
  )
}

in_epoch <- function(number, does) {
  function(epoch, loss) if (epoch == number) does(epoch)
}

test_that("a jump out of on_epoch is done, with its value", {
  skip_without_torch()
  for (train in ways_to_train()) {
    left <- function(does) {
      train(on_epoch = in_epoch(2, does))
      stop("not left")
    }
    expect_identical(callCC(function(leave) left(function(epoch) leave(c(epoch, 7L)))), c(2L, 7L))
    expect_null(callCC(function(leave) left(function(epoch) leave(NULL))))
    arguments <- withRestarts(
      left(function(epoch) invokeRestart("away", epoch, b = quote(x + y))),
      away = function(...) list(...)
    )
    expect_identical(arguments, list(2L, b = quote(x + y)))
    returning <- function(promised = return("promised")) {
      left(function(epoch) promised)
    }
    expect_identical(returning(), "promised")
    from_afar <- function() {
      here <- environment()
      left(function(epoch) rlang::return_from(here, epoch))
    }
    expect_identical(from_afar(), 2L)
    own <- structure(class = c("mine", "condition"), list(message = "m", call = NULL, value = 3))
    caught <- tryCatch(left(function(epoch) signalCondition(own)), mine = function(cnd) cnd)
    expect_identical(caught, own)
    caught <- rlang::try_fetch(left(function(epoch) rlang::warn("w", "mine")), mine = identity)
    expect_identical(conditionMessage(caught), "w")
  }
})

test_that("break and next that were promised to on_epoch leave the loop", {
  skip_without_torch()
  looped <- function() {
    left <- function(promised) {
      quick(on_epoch = in_epoch(2, function(epoch) promised))
      stop("not left")
    }
    begun <- 0
    for (i in 1:5) {
      begun <- begun + 1
      if (i == 3) left(break)
      left(next)
    }
    c(i, begun)
  }
  expect_identical(looped(), c(3, 3))
})

test_that("what is to be done on leaving is done once, the inner first", {
  skip_without_torch()
  done <- NULL
  value <- callCC(function(leave) {
    on.exit(done <- c(done, "function"))
    tryCatch(
      quick(on_epoch = in_epoch(2, function(epoch) {
        on.exit(done <<- c(done, "on_epoch"))
        leave(5)
      })),
      finally = done <<- c(done, "finally")
    )
  })
  expect_identical(value, 5)
  expect_identical(done, c("on_epoch", "finally"))
})

test_that("a jump out of a loss function is done, from its first call and from a later one", {
  skip_without_torch()
  for (several in c(1, 2)) {
    for (last in c(1, 4)) {
      calls <- 0
      value <- callCC(function(leave) {
        quick(n_models = several, loss = function(output, y) {
          calls <<- calls + 1
          if (calls == last) leave("left")
          (output - y)^2
        })
      })
      expect_identical(value, "left")
      expect_identical(calls, last)
    }
  }
  careful <- function(output, y) warning("careful")
  expect_identical(tryCatch(quick(loss = careful), warning = conditionMessage), "careful")
})

test_that("a jump out of a fit in on_epoch leads to the inner or to the outer function", {
  skip_without_torch()
  inner <- function(leave) quick(on_epoch = in_epoch(2, function(epoch) leave("left")))
  fit <- quick(on_epoch = function(epoch, loss) {
    expect_identical(callCC(inner), "left")
  })
  expect_identical(fit$history, quick()$history)
  outer <- callCC(function(leave) quick(on_epoch = function(epoch, loss) inner(leave)))
  expect_identical(outer, "left")
})

test_that("a jump leaves a checkpoint that goes on", {
  skip_without_torch()
  folder <- withr::local_tempdir()
  kept <- function(...) quick(checkpoint = folder, checkpoint_every = 1, ...)
  value <- callCC(function(leave) kept(on_epoch = in_epoch(3, function(epoch) leave("left"))))
  expect_identical(value, "left")
  fit <- suppressMessages(kept())
  expect_identical(fit$history, quick()$history)
  expect_identical(fit$weights, quick()$weights)
})

test_that("a jump to the top level is done", {
  skip_without_torch()
  code <- "
    library(pytwolayer)
    away <- function(epoch, loss) invokeRestart('abort')
    tryCatch(two_layer(mpg ~ ., mtcars, epochs = 3, on_epoch = away), finally = cat('left'))
    cat('not left')
  "
  file <- withr::local_tempfile(fileext = ".R", lines = code)
  withr::local_envvar(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
  rscript <- file.path(R.home("bin"), "Rscript")
  answer <- suppressWarnings(system2(rscript, shQuote(file), stdout = TRUE, stderr = FALSE))
  expect_identical(as.vector(answer), "left")
})

test_that("a jump that cannot be followed is an error of its own class with the fit", {
  skip_without_torch()
  users <- new_callback_state()
  users$is_left <- TRUE
  users$stopper$is_whole <- FALSE
  fit <- quick()
  cnd <- expect_error(rethrow_callback_condition(users, fit, NULL), class = "pytwolayer_error_jump")
  expect_s3_class(cnd, "pytwolayer_error")
  expect_identical(cnd$fit, fit)
})

test_that("restarts inside of on_epoch are for handlers outside to use", {
  skip_without_torch()
  seen <- 0
  fit <- withCallingHandlers(
    quick(on_epoch = function(epoch, loss) {
      withRestarts(rlang::abort("mine", "mine"), go_on = function() NULL)
    }),
    mine = function(cnd) {
      seen <<- seen + 1
      invokeRestart("go_on")
    }
  )
  expect_identical(seen, 5)
  expect_identical(fit$history, quick()$history)
  failing <- function(epoch, loss) stop("x")
  counting <- function(cnd) seen <<- seen + 1
  expect_error(withCallingHandlers(quick(on_epoch = failing), error = counting), "x")
  expect_identical(seen, 6)
})

test_that("a warning that options(warn = 2) makes an error has the fit so far", {
  skip_without_torch()
  withr::local_options(warn = 2)
  cnd <- expect_error(quick(on_epoch = in_epoch(2, function(epoch) warning("careful"))), "careful")
  expect_identical(nrow(cnd$fit$history), 2L)
})

test_that("an interrupt in a loss function gives the fit so far, with a warning", {
  skip_without_torch()
  calls <- 0
  expect_warning(
    fit <- quick(loss = function(output, y) {
      calls <<- calls + 1
      if (calls == 4) rlang::interrupt()
      (output - y)^2
    }),
    "Interrupted after 3 of 5 epochs",
    class = "pytwolayer_warning_interrupted"
  )
  expect_identical(fit$stopped, "interrupt")
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
