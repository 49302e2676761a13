# With LC_NUMERIC=de_DE, or options(OutDec = ","), R and C write 0.5 as "0,5", and jsonlite reads
# "0.5" as 0. What is read again, or names something, must not depend on the session.

#' Evaluate code in which numbers are written and read with a point
#'
#' For files, for formulas and recipes, whose terms and levels are named after numbers, and for
#' messages, which show values as code has them.
#'
#' @param code Evaluated in the meantime; its value is given.
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

#' A number as messages show it
#'
#' @noRd
format_value <- function(value) {
  with_decimal_point(format(value))
}

#' A number as print() and plots show it: with the session's decimal mark, as R's own have it
#'
#' @noRd
format_number <- function(value, digits = 6) {
  trimws(formatC(value, digits = digits, format = "g"))
}
