# How much what a formula makes can take, told from its code alone: nothing is evaluated. A size is
# `rows`, as a multiple of the data's, and `columns`, both at most; whether it is `of_data`; and
# `all`, the cells of it and of every call inside it.

most_columns <- 1000 # that one term makes of data
most_cells <- 10000 # that a call makes without data, and columns that all terms make
most_text <- 1000 # characters of one text: factor() repeats it for each level

size_of <- function(rows = 1, columns = 1, of_data = FALSE, all = 0) {
  list(rows = rows, columns = columns, of_data = of_data, all = all)
}

# What is as large as the largest of its parts, matrices among them.
as_parts <- function(sizes) {
  size_of(most_of(sizes, "rows"), most_of(sizes, "columns"), any_of_data(sizes))
}

most_of <- function(sizes, part) max(1, vapply(sizes, `[[`, 1, part))

any_of_data <- function(sizes) any(vapply(sizes, `[[`, NA, "of_data"))

cells_of <- function(size) size$rows * size$columns

#' The size of what a call makes
#'
#' @param name The function's.
#' @param arguments,sizes Its arguments' expressions and sizes.
#' @param env Where the constants are.
#' @noRd
size_of_call <- function(name, arguments, sizes, env) {
  rule <- size_rules[[name]]
  if (is.null(rule)) {
    rule <- if (name %in% keeps_columns) as_parts_rule else one_column_rule
  }
  size <- rule(arguments, sizes, env)
  size$all <- cells_of(size) + sum(vapply(sizes, `[[`, 1, "all"))
  if (cells_of(size) > if (size$of_data) most_columns else most_cells) {
    refuse("its formula has a call that makes too much")
  }
  if (size$all > 2 * most_cells) {
    refuse("its formula has a term that makes too much")
  }
  size
}

# These take a matrix, and give one of as many columns.
keeps_columns <- c(
  "+", "-", "*", "/", "^", "%%", "%/%", "(", "!", "&", "|", "==", "!=", "<", "<=", ">", ">=", "I",
  "log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tan",
  "asin", "acos", "atan", "sinh", "cosh", "tanh", "gamma", "lgamma", "round", "signif", "floor",
  "ceiling", "trunc", "is.na", "scale"
)

as_parts_rule <- function(arguments, sizes, env) as_parts(sizes)

one_column_rule <- function(arguments, sizes, env) {
  if (most_of(sizes, "columns") > 1) {
    refuse("its formula has a matrix where a column is needed")
  }
  as_parts(sizes)
}

bind_rule <- function(arguments, sizes, env) {
  columns <- sum(vapply(sizes, `[[`, 1, "columns"))
  size_of(most_of(sizes, "rows"), columns, any_of_data(sizes))
}

# What c() makes.
join_rule <- function(arguments, sizes, env) {
  size_of(sum(vapply(sizes, cells_of, 1)), 1, any_of_data(sizes))
}

# `[`: of a vector by one index, of a matrix by two; a number written out selects one.
select_rule <- function(arguments, sizes, env) {
  if (!length(sizes) %in% 2:3 || any(nzchar(rlang::names2(arguments)))) {
    refuse("its formula has an odd `[`")
  }
  if (length(sizes) == 2) {
    one <- is.numeric(arguments[[2]])
    rows <- if (one) 1 else max(cells_of(sizes[[1]]), cells_of(sizes[[2]]))
    return(size_of(rows, 1, any_of_data(sizes)))
  }
  size_of(
    max(sizes[[1]]$rows, cells_of(sizes[[2]])), max(sizes[[1]]$columns, cells_of(sizes[[3]])),
    any_of_data(sizes)
  )
}

range_rule <- function(arguments, sizes, env) {
  if (length(arguments) != 2) {
    refuse("its formula has an odd `:`")
  }
  ends <- vapply(arguments, written_number, 1, env, most = Inf)
  size_of(abs(diff(ends)) + 1)
}

poly_rule <- function(arguments, sizes, env) {
  places <- places_of(stats::poly, arguments)
  more <- unlist(places[["..."]])
  degree <- places$degree
  if (length(more) == 1 && !sizes[[more]]$of_data) {
    degree <- more
    more <- NULL
  }
  data <- c(places$x, more)
  check_data_columns(sizes[data])
  written_numbers(arguments[unlist(places[c("raw", "simple")])], env)
  degree <- if (is.null(degree)) 1 else written_number(arguments[[degree]], env)
  columns <- if (length(data) > 1) (abs(degree) + 1)^length(data) else abs(degree)
  size_of(most_of(sizes[data], "rows"), max(1, columns), TRUE)
}

spline_rule <- function(arguments, sizes, env) {
  places <- places_of(splines::bs, arguments)
  check_data_columns(sizes[places$x])
  check_without_data(sizes[-places$x])
  numbers <- written_numbers(arguments[unlist(places[c("df", "degree", "intercept")])], env)
  knots <- sum(vapply(sizes[unlist(places["knots"])], cells_of, 1))
  size_of(sizes[[places$x]]$rows, sum(abs(numbers)) + knots + 4, TRUE)
}

