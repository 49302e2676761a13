# Molding of formulas. hardhat's formula blueprint makes two columns of a logical and puts factors
# last. Here each variable is one column as it is, in the formula's order, so that `y ~ .` gives the
# core the same table as mold_table().

#' Mold a formula
#'
#' @return What [new_mold()] returns. `how` has, besides its `kind`:
#'   `terms`: of the right-hand side, with `predvars` as [stats::model.frame()] makes them, in
#'   [formula_environment()];
#'   `outcome`: the outcome's expressions, by name;
#'   `variables`, `predictor_variables`: the columns of the data that the formula and that its
#'   right-hand side need;
#'   `texts`: those of `predictor_variables` that hold levels and are no variables as they are;
#'   `formula`: with its dot written out;
#'   `classes`: what [interaction_levels()] returns;
#'   `prototype`: where the formula transforms some of the right-hand side's columns, no rows of
#'   these columns, with their types and levels.
#' @noRd
mold_formula <- function(formula, data, call) {
  data <- plain_frame(check_data(data, call))
  refuse_twins("data", names(data), call)
  if (length(formula) != 3) {
    received <- deparse1(formula)
    abort_expected("formula", "one with an outcome, as in `y ~ .`", received, call)
  }
  terms <- expand_terms(formula, data, call)
  parts <- formula_parts(terms, data, call)
  made <- evaluate_formula(parts, data[parts$variables], "data", call)
  how <- c(list(kind = "formula"), parts)
  how$terms <- attr(made$frame, "terms")
  how$formula <- stats::formula(terms)
  environment(how$formula) <- environment(how$terms)
  how$predictor_variables <- intersect(all.vars(parts$terms), parts$variables)
  how$texts <- hidden_texts(data[how$predictor_variables], how$terms)
  outcomes <- outcome_table(made$outcomes)
  how$classes <- interaction_levels(made$frame, how$terms, outcomes, call)
  predictors <- frame_predictors(made$frame, how, "data", call)
  if (!all(how$predictor_variables %in% names(predictors))) {
    how$prototype <- data[0, how$predictor_variables, drop = FALSE]
    attributes(how$prototype)[c("nameless", "terms")] <- NULL
  }
  input <- new_mold(
    predictors, outcomes,
    vector = length(made$outcomes) == 1 && is.null(dim(made$outcomes[[1]])),
    words = c(x = "data", y = "data"), call = call, how = how,
    rows = data
  )
  if (!is.null(get_offset(predictors))) {
    refuse_offset_of_classes(input, call)
  }
  input
}

# Of others the coding tells. `NULL` if there are none.
hidden_texts <- function(data, terms) {
  variables <- as.list(attr(terms, "variables"))[-1]
  plain <- vapply(Filter(is.symbol, variables), as.character, "")
  names <- setdiff(names(data)[vapply(data, is_categorical, NA)], plain)
  if (length(names)) names
}

#' The predictors of a model frame, of training or of new data
#'
#' @param how What [mold_formula()] describes.
#' @param argument Name of the data's argument, for errors.
#' @param warns Whether to warn of levels and pairs that training did not have.
#' @return A data frame, with its offset.
#' @noRd
frame_predictors <- function(frame, how, argument, call, warns = FALSE) {
  offset <- formula_offset(frame, how$terms, argument, call)
  set_offset(term_columns(frame, how, argument, call, warns), offset)
}

# Terms of the formula with its dot written out and without what it takes away. They are made of
# the written formula, since R's terms() keeps the dot in its own.
expand_terms <- function(formula, data, call) {
  tryCatch(
    if (is_wide(formula, names(data))) {
      wide_terms(formula, names(data))
    } else {
      stats::terms(formula_from_terms(formula, stats::terms(formula, data = data)))
    },
    error = function(cnd) abort_formula(cnd, call)
  )
}

abort_formula <- function(cnd, call) {
  abort_caused("The formula cannot be evaluated", "formula", cnd, call)
}

#' Split terms into what [evaluate_formula()] takes
#'
#' @return `terms` of the right-hand side, with the environment to evaluate them in; `outcome`:
#'   expressions by name, several for `cbind()`; `variables`: the columns of the data that these
#'   need.
#' @noRd
formula_parts <- function(terms, data, call) {
  left <- terms[[2]]
  env <- formula_environment(terms, data, call)
  right <- stats::delete.response(terms)
  environment(right) <- env
  outcome <- if (is.call(left) && identical(left[[1]], quote(cbind))) {
    as.list(left)[-1]
  } else {
    list(left)
  }
  given <- rlang::names2(outcome)
  names(outcome) <- ifelse(nzchar(given), given, vapply(outcome, term_label, ""))
  variables <- intersect(all.vars(stats::formula(terms)), names(data))
  list(terms = right, outcome = outcome, variables = variables)
}

