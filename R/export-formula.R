# Formulas for exports: the columns that a formula computes, as expressions of the data's columns.
# They are nested lists, which pytwolayer/export/expressions.py reads.
#
# Here a "made" column is a list: of numbers with `number`, its expression; of text with `text`, a
# function that gives the expression for the levels that are asked for.

#' The columns of a fit as its formula computes them
#'
#' @return A list of expressions, one for each column; `NULL` if the columns are the data's own.
#' @noRd
exported_columns <- function(fit, call) {
  how <- fit$how
  if (how$kind != "formula" || is.null(made_predictors(fit))) {
    return(NULL)
  }
  models <- if (inherits(fit, "two_layer_ensemble")) fit$models else list(fit)
  levels <- lapply(seq_along(models[[1]]$coding$inputs$codings), function(place) {
    unique(unlist(lapply(models, function(one) one$coding$inputs$codings[[place]]$levels)))
  })
  variables <- made_variables(how, levels, call)
  sets <- term_variables(how$terms)
  labels <- attr(how$terms, "term.labels")
  found <- list()
  for (term in seq_along(sets)) {
    set <- sets[[term]]
    made <- if (length(set) == 1) {
      variables[[set]]
    } else {
      interacting(variables[set], how, how$classes$pairs[[labels[[term]]]])
    }
    found <- c(found, made)
  }
  if (length(found) != length(levels)) {
    expected <- "a fit to a formula whose variables are columns"
    abort_expected("fit", expected, "one whose variables are matrices", call)
  }
  Map(function(made, own) if (is.null(made$text)) made$number else made$text(own), found, levels)
}

# For each variable a list of the columns made of it.
made_variables <- function(how, levels, call) {
  codes <- as.list(attr(how$terms, "predvars"))[-1]
  labels <- vapply(as.list(attr(how$terms, "variables"))[-1], term_label, "")
  context <- list(
    env = environment(how$terms), data = how$predictor_variables, call = call,
    texts = c(how$texts, names(how$classes$levels), plain_texts(how, levels)),
    times = names(how$prototype)[vapply(how$prototype, is_time, NA)]
  )
  offsets <- attr(how$terms, "offset")
  Map(function(code, label, place) {
    of_term <- c(context, term = label)
    made <- if (place %in% offsets) list() else made_columns(code, of_term)
    lapply(made, function(one) c(one, place = place))
  }, codes, labels, seq_along(codes))
}

# Columns of text or factors that are terms of their own. What computes has a column per number.
plain_texts <- function(how, levels) {
  sets <- term_variables(how$terms)
  variables <- as.list(attr(how$terms, "variables"))[-1]
  single <- lengths(sets) == 1
  firsts <- if (all(single)) seq_along(sets) else which(cumsum(!single) == 0)
  names <- character()
  at <- 1
  for (term in firsts) {
    code <- attr(how$terms, "predvars")[[sets[[term]] + 1]]
    if (is.symbol(variables[[sets[[term]]]]) && length(levels[[at]])) {
      names <- c(names, term_label(variables[[sets[[term]]]]))
    }
    at <- at + if (is_call_of(strip_package(code), "poly")) poly_degree(code, how$terms) else 1
  }
  names
}

# Of several variables, which are refused later, it is none.
poly_degree <- function(code, terms) {
  degree <- poly_arguments(strip_package(code))$degree
  tryCatch(eval(degree, environment(terms)), error = function(cnd) 1)
}

#' The columns of a variable
#'
#' @param context A list: `env` of the formula, names of the `data`, those that hold `texts`, the
#'   `times` among them as far as they are known, the `term` for messages, `call`.
#' @noRd
made_columns <- function(code, context) {
  plain <- strip_package(code)
  if (is_call_of(plain, "poly") && is_known(plain, context)) {
    return(poly_columns(plain, context))
  }
  list(made_column(code, context))
}

