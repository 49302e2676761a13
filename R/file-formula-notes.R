# What R keeps of itself in a model: whether the outcome is ordered, and a formula, as text.
#
# What is read from a file is never evaluated as it comes: it is parsed, which runs nothing, and
# walked. All that it may hold are its own variables and constants, literal values, and calls of
# the functions in R/file-formula-guard.R; it is evaluated where there are no others.

longest_text <- 1000 # bytes of one text: factor() repeats it for each level
longest_constant <- 1e7 # bytes of its code
most_constants <- 5e6 # values of constants, each as often as the code has its name
longest_label <- 1e4 # bytes of a variable's code, which each of its columns' names has
most_levels <- 3000 # of nested calls: in deeper code R's own functions overflow the stack

#' What a model keeps for R
#'
#' @return A list of text and lists of text, empty where there is nothing to say.
#' @noRd
notes_of <- function(input) {
  ordered <- is.ordered(input$outcomes[[1]])
  kept <- if (input$how$kind == "formula") formula_notes(input$how, ncol(input$predictors))
  c(if (ordered) list(ordered = TRUE), kept)
}

# For Python's errors, where the terms are not columns of the data.
formula_text <- function(input) {
  if (input$how$kind == "formula" && !all(names(input$predictors) %in% input$how$variables)) {
    enc2utf8(deparse1(input$how$formula))
  }
}

formula_notes <- function(how, columns) {
  constants <- constants_in(own_environment(how$terms))
  notes <- list(
    formula = exact_text(how$formula),
    predvars = exact_text(attr(how$terms, "predvars")),
    outcome = lapply(how$outcome, exact_text),
    variables = as.list(how$variables),
    predictor_variables = as.list(how$predictor_variables),
    texts = as.list(how$texts),
    constants = lapply(constants, constant_text),
    levels = lapply(how$classes$levels, as.list),
    pairs = lapply(how$classes$pairs, as.list)
  )
  notes <- Filter(length, notes)
  if (!length(constants) && is_sum_of_columns(how)) {
    return(list(formula = notes))
  }
  # What a file may not hold is not written into one.
  read <- tryCatch(read_formula(notes, columns), error = function(cnd) NULL)
  if (!is.null(read)) list(formula = notes)
}

# Of few and short names, so that it cannot but be read again.
is_sum_of_columns <- function(how) {
  names_only(how) && is.symbol(how$formula[[2]]) && length(how$variables) <= 100 &&
    all(nchar(how$variables, "bytes") <= 100) &&
    all(all.names(how$formula[[3]]) %in% c("+", how$predictor_variables))
}

# The formula's own, with its constants; that of others is the whole session's.
own_environment <- function(terms) {
  env <- environment(terms)
  if (identical(env, globalenv())) emptyenv() else env
}

# Numbers in hexadecimal come back to the last bit.
exact_text <- function(expression) {
  if (is.call(expression)) {
    attributes(expression) <- NULL
  }
  text <- code_text(expression)
  empty <- grepl("(numeric|integer)\\(0", text)
  enc2utf8(if (empty) code_text(without_empty(expression)) else text)
}

code_text <- function(expression) {
  control <- c("keepNA", "keepInteger", "niceNames", "hexNumeric")
  text <- deparse(expression, width.cutoff = 500, backtick = TRUE, control = control)
  paste(text, collapse = "\n")
}

# bs() without `df` has no knots: `numeric(0)`, which would be read as a call.
without_empty <- function(expression) {
  if (!is.call(expression)) {
    return(if (is.numeric(expression) && !length(expression)) quote(c()) else expression)
  }
  for (place in seq_along(expression)) {
    part <- expression[place]
    if (is.call(part[[1]]) || is.numeric(part[[1]])) {
      expression[[place]] <- without_empty(part[[1]])
    }
  }
  expression
}

constant_text <- function(value) {
  exact_text(as.call(c(quote(c), as.list(value))))
}

#' The functions of a formula that a model does not keep
#'
#' @noRd
unkept_functions <- function(how) {
  expressions <- c(list(attr(how$terms, "predvars")), how$outcome)
  names <- unlist(lapply(expressions, function(part) all_functions(part)))
  unique(setdiff(names, unlist(formula_functions)))
}

all_functions <- function(expression) {
  setdiff(all.names(expression, unique = TRUE), all.vars(expression))
}

#' Read what a model keeps for R
#'
#' @param notes What it has, or `NULL`.
#' @param columns Number of the model's columns.
#' @return A list of `ordered`, and `how` as [mold_formula()] makes it, or `NULL`.
#' @noRd
read_notes <- function(notes, columns) {
  if (is.null(notes)) {
    return(list(ordered = FALSE))
  }
  refuse_others("entries in R's notes", notes, optional = c("ordered", "formula"))
  list(
    ordered = !is.null(notes$ordered) && as_flag("ordered", notes$ordered),
    how = if (!is.null(notes$formula)) read_formula(notes$formula, columns)
  )
}

formula_entries <- c(
  "formula", "predvars", "outcome", "variables", "predictor_variables", "constants", "levels",
  "pairs", "texts"
)

