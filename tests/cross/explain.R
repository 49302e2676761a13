# Effects, importance and profiles of fits, as Python has them too. Argument: the file to write.
file <- commandArgs(TRUE)[[1]]
suppressPackageStartupMessages(library(pytwolayer))
n <- 1:60
x <- data.frame(
  a = (n * 7) %% 60 / 10, "größe" = (n * 11) %% 17, l = n %% 3 == 0,
  f = c("u", "v", "w", "v")[n %% 4 + 1], check.names = FALSE
)
numbers <- data.frame(y = x$a^2 + x$l, z = 100 * (x$f == "v") - x$a)
classes <- c("yes", "no")[(x$a > 3) + 1]
labels <- data.frame(y = as.numeric(x$a > 3), z = as.numeric(x$f == "v"))
weights <- n %% 4 + 1
settings <- list(hidden_units = 4, epochs = 30, seed = 1, activation = "tanh", verbose = FALSE)
fit <- function(...) do.call(two_layer, c(list(...), settings))
fits <- list(
  numbers = fit(x, numbers, encoding = "piecewise"),
  classes = fit(x, classes), counts = fit(x, round(numbers$y), loss = "poisson"),
  several = fit(x, numbers$y, n_models = 3, bootstrap = TRUE),
  labels = fit(x, labels, loss = "binary_cross_entropy"),
  normal = fit(x, numbers$y, loss = "normal"),
  negative = fit(x, round(numbers$y), loss = "negative_binomial"),
  quantiles = fit(x, numbers$y, loss = "quantile", quantile_levels = c(0.1, 0.5, 0.9)),
  bands = fit(x, numbers$y,
    loss = "quantile", quantile_levels = c(0.1, 0.5, 0.9), n_models = 3, bootstrap = TRUE
  )
)

lines <- character()
say <- function(name, table) {
  for (column in names(table)) {
    values <- table[[column]]
    values <- if (is.double(values)) sprintf("%a", values) else enc2utf8(as.character(values))
    lines <<- c(lines, paste(c(paste(name, column), values), collapse = "\t"))
  }
}
for (name in names(fits)) {
  for (engine in c("python", "r")) {
    found <- function(what, ...) paste(name, engine, what)
    explained <- fits[[name]]
    say(found("effects"), effects(explained, x, case_weights = weights, engine = engine))
    say(found("steps"), effects(explained, x, step = 0.2, variables = "a", engine = engine))
    say(found("at"), effects(explained, x,
      variables = "a", at = list(f = c("u", "v"), "größe" = 2.5), engine = engine
    ))
    for (kind in c("ale", "pdp", "ice")) {
      for (variable in names(x)) {
        say(found(paste(kind, variable)), feature_effects(explained, x, variable,
          kind = kind, points = 6, case_weights = weights, engine = engine
        ))
      }
    }
  }
}
outcomes <- list(
  numbers = numbers, classes = classes, counts = round(numbers$y), several = numbers$y,
  labels = labels, normal = numbers$y, negative = round(numbers$y), quantiles = numbers$y,
  bands = numbers$y
)
for (name in names(fits)) {
  found <- suppressMessages(importance(fits[[name]], x,
    y = outcomes[[name]], seed = 7, repeats = 3, case_weights = weights
  ))
  say(paste(name, "importance"), found)
}
# The same variables, which a formula makes columns of.
data <- cbind(x, y = numbers$y)
names(data)[[2]] <- "b"
plain <- fit(y ~ a + b, data)
made <- fit(y ~ I(a + 0) + I(b + 0), data)
for (name in c("plain", "made")) {
  found <- suppressMessages(importance(get(name), data, seed = 7, repeats = 3))
  say(paste(name, "importance"), found)
}
connection <- file(file, "w", encoding = "UTF-8")
writeLines(lines, connection, useBytes = TRUE)
close(connection)