made_column <- function(code, context) {
  code <- strip_package(code)
  if (is.symbol(code) && as.character(code) %in% context$data) {
    name <- enc2utf8(as.character(code))
    if (!name %in% context$texts) {
      return(list(number = list("column", name, FALSE)))
    }
    return(list(text = function(levels) list("column", name, TRUE), column = name))
  }
  if (!any(all.vars(code) %in% context$data)) {
    return(constant_column(eval(code, context$env), context))
  }
  name <- operator_name(code)
  if (!is_known(code, context)) {
    refuse_export(sprintf("`%s`, which exports do not know", deparse1(code[[1]])), context)
  }
  export_functions[[name]](code, context)
}

strip_package <- function(code) {
  head <- if (is.call(code)) code[[1]]
  if (is_call_of(head, "::") && as.character(head[[2]]) %in% c("base", "stats")) {
    code[[1]] <- head[[3]]
  }
  code
}

# A user's own function may have the name of one of R's. Some of R's have a copy in this package.
is_known <- function(code, context) {
  name <- operator_name(code)
  if (!name %in% c(names(export_functions), "poly")) {
    return(FALSE)
  }
  fun <- get0(name, envir = context$env, mode = "function")
  is_bounded(fun) || is_standard(fun, name) ||
    identical(fun, get0(name, asNamespace("pytwolayer"), mode = "function"))
}

is_time <- function(column) inherits(column, c("POSIXct", "POSIXlt", "difftime"))

constant_column <- function(value, context) {
  if (is.object(value) && !inherits(value, c("Date", "POSIXct"))) {
    refuse_export(sprintf("a constant of the class \"%s\"", class(value)[[1]]), context)
  }
  if (!is.atomic(value) || length(value) != 1) {
    refuse_export("a constant that is not a single value", context)
  }
  if (is.character(value)) list(constant = enc2utf8(value)) else list(number = as.double(value))
}

refuse_export <- function(what, context) {
  received <- sprintf(
    "one with %s, in the term `%s`: compute that column in the data and fit to it",
    what, shorten(context$term)
  )
  expected <- "a fit to a formula whose functions can be exported"
  abort_expected("fit", expected, received, context$call)
}

made_number <- function(code, context) {
  made <- made_column(code, context)
  if (is.null(made$number)) {
    refuse_export(sprintf("text where `%s` needs numbers", context$term), context)
  }
  made$number
}

fixed <- function(code, context) {
  if (any(all.vars(code) %in% context$data)) {
    refuse_export(sprintf("`%s` where a constant is needed", deparse1(code)), context)
  }
  eval(code, context$env)
}

# The arguments of a call by the names that the function has for them.
named_arguments <- function(code) {
  fun <- get0(as.character(code[[1]]), mode = "function", envir = asNamespace("stats"))
  fun <- if (is.primitive(fun)) args(fun) else fun
  as.list(match.call(fun, code))[-1]
}

only_arguments <- function(code, known, context) {
  given <- named_arguments(code)
  others <- setdiff(rlang::names2(given), known)
  if (length(others)) {
    what <- sprintf("the argument `%s` of `%s()`", others[[1]], as.character(code[[1]]))
    refuse_export(what, context)
  }
  given
}

of_numbers <- function(name) {
  force(name)
  function(code, context) {
    parts <- unname(lapply(as.list(code)[-1], made_number, context))
    list(number = c(list(name), parts))
  }
}

with_sign <- function(one, two) {
  function(code, context) {
    if (length(code) == 3) {
      refuse_differences(code, context)
      return(of_numbers(two)(code, context))
    }
    x <- made_number(code[[2]], context)
    list(number = if (one == "negate") list("negate", x) else x)
  }
}

# R gives them in seconds, minutes, hours or days, which depends on the rows.
refuse_differences <- function(code, context) {
  is_of_times <- function(side) {
    if (is.symbol(side) && as.character(side) %in% context$data) {
      return(as.character(side) %in% context$times)
    }
    !any(all.vars(side) %in% context$data) && is_time(eval(side, context$env))
  }
  sides <- as.list(code)[-1]
  if (identical(code[[1]], quote(`-`)) && any(vapply(sides, is_of_times, NA))) {
    refuse_export("a difference of times, whose unit R chooses", context)
  }
}

