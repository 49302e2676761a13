# Effects of variables that a formula or a recipe transforms: what predictions differ by.

#' Effects of a variable through all that is made of it
#'
#' @param step Half the width of a difference; `NULL` of levels.
#' @return As [effects_rows()].
#' @noRd
effects_through <- function(object, frame, variable, step, weights, level, engine, call) {
  column <- frame[[variable$name]]
  if (!is.null(step)) {
    values <- as.double(plain_column(column))
    ends <- difference_ends(values, step)
    after <- predict_with(object, frame, variable$name, ends$above, engine, call)
    before <- predict_with(object, frame, variable$name, ends$below, engine, call)
    found <- (after - before) / (ends$above - ends$below)
    contrasts <- "difference"
    size <- dim(found)
    found <- array(found, c(size[1:2], 1, size[[3]]))
  } else {
    levels <- levels_through(object, variable$name, column)
    each <- lapply(levels, function(level) {
      predict_with(object, frame, variable$name, level, engine, call)
    })
    size <- dim(each[[1]])
    found <- vapply(each[-1], function(values) values - each[[1]], each[[1]])
    found <- aperm(array(found, c(size, length(levels) - 1)), c(1, 2, 4, 3))
    contrasts <- paste(as.character(levels[-1]), "-", as.character(levels[[1]]))
  }
  effects_rows(
    object, rep(variable$name, length(contrasts)), contrasts, averaged(found, weights, call), level
  )
}

# A variable that is never negative stays so: `log()` and `sqrt()` know no others.
difference_ends <- function(values, step) {
  below <- values - step
  if (all(values >= 0, na.rm = TRUE)) {
    below <- pmax(below, values / 2)
  }
  list(above = values + step, below = below)
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

#' Predictions with other values in a variable
#'
#' @return An array of rows, outputs and models.
#' @noRd
predict_with <- function(object, frame, name, values, engine, call) {
  if (length(values) == 1 && !is.numeric(values)) {
    frame[[name]] <- set_value(frame[[name]], values, nrow(frame))
  } else {
    frame[[name]] <- rep_len(values, nrow(frame))
  }
  predict_each(object, frame, engine, call)
}

predict_each <- function(object, frame, engine, call) {
  columns <- as_columns("new_data", new_predictors(object, frame, call), call)
  require_offset(object, columns, "numeric", call)
  models <- models_of(object)
  size <- c(columns$rows, length(predicted_names(object)), length(models))
  if (engine == "r") {
    kind <- if (is.null(object$levels)) "numeric" else "prob"
    each <- lapply(models, r_predictions, columns, kind, call)
    return(array(unlist(each), size))
  }
  values <- suggest_r_engine(read_doubles(call_core(
    "predict_each", object$model, inherits(object, "two_layer_ensemble"), to_core(columns),
    call = call, words = c(x = "new_data")
  )))
  array(replace(values, is.nan(values), NA), size)
}
