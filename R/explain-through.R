# Effects of variables that a formula or a recipe transforms: what predictions differ by.

#' Effects of a variable through all columns that are computed from it
#'
#' @param step Half the width of a difference; `NULL` of levels.
#' @return As [effects_rows()].
#' @noRd
effects_through <- function(object, frame, variable, step, weights, level, engine, call) {
  column <- frame[[variable$name]]
  widths <- NULL
  if (!is.null(step)) {
    values <- as.double(plain_column(column))
    find_ends <- if (engine == "r") r_difference_ends else core_difference_ends
    ends <- find_ends(values, step, call)
    contrasts <- "difference"
    settings <- ends[c("below", "above")]
    widths <- ends$widths
  } else {
    settings <- levels_through(object, variable$name, column)
    contrasts <- paste(as.character(settings[-1]), "-", as.character(settings[[1]]))
  }
  predict <- if (engine == "r") predict_each else core_predict_each
  each <- lapply(settings, function(values) {
    predict(object, set_variable(frame, variable$name, values), engine, call)
  })
  if (engine == "r") {
    found <- averaged(r_contrasts(each, widths), weights, call)
    return(effects_rows(object, rep(variable$name, length(contrasts)), contrasts, found, level))
  }
  outcomes <- explained_names(object)
  numbers <- call_core(
    "explain", "effects_of_predictions", as.list(outcomes), as.list(contrasts), unname(each),
    length(models_of(object)), if (!is.null(widths)) as_bytes(widths),
    if (!is.null(weights)) as_bytes(weights), if (!is.null(level)) as.double(level),
    call = call, words = c(x = "new_data")
  )
  data.frame(
    input = rep(variable$name, length(contrasts) * length(outcomes)),
    contrast = rep(contrasts, each = length(outcomes)),
    outcome = rep(outcomes, length(contrasts)),
    lapply(numbers, read_known), stringsAsFactors = FALSE
  )
}

core_difference_ends <- function(values, step, call) {
  found <- call_core("explain", "difference_ends", as_bytes(values), as.double(step), call = call)
  lapply(found, read_doubles)
}

# Doubles of the core, in which what is missing is not a number.
read_known <- function(bytes) {
  values <- read_doubles(bytes)
  replace(values, is.nan(values), NA)
}

# The levels that training knew, if the fit tells, else those of the data.
levels_through <- function(object, name, column) {
  if (is.logical(column)) {
    return(c(FALSE, TRUE))
  }
  known <- object$how$classes$levels[[name]]
  place <- match(name, object$coding$inputs$names)
  if (is.null(known) && !is.na(place)) {
    known <- joint_levels(models_of(object), place)
  }
  if (!is.null(known)) {
    return(known)
  }
  if (is.factor(column)) {
    return(intersect(levels(column), as.character(column)))
  }
  sort(unique(column[!is.na(column)]), method = "radix")
}

# A frame with other values in a variable: one for all rows, or one each.
set_variable <- function(frame, name, values) {
  if (length(values) == 1 && !is.numeric(values)) {
    frame[[name]] <- set_value(frame[[name]], values, nrow(frame))
  } else {
    frame[[name]] <- rep_len(values, nrow(frame))
  }
  frame
}

#' Predictions of each network
#'
#' @return An array of rows, outputs and models.
#' @noRd
predict_each <- function(object, frame, engine, call) {
  models <- models_of(object)
  if (engine == "r") {
    columns <- columns_of_frame(object, frame, call)
    each <- lapply(models, r_predictions, columns, explained_type(object), call)
    return(array(unlist(each), c(columns$rows, length(explained_names(object)), length(models))))
  }
  values <- read_known(core_predict_each(object, frame, engine, call))
  array(values, c(nrow(frame), length(explained_names(object)), length(models)))
}

# As the core has them: bytes.
core_predict_each <- function(object, frame, engine, call) {
  suggest_r_engine(call_core(
    "predict_each", object$model, inherits(object, "two_layer_ensemble"),
    to_core(columns_of_frame(object, frame, call)),
    call = call, words = c(x = "new_data")
  ))
}

columns_of_frame <- function(object, frame, call) {
  columns <- as_columns("new_data", new_predictors(object, frame, call), call)
  require_offset(object, columns, "numeric", call)
  columns
}
