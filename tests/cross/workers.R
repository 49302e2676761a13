# Fits that two processes of Python train for R; prints what came of them.

suppressPackageStartupMessages(library(pytwolayer))
folder <- commandArgs(TRUE)[[1]]
said <- function(...) cat(..., "\n", sep = " ")

fit <- function(...) {
  two_layer(mpg ~ wt + hp, mtcars, epochs = 5, hidden_units = 4, batch_size = 8, seed = 1, ...)
}
refused <- function(...) {
  tryCatch(fit(...), pytwolayer_error_argument = function(cnd) {
    said("refused:", cnd$argument)
  })
}
refused(shards = 4, workers = 3)
refused(shards = 4, workers = 2, loss = function(output, y) (output - y)^2)

press <- function(epoch, loss) {
  if (epoch == 2) {
    tools::pskill(Sys.getpid(), tools::SIGINT)
  }
}
part <- withCallingHandlers(
  fit(shards = 4, workers = 2, checkpoint = folder, on_epoch = press),
  warning = function(cnd) {
    said("warned:", class(cnd)[[1]])
    invokeRestart("muffleWarning")
  }
)
said("stopped:", part$stopped, nrow(part$history))

# Of the core's error R makes a condition of its own class.
error <- list(
  kind = "WorkerError", known = TRUE, message = "Worker 1 on host was killed.", traceback = ""
)
tryCatch(pytwolayer:::abort_from_core(error, NULL), pytwolayer_error_worker = function(cnd) {
  said("worker:", conditionMessage(cnd))
})
