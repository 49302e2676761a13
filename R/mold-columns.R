# Columns with a class of their own that are numbers or factors all the same, and what to do with
# those that are not. pytwolayer/preprocessing/column.py has the like.

#' A column as the number or factor that it is
#'
#' bit64's integer64; labelled ones of haven and Hmisc; time spans, in seconds, so that other units
#' in new data are no other number; a factor's level that is `NA`, as addNA() makes it, under the
#' name "NA". Others stay as they are.
#'
#' @param outcome Whether it is an outcome, whose unit would be lost to the predictions.
#' @noRd
convert_column <- function(column, outcome = FALSE) {
  if (!is.object(column)) {
    return(column)
  }
  if (inherits(column, "integer64")) {
    return(integer64_to_double(column))
  }
  if (inherits(column, "haven_labelled")) {
    return(haven_to_plain(column))
  }
  if (inherits(column, "labelled")) {
    return(convert_column(remove_hmisc_label(column), outcome))
  }
  if (inherits(column, "difftime") && !outcome) {
    return(as.vector(unclass(in_seconds(column))))
  }
  if (is.factor(column)) name_na_level(column) else column
}

# Two levels of one name would become one: that is refused later.
name_na_level <- function(column) {
  if (anyNA(levels(column)) && !"NA" %in% levels(column)) {
    levels(column)[is.na(levels(column))] <- "NA"
  }
  column
}

# Of Hmisc's.
remove_hmisc_label <- function(column) {
  attr(column, "label") <- NULL
  own <- setdiff(class(column), c("labelled", "numeric", "integer", "character", "logical"))
  class(column) <- if (length(own)) own
  column
}

in_seconds <- function(span) {
  units(span) <- "secs"
  span
}

# Its doubles hold the bits of whole numbers of 64 bits, of which the lowest is the missing one.
integer64_to_double <- function(column) {
  bytes <- writeBin(as.vector(unclass(column)), raw(), endian = "little")
  halves <- readBin(bytes, "integer", 2 * length(column), size = 4, endian = "little")
  halves <- as.double(halves)
  low <- halves[c(TRUE, FALSE)]
  high <- halves[c(FALSE, TRUE)]
  missing <- is.na(high) & !is.na(low) & low == 0
  low[is.na(low)] <- -2^31
  high[is.na(high)] <- -2^31
  values <- high * 2^32 + ifelse(low < 0, low + 2^32, low)
  values[missing] <- NA
  if (any(abs(values) >= 2^53, na.rm = TRUE)) { # not all of which a double holds
    return(column)
  }
  values
}

# Values that SPSS's users say are missing are so for is.na() of haven's too.
haven_to_plain <- function(column) {
  values <- as.vector(unclass(column))
  attributes(values) <- NULL
  gone <- values %in% attr(column, "na_values")
  range <- attr(column, "na_range")
  if (!is.null(range)) {
    gone <- gone | !is.na(values) & values >= range[[1]] & values <= range[[2]]
  }
  values[gone] <- NA
  values
}

convert_columns <- function(table, outcome = FALSE) {
  columns <- lapply(unname(as.list(table)), convert_column, outcome = outcome)
  attributes(columns) <- attributes(table)
  columns
}

#' The columns that a formula computes with
#'
#' R's functions take the bits of integer64 for those of doubles, and a time span's number for what
#' it is in whichever unit: so there are numbers, and one unit, before they run.
#'
#' @noRd
convert_for_formula <- function(table, argument, call) {
  for (name in names(Filter(is.object, as.list(table)))) {
    column <- table[[name]]
    if (inherits(column, "integer64")) {
      column <- integer64_to_double(column)
      refuse_odd(argument, column, name, call)
    } else if (inherits(column, "difftime")) {
      column <- in_seconds(column)
    }
    table[[name]] <- column
  }
  table
}

#' What to do about a column that is refused
#'
#' @return A clause that follows its name, or nothing.
#' @noRd
advice_for <- function(column) {
  advice <- if (inherits(column, c("Date", "POSIXt"))) {
    "as.numeric() makes numbers of them, a recipe's step_date() their parts"
  } else if (inherits(column, "difftime")) {
    "as.numeric() with `units =` makes numbers of them"
  } else if (inherits(column, "integer64")) {
    "some are of 2^53 and more: as.character() keeps names exact, as.double() rounds numbers"
  } else if (inherits(column, "Surv")) {
    "times that are censored have no model here; columns of it can be fitted one by one"
  } else if (is.factor(column)) {
    "it has a level that is NA and one that is \"NA\": give one of them another name"
  } else if (is.object(column) && is.numeric(unclass(column))) {
    "as.numeric() makes numbers of it, if that is what they mean"
  }
  if (is.null(advice)) "" else paste0(" (", advice, ")")
}
