# Prints the seconds of some fits, or of predictions of all rows or one, and their peak of memory.
suppressPackageStartupMessages(library(pytwolayer))
words <- commandArgs(TRUE)
sizes <- as.integer(words[-(1:2)])
rows <- sizes[[1]]
columns <- lapply(seq_len(sizes[[2]]), function(number) {
  file <- file(file.path(words[[2]], "x"), "rb")
  on.exit(close(file))
  seek(file, 8 * rows * (number - 1))
  readBin(file, "double", rows)
})
x <- as.data.frame(columns, col.names = paste0("x", seq_along(columns)))
rm(columns)
y <- readBin(file.path(words[[2]], "y"), "double", rows)

fit <- function(x, y, epochs) {
  two_layer(x, y, batch_size = sizes[[3]], epochs = epochs, verbose = FALSE, seed = 1)
}

status <- function(name) {
  line <- grep(name, readLines("/proc/self/status"), value = TRUE)
  as.numeric(strsplit(trimws(sub(".*:", "", line)), " ")[[1]][[1]]) / 1024
}

fitted <- fit(x[seq_len(150), ], y[seq_len(150)], 1)
one <- x[1, , drop = FALSE]
work <- switch(words[[1]],
  fit = ,
  small_fit = function() fit(x, y, sizes[[4]]),
  predict = function() predict(fitted, x),
  one_row = function() predict(fitted, one),
  one_row_r = function() predict(fitted, one, engine = "r")
)
times <- switch(words[[1]], # calls that are measured together
  small_fit = 30,
  one_row = ,
  one_row_r = 300,
  1
)
invisible(work()) # which asks for the memory that later ones have
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- status("VmRSS")
for (call in 1:5) {
  taken <- system.time(for (turn in seq_len(times)) work())[["elapsed"]]
  cat("seconds", taken / times, "\n")
  if (call == 1) cat("MB", status("VmHWM") - before, "\n")
}
cat("threads", pytwolayer::torch$get_num_threads(), "\n")
