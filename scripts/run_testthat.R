# Runs tests/testthat against the installed package. The argument names a file
# for "PASSED FAILED". No test at all is a failure.
results <- as.data.frame(testthat::test_dir(
  "tests/testthat",
  package = "pytwolayer", load_package = "installed",
  reporter = testthat::SummaryReporter$new(max_reports = Inf), stop_on_failure = FALSE
))
bad <- sum(results$failed > 0 | results$error)
skipped <- sum(results$skipped)
good <- nrow(results) - bad - skipped
cat(sprintf("\nR tests: %d passed, %d failed, %d skipped\n", good, bad, skipped))
writeLines(paste(good, bad), commandArgs(trailingOnly = TRUE)[1])
quit(status = as.integer(bad > 0 || good == 0))
