# mtcars through R: the data for Python, R's fit of it, and what came out to the last bit.
# The profile of whoever runs this may have set another decimal mark.
options(OutDec = ".")
invisible(Sys.setlocale("LC_NUMERIC", "C"))
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
write.csv(mtcars, arguments[[1]], row.names = FALSE)

fit <- two_layer(mpg ~ ., mtcars, seed = 1)
print(fit)
writeLines(c(
  paste(c("history", sprintf("%a", fit$history$loss)), collapse = "\t"),
  paste(c("predictions", sprintf("%a", predict(fit, mtcars)$.pred)), collapse = "\t")
), arguments[[2]])
