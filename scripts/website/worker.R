# Runs the R examples of pages. Standard input has one command a line, its words parted by tabs:
# `page FOLDER` begins a new page in that folder, `example FILE STYLE` runs the lines of FILE. After
# each a line with "done" or "failed" is written. What an example printed is written into FILE.out;
# with the style "inline", the example's lines with the output beneath each. Its plots are
# FILE-01.png and so on. What packages say when they are loaded is left out.
suppressPackageStartupMessages(library(pytwolayer))
options(
  width = 90, cli.num_colors = 1L, pillar.subtle = FALSE, warn = 1,
  device = function(...) {
    grDevices::png(state$picture, width = 6.5, height = 4, units = "in", res = 110, type = "cairo")
  }
)
state <- new.env()

say <- function(prefix) {
  function(condition) {
    if (inherits(condition, "packageStartupMessage")) invokeRestart("muffleMessage")
    cat(prefix, conditionMessage(condition), if (nzchar(prefix)) "\n", sep = "")
    invokeRestart(if (inherits(condition, "warning")) "muffleWarning" else "muffleMessage")
  }
}

printed_by <- function(code) {
  printed <- utils::capture.output({
    found <- withCallingHandlers(
      withVisible(eval(code, state$session)),
      message = say(""), warning = say("Warning: ")
    )
    if (found$visible) {
      withCallingHandlers(print(found$value), message = say(""), warning = say("Warning: "))
    }
    invisible()
  })
  sub(" +$", "", gsub("\r", "", printed, fixed = TRUE))
}

run <- function(file, style) {
  lines <- readLines(file, encoding = "UTF-8")
  state$picture <- paste0(file, "-%02d.png")
  filled <- as.list(lines)
  all_printed <- character()
  for (part in attr(parse(text = lines, keep.source = TRUE, encoding = "UTF-8"), "srcref")) {
    code <- parse(text = lines[seq(part[[1]], part[[3]])], encoding = "UTF-8")
    printed <- printed_by(code)
    all_printed <- c(all_printed, printed)
    filled[[part[[3]]]] <- c(lines[[part[[3]]]], sub(" +$", "", sprintf("#> %s", printed)))
  }
  grDevices::graphics.off()
  out <- if (style == "inline") unlist(filled) else all_printed
  writeLines(enc2utf8(as.character(out)), paste0(file, ".out"), useBytes = TRUE)
}

commands <- file("stdin", "r")
while (length(command <- readLines(commands, 1)) > 0) {
  words <- strsplit(command, "\t", fixed = TRUE)[[1]]
  answer <- "done"
  if (words[[1]] == "page") {
    state$session <- new.env(parent = globalenv())
    setwd(words[[2]])
  } else {
    tryCatch(run(words[[2]], words[[3]]), error = function(e) {
      answer <<- "failed"
      writeLines(enc2utf8(conditionMessage(e)), paste0(words[[2]], ".out"), useBytes = TRUE)
    })
  }
  cat("\n", answer, "\n", sep = "")
}
setwd(tempdir())  # the page's folder is gone when R ends
