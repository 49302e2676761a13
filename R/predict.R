#' Predict from a two-layer network
#'
#' @param object What [two_layer()] gave.
#' @param new_data A data frame or matrix with the columns seen in training;
#'   others are ignored, and their order does not matter. `newdata` is accepted
#'   as its name too.
#' @param type `"numeric"`.
#' @param ... Must be empty.
#' @param newdata Another name of `new_data`.
#' @return A tibble with one row per row of `new_data`, in order, in the
#'   outcome's own units: a column `.pred`, or with several outcomes a column
#'   `.pred_<outcome>` for each.
#' @section Errors:
#' Missing columns are an error that names them all; so is a column that is not
#' numeric, or not finite.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mtcars[-1], mtcars$mpg, epochs = 200, seed = 1)
#' predict(fit, head(mtcars))
#' @export
predict.two_layer <- function(object, new_data, type = "numeric", ..., newdata) {
  check_dots(predict.two_layer, ...)
  if (missing(new_data) && !missing(newdata)) {
    new_data <- newdata
  }
  if (missing(new_data)) {
    abort_expected("new_data", "a data frame or a matrix", "missing")
  }
  if (!identical(type, "numeric")) {
    abort_argument("type", "\"numeric\"", type)
  }
  columns <- as_columns("new_data", new_columns(object, new_data))
  names <- names(object$blueprint$ptypes$outcomes)
  predictions <- doubles(call_core("predict", object$model, columns))
  spruce(matrix(predictions, ncol = length(names)), names)
}

new_columns <- function(object, new_data, call = rlang::caller_env()) {
  if (is.matrix(new_data)) {
    new_data <- as.data.frame(new_data)
  }
  if (!is.data.frame(new_data)) {
    abort_argument("new_data", "a data frame or a matrix", new_data, call)
  }
  wanted <- names(object$blueprint$ptypes$predictors)
  missing <- setdiff(wanted, names(new_data))
  if (length(missing)) {
    received <- paste("one without", quoted(missing))
    abort_expected("new_data", "a table with every column seen in training", received, call)
  }
  new_data[wanted]
}

spruce <- function(predictions, names) {
  if (ncol(predictions) == 1) {
    return(hardhat::spruce_numeric(predictions[, 1]))
  }
  colnames(predictions) <- paste0(".pred_", names)
  tibble::as_tibble(predictions)
}
