# Columns with a class of their own that still mean numbers or levels, and advice on those that
# cannot be used. pytwolayer/preprocessing/column.py does the same with pandas' types.

#' Convert a column of a known class to a plain vector or factor
#'
#' Converted are: bit64's integer64; labelled columns of haven and Hmisc; time spans, to seconds,
#' so that new data in another unit give the same numbers; a factor with `NA` among its levels (see
#' [addNA()]), whose level is then named "NA". Others are returned as they are.
#'
#' @param outcome Whether the column is an outcome. A time span is then left as it is, and refused
#'   later, since predictions would lose its unit.
#' @return A column with as many rows.
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

# Where there is a level "NA" too, the two would become one: such a factor is refused later.
name_na_level <- function(column) {
  if (anyNA(levels(column)) && !"NA" %in% levels(column)) {
    levels(column)[is.na(levels(column))] <- "NA"
  }
  column
}

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

# An integer64 keeps a 64-bit integer in the bits of a double; the lowest integer stands for NA. The
# bits are read as two signed 32-bit integers each, in which R reads the bits of -2^31 as NA.
# A value of 2^53 or more is not exact in a double: the column is then returned as it is.
integer64_to_double <- function(column) {
  bytes <- writeBin(as.vector(unclass(column)), raw(), endian = "little")
  halves <- as.double(readBin(bytes, "integer", 2 * length(column), size = 4, endian = "little"))
  low <- halves[c(TRUE, FALSE)]
  high <- halves[c(FALSE, TRUE)]
  missing <- is.na(high) & !is.na(low) & low == 0
  low[is.na(low)] <- -2^31
  high[is.na(high)] <- -2^31
  values <- high * 2^32 + ifelse(low < 0, low + 2^32, low)
  values[missing] <- NA
  if (any(abs(values) >= 2^53, na.rm = TRUE)) column else values
}

# Values that SPSS's user declared missing become NA, as haven's own is.na() has them.
haven_to_plain <- function(column) {
  values <- as.vector(unclass(column))
  attributes(values) <- NULL
  declared <- values %in% attr(column, "na_values")
  range <- attr(column, "na_range")
  if (!is.null(range)) {
    declared <- declared | !is.na(values) & values >= range[[1]] & values <= range[[2]]
  }
  values[declared] <- NA
  values
}

#' Convert the columns that a formula's functions compute with
#'
#' R's functions read the bits of an integer64 as those of a double, and a time span as the number
#' in its present unit. Both are converted before a formula is evaluated; other classes are left
#' for the formula's functions.
#'
#' @param table A data frame.
#' @return The data frame with time spans in seconds, still of class difftime, and doubles in the
#'   place of integer64. One that is not exact as doubles is an error.
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

#' Advice on a column that is refused
#'
#' @return Text in brackets that follows the column's name in a message, or `""`.
#' @noRd
advice_for <- function(column) {
  advice <- if (inherits(column, c("Date", "POSIXt"))) {
    "as.numeric() converts them to numbers, a recipe's step_date() to their parts"
  } else if (inherits(column, "difftime")) {
    "as.numeric() with `units =` converts them to numbers"
  } else if (inherits(column, "integer64")) {
    "some are of 2^53 and more: as.character() keeps names exact, as.double() rounds numbers"
  } else if (is_list_column(column)) {
    "give each of its values a column of its own"
  } else if (inherits(column, "Surv")) {
    "censored times cannot be modelled here; columns of it can be fitted one by one"
  } else if (is.factor(column)) {
    "it has a level that is NA and one that is \"NA\": give one of them another name"
  } else if (is.object(column) && is.numeric(unclass(column))) {
    "as.numeric() converts it to numbers, if they mean numbers"
  }
  if (is.null(advice)) "" else paste0(" (", advice, ")")
}
