# What R has of fits that were tuned. Argument: the file to write.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
x <- data.frame(a = (1:40 * 7) %% 40 / 10, b = (1:40 * 11) %% 17, c = 1:40 %% 3 == 0)
y <- x$a^2 + x$c

lines <- character()
say <- function(what, values) {
  values <- if (is.double(values)) sprintf("%a", values) else as.character(values)
  lines <<- c(lines, paste(c(what, values), collapse = "\t"))
}
fit <- two_layer(x, y, hidden_units = 4, epochs = 500, seed = 1)
several <- two_layer(x, y, hidden_units = 4, epochs = 500, seed = 1, n_models = 2)
for (column in names(fit$tuning)) say(column, fit$tuning[[column]])
say("chosen", with(fit$settings, c(encoding, sprintf("%a", c(learning_rate, weight_decay)))))
say("predictions", predict(fit, x)$.pred)

files <- c(tempfile(), tempfile(), tempfile())
saveRDS(fit, files[[1]])
save_two_layer(fit, files[[2]])
save_two_layer(several, files[[3]])
same <- function(other) identical(other$tuning, fit$tuning)
given <- c("encoding", "learning_rate", "weight_decay")
again <- do.call(update, c(list(fit), fit$settings[given]))
say("same", c(
  readRDS = same(readRDS(files[[1]])), load = same(load_two_layer(files[[2]])),
  ensemble = same(several), loaded_ensemble = same(load_two_layer(files[[3]])),
  member = same(several$models[[2]]), continued = same(continue_training(fit, epochs = 2)),
  given = is.null(again$tuning) && identical(again$weights, fit$weights),
  types = identical(vapply(fit$tuning, typeof, ""), c(
    encoding = "character", learning_rate = "double", weight_decay = "double", fold = "integer",
    valid_loss = "double"
  )),
  none = is.null(two_layer(x, y, epochs = 3)$tuning)
))
writeLines(enc2utf8(lines), arguments[[1]])
