# insight, and ggeffects by it: formula() and model.frame() tell them most of what they ask.

register_insight <- function() {
  home <- asNamespace("insight")
  methods <- list(
    model_info = insight_model_info, get_predicted = insight_predicted,
    get_parameters = insight_parameters, get_data = insight_data, find_formula = insight_formula
  )
  for (generic in names(methods)) {
    for (class in c("two_layer", "two_layer_ensemble")) {
      registerS3method(generic, class, methods[[generic]], envir = home)
    }
  }
}

# Its own way takes any table of the name that the call has. What is no variable of the fit is left
# out, unless it is asked for: ggeffects refuses tables with logicals.
insight_data <- function(x, ..., additional_variables = FALSE) {
  found <- training_frame_of_callers(x)
  if (is.null(found)) {
    return(data_for_marginaleffects(x))
  }
  # plot_predictions() of marginaleffects 0.11 gives a promise that fails.
  asked <- tryCatch(as.character(additional_variables), error = function(cnd) "TRUE")
  if ("TRUE" %in% asked) {
    return(found)
  }
  own <- c(all.vars(insight_formula(x)$conditional), training_columns(x), asked)
  found[names(found) %in% own]
}

# A fit of a table or a recipe has no formula(), but columns all the same.
insight_formula <- function(x, ...) {
  formula <- if (x$how$kind == "formula") {
    stats::formula(x)
  } else {
    outcomes <- lapply(names(x$outcomes), as.name)
    left <- if (length(outcomes) > 1) as.call(c(quote(cbind), outcomes)) else outcomes[[1]]
    columns <- lapply(training_columns(x), as.name)
    right <- Reduce(function(a, b) call("+", a, b), columns)
    rlang::new_formula(left, right, globalenv())
  }
  structure(list(conditional = formula), class = c("insight_formula", "list"))
}

# As of a linear or a logistic model, but for what they are called.
insight_model_info <- function(x, ...) {
  numeric <- is_of_numbers(x)
  like <- if (numeric) {
    stats::lm(y ~ 1, data.frame(y = c(1, 2)))
  } else {
    stats::glm(y ~ 1, stats::binomial(), data.frame(y = c(0, 1, 0, 1)))
  }
  info <- insight::model_info(like)
  info$is_linear <- numeric
  info$is_multinomial <- info$is_categorical <- length(x$levels) > 2
  info$is_binomial <- info$is_logit <- length(x$levels) == 2 || has_labels(x)
  info$is_multivariate <- is.null(x$levels) && length(x$outputs) > 1
  info$family <- x$settings$loss
  info$n_obs <- x$rows
  info
}

# Of two classes the probability of the second, as of a logistic model; of more, and of several
# outcomes, a row for each. Intervals are those of several networks.
insight_predicted <- function(x, data = NULL, ..., predict = "expectation", ci = NULL) {
  data <- if (is.null(data)) training_frame_of_callers(x) else as.data.frame(data)
  of_type <- function(type, ...) as.matrix(stats::predict(x, data, type, ...))
  names <- if (is.null(x$levels)) predicted_names(x) else x$levels
  shown <- if (length(x$levels) == 2) 2 else seq_along(names)
  values <- of_type(scale_type(x))
  found <- data.frame(Predicted = as.vector(values[, shown]))
  has_interval <- inherits(x, "two_layer_ensemble")
  if (has_interval) {
    ends <- of_type("conf_int", level = if (is.null(ci)) 0.95 else ci)
    lower <- 2 * shown - 1
    interval <- data.frame(
      CI_low = as.vector(ends[, lower]), CI_high = as.vector(ends[, lower + 1])
    )
  }
  if (length(shown) == 1) {
    values <- found$Predicted
    return(structure(values,
      ci_data = if (has_interval) interval, data = data, predict = predict,
      class = c("get_predicted", "numeric")
    ))
  }
  places <- rep(seq_len(nrow(data)), length(shown))
  found <- cbind(Row = places, data[places, , drop = FALSE],
    Response = rep(names, each = nrow(data)), found,
    row.names = NULL
  )
  if (has_interval) found <- cbind(found, interval)
  structure(found, class = c("get_predicted", "data.frame"))
}

insight_parameters <- function(x, ...) {
  weights <- tidy.two_layer(if (inherits(x, "two_layer_ensemble")) x$models[[1]] else x)
  data.frame(
    Parameter = paste(weights$from, weights$to, sep = " -> "), Estimate = weights$estimate
  )
}

# ggeffects' own way has neither groups nor the level of an interval. It wants a row for each class
# or outcome and row of the grid, named by `response.level`.
get_predictions.two_layer <- function(model, data_grid, ..., ci_level = 0.95) { # nolint
  wanted <- !is.null(ci_level) && !is.na(ci_level)
  found <- insight_predicted(model, data_grid, ci = if (wanted) ci_level)
  found <- as.data.frame(found)
  rows <- if (is.null(found$Row)) seq_len(nrow(data_grid)) else found$Row
  grid <- data_grid[rows, , drop = FALSE]
  rownames(grid) <- NULL
  if (!is.null(found$Response)) {
    grid$response.level <- factor(found$Response, unique(found$Response))
  }
  grid$predicted <- found$Predicted
  has_interval <- wanted && !is.null(found$CI_low)
  grid$conf.low <- if (has_interval) found$CI_low else NA
  grid$conf.high <- if (has_interval) found$CI_high else NA
  grid
}
