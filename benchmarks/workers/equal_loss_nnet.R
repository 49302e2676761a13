# Prints the seconds that nnet takes for up to 200 steps of BFGS, or to a loss, and its loss.
if (!requireNamespace("nnet", quietly = TRUE)) {
  cat("not installed\n")
  quit()
}
words <- commandArgs(TRUE)
sizes <- as.integer(words[2:4])
target <- if (length(words) > 4) as.numeric(words[[5]]) else 0
x <- matrix(readBin(file.path(words[[1]], "x"), "double", sizes[[1]] * sizes[[2]]), sizes[[1]])
y <- readBin(file.path(words[[1]], "y"), "double", sizes[[1]])

fit <- function() {
  set.seed(1)
  nnet::nnet(x, y,
    size = sizes[[3]], linout = TRUE, maxit = 200, MaxNWts = 1e5, trace = FALSE,
    abstol = target * sizes[[1]], reltol = 0
  )
}
for (call in 1:3) cat("seconds", system.time(fitted <- fit())[["elapsed"]], "\n")
cat("loss", format(mean((fitted$fitted.values - y)^2), digits = 15), "\n")
