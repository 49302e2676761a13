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

test_that("another PyTorch in the process is told of, whichever was first", {
  skip_without_torch()
  skip_if_not(file.exists("/proc/self/maps"), "which libraries are loaded is read from /proc")
  folder <- withr::local_tempdir()
  library <- file.path(folder, "liblantern.so")
  file.copy(file.path(R.home("library"), "splines", "libs", "splines.so"), library)
  code <- "
    tell <- function(w) { cat(conditionMessage(w)); invokeRestart('muffleWarning') }
    withCallingHandlers(%s, pytwolayer_warning = tell)
  "
  load <- sprintf("dyn.load('%s')", library)
  before <- sprintf("{ %s; pytwolayer::torch$ones(2L) }", load)
  after <- sprintf("{ pytwolayer::torch$ones(2L); %s; pytwolayer:::warn_of_other_torch() }", load)
  for (order in c(before, after)) {
    told <- paste(in_new_session(sprintf(code, order)), collapse = " ")
    expect_match(told, "Another PyTorch is in this process", fixed = TRUE)
    expect_match(told, "callr::r()", fixed = TRUE)
  }
})
