#' Permutation importance of the inputs
#'
#' `importance()` measures how much worse predictions become if the values of one variable are
#' permuted among the rows. This keeps the variable's distribution but removes what it says about
#' each row. Use rows that the fit was not trained on: with training rows the result also shows what
#' the network learnt by heart, and a message says so.
#'
#' Variables that carry similar information share their importance, since predictions can do without
#' each of them alone. For a formula, the variables are those of the data: all that is computed from
#' a variable changes with it.
#'
#' @param object A fit of [two_layer()], of one network or several. For several, the mean of their
#'   predictions is measured.
#' @param new_data Rows with the outcome, as in [predict.two_layer()], or a path. Rows that cannot
#'   be predicted or have no outcome are left out. From a path or an Arrow dataset with more than
#'   100,000 rows, 100,000 are used: one from each of as many equally long stretches, always the
#'   same ones. The default is the rows that the fit was trained on, found again through the fit's
#'   call; for a fit to a path, the rows that are there now.
#' @param y The outcome, for a fit whose outcome was given apart from the predictors. An outcome of
#'   another kind than the fit's is an error. Rows of classes that training did not see are left
#'   out, with a warning of class `pytwolayer_warning_unseen_level`.
#' @param ... Must be empty.
#' @param variables Names of the variables of interest; by default all. A factor is permuted as a
#'   whole.
#' @param repeats Number of permutations. All variables use the same ones.
#' @param measure `"loss"`: the fit's own loss. For numeric outcomes also `"rmse"`, `"mae"` and
#'   `"r_squared"`, for each outcome on its own scale; for classes `"accuracy"` and `"brier"`.
#' @param seed Seed of the permutations. The same seed gives the same numbers, in Python too. `NULL`
#'   draws one from R's own generator.
#' @param case_weights A number of at least 0 for each row, or `NULL`. For a path, the name of the
#'   column that has the weights.
#' @return A tibble of class `two_layer_importance` with one row for each variable and outcome. Its
#'   columns:
#'   * `input`: the variable;
#'   * `outcome`: the outcome;
#'   * `estimate`: by how much the measure becomes worse, on average over the repeats. A value near
#'     or below 0 means that the variable does not matter;
#'   * `spread`: the standard deviation over the repeats;
#'   * `lowest` and `highest`: the range over the repeats.
#'
#'   Its attribute `facts` is a list of the `measure`; its `base`, the measure without any
#'   permutation; `repeats`; `seed`; the number of `rows`; whether they are `training` rows (unknown
#'   for bootstrap resamples); and `each`, a matrix with the repeats of each row of the tibble.
#'
#'   [plot()][plot.two_layer_effects] draws it.
#' @seealso [effects.two_layer()], [feature_effects()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ wt + hp + factor(cyl), mtcars[1:24, ], epochs = 100, seed = 1)
#' importance(fit, mtcars[25:32, ], seed = 1)
#' @export
importance <- function(object, ...) {
  UseMethod("importance")
}

#' @rdname importance
#' @export
importance.two_layer <- function(object, new_data = NULL, y = NULL, ..., variables = NULL,
                                 repeats = 10, measure = "loss", seed = NULL,
                                 case_weights = NULL) {
  call <- rlang::current_env()
  check_dots(importance.two_layer, ...)
  chosen <- choose_variables(explained_variables(object), variables, call)
  check_repeats(repeats, call)
  new_data <- frame_if_needed(object, own_source(object, new_data), "python")
  of_source <- is_source(new_data)
  rows <- if (!of_source) judged_rows(object, new_data, y, case_weights, parent.frame(), call)
  seed <- if (is.null(seed)) draw_seed() else check_settings(list(seed = seed), call)[[1]]
  asked <- list(repeats = as.double(repeats), measure = measure, seed = seed)
  if (of_source) {
    sent <- send_judged_source(object, new_data, y, case_weights, call)
    return(new_importance(list(core_importance(object, sent, chosen, asked, call)), chosen, asked))
  }
  is_column <- vapply(chosen, function(variable) !is.null(variable$place), NA)
  found <- list(if (any(is_column)) {
    core_importance(object, send_judged(object, rows, call), chosen[is_column], asked, call)
  })
  if (!all(is_column)) {
    through <- importance_through(object, rows, chosen[!is_column], asked, call)
    if (through$training && !any(is_column)) { # else the core has said so
      rlang::inform(
        "The rows are those that the fit was trained on: what was learnt by heart counts too.",
        class = "pytwolayer_message"
      )
    }
    found <- c(found, list(through))
  }
  new_importance(Filter(Negate(is.null), found), chosen, asked)
}

