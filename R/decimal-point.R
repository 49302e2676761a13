# With LC_NUMERIC=de_DE, or options(OutDec = ","), R and C write 0.5 as "0,5", and jsonlite reads
# "0.5" as 0. Numbers that are read again, or are part of a name, must not depend on the session.

#' Evaluate code with "." as the decimal mark
#'
#' For files; for formulas and recipes, since numbers become part of the names of terms and levels;
#' and for messages, which write values as in code. The session's own mark is restored at the end,
#' also after an error.
#'
#' @param code Evaluated lazily, with the point in force.
#' @return The value of `code`.
#' @noRd
with_decimal_point <- function(code) {
  locale <- Sys.getlocale("LC_NUMERIC")
  if (!locale %in% c("C", "POSIX", "")) {
    Sys.setlocale("LC_NUMERIC", "C")
    on.exit(suppressWarnings(Sys.setlocale("LC_NUMERIC", locale)), add = TRUE) # R warns of it
  }
  if (!identical(getOption("OutDec"), ".")) {
    before <- options(OutDec = ".")
    on.exit(options(before), add = TRUE)
  }
  code
}

#' A value as text for a message, as in code
#'
#' @noRd
format_value <- function(value) {
  with_decimal_point(format(value))
}

#' A number as text for print() and plots, with the session's own decimal mark
#'
#' @noRd
format_number <- function(value, digits = 6) {
  trimws(formatC(value, digits = digits, format = "g"))
}
