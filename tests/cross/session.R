# Runs scripts one after another in one process, each in an environment of its own: starting R,
# Python and PyTorch takes longer than most of them. Each line of the standard input has the path of
# a script and its arguments, separated by tabs; each answer is a line that begins with "ended".
requests <- file("stdin", "r")

run <- function(script, arguments) {
  scope <- new.env(parent = globalenv())
  scope$commandArgs <- function(...) arguments
  tryCatch(
    {
      sys.source(script, scope)
      "well"
    },
    error = function(cnd) gsub("[\r\n]+", " ", conditionMessage(cnd))
  )
}

while (length(request <- readLines(requests, 1, encoding = "UTF-8"))) {
  request <- strsplit(request, "\t", fixed = TRUE)[[1]]
  cat("\nended", run(request[[1]], request[-1]), "\n")
  flush(stdout())
}
