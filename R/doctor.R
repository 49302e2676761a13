#' Check what is installed and in use
#'
#' Prints one page: Python, PyTorch and its build, devices, threads, the BLAS that PyTorch really
#' uses in this process, R, reticulate, and the versions of this package in R and in Python. For
#' each problem it names the command that solves it.
#'
#' @return Invisibly, `TRUE` if no problem was found, otherwise `FALSE`.
#' @seealso [install_pytwolayer()]
#' @examplesIf pytwolayer:::has_torch()
#' pytwolayer_doctor()
#' @export
pytwolayer_doctor <- function() {
  facts <- session_facts()
  answer <- tryCatch(
    call_core("doctor_page", facts),
    pytwolayer_error = function(cnd) list(page = page_without_python(facts, cnd), healthy = FALSE)
  )
  writeLines(answer$page)
  invisible(answer$healthy)
}

# The core carries the script, since the command `pytwolayer doctor` runs it too.
session_facts <- function() {
  source(file.path(own_python(), "pytwolayer", "data", "facts.R"), local = TRUE)$value
}

page_without_python <- function(facts, cnd) {
  c(
    "R",
    sprintf("  %-16s%s", c("R", "reticulate", "R package", "R's BLAS"), c(
      facts$r, facts$reticulate, facts$package, facts$blas
    )),
    "",
    "Problems",
    paste0("  ", strsplit(conditionMessage(cnd), "\n")[[1]])
  )
}

torch_blas <- function() {
  unlist(call_core("torch_blas"))
}