#' @rdname importance
#' @export
importance.two_layer_ensemble <- importance.two_layer # nolint: object_name_linter.

check_repeats <- function(repeats, call) {
  if (!are_numbers(repeats) || !is_single(repeats) || !isTRUE(repeats >= 1 && repeats %% 1 == 0)) {
    abort_argument("repeats", "a whole number of at least 1", repeats, call)
  }
}

#' The rows that predictions are measured on
#'
#' @return A list of `frame`, the user's variables; `outcomes`, a data frame; `weights`.
#' @noRd
judged_rows <- function(object, new_data, y, case_weights, env, call) {
  frame <- explained_frame(object, new_data, "python", env, call)
  if (is.null(new_data) && is.null(y) && object$how$kind == "table") {
    frame <- complete_rows(object, frame)
    outcomes <- object$outcomes
  } else {
    outcomes <- given_outcomes(object, frame, y, call)
  }
  if (nrow(outcomes) != nrow(frame)) {
    expected <- sprintf("as long as `new_data` (%d rows)", nrow(frame))
    abort_expected("y", expected, sprintf("%d rows long", nrow(outcomes)), call)
  }
  weights <- check_row_weights(case_weights, nrow(frame), call)
  keep_complete(object, list(frame = frame, outcomes = outcomes, weights = weights), call)
}

given_outcomes <- function(object, frame, y, call) {
  if (!is.null(y)) {
    return(map_columns(as_outcome_frame(y, call), convert_column, outcome = TRUE))
  }
  if (object$how$kind == "formula") {
    needed <- intersect(unlist(lapply(object$how$outcome, all.vars)), object$how$variables)
    require_names("new_data", needed, names(frame), "a table with the outcome", call)
    data <- convert_for_formula(frame[needed], "new_data", call)
    env <- environment(object$how$terms)
    outcomes <- lapply(object$how$outcome, function(part) plain_column(eval(part, data, env)))
    return(with_decimal_point(outcome_table(outcomes)))
  }
  names <- names(object$outcomes)
  if (identical(names, ".outcome")) {
    abort_expected("y", "given, since the fit was given no name of the outcome", "missing", call)
  }
  require_names("new_data", names, names(frame), "a table with the outcome", call)
  map_columns(frame[names], convert_column, outcome = TRUE)
}

# The rows that the core would keep, so that it draws the same orders whatever is asked.
keep_complete <- function(object, rows, call) {
  if (!nrow(rows$frame)) {
    abort_expected("new_data", "data with a row that can be predicted", "none", call)
  }
  found <- predict_each(object, rows$frame, "python", call)
  known <- apply(!is.na(found), 1, any)
  for (column in rows$outcomes) {
    known <- known & !is.na(column)
  }
  if (!is.null(object$levels)) {
    known <- known & of_known_classes(rows$outcomes, object$levels, call)
  }
  if (!is.null(rows$weights)) known <- known & rows$weights > 0
  if (!any(known)) {
    abort_expected("new_data", "data with a row that can be predicted", "data without one", call)
  }
  take_rows(rows, which(known))
}

#' Which rows have a class that training saw, with a warning of the other classes
#' @noRd
of_known_classes <- function(outcomes, levels, call) {
  labels <- as.character(outcomes[[1]])
  known <- labels %in% levels
  novel <- sort(unique(labels[!known & !is.na(labels)]), method = "radix")
  if (length(novel)) {
    is_named <- names(outcomes) != ".outcome"
    raise_warning("UnseenLevelWarning", sprintf(
      "Classes that training did not see%s: %s. Their rows are left out.",
      if (is_named) in_column(names(outcomes)) else "", quote_some_names(novel)
    ))
  }
  if (length(novel) && !any(known)) {
    abort_expected("y", "data with a row of a class that training saw", "data without one", call)
  }
  known
}

rows_of_frame <- function(frame, rows) {
  nameless <- attr(frame, "nameless")
  frame <- frame[rows, , drop = FALSE]
  attr(frame, "nameless") <- nameless
  frame
}

take_rows <- function(rows, places) {
  rows$frame <- rows_of_frame(rows$frame, places)
  rows$outcomes <- rows$outcomes[places, , drop = FALSE]
  rows$weights <- rows$weights[places]
  rows
}

send_judged <- function(object, rows, call) {
  x <- as_columns("new_data", new_predictors(object, rows$frame, call), call)
  y <- as_columns("y", rows$outcomes, call, outcome = TRUE)
  y$vector <- ncol(rows$outcomes) == 1
  list(x = to_core(x), y = to_core(y), weights = if (length(rows$weights)) as_bytes(rows$weights))
}

