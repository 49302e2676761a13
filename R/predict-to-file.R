# Predictions that Python writes to a file while it reads the rows.

#' Write predictions to a file
#'
#' @param type As it was given: `NULL` is all that the fit can say.
#' @param columns What [check_copied()] gave.
#' @param level Of intervals.
#' @return The path, invisibly.
#' @noRd
predict_to_file <- function(object, new_data, type, engine, output, columns, level, call) {
  if (engine == "r") {
    expected <- "\"python\", which writes files, where `output` is given"
    abort_expected("engine", expected, "\"r\"", call)
  }
  if (!is.character(output) || !is_single(output) || !nzchar(output)) {
    abort_argument("output", path_of_file, output, call)
  }
  new_data <- frame_if_needed(object, new_data, engine)
  columns_sent <- columns_to_predict(object, new_data, engine, call) # with a stream's pointer
  sent <- to_core(columns_sent)
  beside <- NULL
  if (length(columns) && !is_source(new_data)) {
    beside <- to_core(as_columns("columns", chosen_columns(new_data, columns, call), call))
  }
  written <- suggest_r_engine(call_core(
    "predict_to_file", object$model, sent, type, as.double(level),
    inherits(object, "two_layer_ensemble"), enc2utf8(path.expand(output)),
    as.list(enc2utf8(columns)), beside, progress_bar(verbose = TRUE),
    call = call, words = c(x = "new_data", kind = "type")
  ))
  invisible(written)
}

# As the user has them, and not as the fit needs its predictors.
chosen_columns <- function(new_data, columns, call) {
  new_data <- plain_frame(new_data)
  absent <- setdiff(columns, names(new_data))
  if (length(absent)) {
    abort_expected("columns", "names of columns of the data", quote_some_names(absent), call)
  }
  as.data.frame(new_data, optional = TRUE)[unique(columns)]
}

check_copied <- function(columns, output, call) {
  if (!is.null(columns) && is.null(output)) {
    abort_expected("columns", "left out without `output`, to which they are copied", "given", call)
  }
  if (!is.null(columns) && (!is.character(columns) || anyNA(columns))) {
    abort_argument("columns", "names of columns of `new_data`", columns, call)
  }
  as.character(columns)
}

refuse_output_without_data <- function(output, call) {
  if (!is.null(output)) {
    abort_expected("new_data", "given where `output` is", "missing", call)
  }
}
