# Prints the seconds of some conversions of R's columns to a float32 tensor, and their peak of
# memory above that of R's data.
suppressPackageStartupMessages(library(pytwolayer))
words <- commandArgs(TRUE)
way <- words[[1]]
sizes <- as.integer(words[-1])

python <- "
import numpy as np
columns = np.random.default_rng(1).normal(size=(%d, %d))
def convert():
    columns.T.astype(np.float32, order='C')
"
threads <- torch$get_num_threads()
if (way == "numpy") {
  reticulate::py_run_string(sprintf(python, sizes[[2]], sizes[[1]]))
  convert <- reticulate::py$convert
} else {
  x <- if (way == "matrix") {
    matrix(stats::rnorm(prod(sizes)), sizes[[1]])
  } else {
    as.data.frame(replicate(sizes[[2]], stats::rnorm(sizes[[1]]), simplify = FALSE),
      col.names = paste0("x", seq_len(sizes[[2]]))
    )
  }
  convert <- function() as_tensor(x)
  invisible(as_tensor(x[1:9, ]))
}

status <- function(name) {
  line <- grep(name, readLines("/proc/self/status"), value = TRUE)
  as.numeric(strsplit(trimws(sub(".*:", "", line)), " ")[[1]][[1]]) / 1024
}

invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- status("VmRSS")
for (call in 1:5) {
  cat("seconds", system.time(made <- convert())[["elapsed"]], "\n")
  if (call == 1) cat("MB", status("VmHWM") - before, "\n")
  rm(made)
  invisible(gc())
}
cat("threads", threads, "\n")
