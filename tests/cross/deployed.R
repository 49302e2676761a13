# Predictions of fits that Python wrote, by both engines, and what R writes of them for elsewhere.
# Arguments: the file to write, the folder with fits and rows, which R's exports go to as well.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
folder <- arguments[[2]]
cases <- jsonlite::fromJSON(file.path(folder, "cases.json"), simplifyVector = FALSE)

column <- function(sent) {
  values <- vapply(sent$values, function(v) if (is.null(v)) NA_character_ else v, "")
  switch(sent$kind, number = as.numeric(values), logical = as.logical(values), values)
}
frame_of <- function(sent) {
  columns <- lapply(sent, column)
  names(columns) <- vapply(sent, `[[`, "", "name")
  data.frame(columns, check.names = FALSE)
}

# Rows of which predict() makes an error are missing; which these are is found by halves.
predicted <- function(fit, rows, type, engine, width) {
  tryCatch(
    do.call(cbind, lapply(type, function(one) {
      as.matrix(suppressWarnings(predict(fit, rows, type = one, engine = engine)))
    })),
    pytwolayer_error_argument = function(cnd) {
      if (nrow(rows) == 1) {
        return(NULL)
      }
      half <- nrow(rows) %/% 2
      first <- predicted(fit, rows[seq_len(half), , drop = FALSE], type, engine, width)
      second <- predicted(fit, rows[-seq_len(half), , drop = FALSE], type, engine, width)
      missing <- matrix(NA_real_, 1, width)
      rbind(if (is.null(first)) missing else first, if (is.null(second)) missing else second)
    }
  )
}

# That of which rows Python makes an error saves most of the halving.
predicted_in_groups <- function(fit, rows, errors, ...) {
  groups <- c(list(setdiff(seq_len(nrow(rows)), errors)), as.list(errors))
  found <- lapply(groups, function(group) predicted(fit, rows[group, , drop = FALSE], ...))
  values <- matrix(NA_real_, nrow(rows), max(vapply(found, NCOL, 1L)))
  for (place in which(!vapply(found, is.null, NA))) {
    values[groups[[place]], ] <- found[[place]]
  }
  values
}

lines <- character()
for (case in cases) {
  fit <- load_two_layer(file.path(folder, paste0(case$file, ".safetensors")))
  rows <- frame_of(case$rows)
  labels <- length(fit$coding$outcome$labels)
  type <- if (is.null(fit$levels) && !labels) "numeric" else "prob"
  if (!is.null(fit$settings$quantile_levels)) {
    type <- "quantile"
  }
  if (fit$settings$loss %in% c("normal", "negative_binomial")) {
    type <- c("numeric", "sd")
  }
  for (engine in c("python", "r")) {
    found <- predicted_in_groups(
      fit, rows, as.integer(unlist(case$errors)) + 1L, type, engine, case$width
    )
    values <- sprintf("%a", as.vector(t(found)))
    lines <- c(lines, paste(c(case$file, engine, values), collapse = "\t"))
  }
  save_onnx(fit, file.path(folder, paste0(case$file, "-r.onnx")))
  for (dialect in c("duckdb", "postgresql", "sqlite")) {
    query <- to_sql(fit, case$table, dialect, columns = "row id")
    writeLines(query, file.path(folder, paste0(case$file, "-", dialect, "-r.sql")), useBytes = TRUE)
  }
}
writeLines(lines, arguments[[1]])
