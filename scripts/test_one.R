# Runs a file of tests/testthat on the package's source; the argument names it.
file <- commandArgs(trailingOnly = TRUE)[[1]]
pkgload::load_all(".", helpers = FALSE, quiet = TRUE)
results <- as.data.frame(testthat::test_file(
  file,
  package = "pytwolayer", load_package = "none", stop_on_failure = FALSE
))
bad <- any(results$failed > 0 | results$error)
quit(status = as.integer(bad || !nrow(results)))
