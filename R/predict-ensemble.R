#' Predict from an ensemble of two-layer networks
#'
#' Predicts the mean of the networks' predictions, or how much they differ. For networks that differ
#' only in their seeds, the differences show the randomness of training itself; with bootstrap
#' resamples they also show how much other data of the same kind would have changed the fit. Neither
#' includes the noise of single outcomes.
#'
#' @inheritParams predict.two_layer
#' @param object A fit of [two_layer()] with several `n_models`.
#' @param type What to predict:
#'   * `"numeric"`: the mean of the predictions; the default for a numeric outcome;
#'   * `"quantile"`: for a fit with that loss, the mean of each of the networks' quantiles;
#'   * `"class"`: the class with the highest mean probability; the default for an outcome of
#'     classes;
#'   * `"prob"`: the mean probability of each class;
#'   * `"conf_int"`: an interval in which the middle share `level` of the networks' predictions
#'     lie, of numbers or of the probability of each class. With bootstrap resamples it is a
#'     percentile interval. Its ends lie between the predictions of single networks, so a `level` of
#'     0.95 needs about 40 networks or more. It is an interval of the mean, without the noise of
#'     outcomes, and does not cover new outcomes;
#'   * `"pred_int"`: an interval made to contain a share `level` of new outcomes, see
#'     [predict.two_layer()]. It is calibrated on rows that some networks were not trained on,
#'     because they were held out or not in the network's resample, or by the folds of the search;
#'   * `"std_error"`: the standard deviation of the networks' predictions.
#' @param level Share of the predictions, or of new outcomes, in the interval, above 0 and below 1.
#' @return A tibble with one row per row of `new_data`, in order. Its columns are those of
#'   [predict.two_layer()], and
#'   * for `"conf_int"` and `"pred_int"`: `.pred_lower` and `.pred_upper`;
#'   * for `"std_error"`: `.std_error`.
#'
#'   With several outcomes or with classes there is one such column for each, as
#'   `.pred_lower_<outcome>`.
#'
#'   If some networks did not see a level in their resample, the other networks predict the rows
#'   that have it. A row is `NA` if no network can predict it.
#' @seealso [predict.two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fits <- two_layer(mpg ~ ., mtcars, n_models = 10, bootstrap = TRUE, epochs = 100, seed = 1)
#' fits
#' predict(fits, head(mtcars))
#' predict(fits, head(mtcars), type = "conf_int", level = 0.8)
#' @export
predict.two_layer_ensemble <- function(object, new_data, type = NULL, ..., level = 0.95,
                                       engine = c("python", "r"), newdata, output = NULL,
                                       columns = NULL) {
  call <- rlang::current_env()
  refuse_peers_intervals(rlang::names2(list(...)), call)
  check_dots(predict.two_layer_ensemble, ...)
  types <- c(usual_types(object), "conf_int", "std_error", types_of_loss(object))
  if (identical(type, "pred_int")) refuse_without_intervals(object, call)
  if (has_intervals(object$coding$outcome)) types <- c(types, "pred_int")
  asked <- type
  type <- if (is.null(type)) types[[1]] else check_one_of("type", type, types, call)
  check_level(level, call)
  engine <- read_engine(engine, call)
  copied <- check_copied(columns, output, call)
  if (missing(new_data)) {
    if (missing(newdata)) {
      refuse_output_without_data(output, call)
      return(fitted_predictions(object, type, call))
    }
    new_data <- newdata
  }
  if (!is.null(output)) {
    return(predict_to_file(object, new_data, asked, engine, output, copied, level, call))
  }
  predictions <- if (engine == "r") r_together else core_together
  columns <- columns_to_predict(object, new_data, engine, call)
  values <- predictions(object, columns, computed_type(object, type), level, call)
  spruce_together(object, type, values)
}

# As predict() of lm() has them.
refuse_peers_intervals <- function(given, call) {
  types <- c(interval = "conf_int", se.fit = "std_error")
  asked <- intersect(given, names(types))
  if (length(asked)) {
    expected <- sprintf("left out: it is `type = %s` here", quote_names(types[[asked[[1]]]]))
    abort_expected(asked[[1]], expected, "given", call)
  }
}

check_level <- function(level, call) {
  if (!are_numbers(level) || !is_single(level) || !isTRUE(level > 0 && level < 1)) {
    abort_argument("level", "a number above 0 and below 1", level, call)
  }
}

# A matrix with a row per row of the new data; of an interval the lower ends come first.
core_together <- function(object, columns, type, level, call) {
  require_offset(object, columns, type, call)
  values <- suggest_r_engine(read_doubles(call_core(
    "predict_ensemble", object$model, to_core(columns), type, as.double(level),
    call = call, words = c(x = "new_data")
  )))
  values[is.nan(values)] <- NA
  matrix(values, ncol = columns_together(object, type))
}

columns_together <- function(object, type) {
  columns_of_type(object, type) * if (type == "conf_int") 2 else 1 # "pred_int" has both
}

spruce_together <- function(object, type, values) {
  if (!type %in% c("conf_int", "pred_int", "std_error")) {
    return(spruce(object, type, values))
  }
  has_ends <- type != "std_error"
  prefixes <- if (has_ends) c(".pred_lower", ".pred_upper") else ".std_error"
  predicted <- predicted_names(object)
  one <- is.null(object$levels) && length(predicted) == 1
  ends <- if (one) "" else paste0("_", predicted)
  colnames(values) <- paste0(rep(prefixes, each = length(ends)), ends)
  if (has_ends) { # the two ends of each side by side
    pairs <- as.vector(rbind(seq_along(ends), seq_along(ends) + length(ends)))
    values <- values[, pairs, drop = FALSE]
  }
  tibble::as_tibble(values)
}
