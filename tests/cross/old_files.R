# What R makes of files and fits that an earlier version wrote. Argument: the file to write.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
old <- function(name) file.path(arguments[[2]], name)
data <- utils::read.csv(old("data.csv"), stringsAsFactors = TRUE)
data$flag <- data$flag == "True"

lines <- character()
say <- function(what, values) {
  values <- if (is.double(values)) sprintf("%a", values) else as.character(values)
  lines <<- c(lines, paste(c(what, values), collapse = "\t"))
}
fits <- list(
  model = load_two_layer(old("model.safetensors")),
  formula = load_two_layer(old("formula.safetensors")),
  rds = readRDS(old("formula.rds")) # with bytes of format 3 in it
)
for (name in names(fits)) {
  fit <- fits[[name]]
  utils::capture.output(print(fit), print(summary(fit)), print(glance(fit)))
  stopifnot(is.null(fit$tuning))
  for (engine in c("python", "r")) {
    say(paste0(name, "/", engine), predict(fit, data, engine = engine)$.pred)
  }
}
ensemble <- load_two_layer(old("ensemble.safetensors"))
stopifnot(is.null(ensemble$tuning))
for (engine in c("python", "r")) {
  found <- predict(ensemble, data, type = "prob", engine = engine)
  say(paste0("ensemble/", engine), as.double(as.matrix(found)))
}
say("encoding", c(fits$model$settings$encoding, fits$model$settings$pieces))
more <- continue_training(fits$rds, data = data, epochs = 2)
say("more", c(nrow(more$history), more$settings$encoding))
say("more fitted", predict(more, data)$.pred - predict(more, data, engine = "r")$.pred)
again <- update(fits$formula, data = data, encoding = "piecewise")
say("again", c(again$settings$encoding, length(again$inputs)))
file <- tempfile()
save_two_layer(fits$model, file)
say("kept", identical(predict(load_two_layer(file), data), predict(fits$model, data)))
writeLines(enc2utf8(lines), arguments[[1]])
