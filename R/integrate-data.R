# The data of a fit for a package that asks for them from deep within its own functions: what its
# call names is looked up where each of the functions that run was called, and taken where the
# outcomes are those of the fit. Another table of the same name is passed over.

training_frame_of_callers <- function(object) {
  places <- c(rev(sys.frames()), list(globalenv()))
  for (place in places) {
    found <- tryCatch(
      suppressWarnings(training_frame(object, "r", place, rlang::current_env())),
      error = function(cnd) NULL
    )
    if (!is.null(found)) {
      return(as.data.frame(with_outcomes(object, found)))
    }
  }
  NULL
}

# No rows of the columns that new data need, with their types; NULL of a fit of a file whose formula
# transforms some.
predictor_prototype <- function(object) {
  columns <- training_columns(object)
  known <- object$blueprint$ptypes$predictors
  if (!all(columns %in% names(known))) known <- object$how$prototype
  if (is.null(known)) NULL else plain_frame(known)[0, columns, drop = FALSE]
}

# Rows that the fit left out have no outcome here; they are no rows of it.
with_outcomes <- function(object, frame) {
  absent <- setdiff(names(object$outcomes), names(frame))
  if (object$how$kind == "formula" || !length(absent)) {
    return(frame)
  }
  cbind(object$outcomes[absent], complete_rows(object, frame))
}
