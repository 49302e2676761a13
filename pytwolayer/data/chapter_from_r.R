# The chapter's losses by way of R, for comparison with Python: losses to the last bit,
# the seconds they took, and what took part, one named line each.
# The profile of whoever runs this may have set another decimal mark.
options(OutDec = ".")
invisible(Sys.setlocale("LC_NUMERIC", "C"))
arguments <- commandArgs(TRUE)
file <- arguments[[1]]
runs <- as.integer(arguments[[2]])
if (!nzchar(system.file(package = "pytwolayer"))) {
  stop("pytwolayer: no R package")
}
suppressPackageStartupMessages(library(pytwolayer))
invisible(chapter_losses(steps = 1)) # Python and torch are loaded before the clock starts
seconds <- min(replicate(runs, system.time(losses <<- chapter_losses())[["elapsed"]]))
writeLines(c(
  paste(c("losses", sprintf("%a", losses$loss)), collapse = "\t"),
  paste("seconds", seconds, sep = "\t"),
  paste("r", getRversion(), sep = "\t"),
  paste("reticulate", utils::packageVersion("reticulate"), sep = "\t"),
  paste("threads", torch$get_num_threads(), sep = "\t")
), file)
