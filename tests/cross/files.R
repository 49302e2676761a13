# Fits to a folder of Parquet files by its path, and what they predict of it.
suppressPackageStartupMessages(library(pytwolayer))
arguments <- commandArgs(TRUE)
folder <- arguments[[2]]

quietly <- function(code) suppressWarnings(suppressMessages(code))
exact <- function(values) sprintf("%a", ifelse(is.na(values), NaN, values))
predicted <- function(fit, ...) quietly(predict(fit, folder, ...))[[1]][1:50]
sent <- function(fit) exact(c(fit$history$loss, predicted(fit)))
fit <- function(...) quietly(two_layer(..., epochs = 2, seed = 1, verbose = FALSE))
table <- fit(folder, outcome = "y")
classes <- fit(f ~ number + year, data = folder, validation = 0.25, case_weights = w)
answers <- list(
  table = sent(table),
  formula = sent(fit(y ~ . - f, data = folder)),
  weights = exact(c(
    classes$history$loss, classes$history$valid_loss, predicted(classes, type = "prob")
  )),
  several = sent(fit(y ~ number + f, data = folder, n_models = 2, bootstrap = TRUE)),
  longer = sent(quietly(continue_training(table, 2))),
  held = exact(fit(folder, outcome = "y", validation = folder)$history$valid_loss),
  columns = names(table$blueprint$ptypes$predictors),
  factor = levels(table$blueprint$ptypes$predictors$f)
)
lines <- vapply(names(answers), function(name) paste(c(name, answers[[name]]), collapse = "\t"), "")
writeLines(lines, arguments[[1]])
