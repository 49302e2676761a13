# Fits of real data frames in R, for comparison with Python. Arguments: the file to write, the
# folder with the frames, the file with the cases. Run in Rscript and in an R inside Python.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
cases <- jsonlite::fromJSON(arguments[[3]], simplifyVector = FALSE)

lines <- character()
say <- function(case, what, values) {
  if (is.double(values)) {
    values <- sprintf("%a", values)
  }
  lines <<- c(lines, paste(c(paste0(case, "/", what), values), collapse = "\t"))
}

# What a case asks for, as R has it.
settings_of <- function(case) {
  settings <- lapply(case$settings, function(value) {
    if (is.list(value)) unlist(value) else value
  })
  if (!is.null(case$weights)) {
    settings$case_weights <- unlist(case$weights)
  }
  if (!is.null(case$held_out)) {
    settings$validation <- unlist(case$held_out) + 1
  }
  settings
}

ways_of <- function(case, data) {
  settings <- settings_of(case)
  outcome <- unlist(case$outcome)
  y <- if (length(outcome) == 1) data[[outcome]] else data[outcome]
  by_formula <- if (is.null(case$formula)) {
    left <- if (length(outcome) == 1) outcome else sprintf("cbind(%s)", toString(outcome))
    paste(left, "~ .")
  } else {
    case$formula
  }
  list(
    outcome = function() do.call(two_layer, c(list(data, outcome = outcome), settings)),
    xy = function() {
      do.call(two_layer, c(list(data[setdiff(names(data), outcome)], y), settings))
    },
    formula = function() {
      do.call(two_layer, c(list(stats::as.formula(by_formula), data), settings))
    }
  )
}

predictions <- function(fit, new_data) {
  labels <- fit$settings$loss == "binary_cross_entropy"
  type <- if (is.null(fit$levels) && !labels) "numeric" else "prob"
  as.double(as.matrix(suppressWarnings(predict(fit, new_data, type = type))))
}

for (case in cases) {
  data <- readRDS(file.path(arguments[[2]], paste0(case$data, ".rds")))
  new_data <- data[rev(seq_along(data))]
  ways <- ways_of(case, data)
  for (way in names(ways)) {
    fit <- suppressMessages(ways[[way]]())
    name <- paste(case$name, way, sep = "/")
    say(name, "loss", fit$history$loss)
    if (!is.null(fit$history$valid_loss)) {
      say(name, "valid_loss", fit$history$valid_loss)
    }
    say(name, "predictions", predictions(fit, new_data))
    if (!is.null(fit$settings$quantile_levels)) {
      quantiles <- as.matrix(predict(fit, new_data, type = "quantile"))
      say(name, "quantiles", as.double(quantiles))
      alone <- as.matrix(predict(fit, new_data, type = "quantile", engine = "r"))
      stopifnot(isTRUE(all.equal(alone, quantiles, tolerance = 1e-6)))
    }
    for (column in names(fit$tuning)) {
      found <- fit$tuning[[column]]
      say(name, paste("tuning", column), if (is.character(found)) found else as.double(found))
    }
    again <- unserialize(serialize(fit, NULL))
    stopifnot(identical(predictions(again, new_data), predictions(fit, new_data)))
    if (!is.null(fit$levels)) {
      say(name, "classes", as.character(suppressWarnings(predict(fit, new_data))$.pred_class))
    }
  }
}
writeLines(enc2utf8(lines), arguments[[1]])