as_it_is <- function(code, context) made_column(code[[2]], context)

logarithm <- function(code, context) {
  given <- only_arguments(code, c("x", "base"), context)
  x <- made_number(given$x, context)
  base <- if (is.null(given$base)) exp(1) else fixed(given$base, context)
  list(number = if (is.null(given$base)) {
    list("log", x)
  } else if (base %in% c(2, 10)) {
    list(paste0("log", base), x)
  } else {
    list("divide", list("log", x), log(base))
  })
}

# Of other divisors, and of larger numbers, the digits beyond those of a double decide: R has them,
# others have not.
divisor <- function(code, context) {
  by <- made_number(code, context)
  if (is.numeric(by)) {
    if (!isTRUE(by * 1024 == floor(by * 1024))) {
      refuse_export("`%%` or `%/%` by something other than a multiple of 1/1024", context)
    }
    return(by)
  }
  parts <- list("multiply", by, 1024)
  list("if", list("equal", parts, list("floor", parts)), by, NA_real_)
}

dividend <- function(code, context) {
  x <- made_number(code, context)
  list("if", list("less", list("abs", x), 2^42), x, NA_real_)
}

remainder <- function(code, context) {
  x <- dividend(code[[2]], context)
  by <- divisor(code[[3]], context)
  rest <- function(x) {
    list("subtract", x, list("multiply", list("floor", list("divide", x, by)), by))
  }
  list(number = rest(rest(x)))
}

whole_quotient <- function(code, context) {
  x <- dividend(code[[2]], context)
  by <- divisor(code[[3]], context)
  whole <- list("floor", list("divide", x, by))
  rest <- list("subtract", x, list("multiply", whole, by))
  list(number = list("add", whole, list("floor", list("divide", rest, by))))
}

comparison <- function(name, of_text = NULL) {
  force(name)
  force(of_text)
  function(code, context) {
    sides <- lapply(as.list(code)[-1], made_column, context)
    own <- Filter(function(side) !is.null(side$column), sides)
    constant <- unlist(lapply(sides, `[[`, "constant"))
    if (length(own) == 1 && length(constant) == 1 && !is.null(of_text)) {
      same <- list("same", own[[1]]$text(NULL), constant)
      return(list(number = if (of_text == "same") same else list("not", same)))
    }
    of_numbers(name)(code, context)
  }
}

is_one_of <- function(code, context) {
  table <- known_values(code[[3]], context)
  made <- if (is.symbol(code[[2]])) made_column(code[[2]], context)
  if (is.character(table) && !is.null(made$column)) {
    return(list(number = list("is_one_of", made$text(NULL), as.list(enc2utf8(table)))))
  }
  if (is.numeric(table) && !is.null(made$number)) {
    return(list(number = equals_any(made$number, as.double(table))))
  }
  refuse_export("`%in%` of anything but a column and constants of its type", context)
}

# Constants, or NULL where there are none or one is missing.
known_values <- function(code, context) {
  table <- fixed(code, context)
  if (length(table) && !anyNA(table)) table
}

equals_any <- function(number, values) {
  same <- lapply(values, function(value) list("equal", number, value))
  any <- Reduce(function(one, other) list("or", one, other), same)
  list("if", list("is_missing", number), 0, any)
}

missing_number <- function(code, context) {
  x <- made_column(code[[2]], context)$number
  if (!is.symbol(code[[2]]) || is.null(x)) {
    refuse_export("`is.na()` of anything but a column of numbers", context)
  }
  list(number = list("is_missing", x))
}