read_formula <- function(notes, columns) {
  refuse_others("entries in its formula", notes, optional = formula_entries)
  limit <- formula_limit(columns)
  variables <- texts_in(notes$variables)
  env <- constants_of(notes$constants, limit)
  constants <- names(constants_in(env))
  if (length(intersect(constants, variables))) { # R finds functions also past columns
    refuse("its formula has a constant with the name of a variable")
  }
  longest <- 1e6 + 1000 * columns
  parts <- list(
    formula = parsed(notes$formula, longest), predvars = parsed(notes$predvars, longest),
    outcome = lapply(as_object(notes$outcome), parsed, longest)
  )
  if (!is_call_of(parts$predvars, "list")) {
    refuse("the code that evaluates its formula is not a list")
  }
  if (!is_call_of(parts$formula, "~") || length(parts$formula) != 3) {
    refuse("its formula is not a formula")
  }
  refuse_if(!length(parts$outcome), "its formula has no outcome")
  check_code(c(as.list(parts$predvars)[-1], parts$outcome), variables, env, limit)
  check_code(as.list(parts$formula)[-1], variables, env, limit)
  check_constants(parts, env)
  check_written_out(parts$formula[[3]])
  how <- how_of(parts, variables, texts_in(notes$predictor_variables), env)
  how$texts <- if (!is.null(notes$texts)) texts_in(notes$texts)
  how$classes <- read_levels(notes, how$terms)
  how
}

# The values in a formula's environment, which also has its functions.
constants_in <- function(env) Filter(Negate(is.function), as.list(env))

# Each use of a constant can be a copy of it.
check_constants <- function(parts, env) {
  sizes <- lengths(constants_in(env))
  code <- unlist(parts, recursive = FALSE)
  names <- unlist(lapply(code, all.names))
  values <- unlist(lapply(code, all.names, functions = FALSE))
  for (name in intersect(names(sizes), unlist(formula_functions))) { # such as `beta`
    called <- sum(names == name) > sum(values == name) || "::" %in% names
    refuse_if(called, "its formula has a constant with the name of a function that it calls")
  }
  used <- sum(sizes[names[names %in% names(sizes)]])
  refuse_if(used > most_constants, "its formula has constants that are too large")
}

texts_in <- function(values) {
  vapply(if (is.null(values)) list() else as_list(values), as_text, "")
}

#' The levels of variables that interact, see [interaction_levels()]
#'
#' @noRd
read_levels <- function(notes, terms) {
  if (is.null(notes$levels)) {
    refuse_if(!is.null(notes$pairs), "its formula has pairs without levels")
    return(NULL)
  }
  levels <- lapply(as_object(notes$levels), texts_in)
  pairs <- lapply(if (is.null(notes$pairs)) list() else as_object(notes$pairs), texts_in)
  if (any(vapply(levels, anyDuplicated, 1L) > 0) || !all(lengths(levels))) {
    refuse("its formula has invalid levels")
  }
  sets <- stats::setNames(term_variables(terms), attr(terms, "term.labels"))
  variables <- vapply(as.list(attr(terms, "variables"))[-1], term_label, "")
  refuse_if(!all(names(levels) %in% variables), "its formula has levels of an unknown variable")
  for (term in names(sets)) {
    of_term <- variables[sets[[term]]]
    check_pairs(pairs[[term]], levels[intersect(of_term, names(levels))], length(of_term))
  }
  refuse_if(!all(names(pairs) %in% names(sets)), "its formula has pairs of an unknown term")
  list(levels = levels, pairs = pairs)
}

check_pairs <- function(pairs, levels, variables) {
  needed <- length(levels) > 1 && length(levels) < variables
  refuse_if(needed == is.null(pairs), "its formula lacks pairs, or has too many")
  form <- sprintf("^[1-9][0-9]{0,8}(:[1-9][0-9]{0,8}){%d}$", length(levels) - 1)
  if (needed && (anyDuplicated(pairs) || !length(pairs) || !all(grepl(form, pairs)))) {
    refuse("its formula has invalid pairs")
  }
  if (needed && any(t(split_codes(pairs)) > lengths(levels))) {
    refuse("its formula has pairs of unknown levels")
  }
}

# As mold_formula() makes it of the formula itself.
how_of <- function(parts, variables, predictor_variables, env) {
  terms <- formula_terms(structure(parts$formula, class = "formula", .Environment = globalenv()))
  for (variable in Filter(is.call, as.list(attr(terms, "variables"))[-1])) {
    length <- nchar(term_label(variable), "bytes")
    refuse_if(length > longest_label, "its formula has a term that is too long")
  }
  home <- users_environment(env, attr(terms, "variables"))
  terms <- stats::delete.response(terms)
  if (length(parts$predvars) != length(attr(terms, "variables"))) {
    refuse("its formula and the code that evaluates it differ in length")
  }
  attr(terms, "predvars") <- parts$predvars
  environment(terms) <- env
  list(
    kind = "formula", terms = terms, outcome = parts$outcome, variables = variables,
    formula = structure(parts$formula, class = "formula", .Environment = home),
    predictor_variables = intersect(predictor_variables, variables)
  )
}

