# Fits to the same random tables as data frames, matrices and files.
suppressPackageStartupMessages(library(pytwolayer))
arguments <- commandArgs(TRUE)
file <- arguments[[1]]
folder <- arguments[[2]]

quietly <- function(code) suppressWarnings(suppressMessages(code))
exact <- function(values) sprintf("%a", ifelse(is.na(values), NaN, values))
answers <- list()
settings <- list(epochs = 2, hidden_units = 3, seed = 1, verbose = FALSE, weight_decay = 0.1)
# The losses of a fit, and its first predictions.
say <- function(name, ..., new_data) {
  fit <- quietly(do.call(two_layer, c(list(...), settings)))
  predicted <- quietly(predict(fit, new_data))[[1]][1:50]
  answers[[name]] <<- exact(c(fit$history$loss, predicted))
}

for (case in sort(list.files(folder))) {
  there <- file.path(folder, case)
  table <- read.table(
    file.path(there, "table.tsv"),
    sep = "\t", header = TRUE, colClasses = "character", na.strings = character(),
    quote = "", check.names = FALSE, encoding = "UTF-8"
  )
  is_number <- startsWith(names(table), "n") | names(table) == "y"
  table[is_number] <- lapply(table[is_number], as.numeric)
  table$yes <- table$yes == "True"
  table$whole <- as.integer(table$whole)
  numbers <- as.matrix(table[startsWith(names(table), "n")])
  y <- table$y
  mixed <- table
  mixed$kind <- factor(mixed$kind, c("v", "w", "u"))
  say(paste0(case, "/frame"), mixed, outcome = "y", new_data = mixed)
  say(paste0(case, "/formula"), y ~ ., data = mixed, new_data = mixed)
  parquet <- file.path(there, "data")
  say(paste0(case, "/path"), parquet, outcome = "y", new_data = parquet)
  say(paste0(case, "/path of a formula"), y ~ ., data = parquet, new_data = parquet)
  columns <- as.data.frame(numbers)
  say(paste0(case, "/columns"), columns, y, new_data = columns)
  say(paste0(case, "/matrix"), numbers, y, new_data = numbers)
  if (requireNamespace("Matrix", quietly = TRUE)) {
    sparse <- as(numbers, "CsparseMatrix")
    say(paste0(case, "/sparse"), sparse, y, new_data = sparse)
  }
  whole <- matrix(table$whole, dimnames = list(NULL, "whole"))
  say(paste0(case, "/integers"), whole, y, new_data = whole)
}
lines <- vapply(names(answers), function(name) paste(c(name, answers[[name]]), collapse = "\t"), "")
writeLines(lines, file)
