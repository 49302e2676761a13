# What R keeps of itself in a model: whether the outcome is ordered, and a formula, as text.
#
# What is read from a file is never evaluated as it comes: it is parsed, which runs nothing, and
# walked. All that it may hold are its own variables and constants, literal values, and calls of
# the functions below; it is evaluated where there are no others.

formula_functions <- list(
  base = c(
    "+", "-", "*", "/", "^", "%%", "%/%", "(", "!", "&", "|", "==", "!=", "<", "<=", ">", ">=",
    "%in%", ":", "[", "c", "list", "cbind", "I", "log", "log2", "log10", "log1p", "exp", "expm1",
    "sqrt", "abs", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh",
    "tanh", "gamma", "lgamma", "beta", "lbeta", "round", "signif", "floor", "ceiling", "trunc",
    "pmin", "pmax", "ifelse", "is.na", "scale", "cut", "factor", "as.factor", "ordered",
    "as.numeric", "as.double", "as.integer", "as.logical", "as.character", "nchar",
    "tolower", "toupper", "substr", "trimws", "::"
  ),
  stats = c("offset", "poly", "plogis", "qlogis", "pnorm", "qnorm"),
  splines = c("bs", "ns")
)
most_names <- 1e6 # in a formula

#' What a model keeps for R
#'
#' @return A list of text and lists of text, empty where there is nothing to say.
#' @noRd
notes_of <- function(input) {
  ordered <- is.ordered(input$outcomes[[1]])
  kept <- if (input$how$kind == "formula") formula_notes(input$how)
  c(if (ordered) list(ordered = TRUE), kept)
}

# Where the terms are not the data's own columns, Python tells of it in its errors.
formula_text <- function(input) {
  if (input$how$kind == "formula" && !all(names(input$predictors) %in% input$how$variables)) {
    enc2utf8(deparse1(input$how$formula))
  }
}