# The code of an expression; of a name without backticks.
term_label <- function(expression) {
  if (is.symbol(expression)) as.character(expression) else deparse1(expression)
}

#' The functions and constants that a formula uses besides the data
#'
#' A fit keeps these, so that it can predict in another session, and not the formula's own
#' environment, which may hold large data.
#'
#' @return An environment below the global one, or the global one if nothing has to be kept.
#' @noRd
formula_environment <- function(terms, data, call) {
  home <- environment(terms)
  values <- setdiff(all.vars(terms), names(data))
  found <- lapply(stats::setNames(nm = values), get0, envir = home)
  constants <- values[vapply(found, is_constant, NA, rows = nrow(data))]
  every <- "a table with every column of the formula"
  require_names("data", values, constants, every, call, there = names(data))
  functions <- user_functions(all.names(terms, unique = TRUE), home)
  # A constant may have the name of a function, such as `beta`.
  kept <- c(rlang::duplicate(found), functions[setdiff(names(functions), values)])
  if (!length(kept)) {
    return(globalenv())
  }
  env <- list2env(kept, parent = globalenv())
  for (name in names(Filter(is_workspace_function, kept))) {
    environment(env[[name]]) <- env # where those that it calls are too
  }
  env
}

# A vector as long as the data is probably a column that is missing from `data`: no constant.
is_constant <- function(value, rows) {
  is.atomic(value) && !is.null(value) && (length(value) == 1 || length(value) != rows)
}

is_workspace_function <- function(value) {
  is.function(value) && identical(environment(value), globalenv())
}

# Functions that a fresh R session would not find. Of those of the workspace also the functions and
# constants that they use in turn; the closures of packages and of other functions keep their own.
user_functions <- function(names, home, known = list()) {
  for (name in setdiff(names, names(known))) {
    fun <- get0(name, envir = home, mode = "function")
    if (!is_standard(fun, name)) {
      known[[name]] <- fun
      if (is_workspace_function(fun)) {
        known <- user_functions(all.names(body(fun), unique = TRUE), globalenv(), known)
        known <- c(known, user_constants(fun, names(known)))
      }
    }
  }
  known
}

# Vectors and lists of the workspace that a function uses and does not assign itself.
user_constants <- function(fun, known) {
  names <- setdiff(all.vars(body(fun)), c(names(formals(fun)), assigned_names(body(fun)), known))
  found <- lapply(stats::setNames(nm = names), get0, envir = globalenv(), inherits = FALSE)
  Filter(function(value) is.atomic(value) && !is.null(value) || rlang::is_bare_list(value), found)
}

assigned_names <- function(code) {
  if (!is.call(code)) {
    return(character())
  }
  own <- if (is.symbol(code[[1]]) && as.character(code[[1]]) %in% c("<-", "=", "for")) {
    if (is.symbol(code[[2]])) as.character(code[[2]])
  }
  c(own, unlist(lapply(as.list(code), assigned_names)))
}

#' The formula for the fit's `call`, so that `update()` works in another session
#'
#' @param written The formula with its terms written out.
#' @param env What [formula_environment()] returned.
#' @return The formula as the user wrote it, or `written` if it is wide, since the user's own may be
#'   nested too deeply to be deparsed or copied.
#' @noRd
formula_in_call <- function(formula, written, env) {
  if (is_wide(formula, NULL)) {
    formula <- written
  }
  attributes(formula) <- NULL
  if (identical(env, globalenv())) formula else stats::as.formula(formula, env)
}

is_standard <- function(fun, name) {
  own <- get0(name, asNamespace("stats"), mode = "function", inherits = FALSE)
  is.null(fun) || identical(fun, own) || identical(fun, get0(name, baseenv(), mode = "function"))
}

#' Evaluate a formula in data
#'
#' Functions such as `poly()` take no missing values. Where the evaluation fails and some rows are
#' incomplete, it is repeated on the complete rows; the others become missing.
#'
#' @param parts A list of `terms` and `outcome`, as of [formula_parts()].
#' @param data A plain data frame with the variables of both.
#' @return `frame`: a data frame with a column, or a matrix, for each variable and the attribute
#'   `terms`, whose `predvars` hold what functions such as `poly()` learnt from the data;
#'   `outcomes`: a list of columns. Both have a row per row of the data, with missing values.
#' @noRd
evaluate_formula <- function(parts, data, argument, call) {
  data <- convert_for_formula(data, argument, call)
  tryCatch(evaluate_parts(parts, data, call), error = function(cnd) {
    if (inherits(cnd, "pytwolayer_error")) {
      stop(cnd)
    }
    as_columns(argument, data, call) # names a column of no known kind, which explains more
    refuse_infinite(argument, data, call)
    complete <- stats::complete.cases(data)
    if (all(complete) || !any(complete)) {
      abort_formula(cnd, call)
    }
    made <- tryCatch(
      evaluate_parts(parts, data[complete, , drop = FALSE], call),
      error = function(cnd) abort_formula(cnd, call)
    )
    fill_missing_rows(made, complete)
  })
}