choice <- function(code, context) {
  given <- only_arguments(code, c("test", "yes", "no"), context)
  test <- made_number(given$test, context)
  sides <- lapply(given[c("yes", "no")], made_column, context)
  constants <- unlist(lapply(sides, `[[`, "constant"))
  if (length(constants) == 2) {
    return(list(text = function(levels) {
      truth <- list("not_equal", test, 0)
      bins(truth, c(0, 1), c(0, 1), unname(rev(constants)))
    }))
  }
  numbers <- lapply(given[c("yes", "no")], made_number, context)
  list(number = list("if", test, numbers[[1]], numbers[[2]]))
}

extreme <- function(name) {
  force(name)
  function(code, context) {
    if (any(nzchar(rlang::names2(as.list(code)[-1])))) {
      refuse_export("an argument by name of `pmin()` or `pmax()`", context)
    }
    parts <- lapply(as.list(code)[-1], made_number, context)
    list(number = Reduce(function(one, other) list(name, one, other), parts))
  }
}

as_integer <- function(code, context) {
  x <- made_number(code[[2]], context)
  fits <- list("less", list("abs", x), 2147483648)
  list(number = list("if", fits, list("truncate", x), NA_real_))
}

scaled <- function(code, context) {
  given <- only_arguments(code, c("x", "center", "scale"), context)
  x <- made_number(given$x, context)
  by <- lapply(given[c("center", "scale")], function(part) {
    if (is.null(part)) TRUE else fixed(part, context)
  })
  learnt <- vapply(by, function(one) is.numeric(one) && length(one) == 1 || isFALSE(one), NA)
  if (!all(learnt)) {
    refuse_export("`scale()` whose center and scale the fit does not have", context)
  }
  x <- if (isFALSE(by[[1]])) x else list("subtract", x, as.double(by[[1]]))
  list(number = if (isFALSE(by[[2]])) x else list("divide", x, as.double(by[[2]])))
}

poly_arguments <- function(code) {
  given <- as.list(code)[-1]
  unnamed <- which(!nzchar(rlang::names2(given)))
  names(given)[unnamed] <- setdiff(c("x", "degree"), names(given))[seq_along(unnamed)]
  if (is.null(given$degree)) c(given, degree = 1) else given
}

# The recurrence by which stats::poly() computes new rows from what it learnt.
poly_columns <- function(code, context) {
  given <- poly_arguments(code)
  if (!all(names(given) %in% c("x", "degree", "coefs", "raw"))) {
    refuse_export("`poly()` of several variables", context)
  }
  x <- made_number(given$x, context)
  degree <- fixed(given$degree, context)
  if (isTRUE(if (!is.null(given$raw)) fixed(given$raw, context))) {
    powers <- lapply(seq_len(degree), function(power) list("power", x, as.double(power)))
    return(lapply(powers, function(power) list(number = power)))
  }
  coefs <- if (!is.null(given$coefs)) fixed(given$coefs, context)
  if (is.null(coefs)) {
    refuse_export("`poly()` whose coefficients the fit does not have", context)
  }
  z <- list(1, list("subtract", x, coefs$alpha[[1]]))
  for (i in seq_len(degree)[-1]) {
    last <- list("multiply", list("subtract", x, coefs$alpha[[i]]), z[[i]])
    before <- coefs$norm2[[i + 1]] / coefs$norm2[[i]]
    less <- if (i == 2) before else list("multiply", before, z[[i - 1]])
    z[[i + 1]] <- list("subtract", last, less)
  }
  lapply(seq_len(degree), function(i) {
    list(number = list("divide", z[[i + 1]], sqrt(coefs$norm2[[i + 2]])))
  })
}

bins <- function(x, lows, highs, labels, open = rep("", length(labels))) {
  list("bins", x, as.list(lows), as.list(highs), as.list(enc2utf8(labels)), as.list(open))
}

