# Prediction intervals of fits that R makes, by both engines. Arguments: the file to write, the
# folder with the rows and the cases.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
folder <- arguments[[2]]
train <- utils::read.csv(file.path(folder, "train.csv"))
new <- utils::read.csv(file.path(folder, "new.csv"), na.strings = "NA")
cases <- jsonlite::fromJSON(file.path(folder, "cases.json"), simplifyVector = FALSE)
predictors <- c("x", "z", "town")

lines <- character()
say <- function(case, what, values) {
  lines <<- c(lines, paste(c(paste0(case, "/", what), sprintf("%a", values)), collapse = "\t"))
}
for (name in names(cases)) {
  case <- cases[[name]]
  settings <- lapply(case$settings, function(value) if (is.list(value)) unlist(value) else value)
  if (isTRUE(case$weighted)) {
    settings$case_weights <- train$weight
  }
  outcome <- unlist(case$outcome)
  y <- if (length(outcome) == 1) train[[outcome]] else train[outcome]
  fit <- do.call(two_layer, c(list(train[predictors], y), settings))
  say(name, "scores", unlist(fit$calibration$scores))
  file <- tempfile()
  save_two_layer(fit, file)
  for (engine in c("python", "r")) {
    ask <- function(rows, from = fit) {
      found <- predict(from, rows, type = "pred_int", level = 0.7, engine = engine)
      unname(as.matrix(found))
    }
    found <- suppressWarnings(ask(new, load_two_layer(file)))
    say(name, engine, t(found))
    # Each row by itself, or in another order, has the same interval.
    complete <- which(stats::complete.cases(new) & new$town != "elsewhere")
    stopifnot(
      identical(is.na(found[, 1]), !seq_len(nrow(new)) %in% complete),
      all.equal(ask(new[rev(complete), ]), found[rev(complete), ], tolerance = 1e-6),
      all.equal(ask(new[complete[[2]], ]), found[complete[[2]], , drop = FALSE], tolerance = 1e-6),
      identical(dim(ask(new[0, ])), c(0L, ncol(found)))
    )
  }
}
writeLines(lines, arguments[[1]])
