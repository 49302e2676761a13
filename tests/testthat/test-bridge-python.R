test_that("the R package carries the core, of its own version", {
  expect_true(file.exists(file.path(own_python(), "pytwolayer", "__init__.py")))
  text <- readLines(file.path(own_python(), "pytwolayer", "_version.py"))
  version <- sub('__version__ = "(.*)"', "\\1", grep("^__version__", text, value = TRUE))
  expect_identical(version, as.character(packageVersion("pytwolayer")))
})

test_that("the message of an unexpected error says where its traceback is", {
  cnd <- expect_error(
    abort_from_core(
      list(known = FALSE, message = "KeyError: 'a {b}'", traceback = "Traceback ..."),
      call = NULL
    ),
    class = "pytwolayer_error"
  )
  expect_match(conditionMessage(cnd), "KeyError: 'a {b}'", fixed = TRUE)
  expect_identical(cnd$traceback, "Traceback ...")
})

test_that("each error of the core has a class of its own in R", {
  text <- readLines(file.path(own_python(), "pytwolayer", "errors.py"))
  kinds <- sub("^class (\\w+Error)\\(.*", "\\1", grep("^class \\w+Error\\(", text, value = TRUE))
  kinds <- setdiff(kinds, "PytwolayerError")
  expect_setequal(names(error_kinds), kinds)
  error <- list(known = TRUE, kind = "TemporaryFolderError", message = "full", traceback = "")
  expect_error(abort_from_core(error, NULL), class = "pytwolayer_error_temporary_folder")
})

test_that("an argument's error carries its parts", {
  skip_without_torch()
  cnd <- expect_error(chapter_losses(0), class = "pytwolayer_error_argument")
  expect_identical(cnd$argument, "steps")
  expect_match(cnd$expected, "whole number")
  expect_identical(cnd$received, "0")
  expect_match(cnd$traceback, "Traceback")
})

test_that("Python's words for R's values are R's", {
  skip_without_torch()
  expect_refusal <- function(message, ...) {
    expect_error(two_layer(mtcars, outcome = "mpg", epochs = 1, ...), message, fixed = TRUE)
  }
  expect_refusal("`loss` must be", loss = NULL)
  expect_refusal(", not NULL.", loss = NULL)
  expect_refusal("`learning_rate` must be a finite number above 0, not 0.", learning_rate = 0)
  expect_refusal(", not -Inf.", learning_rate = -Inf)
  expect_refusal("`nesterov` must be TRUE or FALSE, not 1.", nesterov = 1)
  expect_refusal("`bootstrap` must be FALSE for one model, not TRUE.", bootstrap = TRUE)
  expect_refusal(", not \"None\"", activation = "None")
})

test_that("other versions of the core are refused with both numbers", {
  other <- list(`__version__` = "9.9.9", `__file__` = "/elsewhere/__init__.py")
  cnd <- expect_error(check_versions(other, NULL), class = "pytwolayer_error_version")
  expect_match(conditionMessage(cnd), "9.9.9", fixed = TRUE)
  expect_match(conditionMessage(cnd), as.character(packageVersion("pytwolayer")), fixed = TRUE)
  expect_match(conditionMessage(cnd), "/elsewhere", fixed = TRUE)
})

test_that("context managers and iterators of Python work", {
  skip_without_torch()
  x <- torch$ones(2L, requires_grad = TRUE)
  with(torch$no_grad(), {
    quiet <- x$add(1)
  })
  expect_false(quiet$requires_grad)
  expect_true(x$add(1)$requires_grad)
  rows <- iterate(torch$ones(3L, 2L), function(row) row$sum()$item())
  expect_identical(unlist(rows), c(2, 2, 2))
})

test_that("a model prints as in Python, and where R's output goes", {
  skip_without_torch()
  model <- torch$nn$Sequential(torch$nn$Linear(2L, 3L), torch$nn$ReLU())
  expect_identical(capture.output(print(model)), c(
    "Sequential(",
    "  (0): Linear(in_features=2, out_features=3, bias=True)",
    "  (1): ReLU()",
    ")"
  ))
  expect_identical(capture.output(print(torch$nn$MSELoss())), "MSELoss()")
})

test_that("a Python of the user's is started without R's library path", {
  withr::local_envvar(LD_LIBRARY_PATH = "/somewhere")
  restore <- set_aside("LD_LIBRARY_PATH")
  expect_identical(Sys.getenv("LD_LIBRARY_PATH"), "")
  restore()
  expect_identical(Sys.getenv("LD_LIBRARY_PATH"), "/somewhere")
})

test_that("which BLAS torch uses can be asked before torch is used", {
  skip_without_torch()
  withr::local_envvar(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
  code <- "library(pytwolayer); cat(pytwolayer:::torch_blas()[[1]])"
  rscript <- file.path(R.home("bin"), "Rscript")
  expect_identical(system2(rscript, c("-e", shQuote(code)), stdout = TRUE), "own")
})
