# Fits a small network in a new process, and ends.
suppressPackageStartupMessages(library(pytwolayer))
set.seed(1)
x <- as.data.frame(matrix(rnorm(600), 150))
two_layer(x, rowSums(x), hidden_units = 10, epochs = 20, verbose = FALSE, seed = 1)
