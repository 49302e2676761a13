#' Predictions along one input: accumulated local effects, partial dependence, single rows
#'
#' On the outcome's own scale; of classes the probabilities.
#'
#' Accumulated local effects of levels go from one level to the next in their order, so that of
#' levels without an order they depend on the one they have.
#'
#' @param object What [two_layer()] gave, with one network or several.
#' @param new_data Rows, as in [predict.two_layer()]; those that cannot be predicted are left out.
#'   Left out, they are those that the fit was fitted to, found again as its call has them.
#' @param variable Name of the variable, of a formula one of the data: what is made of it changes
#'   with it.
#' @param ... Must be empty.
#' @param kind `"ale"`: accumulated local effects, what predictions change by from one value to the
#'   next in the rows nearby, added up; the mean over the rows is 0. `"pdp"`: partial dependence,
#'   the mean prediction with each value in all rows, also those in which it cannot be. `"ice"`:
#'   individual conditional expectations, the same for each row.
#' @param points Number of values of a variable of numbers: at equal steps of its ranks, so that
#'   each interval has about as many rows; equal ones count once. Of levels and logicals all that
#'   the rows have, in the order of training.
#' @param case_weights Weights of the rows.
#' @param engine `"python"`: the core predicts. `"r"`: R itself, where no Python is; the numbers are
#'   the same but for rounding, to ten digits.
#' @param level Of several networks: share of them in the interval.
#' @return A tibble of class `two_layer_profile` with a row for each value and outcome, of `"ice"`
#'   for each row too: `input`, `value` (numbers, or text), `row` (of `"ice"`: its number),
#'   `outcome`, `estimate`, and of several networks, but for `"ice"`, `lower` and `upper`: the
#'   interval that holds the middle share of the networks' curves at each value. Its attribute
#'   `facts` has the `kind`, the number of `rows`, and `marks`: values of numbers, for plots.
#' @seealso [effects.two_layer()], [importance()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ wt + log(hp) + factor(cyl), mtcars, epochs = 100, seed = 1)
#' feature_effects(fit, mtcars, "hp", points = 5)
#' feature_effects(fit, mtcars, "cyl", kind = "pdp")
#' @export
feature_effects <- function(object, ...) {
  UseMethod("feature_effects")
}

#' @rdname feature_effects
#' @export
feature_effects.two_layer <- function(object, new_data = NULL, variable, ..., # nolint
                                      kind = c("ale", "pdp", "ice"), points = 21,
                                      case_weights = NULL, engine = c("python", "r")) {
  call <- rlang::current_env()
  check_dots(feature_effects.two_layer, ...)
  asked <- list(kind = kind, points = points, weights = case_weights)
  profile_fit(object, new_data, variable, asked, NULL, engine, parent.frame(), call)
}

#' @rdname feature_effects
#' @export
feature_effects.two_layer_ensemble <- function(object, new_data = NULL, variable, ..., # nolint
                                               kind = c("ale", "pdp", "ice"), points = 21,
                                               case_weights = NULL, level = 0.95,
                                               engine = c("python", "r")) {
  call <- rlang::current_env()
  check_dots(feature_effects.two_layer_ensemble, ...)
  check_level(level, call)
  asked <- list(kind = kind, points = points, weights = case_weights)
  profile_fit(object, new_data, variable, asked, level, engine, parent.frame(), call)
}

profile_kinds <- c("ale", "pdp", "ice")

profile_fit <- function(object, new_data, variable, asked, level, engine, env, call) {
  engine <- read_engine(engine, call)
  kind <- asked$kind
  kind <- if (identical(kind, profile_kinds)) "ale" else check_one_of(
    "kind", kind, profile_kinds, call
  )
  check_points(asked$points, call)
  variable <- read_variable(object, if (missing(variable)) NULL else variable, call)
  new_data <- as_frame(new_data)
  if (is_source(new_data)) {
    abort_expected("new_data", "a data frame or a matrix", "a path", call)
  }
  frame <- explained_frame(object, new_data, engine, env, call)
  weights <- check_row_weights(asked$weights, nrow(frame), call)
  rows <- predicted_rows(object, frame, engine, call)
  name <- variable_name(variable, frame)
  column <- plain_column(frame[[name]])[rows]
  nameless <- attr(frame, "nameless")
  frame <- frame[rows, , drop = FALSE]
  attr(frame, "nameless") <- nameless
  own <- if (is.null(weights)) rep(1, length(rows)) else weights[rows]
  at <- function(values) predict_with(object, frame, name, values, engine, call)
  numeric <- has_numbers(column)
  grid <- if (numeric) {
    quantile_values(as.double(column), asked$points)
  } else {
    present_levels(object, name, column)
  }
  each <- if (kind == "ale") {
    if (numeric) ale_of_numbers(at, as.double(column), grid, own) else ale_of_levels(
      at, match(as.character(column), as.character(grid)), grid, own
    )
  } else {
    lapply(grid, at)
  }
  if (kind == "pdp") each <- lapply(each, average_rows, own)
  numbers <- if (kind == "ice") rows
  table <- profile_rows(variable$name, predicted_names(object), grid, each, numbers, level)
  table <- tibble::as_tibble(table)
  class(table) <- c("two_layer_profile", class(table))
  marks <- if (numeric) profile_marks(as.double(column)) else double()
  attr(table, "facts") <- list(kind = kind, rows = length(rows), marks = marks)
  table
}