evaluate_parts <- function(parts, data, call) {
  frame <- model_frame(parts$terms, data)
  env <- environment(parts$terms)
  if (!length(frame)) {
    frame <- structure(data[character()], terms = parts$terms)
  }
  require_rows(nrow(frame), nrow(data), call)
  outcomes <- lapply(parts$outcome, function(part) {
    made <- plain_column(eval(part, data, env))
    require_rows(NROW(made), nrow(data), call)
    made
  })
  list(frame = frame, outcomes = outcomes)
}

require_rows <- function(number, rows, call) {
  if (number != rows) {
    received <- sprintf("%d for %d rows", number, rows)
    abort_expected("formula", "one that gives a value for each row", received, call)
  }
}

# stats::model.frame() with all rows. It takes minutes over thousands of columns: of wide terms it
# evaluates only the variables that are calls.
model_frame <- function(terms, data) {
  if (is.null(attr(terms, "sets"))) {
    return(stats::model.frame(terms, data, na.action = stats::na.pass))
  }
  variables <- as.list(attr(terms, "variables"))[-1]
  fitted <- attr(terms, "predvars")
  predvars <- if (is.null(fitted)) variables else as.list(fitted)[-1]
  columns <- vector("list", length(variables))
  names(columns) <- vapply(variables, term_label, "")
  own <- vapply(variables, is.symbol, NA) & names(columns) %in% names(data)
  columns[own] <- data[names(columns)[own]]
  if (!all(own)) {
    others <- structure(
      ~., variables = as.call(c(quote(list), variables[!own])),
      predvars = as.call(c(quote(list), predvars[!own])), response = 0L, intercept = 1L,
      class = c("terms", "formula"), .Environment = environment(terms)
    )
    made <- stats::model.frame(others, data, na.action = stats::na.pass)
    columns[!own] <- as.list(made)
    predvars[!own] <- as.list(attr(attr(made, "terms"), "predvars"))[-1]
  }
  attr(terms, "predvars") <- as.call(c(quote(list), predvars))
  structure(new_data_frame(columns, nrow(data)), terms = terms)
}

# Rows that were not evaluated, put back as missing ones.
fill_missing_rows <- function(made, complete) {
  place <- match(seq_along(complete), which(complete))
  frame <- made$frame[place, , drop = FALSE]
  attr(frame, "terms") <- attr(made$frame, "terms")
  outcomes <- lapply(made$outcomes, function(outcome) {
    if (is.matrix(outcome)) outcome[place, , drop = FALSE] else outcome[place]
  })
  list(frame = frame, outcomes = outcomes)
}

# A variable as a list of named columns: a matrix becomes one column for each of its own.
variable_columns <- function(column, name, outcome = FALSE) {
  column <- convert_column(plain_column(column), outcome)
  if (!is.matrix(column) || is.object(column)) { # a matrix with a class of its own is refused
    return(stats::setNames(list(column), name))
  }
  labels <- colnames(column)
  if (is.null(labels)) {
    labels <- seq_len(ncol(column))
  }
  columns <- lapply(seq_len(ncol(column)), function(place) as.vector(column[, place]))
  stats::setNames(columns, paste0(name, labels))
}

outcome_table <- function(outcomes) {
  columns <- Map(variable_columns, unname(outcomes), names(outcomes), outcome = TRUE)
  new_data_frame(unlist(columns, recursive = FALSE), NROW(outcomes[[1]]))
}

# Without the checks and changes of names that data.frame() makes.
new_data_frame <- function(columns, rows) {
  structure(columns, class = "data.frame", row.names = .set_row_names(rows))
}

refuse_infinite <- function(argument, table, call) {
  for (name in names(table)) {
    refuse_infinite_values(argument, table[[name]], name, nrow(table), call)
  }
}

# As the core says it (pytwolayer/preprocessing/summary.py).
of_infinite <- ": leave these rows out, or put other values there"

refuse_infinite_values <- function(argument, values, name, rows, call) {
  infinite <- sum(is.infinite(values))
  if (infinite) {
    of_all <- sprintf(" (%d of %d values)", infinite, rows)
    received <- paste0("infinite", in_column(name), of_all, of_infinite)
    abort_expected(argument, "finite", received, call)
  }
}
