# Fits with an offset, saved by R. Arguments: the file to write, the folder for the models.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
lines <- character()
say <- function(what, values) {
  lines <<- c(lines, paste(c(what, sprintf("%a", values)), collapse = "\t"))
}
for (loss in c("mse", "poisson")) {
  for (n_models in c(1, 3)) {
    name <- paste0(loss, n_models)
    fit <- two_layer(
      carb ~ wt + hp + offset(log(cyl)), mtcars,
      loss = loss, n_models = n_models, hidden_units = 4, epochs = 5, seed = 1
    )
    save_two_layer(fit, file.path(arguments[[2]], paste0(name, ".safetensors")))
    say(name, predict(fit, mtcars)$.pred)
  }
}
writeLines(lines, arguments[[1]])