# One number as `breaks` is how many there are.
cut_rule <- function(arguments, sizes, env) {
  places <- places_of(base::cut.default, arguments)
  check_data_columns(sizes[places$x])
  check_without_data(sizes[-places$x])
  options <- c("include.lowest", "right", "dig.lab", "ordered_result")
  written_numbers(arguments[unlist(places[options])], env, most = 50)
  if (is.null(places$breaks) || length(places[["..."]])) {
    refuse("its formula has an odd `cut`")
  }
  breaks <- arguments[[places$breaks]]
  if (least_length(breaks, env) < 2) {
    written_number(breaks, env)
  }
  size_of(sizes[[places$x]]$rows, 1, TRUE)
}

# `nmax` is memory that is taken at once.
factor_rule <- function(arguments, sizes, env) {
  places <- places_of(base::factor, arguments)
  if (!is.null(places$nmax)) {
    refuse("its formula has an odd `factor`")
  }
  one_column_rule(arguments, sizes, env)
}

# Its `whitespace` is a pattern, which can take any time and memory.
trim_rule <- function(arguments, sizes, env) {
  pattern <- places_of(base::trimws, arguments)$whitespace
  if (!is.null(pattern) && !isTRUE(grepl("^[^{(*+]{0,20}$", arguments[[pattern]]))) {
    refuse("its formula has an odd `trimws`")
  }
  one_column_rule(arguments, sizes, env)
}

refuse_list <- function(arguments, sizes, env) {
  refuse("its formula has a list where a column is needed")
}

size_rules <- list(
  ":" = range_rule, "[" = select_rule, c = join_rule, cbind = bind_rule, list = refuse_list,
  poly = poly_rule, bs = spline_rule, ns = spline_rule, cut = cut_rule, factor = factor_rule,
  ordered = factor_rule, as.factor = factor_rule, trimws = trim_rule
)

# Which argument each parameter gets, as R matches them.
places_of <- function(fun, arguments) {
  numbered <- stats::setNames(as.list(seq_along(arguments)), names(arguments))
  as.list(match.call(fun, as.call(c(quote(f), numbered)), expand.dots = FALSE))[-1]
}

check_data_columns <- function(sizes) {
  good <- vapply(sizes, function(size) size$of_data && size$columns == 1, NA)
  if (!length(good) || !all(good)) {
    refuse("its formula has something else where a column of the data is needed")
  }
}

check_without_data <- function(sizes) {
  if (any_of_data(sizes)) {
    refuse("its formula has a call whose size depends on the data")
  }
}

#' A number or a flag that the code itself has, or a constant
#'
#' @noRd
written_number <- function(expression, env, most = most_columns) {
  negative <- is_call_of(expression, "-") && length(expression) == 2
  value <- if (negative) expression[[2]] else expression
  if (is.symbol(value)) {
    value <- env[[as.character(value)]]
  }
  number <- (is.numeric(value) || is.logical(value)) && length(value) == 1
  if (!number || !is.finite(value) || abs(value) >= most) {
    refuse("its formula has a call of too large a number, or of none written out")
  }
  if (negative) -as.double(value) else as.double(value)
}

written_numbers <- function(expressions, env, most = most_columns) {
  expressions <- Filter(Negate(is.null), expressions)
  vapply(expressions, written_number, 1, env, most = most)
}

# How many values there are at least.
least_length <- function(expression, env) {
  if (is.symbol(expression)) {
    return(length(env[[as.character(expression)]]))
  }
  if (!is.call(expression)) {
    return(length(expression))
  }
  parts <- vapply(as.list(expression)[-1], least_length, 1, env)
  switch(called(expression),
    c = sum(parts),
    ":" = abs(diff(vapply(as.list(expression)[-1], written_number, 1, env, most = Inf))) + 1,
    "-" = , "+" = , "*" = , "/" = , "^" = , "(" = if (all(parts > 0)) max(parts) else 0,
    0
  )
}

# `c()` and `list()` of literal values, as poly() keeps its coefficients.
is_literal <- function(expression) {
  if (is_call_of(expression, "c") || is_call_of(expression, "list")) {
    return(all(vapply(as.list(expression)[-1], is_literal, NA)))
  }
  negative <- is_call_of(expression, "-") && length(expression) == 2
  value <- if (negative) expression[[2]] else expression
  is.null(value) || is.atomic(value)
}

#' Check that no term, nor all of them, makes too many columns
#'
#' @param columns Of each of the terms' variables.
#' @param own Whether each variable is a column of the data itself.
#' @noRd
check_columns <- function(terms, columns, own) {
  sets <- term_variables(terms)
  of_terms <- vapply(sets, function(set) prod(columns[set]), 1)
  made <- lengths(sets) > 1 | !vapply(sets, function(set) all(own[set]), NA)
  if (any(of_terms > most_columns) || sum(of_terms[made]) > most_cells) {
    refuse("its formula makes too many columns")
  }
}

# Numbers that interact with levels have a column for each of these.
check_columns_by_level <- function(terms, columns, classes) {
  variables <- vapply(as.list(attr(terms, "variables"))[-1], term_label, "")
  levels <- lengths(classes$levels)[variables]
  made <- Map(function(set, label) {
    pairs <- length(classes$pairs[[label]])
    own <- levels[set]
    if (all(is.na(own)) || !anyNA(own)) { # numbers alone; a factor of pairs
      return(0)
    }
    prod(columns[set]) * if (pairs) pairs else prod(own, na.rm = TRUE)
  }, term_variables(terms), attr(terms, "term.labels"))
  if (sum(unlist(made)) > most_cells) {
    refuse("its formula makes too many columns")
  }
}
