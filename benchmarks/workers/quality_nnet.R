# Fits R's nnet with its defaults (5 hidden units: size has none) to the folds
# that benchmarks/_quality_peers.py wrote, and prints the seconds of one fit.
#
#   Rscript quality_nnet.R FOLDER FOLDS CLASSES     (CLASSES is 0 for a number)

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[[1]]
folds <- as.integer(arguments[[2]])
classes <- as.integer(arguments[[3]])

read <- function(what, fold) {
  file <- file.path(folder, paste0(what, fold, ".csv"))
  as.matrix(utils::read.csv(file, header = FALSE))
}

fit <- function(x, y) {
  train <- function(y, ...) nnet::nnet(x, y, size = 5, trace = FALSE, MaxNWts = 1e5, ...)
  if (classes == 0) return(train(y, linout = TRUE))
  y <- nnet::class.ind(factor(y, levels = seq_len(classes) - 1))
  if (classes == 2) train(y[, 2], entropy = TRUE) else train(y, softmax = TRUE)
}

seconds <- 0
for (fold in seq_len(folds)) {
  x <- read("train", fold)
  y <- read("outcome", fold)
  set.seed(fold)
  start <- proc.time()[["elapsed"]]
  network <- fit(x, y)
  seconds <- seconds + proc.time()[["elapsed"]] - start
  predicted <- stats::predict(network, read("test", fold))
  if (classes == 2) predicted <- cbind(1 - predicted, predicted)
  file <- file.path(folder, paste0("predicted", fold, ".csv"))
  utils::write.table(predicted, file, sep = ",", row.names = FALSE, col.names = FALSE)
}
cat(seconds / folds)