formula_notes <- function(how) {
  constants <- Filter(Negate(is.function), as.list(own_environment(how$terms)))
  notes <- list(
    formula = exact_text(how$formula),
    predvars = exact_text(attr(how$terms, "predvars")),
    outcome = lapply(how$outcome, exact_text),
    variables = as.list(how$variables),
    predictor_variables = as.list(how$predictor_variables),
    constants = lapply(constants, constant_text),
    levels = lapply(how$classes$levels, as.list),
    pairs = lapply(how$classes$pairs, as.list)
  )
  notes <- Filter(length, notes)
  # What a file may not hold is not written into one.
  read <- tryCatch(read_formula(notes), error = function(cnd) NULL)
  if (!is.null(read)) list(formula = notes)
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
#' @return A list of `ordered`, and `how` as [mold_formula()] makes it, or `NULL`.
#' @noRd
read_notes <- function(notes) {
  if (is.null(notes)) {
    return(list(ordered = FALSE))
  }
  as_object(notes)
  others <- setdiff(names(notes), c("ordered", "formula"))
  if (length(others)) {
    refuse("it has unknown entries of R's notes: ", toString(others))
  }
  list(
    ordered = !is.null(notes$ordered) && as_flag("ordered", notes$ordered),
    how = if (!is.null(notes$formula)) read_formula(notes$formula)
  )
}

read_formula <- function(notes) {
  known <- c(
    "formula", "predvars", "outcome", "variables", "predictor_variables", "constants", "levels",
    "pairs"
  )
  others <- setdiff(names(as_object(notes)), known)
  if (length(others)) {
    refuse("it has unknown entries of its formula: ", toString(others))
  }
  variables <- texts_in(notes$variables)
  env <- constants_of(notes$constants)
  if (length(intersect(names(env), variables))) {
    refuse("its formula has a constant with the name of a variable")
  }
  parts <- list(
    formula = parsed(notes$formula), predvars = parsed(notes$predvars),
    outcome = lapply(as_object(notes$outcome), parsed)
  )
  if (!is_call_of(parts$predvars, "list")) {
    refuse("its formula is evaluated as no list")
  }
  sizes <- check_each(as.list(parts$predvars)[-1], variables, env)
  for (part in parts$outcome) {
    check_expression(part, variables, env)
  }
  check_formula(parts$formula, variables, env)
  how <- how_of(parts, variables, texts_in(notes$predictor_variables), env)
  own <- vapply(as.list(parts$predvars)[-1], is.symbol, NA)
  how$classes <- read_levels(notes, how$terms)
  sizes <- vapply(sizes, cells_of, 1)
  check_columns(how$terms, sizes, own)
  check_columns_by_level(how$terms, sizes, how$classes)
  how
}

texts_in <- function(values) {
  vapply(if (is.null(values)) list() else as_list(values), as_text, "")
}

#' The levels of variables that interact, see [interaction_levels()]
#'
#' @noRd
read_levels <- function(notes, terms) {
  if (is.null(notes$levels)) {
    if (!is.null(notes$pairs)) {
      refuse("its formula has pairs without levels")
    }
    return(NULL)
  }
  levels <- lapply(as_object(notes$levels), texts_in)
  pairs <- lapply(if (is.null(notes$pairs)) list() else as_object(notes$pairs), texts_in)
  if (any(vapply(levels, anyDuplicated, 1L) > 0) || !all(lengths(levels))) {
    refuse("its formula has levels that are none")
  }
  sets <- stats::setNames(term_variables(terms), attr(terms, "term.labels"))
  variables <- vapply(as.list(attr(terms, "variables"))[-1], term_label, "")
  if (!all(names(levels) %in% variables)) {
    refuse("its formula has levels of no variable")
  }
  for (term in names(sets)) {
    of_term <- variables[sets[[term]]]
    check_pairs(pairs[[term]], levels[intersect(of_term, names(levels))], length(of_term))
  }
  if (!all(names(pairs) %in% names(sets))) {
    refuse("its formula has pairs of no term")
  }
  list(levels = levels, pairs = pairs)
}

check_pairs <- function(pairs, levels, variables) {
  needed <- length(levels) > 1 && length(levels) < variables
  if (needed == is.null(pairs)) {
    refuse("its formula lacks pairs, or has too many")
  }
  form <- sprintf("^[1-9][0-9]{0,8}(:[1-9][0-9]{0,8}){%d}$", length(levels) - 1)
  if (needed && (anyDuplicated(pairs) || !length(pairs) || !all(grepl(form, pairs)))) {
    refuse("its formula has pairs that are none")
  }
  if (needed && any(t(split_codes(pairs)) > lengths(levels))) {
    refuse("its formula has pairs of unknown levels")
  }
}

# As mold_formula() makes it of the formula itself.
how_of <- function(parts, variables, predictor_variables, env) {
  formula <- structure(parts$formula, class = "formula", .Environment = users_environment(env))
  terms <- stats::delete.response(formula_terms(formula))
  if (length(parts$predvars) != length(attr(terms, "variables"))) {
    refuse("its formula and what it is evaluated as differ in length")
  }
  attr(terms, "predvars") <- parts$predvars
  environment(terms) <- env
  list(
    kind = "formula", terms = terms, outcome = parts$outcome, variables = variables,
    formula = formula, predictor_variables = intersect(predictor_variables, variables)
  )
}

# Where a user may use the formula anew: with the constants, and all that R has.
users_environment <- function(env) {
  constants <- Filter(Negate(is.function), as.list(env))
  if (length(constants)) list2env(constants, parent = globalenv()) else globalenv()
}

# The constants, and the functions, which are R's own whatever the session has of these names.
constants_of <- function(saved) {
  env <- allowed_functions()
  for (name in names(if (!is.null(saved)) as_object(saved))) {
    expression <- parsed(saved[[name]])
    if (!is_constant_call(expression) || !nzchar(name) || exists(name, envir = env)) {
      refuse("its formula has a constant that is none")
    }
    assign(name, constant_value(expression), envir = env)
  }
  env
}

allowed_functions <- function() {
  functions <- c(
    mget(formula_functions$base, baseenv()),
    mget(formula_functions$stats, asNamespace("stats")),
    list(bs = splines::bs, ns = splines::ns)
  )
  list2env(functions, parent = emptyenv())
}

# `c()` of literal values alone, so that none grows by holding another.
is_constant_call <- function(expression) {
  is_call_of(expression, "c") && all(vapply(as.list(expression)[-1], function(part) {
    negative <- is_call_of(part, "-") && length(part) == 2
    is.atomic(if (negative) part[[2]] else part)
  }, NA))
}

# From the parsed code, without evaluating it.
constant_value <- function(expression) {
  do.call(c, lapply(as.list(expression)[-1], function(part) {
    if (is.call(part)) -part[[2]] else part
  }))
}

parsed <- function(text) {
  expressions <- tryCatch(
    parse(text = as_text(text), keep.source = FALSE, encoding = "UTF-8"),
    error = function(cnd) NULL
  )
  if (length(expressions) != 1) {
    refuse("its formula cannot be parsed")
  }
  expressions[[1]]
}

is_call_of <- function(expression, name) {
  is.call(expression) && identical(expression[[1]], as.name(name))
}

#' Check that nothing can happen when an expression is evaluated
#'
#' @param variables Names that the data will have.
#' @param env Where it will be evaluated.
#' @return The size of what it makes, see [size_of()].
#' @noRd
check_expression <- function(expression, variables, env) {
  if (is.symbol(expression)) {
    return(check_name(as.character(expression), variables, env))
  }
  if (!is.call(expression)) {
    check_literal(expression)
    return(size_of())
  }
  check_head(expression[[1]])
  arguments <- as.list(expression)[-1]
  name <- called(expression)
  if (name == "poly" && is_literal(arguments[["coefs"]])) {
    arguments[["coefs"]] <- NULL
  }
  sizes <- lapply(arguments, check_expression, variables, env)
  size_of_call(name, arguments, sizes, env)
}

check_name <- function(name, variables, env) {
  constant <- nzchar(name) && exists(name, envir = env) && !is.function(env[[name]])
  if (!name %in% variables && !constant) {
    refuse("its formula has an unknown name, ", quote_names(name))
  }
  if (constant) size_of(length(env[[name]])) else size_of(of_data = TRUE)
}

check_literal <- function(value) {
  if (!is.null(value) && (!is.atomic(value) || length(value) > 1)) {
    refuse("its formula has ", type_of_code(value))
  }
  if (is.character(value) && nchar(value, "bytes") > most_text) {
    refuse("its formula has too long a text")
  }
}

type_of_code <- function(expression) {
  sprintf("a part of type %s", typeof(expression))
}

# A function by its name, or as `package::function`.
check_head <- function(head) {
  known <- if (is.symbol(head)) {
    as.character(head) %in% setdiff(unlist(formula_functions), "::")
  } else {
    is_call_of(head, "::") && length(head) == 3 && is.symbol(head[[3]]) &&
      as.character(head[[3]]) %in% setdiff(formula_functions[[as.character(head[[2]])]], "::")
  }
  if (!isTRUE(known)) {
    refuse("its formula calls ", quote_names(substr(deparse1(head), 1, 60)))
  }
}

called <- function(expression) {
  head <- expression[[1]]
  as.character(if (is.symbol(head)) head else head[[3]])
}

# The formula itself is taken apart by terms(): it is to have terms alone, written out.
check_formula <- function(formula, variables, env) {
  if (!is_call_of(formula, "~") || length(formula) != 3) {
    refuse("its formula is none")
  }
  check_expression(formula[[2]], variables, env)
  if (length(all.names(formula[[3]])) > most_names) {
    refuse("its formula has too many terms")
  }
  parts <- lapply(parts_of_terms(formula[[3]]), function(part) {
    if (is_call_of(part, "(")) part[[2]] else part # added by formula_from_terms()
  })
  check_each(parts, variables, env)
  calls <- vapply(Filter(is.call, parts), called, "")
  if (any(calls %in% c("+", "-", ":", "*", "/", "^", "%in%", "("))) {
    refuse("its formula is not written out")
  }
}

# What is joined by `+`, `-` and `:`, in no order, and without going deeper for each.
parts_of_terms <- function(expression) {
  parts <- list()
  open <- list(expression)
  while (length(open)) {
    part <- open[[length(open)]]
    open[[length(open)]] <- NULL
    if (is_call_of(part, "(") && length(part) == 2 && is_sum(part[[2]])) {
      part <- part[[2]]
    }
    if (is_sum(part)) {
      open <- c(open, as.list(part)[-1])
    } else {
      parts[[length(parts) + 1L]] <- part
    }
  }
  parts
}

# Names of the data are by far the most.
check_each <- function(expressions, variables, env) {
  names <- vapply(expressions, function(part) if (is.symbol(part)) as.character(part) else "", "")
  sizes <- rep(list(size_of(of_data = TRUE)), length(expressions))
  others <- !names %in% variables | !nzchar(names)
  sizes[others] <- lapply(expressions[others], check_expression, variables, env)
  sizes
}

is_sum <- function(expression) {
  is.call(expression) && is.symbol(expression[[1]]) &&
    as.character(expression[[1]]) %in% c("+", "-", ":")
}
