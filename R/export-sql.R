#' Write a fit as a query for a database
#'
#' `to_sql()` returns a SELECT statement that predicts in DuckDB, PostgreSQL or SQLite from the
#' columns of a table, without R and Python.
#'
#' The rows of a database table have no order: use `columns` to copy those that identify a row.
#' Predictions are NULL for a row with NULL, NaN or an infinite number, or with a level that
#' training did not see. An ensemble predicts the mean.
#'
#' The query computes what a formula computes, for the same functions as [save_onnx()]. If a number
#' on the way is larger than 1e150, or smaller than 1e-150 and not 0, the prediction is NULL. A
#' recipe with steps is an error.
#'
#' @inheritParams save_onnx
#' @param table Name of the table, or names of the schema and the table.
#' @param dialect `"duckdb"`, `"postgresql"` or `"sqlite"`. SQLite needs its mathematical functions,
#'   which RSQLite includes, except for numeric outcomes with the activations `"relu"`,
#'   `"leaky_relu"` and `"identity"`.
#' @param columns Names of columns of the table to copy, before the predictions.
#' @param offset For a fit whose formula has an offset, the name of the column that has it. What the
#'   formula computes, such as `log(n)`, has to be in this column already.
#' @return The query, a single string. Its columns are named as those of
#'   [predict()][predict.two_layer]:
#'   * numeric outcomes: `.pred`, or with several outcomes `.pred_<outcome>` for each;
#'   * classes: `.pred_class`, text, and `.pred_<level>`, the probability of each level;
#'   * several labels: `.pred_class_<label>` and `.pred_<label>` for each;
#'   * with the losses `"normal"` and `"negative_binomial"` also `.sd` or `.sd_<outcome>`.
#' @seealso [save_onnx()], [save_two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ wt + hp, mtcars, hidden_units = 2, epochs = 50, seed = 1)
#' cat(to_sql(fit, "cars", "duckdb", columns = "id"))
#' @export
to_sql <- function(fit, table, dialect, columns = NULL, offset = NULL) {
  call <- rlang::current_env()
  check_exported(fit, call)
  expected <- "the name of a table, or names of schema and table"
  check_texts("table", if (!missing(table)) table, expected, call)
  if (missing(dialect)) {
    abort_expected("dialect", "\"duckdb\", \"postgresql\" or \"sqlite\"", "missing", call)
  }
  dialect <- check_one_of("dialect", dialect, c("duckdb", "postgresql", "sqlite"), call)
  if (!is.null(columns)) {
    check_texts("columns", columns, "names of columns", call)
  }
  if (!is.null(offset) && !(is.character(offset) && is_single(offset))) {
    abort_argument("offset", "the name of a column", offset, call)
  }
  several <- inherits(fit, "two_layer_ensemble")
  call_core(
    "sql_query", fit$model, several, as.list(enc2utf8(table)), dialect,
    as.list(enc2utf8(as.character(columns))), if (!is.null(offset)) enc2utf8(offset),
    exported_columns(fit, call),
    call = call
  )
}

check_texts <- function(argument, value, expected, call) {
  if (is.null(value)) {
    abort_expected(argument, expected, "missing", call)
  }
  if (!is.character(value) || !length(value) || anyNA(value) || !all(nzchar(value))) {
    abort_argument(argument, expected, value, call)
  }
}
