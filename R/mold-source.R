# Tables that Python reads and R does not: files and folders by their path. R
# has the names and kinds of their columns, as a table without rows, and molds that.

#' Whether something is a table for Python to read: a path or several, or a table of Arrow's
#'
#' @noRd
is_source <- function(x) {
  is_path(x) || is_arrow(x) || inherits(x, "pytwolayer_source")
}

# Those of the packages fs and glue have a class.
is_path <- function(x) {
  is.character(x) && is.null(dim(x)) && (!is.object(x) || inherits(x, "character"))
}

#' Open a table for Python to read
#'
#' @param argument Its name in error messages.
#' @return An object of class `pytwolayer_source`: a list of
#'   `key`, by which Python knows the table until [close_source()];
#'   `ptype`, a data frame with its columns and no rows;
#'   `rows`, their number; `argument`; what messages call the table: its `name`, and what it
#'   `is`; and its `paths`, if it is in files.
#' @noRd
open_source <- function(argument, value, call) {
  if (inherits(value, "pytwolayer_source")) {
    return(value)
  }
  sent <- send_source(argument, value, call)
  found <- call_core("open_table", argument, to_core(sent), call = call)
  structure(
    list(
      key = found$key, ptype = source_ptype(found), rows = found$rows, argument = argument,
      name = if (is_arrow(value)) an_arrow_table else name_of_paths(value),
      paths = absolute_paths(unlist(sent$path)),
      is = if (is_arrow(value)) "an Arrow object" else "a path"
    ),
    class = "pytwolayer_source"
  )
}

close_source <- function(source) {
  if (inherits(source, "pytwolayer_source")) {
    call_core("close_table", source$key)
  }
  invisible()
}

send_source <- function(argument, value, call) {
  if (is_arrow(value)) {
    send_arrow(argument, value, call)
  } else {
    list(path = existing_paths(argument, value, call))
  }
}

# As R code that gives them.
name_of_paths <- function(paths) {
  quoted <- vapply(shorten(as.character(paths), 200), quote_names, "")
  if (length(quoted) == 1) {
    return(unname(quoted))
  }
  sprintf("c(%s%s)", toString(utils::head(quoted, 3)), if (length(quoted) > 3) ", ..." else "")
}

# What "~" stands for R and Python may tell apart. Python says what it takes of addresses.
existing_paths <- function(argument, paths, call) {
  paths <- as.vector(unclass(paths))
  if (!length(paths) || anyNA(paths) || !all(nzchar(paths))) {
    abort_argument(argument, path_expected, paths, call)
  }
  expanded <- enc2utf8(path.expand(paths))
  if (!all(validUTF8(expanded))) {
    abort_expected(argument, path_expected, "bytes that are not text", call)
  }
  is_address <- grepl("^[A-Za-z][A-Za-z0-9+.-]+://", expanded)
  absent <- !is_address & !file.exists(expanded) & !dir.exists(expanded)
  if (any(absent)) {
    first <- quote_names(shorten(paths[absent][[1]], 200))
    abort_expected(argument, path_expected, paste0(first, say_of_path(paths[absent][[1]])), call)
  }
  if (length(expanded) > 1) as.list(unname(expanded)) else unname(expanded)
}

say_of_path <- function(path) {
  hint <- if (grepl("~ *[[:alnum:].(]", path) && !startsWith(path, "~")) {
    " (a formula has no quotes)"
  } else if (!grepl("^([/~\\\\]|[A-Za-z]:)", path)) {
    sprintf(" (the working folder is \"%s\")", getwd())
  }
  paste0(", where there is none", hint)
}

# As they stay valid where the working folder changes.
absolute_paths <- function(paths) {
  if (length(paths)) {
    here <- !grepl("^[A-Za-z][A-Za-z0-9+.-]+://", paths)
    paths[here] <- enc2utf8(normalizePath(paths[here], "/"))
  }
  paths
}

path_expected <- "a data frame, a matrix, or the path of a file or a folder that exists"

source_ptype <- function(found) {
  columns <- Map(function(kind, levels) {
    switch(kind,
      logical = logical(),
      text = character(),
      factor = factor(character(), levels = unlist(levels)),
      double()
    )
  }, found$kinds, found$levels)
  new_data_frame(stats::setNames(columns, unlist(found$names)), 0)
}

