test_that("doctor's page tells versions, device, threads and the BLAS in use", {
  skip_without_torch()
  page <- capture.output(healthy <- pytwolayer_doctor())
  text <- paste(page, collapse = "\n")
  parts <- c(
    as.character(packageVersion("pytwolayer")), as.character(packageVersion("reticulate")),
    R.version.string, as.character(torch$`__version__`),
    "devices", "threads", "BLAS in use", "R's BLAS"
  )
  for (part in parts) {
    expect_match(text, part, fixed = TRUE)
  }
  expect_match(text, "torch's own|linked to the system's BLAS")
  numpy <- numeric_version(reticulate::import("numpy")$`__version__`)
  cannot <- packageVersion("reticulate") < "1.38" && numpy >= "2"
  expect_identical(healthy, !cannot)
  expect_identical(grepl("cannot convert arrays of NumPy 2", text, fixed = TRUE), cannot)
  expect_identical(grepl("pip install \"numpy<2\"", text, fixed = TRUE), cannot)
})

test_that("without a Python the page shows R and the way out", {
  cnd <- simpleError("No Python.\nRun `pytwolayer::install_pytwolayer()`.")
  page <- paste(page_without_python(session_facts(), cnd), collapse = "\n")
  expect_match(page, R.version.string, fixed = TRUE)
  expect_match(page, "install_pytwolayer()", fixed = TRUE)
})
