test_that("arguments that cannot be are refused before anything is installed", {
  expect_refused(install_pytwolayer(envname = NULL), "`envname`", "a single text")
  expect_refused(install_pytwolayer(torch = 1), "`torch`", "a single text")
  expect_refused(install_pytwolayer(python = "/nowhere/python"), "`python`", "/nowhere/python")
  expect_refused(install_pytwolayer(evnname = "a"), "`evnname`", "did you mean `envname`")
})

test_that("a Python that the user has named is the one to mend, if it is there", {
  said <- function() {
    conditionMessage(expect_error(abort_python("None.", NULL), class = "pytwolayer_error_python"))
  }
  mine <- withr::local_tempfile(lines = "")
  withr::local_envvar(RETICULATE_PYTHON = mine)
  expect_match(said(), paste0("RETICULATE_PYTHON is set to \"", mine, "\"."), fixed = TRUE)
  expect_match(said(), paste(mine, "-m pip install torch"), fixed = TRUE)
  expect_match(said(), "Or unset RETICULATE_PYTHON, run `pytwo", fixed = TRUE)
  withr::local_envvar(RETICULATE_PYTHON = "/mine/python")
  expect_match(said(), "is set to \"/mine/python\", which is not there.", fixed = TRUE)
  expect_match(said(), "Unset RETICULATE_PYTHON, run `pytwo", fixed = TRUE)
  expect_no_match(said(), "pip install")
  withr::local_envvar(RETICULATE_PYTHON = NA, RETICULATE_PYTHON_ENV = NA)
  expect_match(said(), "Run `pytwolayer::install_pytwolayer()`", fixed = TRUE)
  expect_no_match(said(), "is set to")
})
