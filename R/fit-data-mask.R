# `subset` and `case_weights` of a formula are evaluated in the data first, then where they were
# written, as stats::lm() does.

masked_names <- c("subset", "case_weights")

#' Arguments evaluated, each with an error that names it
#'
#' @param given Quosures, by name.
#' @param data Where [masked_names] are looked for first, if that is a table.
#' @param home The formula's environment, where they are looked for last.
#' @noRd
evaluated_arguments <- function(given, call, data = NULL, home = NULL) {
  values <- Map(function(argument, name) {
    expression <- rlang::quo_get_expr(argument)
    env <- rlang::quo_get_env(argument)
    if (name == "case_weights" && inherits(data, "pytwolayer_source")) {
      weights_in_source(expression, data, list(env, home), call)
    } else if (name %in% masked_names && is_table(data)) {
      in_data(expression, name, data, list(env, home), call)
    } else {
      tryCatch(eval(expression, env), error = function(cnd) abort_evaluation(name, cnd, call))
    }
  }, given, rlang::names2(given))
  stats::setNames(unname(values), rlang::names2(given))
}

in_data <- function(expression, name, data, places, call) {
  mask <- as.list(if (is.matrix(data)) as.data.frame(data) else data)
  problem <- NULL
  for (env in Filter(Negate(is.null), places)) {
    found <- tryCatch(list(value = eval(expression, mask, env)), error = identity)
    if (!inherits(found, "error")) {
      return(found$value)
    }
    problem <- if (is.null(problem)) found else problem
  }
  abort_evaluation(name, problem, call)
}

abort_evaluation <- function(name, cnd, call) {
  if (inherits(cnd, "pytwolayer_error")) {
    stop(cnd)
  }
  abort_caused(sprintf("`%s` cannot be evaluated", name), name, cnd, call)
}

#' The data of a `subset`, with what belongs to its rows
#'
#' @param parts A list of `data`, `subset`, and where they are given `case_weights` and
#'   `validation`: row numbers of the latter are those of the subset.
#' @noRd
take_subset <- function(parts, call) {
  if (is.null(parts$subset)) {
    return(parts)
  }
  data <- check_data(parts$data, call)
  rows <- subset_rows(parts$subset, data, call)
  if (length(parts$case_weights) == nrow(data) && !is.character(parts$case_weights)) {
    parts$case_weights <- parts$case_weights[rows]
  }
  if (is.logical(parts$validation) && length(parts$validation) == nrow(data)) {
    parts$validation <- parts$validation[rows]
  }
  if (is.data.frame(data)) {
    data <- plain_frame(data)
  }
  parts$data <- data[rows, , drop = FALSE]
  parts
}

subset_rows <- function(subset, data, call) {
  places <- seq_len(nrow(data))
  if (is.logical(subset) && length(subset) == length(places)) {
    return(which(subset))
  }
  names <- if (is.character(subset)) rownames(data)
  rows <- if (is.character(subset)) {
    match(subset, names)
  } else if (are_numbers(subset) && !is.logical(subset)) {
    tryCatch(places[subset], error = function(cnd) NA)
  } else {
    NA
  }
  if (anyNA(rows)) {
    expected <- sprintf("TRUE or FALSE for each of %d rows, or numbers of rows", length(places))
    abort_argument("subset", expected, subset, call)
  }
  rows
}
