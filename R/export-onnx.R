#' Write a fit as an ONNX file
#'
#' The file predicts where neither R nor Python is: in onnxruntime, from C++, C#, Java or
#' JavaScript, and in databases and servers that read ONNX. It is written by the Python package
#' onnx (`pip install onnx`). For 64 hidden units it has about 5 KB.
#'
#' Its inputs are the columns of the data as they are, each of shape rows x 1: doubles (logicals
#' are 0 and 1), or text for factors and characters; and `offset` where the fit has one. What
#' encodes them is in the file. The outputs, all with a row for each row of the inputs:
#'
#' * `.pred`: the outcome in its own units, a column for each;
#' * or for classes `.pred_class`, text, and `.prob`, a column for each class in the order of the
#'   outcome's levels;
#' * of several labels both: `.pred`, the probability of each, and `.pred_class`, a column for each;
#' * `.sd`: with the losses `"normal"` and `"negative_binomial"` the standard deviation, as
#'   `type = "sd"` gives it;
#' * `.valid`: false where [predict()][predict.two_layer()] gives `NA` or an error: a missing
#'   value, a level that training did not see, an infinite number. In these rows the other
#'   outputs are NaN and empty text.
#'
#' An input or output whose name is a column's gets another point before it, as `..pred`. An
#' ensemble gives the mean.
#'
#' Of a formula that computes its columns (`log(x)`, `factor(x)`, `a:b`) the file computes them,
#' from those of the data: arithmetic, powers, logarithms, comparisons, `factor()`, `cut()`,
#' `ifelse()`, `poly()`, `scale()` and others that the page "Deploying a fit" lists. A function that
#' it cannot compute is refused, by its name, and so is a recipe with steps: compute the columns in
#' the data, and fit it to these.
#'
#' @param fit What [two_layer()] gave, an ensemble too.
#' @param file The file's path, usually with the ending `.onnx`. A file of this name is replaced.
#' @return `file`, invisibly.
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
    abort_expected("fit", "of columns that the data have", "of a recipe that computes them", call)
  }
}
