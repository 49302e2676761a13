# What figures of predictions show in R, as in Python. Argument: the file to write.
file <- commandArgs(TRUE)[[1]]
suppressPackageStartupMessages(library(pytwolayer))
n <- 1:60
x <- data.frame(a = (n * 7) %% 60 / 10, f = c("u", "v", "w")[n %% 3 + 1])
number <- x$a^2 + n %% 5
class <- c("low", "mid", "high")[findInterval(x$a, c(2, 4)) + 1]
weights <- n %% 4 + 1
fit <- function(y, ...) {
  two_layer(x, y, ..., hidden_units = 4, epochs = 30, seed = 1, verbose = FALSE)
}
labels <- data.frame(y = as.numeric(x$a > 3), z = as.numeric(x$f == "v"))
outcomes <- list(
  number = data.frame(cost = number), several = data.frame(cost = number),
  both = data.frame(y = number, z = -number), class = data.frame(kind = class), labels = labels,
  trials = data.frame(won = n %% 5 + 1, lost = n %% 3)
)
more <- list(
  several = list(n_models = 3), labels = list(loss = "binary_cross_entropy"),
  trials = list(loss = "binomial")
)

lines <- character()
say <- function(name, values) {
  values <- if (is.double(values)) sprintf("%a", as.vector(values)) else as.character(values)
  values <- gsub("\n", "|", values, fixed = TRUE)
  lines <<- c(lines, paste(c(name, values), collapse = "\t"))
}
figure <- function(x, what, new_data, y, case_weights) {
  pytwolayer:::shown_rows(x, what, new_data, NULL, y, case_weights, environment(), environment())
}
say_figure <- function(name, found) {
  say(paste(name, "words"), unlist(found[c("title", "across", "up")]))
  for (place in seq_along(found$panels)) {
    panel <- found$panels[[place]]
    for (part in names(panel)) say(paste(name, place, part), panel[[part]])
  }
}
for (name in names(outcomes)) {
  fitted <- do.call(fit, c(list(outcomes[[name]]), more[[name]]))
  for (what in pytwolayer:::figures_of(fitted)) {
    say_figure(paste(name, what, "own"), figure(fitted, what, NULL, NULL, NULL))
    new <- figure(fitted, what, x[1:40, ], outcomes[[name]][1:40, , drop = FALSE], weights[1:40])
    say_figure(paste(name, what, "new"), new)
  }
}
writeLines(enc2utf8(lines), file, useBytes = TRUE)
