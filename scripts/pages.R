# Runs the R examples of a page, one after the other in one session. Arguments: the folder with the
# examples, as 1.R, 2.R and so on, each of which is written again with what its lines print.
suppressPackageStartupMessages(library(pytwolayer))
options(width = 100, cli.unicode = FALSE, pillar.subtle = FALSE)
folder <- commandArgs(TRUE)[[1]]
session <- new.env()

with_output <- function(file) {
  lines <- readLines(file, encoding = "UTF-8")
  lines <- lines[!startsWith(lines, "#>")]
  filled <- as.list(lines)
  for (part in attr(parse(text = lines, keep.source = TRUE, encoding = "UTF-8"), "srcref")) {
    code <- parse(text = lines[seq(part[[1]], part[[3]])], encoding = "UTF-8")
    printed <- utils::capture.output({
      found <- withVisible(eval(code, session))
      if (found$visible) print(found$value)
      invisible()
    })
    filled[[part[[3]]]] <- c(lines[[part[[3]]]], sub(" +$", "", sprintf("#> %s", printed)))
  }
  writeLines(enc2utf8(unlist(filled)), file, useBytes = TRUE)
}

setwd(folder)
for (number in seq_along(list.files(pattern = "\\.R$"))) {
  with_output(paste0(number, ".R"))
}