# A table that Python reads, which has the outcome unless `y` is given.
send_judged_source <- function(object, new_data, y, case_weights, call) {
  named <- is.character(case_weights) && is_single(case_weights)
  weights <- if (named) case_weights else check_own_weights(case_weights, call)
  if (!is.null(y)) {
    outcomes <- given_outcomes(object, NULL, y, call)
    y <- as_columns("y", outcomes, call, outcome = TRUE)
    y$vector <- ncol(outcomes) == 1
  } else if (identical(names(object$outcomes), ".outcome")) {
    abort_expected("y", "given, since the fit was given no name of the outcome", "missing", call)
  }
  list(
    x = to_core(columns_to_predict(object, new_data, "python", call)),
    y = if (!is.null(y)) to_core(y),
    weights = if (is.double(weights)) as_bytes(weights) else weights
  )
}

# Weights of rows whose number R does not know.
check_own_weights <- function(weights, call) {
  if (is.null(weights)) {
    return(NULL)
  }
  if (!are_numbers(weights)) {
    abort_argument("case_weights", "numbers of at least 0", weights, call)
  }
  as.double(unclass(weights))
}

judged_words <- c(x = "new_data", sample_weight = "case_weights")

core_importance <- function(object, sent, variables, asked, call) {
  columns <- column_names_at(object, variables)
  answer <- call_core(
    "importance", object$model, inherits(object, "two_layer_ensemble"), sent$x, sent$y,
    c(list(variables = as.list(columns)), asked), sent$weights,
    call = call, words = judged_words
  )
  numbers <- c("estimate", "spread", "lowest", "highest")
  names <- vapply(variables, `[[`, "", "name")
  table <- data.frame(
    input = names[match(as.character(unlist(answer$input)), columns)],
    outcome = as.character(unlist(answer$outcome)),
    lapply(answer[numbers], read_doubles), stringsAsFactors = FALSE
  )
  list(
    table = table, each = matrix(read_doubles(answer$each), nrow(table)),
    base = read_doubles(answer$base), training = answer$training, rows = answer$rows
  )
}

#' Importance of variables that a formula or a recipe transforms
#'
#' @return What [core_importance()] gives.
#' @noRd
importance_through <- function(object, rows, variables, asked, call) {
  number <- nrow(rows$frame)
  orders <- read_doubles(call_core(
    "importance_orders", as.double(number), asked$repeats, as.double(asked$seed),
    call = call
  ))
  orders <- matrix(orders, number)
  base <- core_measure(object, rows, asked$measure, call)
  training <- attr(base, "training")
  attr(base, "training") <- NULL
  names <- vapply(unname(variables), `[[`, "", "name")
  after <- lapply(names, function(name) {
    lapply(seq_len(ncol(orders)), function(repetition) {
      changed <- rows
      changed$frame[[name]] <- rows$frame[[name]][orders[, repetition]]
      as_bytes(core_measure(object, changed, asked$measure, call))
    })
  })
  found <- call_core(
    "explain", "importance_of_measures", as.list(names), as.list(names(base)), asked$measure,
    as_bytes(base), unlist(after, recursive = FALSE),
    call = call
  )
  found <- lapply(found, read_known)
  table <- data.frame(
    input = rep(names, each = length(base)), outcome = rep(names(base), length(names)),
    found[c("estimate", "spread", "lowest", "highest")], stringsAsFactors = FALSE
  )
  list(
    table = table, each = matrix(found$each, nrow(table)), base = unname(base),
    training = training, rows = number
  )
}

core_measure <- function(object, rows, measure, call) {
  sent <- send_judged(object, rows, call)
  answer <- call_core(
    "measure", object$model, inherits(object, "two_layer_ensemble"), sent$x, sent$y, measure,
    sent$weights,
    call = call, words = judged_words
  )
  structure(
    read_doubles(answer$value),
    names = as.character(unlist(answer$outcome)), training = answer$training
  )
}

new_importance <- function(found, variables, asked) {
  table <- do.call(rbind, lapply(found, `[[`, "table"))
  each <- do.call(rbind, lapply(found, `[[`, "each"))
  order <- order(match(table$input, vapply(variables, `[[`, "", "name")))
  table <- tibble::as_tibble(table[order, ])
  class(table) <- c("two_layer_importance", class(table))
  training <- found[[1]]$training
  attr(table, "facts") <- c(asked["measure"], list(
    base = found[[1]]$base, repeats = asked$repeats, seed = asked$seed, rows = found[[1]]$rows,
    training = training, each = each[order, , drop = FALSE]
  ))
  table
}
