#' Write a fit as a query for a database
#'
#' A SELECT that predicts in DuckDB, PostgreSQL or SQLite from the columns of a table, without R
#' and Python.
#'
#' The rows of a table have no order: `columns` names those that say which row is which. A row with
#' NULL, NaN or an infinite number, or with a level that training did not see, has NULL for its
#' predictions. An ensemble gives the mean.
#'
#' What a formula computes the query computes, as far as [save_onnx()] does; of numbers that are
#' larger than 1e150 on the way, or but for 0 smaller than 1e-150, the prediction is NULL. A recipe
#' with steps is refused.
#'
#' @inheritParams save_onnx
#' @param table The table's name, or the names of schema and table.
#' @param dialect `"duckdb"`, `"postgresql"` or `"sqlite"`. SQLite must have its mathematical
#'   functions, as RSQLite has, but for the activations `"relu"`, `"leaky_relu"` and `"identity"`
#'   with a numeric outcome.
#' @param columns Names of columns of the table that are copied, before the predictions.
#' @param offset Of a fit whose formula has an offset, the name of the column that has it; what the
#'   formula computes, such as `log(n)`, the table must have computed.
#' @return The query, one text. Its columns are those of [predict()][predict.two_layer()]: `.pred`,
#'   of several outcomes `.pred_<outcome>`; for classes `.pred_class`, text, and `.pred_<level>`,
#'   the probabilities; of labels `.pred_class_<label>` and `.pred_<label>`. With the losses
#'   `"normal"` and `"negative_binomial"` also `.sd` or `.sd_<outcome>`.
#' @seealso [save_onnx()], [save_two_layer()].
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
