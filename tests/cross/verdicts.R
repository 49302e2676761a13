# What R says of model files. Arguments: the file to write, the folder with the files. Each is
# "read" if it is read and works, else what the error says.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
options("rlang:::disable_trace_capture" = TRUE) # of thousands of errors nobody reads a traceback
frame <- data.frame(a = c(1, 2, NA), kind = c("p", "q", "new"))

works <- function(fit) {
  utils::capture.output(print(fit), print(summary(fit)))
  stopifnot(is.data.frame(fit$history), nrow(glance(fit)) == 1)
  tryCatch(
    suppressWarnings(stopifnot(nrow(predict(fit, frame, engine = "r")) == 3)),
    pytwolayer_error = function(cnd) NULL
  )
  "read"
}
verdict <- function(file) {
  fit <- tryCatch(load_two_layer(file), pytwolayer_error_file = identity)
  if (inherits(fit, "condition")) paste("refused", conditionMessage(fit)) else works(fit)
}

files <- list.files(arguments[[2]], full.names = TRUE)
found <- vapply(files, function(file) {
  tryCatch(verdict(file), condition = function(cnd) {
    paste("failed", class(cnd)[[1]], conditionMessage(cnd))
  })
}, "")
found <- gsub("[\t\n\r]", " ", iconv(found, "UTF-8", "UTF-8", sub = "?"))
writeLines(enc2utf8(paste(basename(files), found, sep = "\t")), arguments[[1]])