#' Mold a table that Python reads
#'
#' @param source What [open_source()] made.
#' @return As [new_mold()], of tables without rows, with the `source`. Of `columns` there is `x`
#'   alone: what Python needs to know.
#' @noRd
mold_source <- function(source, y, outcome, weights, call) {
  if (!is.null(y)) {
    expected <- sprintf("left out where `x` is %s: `outcome` names its column", source$is)
    abort_expected("y", expected, "given", call)
  }
  if (is.null(outcome)) {
    expected <- sprintf(
      "the name of a column, or several, where `%s` is %s", source$argument, source$is
    )
    abort_expected("outcome", expected, "missing", call)
  }
  ptype <- without_weights(source, weights, character(), call)
  of_source(mold_named_outcome(ptype, NULL, outcome, call), source, weights, call)
}

mold_source_formula <- function(formula, source, weights, call) {
  ptype <- without_weights(source, weights, all.vars(formula), call)
  refuse_computed(formula, ptype, source, call)
  of_source(mold_formula(formula, ptype, call), source, weights, call)
}

of_source <- function(input, source, weights, call) {
  own <- is.character(weights)
  if (own && weights %in% names(input$outcomes)) {
    abort_argument("case_weights", "another column than the outcome", weights, call)
  }
  input$source <- source
  input$how$source <- source$name
  input$how$paths <- source$paths
  input$columns <- list(x = list(
    key = source$key, columns = as.list(names(input$predictors)),
    outcome = as.list(names(input$outcomes)), vector = input$vector, weights = if (own) weights
  ))
  input
}

# A column of weights is no predictor, unless the formula names it.
without_weights <- function(source, weights, named, call) {
  names <- names(source$ptype)
  if (!is.character(weights)) {
    return(source$ptype)
  }
  if (!is_single(weights) || !weights %in% names) {
    expected <- sprintf("numbers, or the name of a column of `%s`", source$argument)
    hint <- if (is_single(weights)) those_there(weights, names)
    abort_expected("case_weights", expected, paste0(describe_value(weights), hint), call)
  }
  source$ptype[setdiff(names, setdiff(weights, named))]
}

#' Refuse a formula that does more than name columns
#'
#' @noRd
refuse_computed <- function(formula, ptype, source, call) {
  if (length(formula) != 3) {
    return(invisible()) # which has an error of its own
  }
  left <- formula[[2]]
  outcomes <- if (is_call_of(left, "cbind")) as.list(left)[-1] else list(left)
  renamed <- any(nzchar(rlang::names2(outcomes)))
  computed <- Filter(Negate(is.symbol), outcomes)
  variables <- list()
  if (!length(computed)) {
    terms <- expand_terms(formula, ptype, call)
    variables <- as.list(attr(terms, "variables"))[-(1:2)]
    computed <- c(
      Filter(Negate(is.symbol), variables),
      as.list(attr(terms, "term.labels")[attr(terms, "order") > 1])
    )
  }
  if (length(computed) || renamed) {
    found <- if (length(computed)) computed[[1]] else left
    received <- if (is.character(found)) found else term_label(found)
    abort_computed(shorten(received), source, call)
  }
  named <- vapply(c(outcomes, variables), as.character, "")
  every <- "a table with every column of the formula"
  require_names(source$argument, named, names(ptype), every, call)
}

abort_computed <- function(received, source, call) {
  rlang::abort(
    c(
      sprintf(
        "`formula` must name columns and nothing else where `%s` is %s, not %s.",
        source$argument, source$is, backtick(received)
      ),
      i = paste(
        "Only Python reads the rows. Write the column into the table,",
        "or read the table into R and give it as `data`."
      )
    ),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = "formula", call = call
  )
}

#' Weights of a table that Python reads
#'
#' @return The name of a column, or the numbers themselves.
#' @noRd
weights_in_source <- function(expression, source, places, call) {
  if (is.symbol(expression) && as.character(expression) %in% names(source$ptype)) {
    return(as.character(expression))
  }
  if (any(all.vars(expression) %in% names(source$ptype))) {
    expected <- sprintf("the name of a column where `%s` is %s", source$argument, source$is)
    abort_expected("case_weights", expected, backtick(shorten(deparse1(expression))), call)
  }
  problem <- NULL
  for (env in Filter(Negate(is.null), places)) {
    found <- tryCatch(list(value = eval(expression, env)), error = identity)
    if (!inherits(found, "error")) {
      return(found$value)
    }
    problem <- if (is.null(problem)) found else problem
  }
  abort_evaluation("case_weights", problem, call)
}

refuse_subset <- function(given, call) {
  if ("subset" %in% given) {
    expected <- "left out where `data` is a path or an Arrow object, whose rows are all fitted to"
    abort_expected("subset", expected, "given", call)
  }
}