check_points <- function(points, call) {
  if (!are_numbers(points) || !is_single(points) || !isTRUE(points >= 2 && points %% 1 == 0)) {
    abort_argument("points", "a whole number of at least 2", points, call)
  }
}

read_variable <- function(object, variable, call) {
  known <- explained_variables(object)
  names <- vapply(known, `[[`, "", "name")
  if (!is.character(variable) || length(variable) != 1 || is.na(variable)) {
    abort_argument("variable", "the name of a variable of the fit", variable, call)
  }
  if (!variable %in% names) {
    received <- quote_some_names(variable)
    abort_expected("variable", "the name of a variable of the fit", received, call)
  }
  known[[match(variable, names)]]
}

# The rows that any of the networks can predict.
predicted_rows <- function(object, frame, engine, call) {
  rows <- integer()
  if (nrow(frame)) {
    rows <- which(apply(!is.na(predict_each(object, frame, engine, call)), 1, any))
  }
  if (!length(rows)) {
    received <- if (nrow(frame)) "others alone" else "none"
    abort_expected("new_data", "of rows that can be predicted", received, call)
  }
  rows
}

# As the core has them: values of the rows at equal steps of their ranks.
quantile_values <- function(values, points) {
  ordered <- sort(values)
  ranks <- ((seq_len(points) - 1) * (length(ordered) - 1)) %/% (points - 1)
  unique(ordered[ranks + 1])
}

# The levels that the rows have, in the order of training.
present_levels <- function(object, name, column) {
  if (is.logical(column)) {
    return(c(FALSE, TRUE))
  }
  levels <- levels_through(object, name, column)
  levels[levels %in% as.character(column)]
}

# Values at equal steps of their ranks, for the marks at a plot's edge.
profile_marks <- function(values, most = 1000) {
  ordered <- sort(values)
  number <- min(length(ordered), most)
  ordered[floor(seq(0, length(ordered) - 1, length.out = number)) + 1]
}

# From rows, outputs and models to outputs and models.
average_rows <- function(values, weights) {
  matrix(
    weighted_means(matrix(values, dim(values)[[1]]), weights), dim(values)[[2]], dim(values)[[3]]
  )
}

# What predictions change by within each interval, added up; the mean is 0.
ale_of_numbers <- function(at, values, edges, weights) {
  number <- length(edges) - 1
  if (!number) {
    return(list(average_rows(at(edges), weights) * 0))
  }
  interval <- pmin(pmax(findInterval(values, edges, left.open = TRUE), 1), number)
  change <- at(edges[interval + 1]) - at(edges[interval])
  steps <- lapply(seq_len(number), function(step) {
    rows <- interval == step
    average_rows(change[rows, , , drop = FALSE], weights[rows])
  })
  sizes <- vapply(seq_len(number), function(step) sum(weights[interval == step]), 1)
  accumulated(steps, sizes, between = TRUE)
}

# And from each level to the next.
ale_of_levels <- function(at, codes, levels, weights) {
  each <- lapply(levels, at)
  if (length(levels) == 1) {
    return(list(average_rows(each[[1]], weights) * 0))
  }
  steps <- lapply(seq_along(levels)[-1], function(place) {
    rows <- codes %in% c(place - 1, place)
    change <- each[[place]] - each[[place - 1]]
    average_rows(change[rows, , , drop = FALSE], weights[rows])
  })
  sizes <- vapply(seq_along(levels), function(place) sum(weights[codes == place]), 1)
  accumulated(steps, sizes, between = FALSE)
}

accumulated <- function(steps, sizes, between) {
  found <- list(steps[[1]] * 0)
  for (step in seq_along(steps)) {
    found[[step + 1]] <- found[[step]] + steps[[step]]
  }
  of_sizes <- found
  if (between) of_sizes <- Map(function(a, b) (a + b) / 2, found[-1], found[-length(found)])
  mean <- Reduce(`+`, Map(`*`, of_sizes, sizes / sum(sizes)))
  lapply(found, `-`, mean)
}

#' A data frame with a row for each value and outcome
#'
#' @param each For each value an array of outputs and models, of "ice" of rows before these.
#' @noRd
profile_rows <- function(name, outcomes, grid, each, rows, level) {
  inner <- length(outcomes) * max(1, length(rows))
  columns <- list(
    input = rep(name, inner * length(grid)),
    value = rep(if (is.numeric(grid)) grid else as.character(grid), each = inner)
  )
  if (!is.null(rows)) {
    columns$row <- rep(rep(rows, each = length(outcomes)), length(grid))
    each <- lapply(each, aperm, c(2, 1, 3))
  }
  models <- utils::tail(dim(each[[1]]), 1)
  flat <- do.call(rbind, lapply(each, matrix, ncol = models))
  columns$outcome <- rep(outcomes, length(flat) / models / length(outcomes))
  columns$estimate <- rowMeans(flat, na.rm = TRUE)
  if (!is.null(level) && is.null(rows)) {
    columns$lower <- apply(flat, 1, quantile_of, (1 - level) / 2)
    columns$upper <- apply(flat, 1, quantile_of, (1 + level) / 2)
  }
  as.data.frame(columns, stringsAsFactors = FALSE)
}
