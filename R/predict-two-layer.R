#' Predict from a two-layer network
#'
#' Predicts numbers, classes, probabilities, quantiles or intervals for the rows of new data.
#'
#' @param object A fit of [two_layer()].
#' @param new_data A data frame or matrix (also a sparse one of the package Matrix) with the columns
#'   seen in training, in any order; other columns are ignored. Or the path of a file or folder, as
#'   in [two_layer()], for `engine = "python"` and fits whose formula only names columns. Without
#'   it, the rows that were used in the fit are predicted; the types `"raw"`, `"sd"` and
#'   `"pred_int"` need it.
#' @param type What to predict:
#'   * `"numeric"`: the outcome in its own units, or with the loss `"quantile"` the quantile that is
#'     nearest to the median; the default for a numeric outcome;
#'   * `"quantile"`: all quantiles of a fit with that loss. They ascend in every row: where the
#'     network's outputs cross, they are sorted;
#'   * `"pred_int"`: a prediction interval, made to contain a share `level` of new outcomes. It is
#'     calibrated on rows that were kept apart from training (conformal prediction): those of
#'     `validation`, or otherwise the folds of the search of `weight_decay = "auto"`. A fit without
#'     either has no such intervals. With the loss `"quantile"` the predicted quantiles whose levels
#'     are so far apart are widened or narrowed; with `"normal"` and `"negative_binomial"` it is a
#'     multiple of the predicted standard deviation (in whole numbers for counts); with
#'     `"poisson"` and `"gamma"` it depends on the prediction; else it is the same for all rows. The
#'     share holds on average over rows like those of training, not for each kind of row;
#'   * `"class"`: the most probable class; the default for an outcome of classes;
#'   * `"prob"`: the probability of each class, or of each label where there are several;
#'   * `"sd"`: the standard deviation of a new observation about its prediction, for the losses
#'     `"normal"`, with which the network predicts one for each row, and `"negative_binomial"`, for
#'     which it is `sqrt(mean + mean^2 / theta)`;
#'   * `"raw"`: the network's own output. For a numeric outcome that is the standardised outcome
#'     (under the losses `"poisson"` and `"gamma"` the logarithm of its ratio to the mean, under
#'     `"binomial"` that of the odds, under `"quantile"` one for each level, not yet sorted), for
#'     classes what the softmax is taken of. An offset is not in it.
#' @param ... Must be empty.
#' @param level The level of `"pred_int"`, above 0 and below 1.
#' @param engine `"python"`: the Python core predicts, with the same digits as in Python. `"r"`: R
#'   itself predicts, without Python, for example on a server for reports or apps; everything
#'   else is the same, and the numbers agree to about seven digits.
#' @param newdata Another name of `new_data`.
#' @param output A file to write the predictions to, `.parquet`, `.csv` or `.tsv` (text also
#'   with `.gz`), replaced if it exists. If `new_data` is a path, its rows are read, predicted
#'   and written some at a time, in their order: neither rows nor predictions are held in memory.
#'   Without `type` the file has all columns that the fit can give on the outcome's scale: the class
#'   and the probabilities, with several networks intervals too. For `engine = "python"` only.
#' @param columns Names of columns of `new_data` to copy to `output`, before the predictions.
#'   Columns of text files are copied unchanged, as text.
#' @return With `output` its path, invisibly. Else a tibble with one row per row of `new_data`, in
#'   order. Its columns:
#'   * `"numeric"`: `.pred`, or with several outcomes `.pred_<outcome>` for each;
#'   * `"quantile"`: `.pred_q<level>` for each level, as `.pred_q0.05`;
#'   * `"pred_int"`: `.pred_lower` and `.pred_upper`, with several outcomes for each, as
#'     `.pred_lower_<outcome>`; infinite, with a warning, where the level needs more rows than
#'     there were;
#'   * `"class"`: `.pred_class`, a factor with all levels of the outcome (`FALSE` and `TRUE` of
#'     a logical one); with several labels `.pred_class_<label>` for each;
#'   * `"prob"`: `.pred_<level>` for each level, or `.pred_<label>` for each label, the probability
#'     of its second level, of `TRUE` or of 1;
#'   * `"sd"`: `.sd`, or with several outcomes `.sd_<outcome>` for each;
#'   * `"raw"`: `.raw`, or with several outputs `.raw_<output>` for each.
#'
#'   Rows with missing values, or with a level that training did not see, are `NA`.
#'
#'   Intervals of the mean and standard errors need several networks, see
#'   [predict.two_layer_ensemble()].
#' @section Errors and warnings:
#' A missing column, a column of another kind than in training, or an infinite number is an error of
#' class `pytwolayer_error_argument` that names the column. Levels that training did not see are
#' named in a warning of class `pytwolayer_warning_unseen_level`.
#' @seealso [predict.two_layer_ensemble()], [augment.two_layer()] for the data with the predictions
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, epochs = 50, seed = 1)
#' predict(fit, head(mtcars))
#'
#' flowers <- two_layer(Species ~ ., iris, epochs = 50, seed = 1)
#' predict(flowers, head(iris))
#' predict(flowers, head(iris), type = "prob")
#' predict(flowers, head(iris), engine = "r")
#' @export
predict.two_layer <- function(object, new_data, type = NULL, ..., level = 0.95,
                              engine = c("python", "r"), newdata, output = NULL, columns = NULL) {
  call <- rlang::current_env()
  has_level <- !missing(level) && !identical(type, "pred_int")
  refuse_spread(type, c(rlang::names2(list(...)), if (has_level) "level"), call)
  check_dots(predict.two_layer, ...)
  types <- c(usual_types(object), "raw")
  types <- c(types, types_of_loss(object))
  if (identical(type, "pred_int")) refuse_without_intervals(object, call)
  if (has_intervals(object$coding$outcome)) types <- c(types, "pred_int")
  check_level(level, call)
  asked <- type
  type <- if (is.null(type)) types[[1]] else check_type(type, types, call)
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
  columns <- columns_to_predict(object, new_data, engine, call)
  if (type == "pred_int") {
    found <- prediction_intervals(object, columns, level, engine, call)
    return(spruce_together(object, type, found))
  }
  predictions <- if (engine == "r") r_predictions else core_predictions
  spruce(object, type, predictions(object, columns, computed_type(object, type), call))
}

