# A round under a decimal comma, set before Python starts: what came out, to the last bit.
arguments <- commandArgs(TRUE)
way <- arguments[[2]]
folder <- arguments[[3]]
suppressPackageStartupMessages(library(pytwolayer))
if (way == "locale") suppressWarnings(Sys.setlocale("LC_NUMERIC", "de_DE.UTF-8"))
if (way == "OutDec") options(OutDec = ",")
fit <- two_layer(
  mpg ~ cut(disp, c(0, 150.5, 1e3)) + I(wt * 0.5) + hp, mtcars,
  epochs = 4, learning_rate = 0.05, dropout = 0.25, seed = 1
)
file <- file.path(folder, paste0(way, ".safetensors"))
save_two_layer(fit, file)
loaded <- load_two_layer(file)
inputs <- fit$inputs
predictions <- list(
  predict(loaded, mtcars)$.pred, predict(loaded, mtcars, engine = "r")$.pred
)
of_python <- predict(load_two_layer(file.path(folder, "python.safetensors")), mtcars)$.pred
comma <- c(format(0.5), Sys.getlocale("LC_NUMERIC"))
invisible(suppressWarnings(Sys.setlocale("LC_NUMERIC", "C")))
options(OutDec = ".")
line <- function(name, values) paste(c(name, values), collapse = "\t")
writeLines(c(
  line("history", sprintf("%a", fit$history$loss)),
  line("inputs", inputs),
  line("learning_rate", sprintf("%a", c(fit$settings$learning_rate, loaded$settings$dropout))),
  line("python", sprintf("%a", predictions[[1]])),
  line("r", sprintf("%a", predictions[[2]])),
  line("of_python", sprintf("%a", of_python)),
  line("comma", comma)
), arguments[[1]])
