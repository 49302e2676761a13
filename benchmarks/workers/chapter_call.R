# Seconds of each of some calls of chapter_losses(), after one that is not counted.
suppressPackageStartupMessages(library(pytwolayer))
calls <- as.integer(commandArgs(TRUE)[[1]])
invisible(chapter_losses(steps = 5))
for (call in seq_len(calls)) {
  cat("seconds", system.time(chapter_losses())[["elapsed"]], "\n")
}
