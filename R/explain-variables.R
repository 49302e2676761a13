# Which variables a fit is explained by, and the data that it is explained on. A variable of a
# formula that is a column of the network's as it is has exact effects; what becomes of the others
# (`log(x)`, `a:b`, splines, recipes) is seen by predicting.

#' The variables of a fit, as the user's data have them
#'
#' @return A list for each variable: its `name`, and the `place` of the column that is this variable
#'   unchanged, or `NULL` if there is none.
#' @noRd
explained_variables <- function(object) {
  columns <- object$coding$inputs$names
  number <- length(object$coding$inputs$codings)
  if (is.null(columns)) {
    columns <- paste0("x", seq_len(number))
  }
  how <- object$how
  if (how$kind == "table") {
    return(Map(list, name = columns, place = seq_len(number)))
  }
  names <- training_columns(object)
  places <- if (how$kind == "formula") {
    lapply(names, place_in_formula, how$terms, columns, object$coding$inputs$codings)
  } else if (!length(object$blueprint$recipe$steps)) {
    as.list(match(names, columns))
  } else {
    vector("list", length(names))
  }
  Map(function(name, place) list(name = name, place = place), names, places)
}

# The column that a variable alone is: `x`, or levels made of it, as by `factor(x)`.
place_in_formula <- function(name, terms, columns, codings) {
  expressions <- as.list(attr(terms, "variables"))[-1]
  uses <- which(vapply(expressions, function(part) name %in% all.vars(part), NA))
  terms_with <- Filter(function(set) any(set %in% uses), term_variables(terms))
  if (length(uses) != 1 || !identical(terms_with, list(uses))) {
    return(NULL)
  }
  expression <- expressions[[uses]]
  place <- match(term_label(expression), columns)
  if (is.na(place) || !is.symbol(expression) && is.null(codings[[place]]$levels) ||
    !setequal(all.vars(expression), name)) {
    return(NULL)
  }
  place
}

# What is explained: each outcome, class or quantile.
explained_names <- function(object) {
  if (has_quantiles(object)) object$outputs else predicted_names(object)
}

explained_type <- function(object) {
  if (has_quantiles(object)) "quantile" else if (is.null(object$levels)) "numeric" else "prob"
}

choose_variables <- function(known, variables, call) {
  names <- vapply(known, `[[`, "", "name")
  if (is.null(variables)) {
    return(known)
  }
  if (!is.character(variables) || !length(variables) || anyNA(variables)) {
    abort_argument("variables", "names of variables of the fit", variables, call)
  }
  absent <- setdiff(variables, names)
  if (length(absent)) {
    abort_expected("variables", "names of variables of the fit", quote_some_names(absent), call)
  }
  known[match(unique(variables), names)]
}

#' The data that a fit is explained on, as a frame of the user's variables
#'
#' @param new_data The data, or `NULL` for those that the fit was fitted to.
#' @param env Where its call is evaluated.
#' @noRd
explained_frame <- function(object, new_data, engine, env, call) {
  if (is.null(new_data)) {
    return(training_frame(object, engine, env, call))
  }
  if (!is_data(new_data)) {
    abort_argument("new_data", "a data frame or a matrix", new_data, call)
  }
  plain_frame(new_data)
}

# A fit to a path has its rows there.
own_source <- function(object, new_data) {
  if (is.null(new_data)) object$how$paths else new_data
}

training_frame <- function(object, engine, env, call) {
  require_training_data(object, "object", call)
  if (engine == "python") {
    input <- training_again(object, "object", list(), env, call)
  } else {
    input <- rows_again(object, list(), env, call)
    refuse_other_outcomes(object, input, call)
  }
  switch(object$how$kind,
    table = input$predictors,
    recipe = plain_frame(input$given$data),
    plain_frame(input$given$data)
  )
}

#' Chosen values of variables
#'
#' @return A data frame, of which each row is a setting; or `NULL`.
#' @noRd
read_at <- function(at, variables, call) {
  if (is.null(at)) {
    return(NULL)
  }
  names <- vapply(variables, `[[`, "", "name")
  if (!is.list(at) || is.null(names(at)) || !length(at)) {
    abort_argument("at", "a list or a data frame whose names are variables of the fit", at, call)
  }
  others <- setdiff(names(at), names)
  if (length(others)) {
    expected <- "a list or a data frame whose names are variables of the fit"
    abort_expected("at", expected, paste("one with", quote_some_names(others)), call)
  }
  at <- map_columns(as.list(at), plain_column)
  longest <- max(lengths(at))
  if (!all(lengths(at) %in% c(1, longest)) || !longest) {
    expected <- "one value for each name, or equally many where there are several"
    abort_expected("at", expected, "values of different lengths", call)
  }
  if (any(vapply(at, anyNA, NA))) {
    abort_expected("at", "without missing values", "some", call)
  }
  new_data_frame(lapply(at, rep_len, longest), longest)
}

# A frame in which variables have one value in all rows.
set_values <- function(frame, values) {
  for (name in names(values)) {
    frame[[name]] <- set_value(frame[[name]], values[[name]], nrow(frame))
  }
  frame
}

# In a factor a level that training knows stays a factor's.
set_value <- function(column, value, rows) {
  if (is.factor(column)) {
    value <- as.character(value)
    return(factor(rep(value, rows), levels = union(levels(column), value)))
  }
  rep(value, rows)
}

# As the core writes it.
describe_setting <- function(values) {
  texts <- vapply(values, function(value) {
    if (is.numeric(value)) {
      with_decimal_point(sprintf("%.7g", value))
    } else {
      as.character(value)
    }
  }, "")
  paste(names(values), texts, sep = " = ", collapse = ", ")
}

# Deviations from the mean, of a population.
spread_of <- function(values, weights = NULL) {
  known <- !is.na(values)
  own <- if (is.null(weights)) rep(1, sum(known)) else weights[known]
  values <- values[known]
  if (!length(values) || sum(own) == 0) {
    return(0)
  }
  mean <- sum(own * values) / sum(own)
  sqrt(sum(own * (values - mean)^2) / sum(own))
}
