# Fits a large table of R's and prints seconds, the peak of memory above the data, and the loss:
#   large_data.R ROWS COLUMNS EPOCHS BATCH matrix|frame     (says ready, waits for a line)
suppressPackageStartupMessages(library(pytwolayer))
words <- commandArgs(TRUE)
sizes <- as.integer(words[1:4])
set.seed(1)
x <- matrix(rnorm(sizes[[1]] * sizes[[2]]), ncol = sizes[[2]])
y <- tanh(x[, 1] + x[, 2] * x[, 3]) + 0.3 * rnorm(sizes[[1]])
colnames(x) <- paste0("x", seq_len(ncol(x)))
if (words[[5]] == "frame") x <- as.data.frame(x)

fit <- function(x, y, epochs) {
  two_layer(
    x, y,
    hidden_units = 64, batch_size = sizes[[4]], epochs = epochs, verbose = FALSE, seed = 1
  )
}
status <- function(name) {
  line <- grep(name, readLines("/proc/self/status"), value = TRUE)
  as.numeric(strsplit(trimws(sub(".*:", "", line)), " ")[[1]][[1]]) * 1024 / 1e6
}

few <- seq_len(min(20000, nrow(x)))
invisible(fit(x[few, ], y[few], 1))
pytwolayer::torch$set_num_threads(1L)
invisible(gc())
cat("ready\n")
stdin <- file("stdin")
invisible(readLines(stdin, 1))
close(stdin)
cat("5", file = "/proc/self/clear_refs")
before <- status("VmRSS")
seconds <- system.time(fitted <- fit(x, y, sizes[[3]]))[["elapsed"]]
cat("seconds", seconds, "\n")
cat("MB", status("VmHWM") - before, "\n")
cat("loss", tail(fitted$history$loss, 1), "\n")