factor_of <- function(code, context) {
  given <- only_arguments(code, c("x", "levels", "labels", "ordered"), context)
  text <- text_column(made_column(given$x, context), context)
  if (is.null(given$levels)) {
    if (!is.null(given$labels)) {
      refuse_export("`factor()` with labels and without levels", context)
    }
    return(text)
  }
  old <- as.character(fixed(given$levels, context))
  new <- if (is.null(given$labels)) old else as.character(fixed(given$labels, context))
  new <- if (length(new) == length(old)) new else paste0(new, seq_along(old))
  list(text = function(levels) {
    kept <- new %in% levels
    changed <- lapply(list(old[kept], new[kept]), function(own) as.list(enc2utf8(own)))
    c(list("relabel", text$text(old[kept])), changed)
  })
}

text_of <- function(code, context) text_column(made_column(code[[2]], context), context)

text_column <- function(made, context) {
  if (!is.null(made$text)) {
    return(made["text" == names(made) | "column" == names(made)])
  }
  if (is.null(made$number)) {
    refuse_export("a factor of a constant", context)
  }
  list(text = function(levels) number_bins(made$number, levels, context))
}

# The numbers that R writes as these levels: those that agree in 15 digits.
number_bins <- function(x, levels, context) {
  if (all(levels %in% c("FALSE", "TRUE"))) {
    values <- as.double(levels == "TRUE")
    return(bins(x, values, values, levels))
  }
  values <- suppressWarnings(as.double(levels))
  plain <- vapply(values, format, "", digits = 15, scientific = FALSE)
  written <- !is.na(values) & (as.character(values) == levels | plain == levels)
  if (!all(written)) {
    unlike <- quote_names(levels[!written][[1]])
    refuse_export(sprintf("the level %s, which is not a number", unlike), context)
  }
  lows <- furthest(values, -1)
  highs <- furthest(values, 1)
  bins(x, lows, highs, levels)
}

# By bisection: the last number in a direction that is written as this one.
furthest <- function(values, direction) {
  same <- values
  other <- values + direction * abs(values) * 1e-13
  for (step in 1:60) {
    middle <- same + (other - same) / 2
    written <- as.character(middle) == as.character(values)
    same <- ifelse(written, middle, same)
    other <- ifelse(written, other, middle)
  }
  same
}

cut_into_bins <- function(code, context) {
  known <- c("x", "breaks", "labels", "include.lowest", "right", "dig.lab", "ordered_result")
  given <- named_arguments(code)
  given <- as.list(match.call(cut.default, as.call(c(quote(cut), given))))[-1]
  if (!all(names(given) %in% known)) {
    refuse_export("an argument of `cut()` that exports do not know", context)
  }
  x <- made_number(given$x, context)
  fixed_ones <- lapply(given[names(given) != "x"], fixed, context)
  breaks <- sort(as.double(fixed_ones$breaks))
  if (length(breaks) < 2 || isFALSE(fixed_ones$labels)) {
    refuse_export("`cut()` without its breaks, or without labels", context)
  }
  labels <- levels(do.call(cut, c(list(numeric()), fixed_ones)))
  number <- length(labels)
  right <- !isFALSE(fixed_ones$right)
  open <- rep(if (right) "low" else "high", number)
  if (isTRUE(fixed_ones$include.lowest)) {
    open[[if (right) 1 else number]] <- ""
  }
  list(text = function(levels) {
    kept <- labels %in% levels
    bins(x, breaks[-number - 1][kept], breaks[-1][kept], labels[kept], open[kept])
  })
}

