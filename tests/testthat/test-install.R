test_that("arguments that cannot be are refused before anything is installed", {
  expect_refused(install_pytwolayer(envname = NULL), "`envname`", "a single text")
  expect_refused(install_pytwolayer(torch = 1), "`torch`", "a single text")
  expect_refused(install_pytwolayer(python = "/nowhere/python"), "`python`", "/nowhere/python")
  expect_refused(install_pytwolayer(evnname = "a"), "`evnname`", "did you mean `envname`")
})

test_that("a Python that cannot make the environment is refused before anything is installed", {
  old <- withr::local_tempfile(lines = c("#!/bin/sh", "printf 'fact\\tversion\\t3.10.9\\n'"))
  Sys.chmod(old, "755")
  expect_refused(install_pytwolayer(python = old), "`python`", "3.11 or later", "Python 3.10.9")
  expect_refused(install_pytwolayer(python = tempdir()), "`python`", "is a folder")
  text <- withr::local_tempfile(lines = "")
  expect_refused(install_pytwolayer(python = text), "`python`", "is not a program")
})

test_that("what a Python needs of reticulate, and NumPy and pandas of it", {
  has <- numeric_version
  expect_identical(usable_versions(has("1.28")), c(">=3.11", "<3.12"))
  expect_identical(usable_versions(has("1.35")), c(">=3.11", "<3.13"))
  expect_identical(usable_versions(has("1.41")), ">=3.11")
  expect_identical(wanted_reticulate(has("3.12.1"), has("1.28")), "1.33")
  expect_identical(wanted_reticulate(has("3.13.0"), has("1.28")), "1.40")
  expect_null(wanted_reticulate(has("3.11.9"), has("1.28")))
  expect_null(wanted_reticulate(has("3.13.0"), has("1.41")))
  expect_identical(convertible(c("numpy", "pandas"), has("1.28")), c("numpy<2", "pandas<3"))
  expect_identical(convertible(c("numpy", "pandas"), has("1.41")), c("numpy", "pandas<3"))
  expect_identical(convertible(c("numpy", "pandas"), has("1.45")), c("numpy", "pandas"))
})
