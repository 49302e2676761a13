# Writing a file so that it is there whole or not at all, and the paths of files.

path_of_file <- "the path of a file"

checked_path <- function(file, call) {
  if (missing(file)) { # also where the caller's own is
    abort_expected("file", path_of_file, "missing", call)
  }
  if (!is.character(file) || !is_single(file) || !nzchar(file)) {
    abort_argument("file", path_of_file, file, call)
  }
  path.expand(file)
}

output_path <- function(file, call) {
  path <- checked_path(file, call)
  if (dir.exists(path)) {
    abort_expected("file", path_of_file, paste("the folder", quote_names(path)), call)
  }
  if (!dir.exists(dirname(path))) {
    expected <- paste(path_of_file, "in a folder that exists")
    abort_expected("file", expected, quote_names(path), call)
  }
  path
}

# With its folder a path is that of a file and nothing else: `file()` also opens URLs and
# "stdin" too.
input_path <- function(file, call) {
  path <- checked_path(file, call)
  problem <- if (!file.exists(path)) "no such file" else if (dir.exists(path)) "it is not a file"
  if (!is.null(problem)) {
    abort_expected("file", path_of_file, paste0(quote_names(path), ": ", problem), call)
  }
  normalizePath(path)
}

#' Write bytes so that they are there whole or not at all
#'
#' A link stays a link, a file that was there keeps its permissions, and what is no ordinary
#' file, such as `/dev/null`, is written to as it is.
#'
#' @noRd
write_whole <- function(path, bytes, call) {
  path <- link_target(path)
  fail <- function(problem) {
    text <- sprintf("\"%s\" cannot be written: %s.", path, problem)
    rlang::abort(text, class = "pytwolayer_error", call = call)
  }
  if (file.exists(path) && !is_ordinary(path)) {
    return(write_bytes(path, bytes, fail, raw = TRUE))
  }
  unfinished <- tempfile(".pytwolayer-", dirname(path))
  on.exit(unlink(unfinished))
  write_bytes(unfinished, bytes, fail)
  arrived <- file.size(unfinished)
  if (!identical(readBin(unfinished, "raw", length(bytes) + 1), bytes)) {
    fail(sprintf("%.0f of %.0f bytes arrived, as on a full disk", arrived, length(bytes)))
  }
  if (file.exists(path)) {
    Sys.chmod(unfinished, file.info(path)$mode, use_umask = FALSE)
  }
  tryCatch(file.rename(unfinished, path), warning = function(cnd) fail(reason_of(cnd)))
}

# `raw`: as pipes must be opened. `fail` gets the reason.
write_bytes <- function(path, bytes, fail, raw = FALSE) {
  failed <- function(cnd) fail(reason_of(cnd))
  opened <- tryCatch(file(path, "wb", raw = raw), error = failed, warning = failed)
  on.exit(suppressWarnings(close(opened)))
  # That not all arrived is a warning alone, and what is missing is seen afterwards.
  tryCatch(suppressWarnings(writeBin(bytes, opened)), error = failed)
  invisible()
}

# The system's own message is the last part.
reason_of <- function(cnd) {
  sub(".*(: |reason )'?([^']*)'?$", "\\2", first_message_line(cnd))
}

link_target <- function(path) {
  for (step in 1:40) {
    target <- Sys.readlink(path)
    if (is.na(target) || !nzchar(target)) {
      break
    }
    absolute <- grepl("^/", target)
    path <- if (absolute) target else file.path(dirname(path), target)
  }
  path
}

# R has no function for it. Pipes and devices have no size, unlike most files.
is_ordinary <- function(path) {
  if (file.size(path) > 0 || .Platform$OS.type == "windows") {
    return(TRUE)
  }
  identical(system2("test", c("-f", shQuote(path)), stdout = FALSE, stderr = FALSE), 0L)
}
