# Model files from Python read in R, and files that R makes. Arguments: the file to write, the
# folder with the frames and cases, that with Python's files, that for R's.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
cases <- jsonlite::fromJSON(file.path(arguments[[2]], "cases.json"), simplifyVector = FALSE)
of_python <- function(name) file.path(arguments[[3]], paste0(name, ".safetensors"))
of_r <- function(...) file.path(arguments[[4]], paste0(paste(...), ".safetensors"))
frame <- function(name) readRDS(file.path(arguments[[2]], paste0(name, ".rds")))
changed <- function(data) cbind(data[rev(seq_along(data))], more = 1)

lines <- character()
say <- function(case, what, values) {
  values <- if (is.double(values)) sprintf("%a", values) else as.character(values)
  lines <<- c(lines, paste(c(paste0(case, "/", what), values), collapse = "\t"))
}
predictions <- function(fit, new_data, ...) {
  numbers <- is.null(fit$levels) && is.null(fit$coding$outcome$labels)
  type <- if (numbers) "numeric" else "prob"
  as.double(as.matrix(suppressWarnings(predict(fit, new_data, type = type, ...))))
}

for (case in cases$fits) {
  data <- frame(case$data)
  fit <- load_two_layer(of_python(case$name))
  utils::capture.output(print(fit), print(summary(fit)), print(glance(fit)))
  say(case$name, "core", predictions(fit, changed(data)))
  say(case$name, "r", predictions(fit, changed(data), engine = "r"))
  save_two_layer(fit, of_r(case$name, "again"))

  outcome <- unlist(case$outcome)
  settings <- lapply(case$settings, function(value) if (is.list(value)) unlist(value) else value)
  left <- if (length(outcome) == 1) outcome else sprintf("cbind(%s)", toString(outcome))
  ways <- list(
    outcome = list(data, outcome = outcome),
    formula = list(stats::as.formula(paste(left, "~ .")), data)
  )
  for (way in names(ways)) {
    fit <- suppressMessages(do.call(two_layer, c(ways[[way]], settings)))
    save_two_layer(fit, of_r(case$name, way))
    again <- load_two_layer(of_r(case$name, way))
    stopifnot(identical(
      predict(fit, changed(data), engine = "r"), predict(again, changed(data), engine = "r")
    ) || !is.null(fit$levels))
    say(case$name, way, predictions(again, changed(data)))
  }
}

cars <- frame("cars")
formula_of <- function(text, by = 0.1, base = 2 / 3, limits = c(low = 1, high = 17.3)) {
  stats::as.formula(text)
}
for (name in names(cases$formulas)) {
  fit <- two_layer(formula_of(cases$formulas[[name]]), cars, epochs = 5, seed = 1)
  warned <- NULL
  withCallingHandlers(save_two_layer(fit, of_r(name)), warning = function(cnd) {
    warned <<- conditionMessage(cnd)
    invokeRestart("muffleWarning")
  })
  again <- load_two_layer(of_r(name))
  say(name, "kept", is.null(warned) && again$how$kind == "formula")
  say(name, "terms", names(fit$blueprint$ptypes$predictors))
  say(name, "fitted", predictions(fit, changed(cars)[3:9, ]))
  say(name, "loaded", predictions(again, changed(cars)[3:9, ]))
  say(name, "r", predictions(again, changed(cars)[3:9, ], engine = "r"))
}
writeLines(enc2utf8(lines), arguments[[1]])
