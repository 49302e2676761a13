# Offsets of a formula: known parts of each row's outcome that the network does not learn. They are
# an attribute of the predictors until as_columns(). pytwolayer/preprocessing/offset.py subtracts
# them from the outcome in training and adds them to predictions.

#' The sum of a formula's offsets
#'
#' @param frame A model frame: a column per variable of the terms.
#' @param argument Name of the data's argument, for errors.
#' @return A double for each row, or `NULL` if the formula has no offset.
#' @noRd
formula_offset <- function(frame, terms, argument, call) {
  places <- attr(terms, "offset")
  if (!length(places)) {
    return(NULL)
  }
  columns <- lapply(unname(as.list(frame))[places], function(column) {
    convert_column(plain_column(column))
  })
  names(columns) <- names(frame)[places]
  for (name in names(columns)) {
    refuse_odd_offset(columns[[name]], name, call)
  }
  refuse_infinite(argument, new_data_frame(columns, nrow(frame)), call)
  Reduce(`+`, lapply(columns, as.double))
}

# A column of R's plain NA is logical, and stands for missing numbers.
refuse_odd_offset <- function(column, name, call) {
  numbers <- are_numbers(column) && is.null(dim(column))
  if (!numbers || is.logical(column) && !all(is.na(column))) {
    received <- paste0(describe_column(column), in_column(name))
    abort_expected("formula", "one whose offset is a number for each row", received, call)
  }
}

set_offset <- function(predictors, offset) {
  attr(predictors, "pytwolayer_offset") <- offset
  predictors
}

get_offset <- function(predictors) {
  attr(predictors, "pytwolayer_offset", exact = TRUE)
}

refuse_offset_of_classes <- function(input, call) {
  is_class <- vapply(input$outcomes, function(column) {
    is.factor(column) || is.character(column) || is.logical(column) && !all(is.na(column))
  }, NA)
  if (any(is_class)) {
    expected <- "one without offset() where the outcome is classes"
    abort_expected("formula", expected, shorten(deparse1(input$how$formula)), call)
  }
}

# A fit that was loaded may have no formula, and so no offset. Its raw output needs none.
require_offset <- function(object, columns, type, call) {
  if (isTRUE(object$offset) && type != "raw" && is.null(columns$offset)) {
    expected <- "predicted by a fit that has its formula, since it was fitted with an offset"
    abort_expected("new_data", expected, "by one whose formula was not kept in its file", call)
  }
}

# As the core adds it: to the outcome itself, or to its logarithm, where it is a factor.
r_add_offset <- function(object, values, columns, type, call) {
  require_offset(object, columns, type, call)
  offset <- columns$offset
  of_mean <- type != "raw" && !(type == "sd" && object$coding$outcome$sd)
  if (!of_mean || is.null(offset)) {
    return(values)
  }
  if (!isTRUE(object$offset)) { # a file whose formula is not that of its network
    abort_expected("offset", "left out: the fit was fitted without one", "given", call)
  }
  values <- if (object$coding$outcome$log) values * exp(offset) else values + offset
  if (any(is.infinite(values))) {
    abort_expected("offset", "one with which predictions are finite", "larger", call)
  }
  values
}
