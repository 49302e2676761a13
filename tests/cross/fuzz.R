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
# All that a prediction is: values, or an error, and the warnings before.
all_of <- function(call) {
  warned <- character()
  value <- tryCatch(
    withCallingHandlers(call, pytwolayer_warning = function(cnd) {
      warned <<- c(warned, conditionMessage(cnd))
      invokeRestart("muffleWarning")
    }),
    pytwolayer_error = function(cnd) list(class(cnd), conditionMessage(cnd), cnd$received)
  )
  list(value = value, warned = warned)
}
# R's own engine beside the core: "same", or what differs.
compared <- function(fit, new_data, type) {
  core <- all_of(predict(fit, new_data, type = type))
  own <- all_of(predict(fit, new_data, type = type, engine = "r"))
  if (!identical(core$warned, own$warned)) {
    return(paste("warnings", toString(core$warned), "|", toString(own$warned)))
  }
  values <- is.data.frame(core$value) && is.data.frame(own$value)
  near <- if (values && type != "class") near_to(core$value, own$value)
  same <- if (is.null(near)) identical(core$value, own$value) else near
  if (same) "same" else paste(c(unlist(core$value), "|", unlist(own$value)), collapse = " ")
}
near_to <- function(core, own) {
  if (!identical(dim(core), dim(own)) || !identical(names(core), names(own))) {
    return(FALSE)
  }
  core <- as.matrix(core)
  own <- as.matrix(own)
  identical(is.na(core), is.na(own)) && all(abs(core - own) <= 1e-5 * abs(core), na.rm = TRUE)
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
    for (type in if (is.null(fit$levels)) c("numeric", "raw") else c("class", "prob", "raw")) {
      found <- gsub("[\t\n]", " ", compared(fit, new_data, type))
      lines <- c(lines, paste(paste0(case$number, "/engine ", type), found, sep = "\t"))
    }
  }
}
writeLines(enc2utf8(lines), arguments[[1]])
