# Fits R's nnet (10 hidden units, decay 0.01, at most 1000 iterations) to the fold
# that benchmarks/_quality_peers.py wrote, and prints the processor's seconds.
#
#   Rscript quality_nnet.R FOLDER CLASSES SEED     (CLASSES is 0 for a number)

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[[1]]
classes <- as.integer(arguments[[2]])
set.seed(as.integer(arguments[[3]]))

read <- function(what) {
  as.matrix(utils::read.csv(file.path(folder, paste0(what, ".csv")), header = FALSE))
}

fit <- function(x, y) {
  train <- function(y, ...) {
    nnet::nnet(x, y, size = 10, decay = 0.01, maxit = 1000, trace = FALSE, MaxNWts = 1e5, ...)
  }
  if (classes == 0) return(train(y, linout = TRUE))
  y <- nnet::class.ind(factor(y, levels = seq_len(classes) - 1))
  if (classes == 2) train(y[, 2], entropy = TRUE) else train(y, softmax = TRUE)
}

x <- read("train")
y <- read("outcome")
start <- proc.time()
network <- fit(x, y)
seconds <- sum((proc.time() - start)[1:2])
predicted <- stats::predict(network, read("test"))
if (classes == 2) predicted <- cbind(1 - predicted, predicted)
utils::write.table(
  predicted, file.path(folder, "predicted.csv"),
  sep = ",", row.names = FALSE, col.names = FALSE
)
cat(seconds)
