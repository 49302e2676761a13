# A file's bytes again with its text changed, and the right checksum for that.
rewritten <- function(bytes, change) {
  end <- 8 + header_length(bytes[1:8], length(bytes))
  header <- jsonlite::parse_json(rawToChar(bytes[9:end]))
  values <- bytes[-seq_len(end)]
  text <- sub(', "md5": "[0-9a-f]{32}"\\}$', "}", header[["__metadata__"]][["pytwolayer"]])
  text <- sub("\\}$", "", change(text))
  text <- sprintf('%s, "md5": "%s"}', text, md5(charToRaw(text), values))
  header[["__metadata__"]][["pytwolayer"]] <- text
  header <- charToRaw(jsonlite::toJSON(header, auto_unbox = TRUE))
  c(writeBin(c(length(header), 0L), raw(), endian = "little"), header, values)
}

replaced_text <- function(old, new) {
  function(text) {
    stopifnot(grepl(old, text, fixed = TRUE))
    sub(old, new, text, fixed = TRUE)
  }
}

# A file of these bytes, read.
read_back <- function(bytes, file = withr::local_tempfile()) {
  writeBin(bytes, file)
  load_two_layer(file)
}

# Lines of R in a process of their own that has no Python.
without_python <- function(lines, ...) {
  script <- withr::local_tempfile(fileext = ".R")
  writeLines(c("suppressPackageStartupMessages(library(pytwolayer))", lines), script)
  withr::local_envvar(
    RETICULATE_PYTHON = "/no/python", PATH = "/nowhere", R_TESTS = "",
    R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep)
  )
  rscript <- file.path(R.home("bin"), "Rscript")
  suppressWarnings(system2(rscript, c("--vanilla", script, ...), stdout = TRUE, stderr = TRUE))
}