# What other packages call the types of predictions.
check_type <- function(type, types, call) {
  if (!is.character(type) || !is_single(type) || type %in% types) {
    return(check_one_of("type", type, types, call))
  }
  classes <- c("class", "prob")
  own <- c(response = types[[1]], vector = "numeric", probability = "prob", probs = "prob",
    posterior = "prob", probabilities = "prob", link = "raw")
  hint <- if (type %in% classes && !any(classes %in% types)) {
    ": the outcome of this fit is numeric (convert it to classes with factor() before the fit)"
  } else if (type %in% names(own) && own[[type]] %in% types) {
    sprintf(" (did you mean \"%s\"?)", own[[type]])
  }
  received <- paste0(describe_value(type), hint)
  abort_expected("type", paste("one of", quote_names(types)), received, call)
}

usual_types <- function(object) {
  if (is.null(object$levels) && !has_labels(object)) "numeric" else c("class", "prob")
}

# What has numbers for all outcomes: "numeric", or "prob" of classes and labels.
scale_type <- function(object) rev(usual_types(object))[[1]]

# Of several labels both types are made of each label's probability.
computed_type <- function(object, type) {
  if (has_labels(object) && type %in% c("class", "prob")) "numeric" else type
}

# What only several networks can say.
refuse_spread <- function(type, given, call) {
  asked <- intersect(given, c("level", "interval", "se.fit"))
  if (is.character(type) && is_single(type) && type %in% c("conf_int", "std_error")) {
    asked <- c("type", asked)
  }
  if (length(asked)) {
    fault <- if (asked[[1]] == "type") {
      sprintf("`type` must be one that a single network has, not %s.", quote_names(type))
    } else {
      sprintf("`%s` must be left out for a single network, not given.", asked[[1]])
    }
    rlang::abort(
      c(
        fault,
        i = paste(
          "Standard errors and intervals of the mean come from several networks: fit them with",
          "`two_layer(..., n_models = 50, bootstrap = TRUE)`. Intervals of new outcomes are",
          "`type = \"pred_int\"`."
        )
      ),
      class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = asked[[1]], call = call
    )
  }
}

# As predictions of the training rows: what the fit keeps of them.
fitted_predictions <- function(object, type, call) {
  if (is_loaded(object) && !has_source(object)) {
    abort_expected("new_data", "given for a fit without its training data", "missing", call)
  }
  object <- with_training_rows(object, "object", caller_frame(call), call)
  if (type == "quantile") {
    values <- object$fitted_quantiles
    values[is.nan(values)] <- NA
    return(spruce(object, type, values))
  }
  if (!type %in% c("numeric", "class", "prob")) {
    expected <- sprintf(
      "given for `type = %s`, since a fit keeps no copy of its predictors", quote_names(type)
    )
    abort_expected("new_data", expected, "missing", call)
  }
  values <- fitted_values(object)
  values[is.nan(values)] <- NA
  by_code <- type == "class" && !has_labels(object)
  spruce(object, type, if (by_code) matrix(fitted_class(object), ncol = 1) else values)
}

