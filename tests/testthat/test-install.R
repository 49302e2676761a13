test_that("arguments that cannot be are refused before anything is installed", {
  expect_refused(install_pytwolayer(envname = NULL), "`envname`", "a single text")
  expect_refused(install_pytwolayer(torch = 1), "`torch`", "a single text")
  expect_refused(install_pytwolayer(python = "/nowhere/python"), "`python`", "/nowhere/python")
  expect_refused(install_pytwolayer(evnname = "a"), "`evnname`", "did you mean `envname`")
})

test_that("a Python that the user has named is the one to mend", {
  withr::local_envvar(RETICULATE_PYTHON = "/mine/python")
  cnd <- expect_error(abort_python("It has no torch.", NULL), class = "pytwolayer_error_python")
  expect_match(conditionMessage(cnd), "RETICULATE_PYTHON is set to \"/mine/python\"", fixed = TRUE)
  expect_match(conditionMessage(cnd), "/mine/python -m pip install torch", fixed = TRUE)
  expect_match(conditionMessage(cnd), "unset RETICULATE_PYTHON, run `pytwo", fixed = TRUE)
  withr::local_envvar(RETICULATE_PYTHON = NA, RETICULATE_PYTHON_ENV = NA)
  cnd <- expect_error(abort_python("It has no torch.", NULL))
  expect_match(conditionMessage(cnd), "Run `pytwolayer::install_pytwolayer()`", fixed = TRUE)
  expect_no_match(conditionMessage(cnd), "is set to")
})
