#' Write a fit as an ONNX file
#'
#' `save_onnx()` writes a file that predicts without R and Python: in onnxruntime, from C++, C#,
#' Java or JavaScript, and in databases and servers that read ONNX. Writing it needs the Python
#' package onnx (`pip install onnx`). With 64 hidden units the file has about 5 KB.
#'
#' The inputs are the columns of the data as they are, each of shape rows x 1: doubles for numbers
#' and logicals (as 0 and 1), text for factors and characters. If the fit has an offset, `offset` is
#' another input. The file contains the encoding. Each output has one row for each row of the
#' inputs:
#'
#' * `.pred`, for numeric outcomes: the outcome in its own units, one column for each outcome;
#' * `.pred_class` and `.prob`, for classes: the class as text, and its probabilities, one column
#'   for each class in the order of the outcome's levels;
#' * `.pred` and `.pred_class`, for several labels: the probability and the class of each label, one
#'   column for each;
#' * `.sd`, with the losses `"normal"` and `"negative_binomial"`: the standard deviation, as from
#'   `predict(type = "sd")`;
#' * `.valid`: false for rows where [predict()][predict.two_layer] gives `NA` or an error: a missing
#'   value, a level that training did not see, or an infinite number. In these rows the other
#'   outputs are NaN and empty text.
#'
#' If a column of the data has the name of an input or output, that input or output gets another
#' point at its front, as `..pred`. An ensemble predicts the mean.
#'
#' If a formula computes columns (`log(x)`, `factor(x)`, `a:b`), the file computes them from those
#' of the data: arithmetic, powers, logarithms, comparisons, `factor()`, `cut()`, `ifelse()`,
#' `poly()`, `scale()` and others that the page "Deploying a fit" lists.
#'
#' @param fit A fit of [two_layer()], of one network or several.
#' @param file Path of the file, usually with the extension `.onnx`. An existing file is replaced.
#' @return `file`, invisibly.
#' @section Errors:
#' A formula with a function that the file cannot compute is an error that names the function, and
#' so is a recipe with steps. Compute these columns in the data instead, and fit to them.
#' @seealso [to_sql()] for databases, [save_two_layer()] for R and Python.
#' @examplesIf pytwolayer:::has_torch() && reticulate::py_module_available("onnx")
#' fit <- two_layer(Species ~ ., iris, epochs = 50, seed = 1)
#' file <- tempfile(fileext = ".onnx")
#' save_onnx(fit, file)
#' file.size(file)
#' @export
save_onnx <- function(fit, file) {
  call <- rlang::current_env()
  check_exported(fit, call)
  path <- output_path(file, call)
  several <- inherits(fit, "two_layer_ensemble")
  computed <- exported_columns(fit, call)
  bytes <- call_core("onnx_file", fit$model, several, computed, call = call)
  write_whole(path, as.raw(bytes), call)
  invisible(file)
}

check_exported <- function(fit, call) {
  if (!inherits(fit, c("two_layer", "two_layer_ensemble"))) {
    abort_argument("fit", "what `two_layer()` gave", fit, call)
  }
  if (fit$how$kind == "recipe" && length(fit$blueprint$recipe$steps)) {
    abort_expected(
      "fit", "a fit to columns that the data have", "one to columns that a recipe computes", call
    )
  }
}