engines <- c("python", "r")

read_engine <- function(engine, call) {
  if (identical(engine, engines)) engines[[1]] else check_one_of("engine", engine, engines, call)
}

# A matrix with a row per row of the new data.
prediction_intervals <- function(object, columns, level, engine, call) {
  if (engine == "r") {
    return(r_prediction_intervals(object, list(object), columns, level, call))
  }
  core_predictions(object, columns, "pred_int", call, level)
}

core_predictions <- function(object, columns, type, call, level = 0.95) {
  require_offset(object, columns, type, call)
  values <- suggest_r_engine(
    read_doubles(call_core(
      "predict", object$model, to_core(columns), type, as.double(level),
      call = call, words = c(x = "new_data")
    ))
  )
  values[is.nan(values)] <- NA
  matrix(values, ncol = columns_of_type(object, type))
}

# How many columns the predictions of a type have.
columns_of_type <- function(object, type) {
  if (type == "pred_int") {
    return(2 * length(predicted_names(object)))
  }
  outputs <- type %in% c("raw", "prob", "quantile")
  if (type == "class") 1 else length(if (outputs) object$outputs else predicted_names(object))
}

types_of_loss <- function(object) {
  if (has_quantiles(object)) "quantile" else if (has_spread(object$coding$outcome)) "sd"
}

has_quantiles <- function(object) !is.null(object$settings$quantile_levels)

# Names of the outcomes, or of the classes.
predicted_names <- function(object) {
  if (is.null(object$levels)) number_names(object$coding$outcome) else object$outputs
}

suggest_r_engine <- function(predictions) {
  tryCatch(predictions, pytwolayer_error_python = function(cnd) {
    way_out <- "Or predict without Python: `engine = \"r\"`."
    cnd$body <- c(cnd$body, paste(cli::symbol$info, way_out))
    rlang::cnd_signal(cnd)
  })
}

# As hardhat's spruce_ functions and tibble() make it, whose checks would take most of the time of
# a prediction of one row.
spruce <- function(object, type, values) {
  if (has_labels(object) && type == "class") {
    return(spruce_labels(object, values))
  }
  columns <- lapply(seq_len(ncol(values)), function(place) values[, place])
  names <- if (type == "class") {
    columns[[1]] <- as_class(object, columns[[1]])
    ".pred_class"
  } else {
    prefix <- switch(type, raw = ".raw", sd = ".sd", ".pred")
    one <- ncol(values) == 1 && type != "quantile"
    of_outputs <- type %in% c("raw", "quantile")
    outputs <- if (of_outputs) object$outputs else predicted_names(object)
    paste0(prefix, if (!one) paste0("_", outputs))
  }
  new_tibble(stats::setNames(columns, names), nrow(values))
}

spruce_labels <- function(object, shares) {
  outcome <- object$coding$outcome
  columns <- lapply(seq_along(outcome$labels), function(place) {
    levels <- outcome$labels[[place]]
    factor(levels[1 + (shares[, place] > 0.5)], levels = levels)
  })
  one <- length(columns) == 1
  names(columns) <- paste0(".pred_class", if (!one) paste0("_", number_names(outcome)))
  new_tibble(columns, nrow(shares))
}

as_class <- function(object, codes) {
  ordered <- is.ordered(object$outcomes[[1]])
  factor(object$levels[codes], levels = object$levels, ordered = ordered)
}

#' New data for an engine: what [as_columns()] makes of R's, or a table for Python to read
#'
#' @noRd
columns_to_predict <- function(object, new_data, engine, call) {
  new_data <- frame_if_needed(object, new_data, engine)
  if (!is_source(new_data)) {
    return(as_columns("new_data", new_predictors(object, new_data, call), call))
  }
  if (engine == "r") {
    expected <- "\"python\", which reads files, where `new_data` is a path"
    abort_expected("engine", expected, "\"r\"", call)
  }
  made <- made_predictors(object)
  if (!is.null(made)) {
    expected <- sprintf("a table in R, as the fit is of %s", made)
    abort_expected("new_data", expected, "a path", call)
  }
  send_source("new_data", new_data, call)
}

# An Arrow object that R has to read is a data frame.
frame_if_needed <- function(object, new_data, engine) {
  for_r <- engine == "r" || !is.null(made_predictors(object))
  if (for_r) as_frame(new_data) else as_table(new_data)
}

