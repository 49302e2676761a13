# A run that is kept in a folder. Arguments: the file to write, the folder with the frames, the
# folder of the checkpoints, the number of epochs after which R kills itself (0: never).
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
birth <- readRDS(file.path(arguments[[2]], "birth.rds"))
last <- as.integer(arguments[[4]])
die <- function(epoch, loss) if (epoch == last) tools::pskill(Sys.getpid(), tools::SIGKILL)
fit <- suppressMessages(two_layer(
  race ~ age + lwt + smoker + note, birth,
  epochs = 12, hidden_units = 8, batch_size = 32, dropout = 0.25, validation = 0.2, patience = 9,
  optimizer = "adamw", seed = 1, checkpoint = arguments[[3]], checkpoint_every = 1,
  on_epoch = die
))
longer <- continue_training(fit, epochs = 4, checkpoint = NULL)
line <- function(name, values) paste(c(name, values), collapse = "\t")
writeLines(c(
  line("loss", sprintf("%a", fit$history$loss)),
  line("valid_loss", sprintf("%a", fit$history$valid_loss)),
  line("weights", sprintf("%a", unlist(fit$weights))),
  line("best_epoch", fit$best_epoch),
  line("longer", sprintf("%a", longer$history$loss)),
  line("longer_weights", sprintf("%a", unlist(longer$weights)))
), arguments[[1]])
