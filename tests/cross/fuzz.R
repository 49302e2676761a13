# Random frames in R, for comparison with Python. Arguments: the file to write, the file with the
# cases. Run in Rscript and in an R inside Python.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
cases <- jsonlite::fromJSON(arguments[[2]], simplifyVector = FALSE)

read_column <- function(column) {
  values <- vapply(column$values, function(value) {
    if (is.null(value)) NA_character_ else as.character(value)
  }, "")
  switch(column$type,
    double = as.double(values),
    integer = as.integer(values),
    logical = as.logical(values),
    factor = factor(values, levels = unlist(column$levels)),
    text = values
  )
}
read_frame <- function(saved) {
  columns <- lapply(saved$columns, read_column)
  names(columns) <- unlist(saved$names)
  structure(columns, class = "data.frame", row.names = .set_row_names(saved$rows))
}

# What came of a call: the values, or the error's argument and what was expected.
outcome_of <- function(call) {
  tryCatch(
    withCallingHandlers(call,
      message = function(cnd) invokeRestart("muffleMessage"),
      pytwolayer_warning = function(cnd) invokeRestart("muffleWarning")
    ),
    pytwolayer_error_diverged = function(cnd) "diverged",
    pytwolayer_error_argument = function(cnd) c("error", cnd$argument, cnd$expected)
  )
}
as_text <- function(values) if (is.double(values)) sprintf("%a", values) else as.character(values)

lines <- character()
for (case in cases) {
  data <- read_frame(case$data)
  given <- c(list(data, outcome = unlist(case$outcome)), case$settings)
  fit <- outcome_of(do.call(two_layer, given))
  found <- if (inherits(fit, "two_layer")) fit$history$loss else fit
  lines <- c(lines, paste(c(paste0(case$number, "/fit"), as_text(found)), collapse = "\t"))
  if (inherits(fit, "two_layer")) {
    type <- if (is.null(fit$levels)) "numeric" else "prob"
    new_data <- read_frame(case$new_data)
    found <- outcome_of(as.double(as.matrix(predict(fit, new_data, type = type))))
    lines <- c(lines, paste(c(paste0(case$number, "/predict"), as_text(found)), collapse = "\t"))
  }
}
writeLines(enc2utf8(lines), arguments[[1]])