# What R makes of its data, by a recipe or a formula's functions, Python cannot.
made_predictors <- function(object) {
  how <- object$how
  switch(how$kind,
    recipe = "a recipe",
    formula = {
      variables <- as.list(attr(how$terms, "variables"))[-1]
      plain <- all(vapply(variables, is.symbol, NA)) && all(attr(how$terms, "order") == 1)
      if (!plain) "a formula that computes"
    },
    table = if (!is.null(how$terms_of)) "a formula that its file does not hold"
  )
}

#' The predictors of new data, as training had them
#'
#' @noRd
new_predictors <- function(object, new_data, call) {
  if (!is_data(new_data)) {
    received <- paste0(describe_value(new_data), " (data.frame() makes a table of columns)")
    abort_expected("new_data", "a data frame or a matrix", received, call)
  }
  new_data <- if (object$how$kind == "table") plain_table(new_data) else plain_frame(new_data)
  if (object$how$kind == "table" && (object$how$nameless || lacks_column_names(new_data))) {
    return(new_data)
  }
  wanted <- training_columns(object)
  terms <- object$how$terms_of
  of_what <- if (!is.null(terms)) paste(", the terms of", backtick(shorten(terms, 200)))
  require_names("new_data", wanted, names(new_data), paste0(every_column, of_what), call)
  refuse_twins("new_data", names(new_data)[names(new_data) %in% wanted], call)
  new_data <- columns_at(new_data, match(wanted, names(new_data))) # which finds an empty name too
  with_decimal_point(switch(object$how$kind,
    table = new_data,
    formula = formula_predictors(object, new_data, call),
    recipe = recipe_predictors(object, new_data, call)
  ))
}

# As `[` does, in a third of the time; a matrix has its own.
columns_at <- function(table, places) {
  if (is_matrix_table(table)) {
    return(table[places])
  }
  columns <- unclass(table)[places]
  attr(columns, "row.names") <- .row_names_info(table, 0L) # nolint: object_name_linter.
  class(columns) <- "data.frame"
  columns
}

training_columns <- function(object) {
  if (object$how$kind == "formula") {
    object$how$predictor_variables
  } else {
    names(object$blueprint$ptypes$predictors)
  }
}

formula_predictors <- function(object, new_data, call) {
  terms <- object$how$terms
  if (!nrow(new_data)) {
    predictors <- table_ptype(as.data.frame(object$blueprint$ptypes$predictors))
    return(set_offset(predictors, if (length(attr(terms, "offset"))) double()))
  }
  plain <- plain_predictors(terms, new_data)
  if (!is.null(plain)) {
    return(plain)
  }
  frame <- evaluate_formula(list(terms = terms, outcome = list()), new_data, "new_data", call)$frame
  frame_predictors(frame, object$how, "new_data", call, warns = TRUE)
}

# What model.frame() and frame_predictors() make of columns that they leave as they are, in a tenth
# of the time; or NULL, where there is something to make or to refuse.
plain_predictors <- function(terms, data) {
  variables <- as.list(attr(terms, "variables"))[-1]
  sets <- term_variables(terms)
  if (!length(sets) || !all(lengths(sets) == 1) || !all(vapply(variables, is.symbol, NA))) {
    return(NULL)
  }
  names <- vapply(variables, as.character, "")
  columns <- unclass(data)[names]
  if (all(names %in% names(data)) && all(vapply(columns, is.atomic, NA))) {
    columns <- as_plain_columns(columns)
    if (!is.null(columns)) new_data_frame(columns[unlist(sets)], nrow(data))
  }
}

recipe_predictors <- function(object, new_data, call) {
  forged <- tryCatch(
    hardhat::forge(new_data, object$blueprint)$predictors,
    error = function(cnd) abort_recipe("cannot be applied to `new_data`", cnd, call)
  )
  forged <- plain_frame(forged)
  if (nrow(forged) != nrow(new_data)) {
    received <- sprintf("one that makes %d rows of %d", nrow(forged), nrow(new_data))
    abort_expected("x", "a recipe that keeps all rows in prediction", received, call)
  }
  warn_of_unseen(forged, new_data)
  forged
}

# A recipe makes missing values of levels that it did not see, without a word.
warn_of_unseen <- function(forged, new_data) {
  for (name in intersect(names(forged), names(new_data))) {
    before <- as.character(new_data[[name]])
    lost <- is.factor(forged[[name]]) & is.na(forged[[name]]) & !is.na(before)
    if (any(lost)) {
      warn_of_levels(sort(unique(before[lost]), method = "radix"), name)
    }
  }
}

# In the core's words.
warn_of_levels <- function(levels, column) {
  raise_warning("UnseenLevelWarning", sprintf(
    "Levels that training did not see%s: %s. %s", in_column(column), quote_some_names(levels),
    paste(
      "The predictions of their rows are missing: fit again with such rows, or give them a level",
      "that training saw."
    )
  ))
}
