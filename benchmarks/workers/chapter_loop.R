# Seconds of the chapter's loop as the chapter writes it, with reticulate alone: R steps
# PyTorch. The update is written with PyTorch's functions, which every reticulate can call.
# With "pytwolayer" as second argument the package is loaded first, so that torch keeps its
# own BLAS; the loop is the same.
arguments <- commandArgs(TRUE)
if (identical(arguments[2], "pytwolayer")) {
  suppressPackageStartupMessages(library(pytwolayer))
}
library(reticulate)
torch <- import("torch")

chapter_loop <- function(steps) {
  invisible(torch$manual_seed(0L))
  x <- torch$randn(64L, 1000L)
  y <- torch$randn(64L, 10L)
  model <- torch$nn$Sequential(
    torch$nn$Linear(1000L, 100L), torch$nn$ReLU(), torch$nn$Linear(100L, 10L)
  )
  loss_fn <- torch$nn$MSELoss(reduction = "sum")
  losses <- double(steps)
  for (t in seq_len(steps)) {
    loss <- loss_fn(model(x), y)
    losses[t] <- loss$item()
    model$zero_grad()
    loss$backward()
    with(torch$no_grad(), {
      iterate(model$parameters(), function(param) {
        param$data <- torch$sub(param$data, torch$mul(param$grad, torch$scalar_tensor(1e-4)))
      })
    })
  }
  losses
}

chapter_loop(5)
for (call in seq_len(as.integer(arguments[[1]]))) {
  cat("seconds", system.time(chapter_loop(500))[["elapsed"]], "\n")
}