# Where the code is evaluated: the constants, and the functions.
constants_of <- function(saved, limit) {
  env <- allowed_functions(limit)
  for (name in names(if (!is.null(saved)) as_object(saved))) {
    expression <- parsed(saved[[name]], longest_constant)
    if (!is_constant_call(expression) || !nzchar(name)) {
      refuse("its formula has an invalid constant")
    }
    value <- constant_value(expression)
    check_literal(value)
    assign(name, value, envir = env)
  }
  env
}

# `c()` of literal values alone, so that none grows by holding another.
is_constant_call <- function(expression) {
  is_call_of(expression, "c") && all(vapply(as.list(expression)[-1], is_literal, NA))
}

# From the parsed code, without evaluating it.
constant_value <- function(expression) {
  do.call(c, lapply(as.list(expression)[-1], function(part) {
    if (is.call(part)) -part[[2]] else part
  }))
}

# A value in the code, also a negative number.
is_literal <- function(expression) {
  negative <- is_call_of(expression, "-") && length(expression) == 2
  value <- if (negative) expression[[2]] else expression
  is.atomic(value) || is.null(value)
}

# The coefficients of poly(), which no other call may have: `list()` and `c()` of values.
is_literal_list <- function(expression) {
  if (is_call_of(expression, "c") || is_call_of(expression, "list")) {
    return(all(vapply(as.list(expression)[-1], is_literal_list, NA)))
  }
  is_literal(expression)
}

parsed <- function(text, longest) {
  refuse_if(nchar(as_text(text), "bytes") > longest, "its formula is too long")
  expressions <- tryCatch(
    parse(text = text, keep.source = FALSE, encoding = "UTF-8"),
    error = function(cnd) NULL
  )
  refuse_if(length(expressions) != 1, "its formula cannot be parsed")
  expressions[[1]]
}

is_call_of <- function(expression, name) {
  is.call(expression) && identical(expression[[1]], as.name(name))
}

#' Check that code has known names, values and calls of the allowed functions, and nothing else
#'
#' Level by level of the nested calls, and not recursively, so that deep code cannot overflow the
#' stack.
#'
#' @param variables Names that the data will have.
#' @param env Where it will be evaluated.
#' @param limit How many calls there may be.
#' @noRd
check_code <- function(expressions, variables, env, limit) {
  known <- c(variables, names(constants_in(env)))
  number <- 0
  for (level in seq_len(most_levels)) {
    is_name <- vapply(expressions, is.symbol, NA)
    unknown <- setdiff(vapply(expressions[is_name], as.character, ""), known)
    refuse_if(length(unknown), "its formula has an unknown name, ", quote_names(unknown[[1]]))
    expressions <- expressions[!is_name]
    is_value <- vapply(expressions, is_literal, NA)
    lapply(expressions[is_value], check_literal)
    calls <- expressions[!is_value]
    number <- number + length(calls)
    refuse_if(number > limit, "its formula has too many calls")
    if (!length(calls)) {
      return(invisible())
    }
    expressions <- unlist(lapply(calls, checked_arguments), recursive = FALSE)
  }
  refuse("its formula is nested too deeply")
}

# A function by its name, or as `package::function`.
checked_arguments <- function(call) {
  head <- if (is.call(call)) call[[1]]
  qualified <- is_call_of(head, "::") && length(head) == 3 && is.symbol(head[[2]])
  functions <- if (qualified) formula_functions[[as.character(head[[2]])]] else formula_functions
  name <- if (qualified) head[[3]] else head
  if (!is.symbol(name) || !as.character(name) %in% setdiff(unlist(functions), "::")) {
    named <- if (is.symbol(name)) quote_names(substr(name, 1, 60)) else "something without a name"
    refuse("its formula calls ", named)
  }
  arguments <- as.list(call)[-1]
  refuse_if(name == "list", "its formula has a list where a column is needed")
  if (name == "[") { # all of a dimension
    arguments <- Filter(Negate(rlang::is_missing), arguments)
  }
  if (name == "poly" && is_literal_list(arguments[["coefs"]])) {
    arguments[["coefs"]] <- NULL
  }
  arguments
}

check_literal <- function(value) {
  if (is.character(value) && any(nchar(value, "bytes") > longest_text)) {
    refuse("its formula has a text that is too long")
  }
}

# terms() takes the formula apart. With sums, and `:` within them, it finds as many terms as are
# written; of sums within `:` it makes each with each.
check_written_out <- function(expression) {
  parts <- list(expression)
  crossed <- FALSE # for each part: whether it is within `:`
  while (length(parts)) {
    operators <- vapply(parts, operator_name, "")
    expands <- operators %in% c("*", "/", "^", "%in%") | crossed & operators %in% c("+", "-")
    refuse_if(any(expands), "its formula is not expanded into single terms")
    opened <- operators %in% c("+", "-", ":", "(")
    inside <- lapply(parts[opened], function(call) as.list(call)[-1])
    crossed <- rep((crossed | operators == ":")[opened], lengths(inside))
    parts <- unlist(inside, recursive = FALSE)
  }
}
