# nolint start: object_usage_linter. The functions come with library(torch), which may be missing.
# The chapter's 500 steps by R's own torch, or by luz, where they are installed.
way <- commandArgs(TRUE)[[1]]
if (!requireNamespace(way, quietly = TRUE)) {
  cat("not installed\n")
  quit()
}
library(torch)
torch_manual_seed(0)
x <- torch_randn(64, 1000)
y <- torch_randn(64, 10)

native <- function(steps) {
  net <- nn_sequential(nn_linear(1000, 100), nn_relu(), nn_linear(100, 10))
  optimizer <- optim_sgd(net$parameters, lr = 1e-4)
  for (step in seq_len(steps)) {
    optimizer$zero_grad()
    loss <- nnf_mse_loss(net(x), y, reduction = "sum")
    loss$backward()
    optimizer$step()
    loss$item()
  }
}

by_luz <- function(steps) {
  module <- nn_module(
    initialize = function() {
      self$net <- nn_sequential(nn_linear(1000, 100), nn_relu(), nn_linear(100, 10))
    },
    forward = function(x) self$net(x)
  )
  fitted <- luz::setup(module, loss = function(a, b) nnf_mse_loss(a, b, "sum"), optim_sgd)
  luz::fit(
    luz::set_opt_hparams(fitted, lr = 1e-4), list(x, y), epochs = steps, verbose = FALSE,
    dataloader_options = list(batch_size = 64, shuffle = FALSE)
  )
}

run <- if (way == "torch") native else by_luz
run(5)
cat("seconds", system.time(run(500))[["elapsed"]], "\n")
# nolint end