export_functions <- list(
  "(" = as_it_is, I = as_it_is, as.numeric = function(code, context) {
    list(number = made_number(code[[2]], context))
  },
  as.integer = as_integer,
  as.logical = function(code, context) {
    list(number = list("not_equal", made_number(code[[2]], context), 0))
  },
  "+" = with_sign("plus", "add"), "-" = with_sign("negate", "subtract"),
  "*" = of_numbers("multiply"), "/" = of_numbers("divide"), "^" = of_numbers("power"),
  "%%" = remainder, "%/%" = whole_quotient,
  log = logarithm, log2 = of_numbers("log2"), log10 = of_numbers("log10"),
  log1p = of_numbers("log1p"), exp = of_numbers("exp"), expm1 = of_numbers("expm1"),
  sqrt = of_numbers("sqrt"), abs = of_numbers("abs"), sign = of_numbers("sign"),
  floor = of_numbers("floor"), ceiling = of_numbers("ceiling"), trunc = of_numbers("truncate"),
  sin = of_numbers("sin"), cos = of_numbers("cos"), tan = of_numbers("tan"),
  "<" = comparison("less"), "<=" = comparison("less_equal"),
  ">" = comparison("greater"), ">=" = comparison("greater_equal"),
  "==" = comparison("equal", "same"), "!=" = comparison("not_equal", "other"),
  "&" = of_numbers("and"), "|" = of_numbers("or"), "!" = of_numbers("not"),
  "%in%" = is_one_of, is.na = missing_number, ifelse = choice,
  pmin = extreme("minimum"), pmax = extreme("maximum"),
  factor = factor_of, ordered = factor_of, as.factor = text_of, as.character = text_of,
  cut = cut_into_bins, scale = scaled
)
export_functions$as.double <- export_functions$as.numeric

#' The columns of an interaction, see [interaction_columns()]
#'
#' @noRd
interacting <- function(parts, how, pairs) {
  classes <- vapply(parts, function(part) !is.null(part[[1]]$text), NA)
  if (!any(classes)) {
    return(Reduce(product_columns, parts))
  }
  names <- vapply(as.list(attr(how$terms, "variables"))[-1], term_label, "")
  places <- vapply(parts[classes], function(part) part[[1]]$place, 1L)
  levels <- how$classes$levels[names[places]]
  texts <- unname(Map(function(part, own) part[[1]]$text(own), parts[classes], levels))
  if (all(classes)) {
    return(list(list(text = function(wanted) joined(texts, levels, wanted))))
  }
  if (length(texts) == 1) {
    labels <- levels[[1]]
    text <- texts[[1]]
    codes <- matrix(seq_along(labels))
  } else {
    labels <- pairs
    codes <- split_codes(pairs)
    rows <- lapply(seq_len(nrow(codes)), function(row) {
      unname(Map(`[`, levels, codes[row, ]))
    })
    text <- list("join", texts, rows, as.list(pairs))
  }
  numbers_of_levels(parts, classes, text, labels, codes)
}

product_columns <- function(first, second) {
  places <- expand.grid(first = seq_along(first), second = seq_along(second))
  Map(function(i, j) {
    list(number = list("multiply", first[[i]]$number, second[[j]]$number))
  }, places$first, places$second)
}

joined <- function(texts, levels, wanted) {
  grid <- expand.grid(unname(levels), stringsAsFactors = FALSE)
  labels <- do.call(paste, c(unname(as.list(grid)), sep = ":"))
  kept <- which(labels %in% wanted)
  rows <- lapply(kept, function(row) as.list(unlist(grid[row, ], use.names = FALSE)))
  list("join", texts, rows, as.list(labels[kept]))
}

# In the order of numbers_by_level().
numbers_of_levels <- function(parts, classes, text, labels, codes) {
  numbers <- Reduce(product_columns, parts[!classes])
  grid <- as.matrix(expand.grid(lapply(parts[!classes], seq_along)))
  number <- rep(seq_along(numbers), each = nrow(codes))
  pair <- rep(seq_len(nrow(codes)), length(numbers))
  elements <- matrix(0L, length(pair), length(parts))
  elements[, classes] <- codes[pair, ]
  elements[, !classes] <- grid[number, ]
  order <- do.call(order, rev(unname(as.data.frame(elements))))
  lapply(order, function(place) {
    is_level <- list("indicator", text, labels[[pair[[place]]]], as.list(labels))
    list(number = list("multiply", is_level, numbers[[number[[place]]]]$number))
  })
}
