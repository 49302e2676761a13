# Prints the seconds of some fits of equal work by two_layer(), the loss, and the peak of memory.
suppressPackageStartupMessages(library(pytwolayer))
words <- commandArgs(TRUE)
sizes <- as.integer(words[-1])
rows <- sizes[[1]]
columns <- sizes[[2]]
x <- as.data.frame(matrix(readBin(file.path(words[[1]], "x"), "double", rows * columns), rows))
y <- readBin(file.path(words[[1]], "y"), "double", rows)

fit <- function(x, y, epochs) {
  two_layer(x, y,
    hidden_units = sizes[[3]], batch_size = sizes[[4]], epochs = epochs, learning_rate = 1e-3,
    weight_decay = 0, schedule = "constant", input_clip = NULL, verbose = FALSE, seed = 1
  )
}

status <- function(name) {
  line <- grep(name, readLines("/proc/self/status"), value = TRUE)
  as.numeric(strsplit(trimws(sub(".*:", "", line)), " ")[[1]][[1]]) / 1024
}

invisible(fit(x[seq_len(150), ], y[seq_len(150)], 1))
invisible(gc())
# As in equal_work.py: memory that nothing was written to for some time may take seconds.
reticulate::py_run_string(
  sprintf("import numpy; numpy.ones(%d * %d, numpy.float32)", 2L * rows, columns)
)
cat("5", file = "/proc/self/clear_refs")
before <- status("VmRSS")
for (call in seq_len(sizes[[6]])) {
  cat("seconds", system.time(fitted <- fit(x, y, sizes[[5]]))[["elapsed"]], "\n")
  if (call == 1) cat("MB", status("VmHWM") - before, "\n")
}
some <- seq_len(min(rows, 20000))
cat("loss", mean((predict(fitted, x[some, ])$.pred - y[some])^2), "\n")
cat("threads", pytwolayer::torch$get_num_threads(), "\n")
