# The terms of a formula. stats::terms() makes a matrix of variables by terms, which for 10,000
# columns has 10^8 cells and takes minutes. A "wide" formula, of more names than `max_narrow_names`,
# is parsed here instead, in a time that grows with its length. Both make a terms object. That of a
# wide formula has, in place of the attribute `factors`, `sets`: a list with the indices of each
# term's variables, which count those of the right-hand side.

max_narrow_names <- 500
block_length <- 500 # terms of a wide formula that are written out in one pair of brackets
max_interaction_terms <- 1e6

#' Terms of a formula without a dot
#'
#' @return A terms object.
#' @noRd
formula_terms <- function(formula) {
  if (is_wide(formula, NULL)) wide_terms(formula, NULL) else stats::terms(formula)
}

#' Whether a formula, with its dot written out, is wide
#'
#' @param data The data's names, or `NULL`.
#' @noRd
is_wide <- function(formula, data) {
  names <- all.names(formula[[length(formula)]])
  length(names) + sum(names == ".") * length(data) > max_narrow_names
}

#' The variables of each term
#'
#' @return A list with a vector for each term: indices of its variables.
#' @noRd
term_variables <- function(terms) {
  sets <- attr(terms, "sets")
  if (!is.null(sets)) {
    return(sets)
  }
  factors <- attr(terms, "factors")
  if (is.matrix(factors) && all(attr(terms, "order") == 1)) { # quicker
    places <- as.vector(row(factors))[factors > 0]
    if (length(places) == ncol(factors)) { # else a term is the outcome
      return(as.list(places))
    }
  }
  lapply(seq_along(attr(terms, "term.labels")), function(term) unname(which(factors[, term] > 0)))
}

# Write a formula out from its terms. R's own terms(simplify = TRUE) drops the brackets of
# `a + (b > 3)`.
formula_from_terms <- function(formula, terms) {
  variables <- as.list(attr(terms, "variables"))[-1]
  offsets <- variables[attr(terms, "offset")]
  formula[[3]] <- write_terms(variables, term_variables(terms), offsets, attr(terms, "intercept"))
  formula
}

# The right-hand side of a formula. In blocks of brackets if there are many terms, since R's stack
# overflows over an expression that is nested too deeply.
write_terms <- function(variables, sets, offsets, intercept, block = Inf) {
  variables <- lapply(variables, add_parentheses)
  parts <- c(lapply(sets, function(set) Reduce(call_of(":"), variables[set])), offsets)
  while (length(parts) > 2 * block) {
    blocks <- split(parts, (seq_along(parts) - 1) %/% block)
    parts <- lapply(unname(blocks), function(own) call("(", Reduce(call_of("+"), own)))
  }
  sum <- if (length(parts)) Reduce(call_of("+"), parts) else 1
  if (intercept) sum else call("-", sum, 1)
}

call_of <- function(operator) {
  function(left, right) call(operator, left, right)
}

# Around an operator's call such as `b > 3`; not around a function's, nor what has brackets.
add_parentheses <- function(expression) {
  operator <- is.call(expression) && is.symbol(expression[[1]]) &&
    !grepl("^[[:alpha:].(]", as.character(expression[[1]]))
  if (operator) call("(", expression) else expression
}

#' Terms of a wide formula
#'
#' @param data The names that a dot stands for, with those of the outcome; or `NULL`.
#' @return A terms object whose formula is written out, and which has `sets` instead of `factors`.
#'   A formula that stats::terms() refuses is an error, in R's words.
#' @noRd
wide_terms <- function(formula, data) {
  two_sided <- length(formula) == 3
  left <- if (two_sided) formula[[2]]
  registry <- new_term_registry(setdiff(data, all.names(left)))
  found <- terms_in_sum(formula[[length(formula)]], registry)
  if (two_sided) { # the outcome is no predictor, as in stats::terms()
    found$keys <- setdiff(found$keys, as.character(registry$variable_index(left)))
  }
  sets <- unname(mget(found$keys, envir = registry$sets))
  sets <- sets[order(lengths(sets))]
  used <- unique(unlist(sets))
  variables <- registry$variables()[used]
  index <- integer()
  index[used] <- seq_along(used)
  sets <- lapply(sets, function(set) if (length(set) > 1) sort(index[set]) else index[set])
  offsets <- registry$offsets()
  right <- write_terms(variables, sets, offsets, found$intercept, block_length)
  formula[[length(formula)]] <- right
  structure(
    formula,
    variables = as.call(c(quote(list), if (two_sided) list(left), variables, offsets)),
    offset = if (length(offsets)) two_sided + length(variables) + seq_along(offsets),
    sets = sets, term.labels = term_labels(sets, variables), order = lengths(sets),
    intercept = as.integer(found$intercept), response = as.integer(two_sided),
    class = c("terms", "formula"), .Environment = environment(formula)
  )
}

# stats::update.formula() but for simplifying the result, which wide_terms() does later.
update_wide_formula <- function(old, new) {
  new <- stats::as.formula(new)
  put <- function(own, part) do.call(substitute, list(part, list(. = own)))
  left <- if (length(new) == 3) put(old[[2]], new[[2]]) else old[[2]]
  formula <- call("~", left, put(call("(", old[[3]]), new[[length(new)]]))
  structure(formula, class = "formula", .Environment = environment(old))
}

term_labels <- function(sets, variables) {
  names <- vapply(variables, deparse1, "", backtick = TRUE)
  vapply(sets, function(set) paste(names[set], collapse = ":"), "")
}

# The variables and terms found so far, each once. A variable has an index, in the order in which
# they were found; a term has a set, its variables' indices, and a key, the set as text ("2:5").
# Environments are hash tables here: a lookup takes the same time however many there are.
new_term_registry <- function(dot) {
  names <- new.env(hash = TRUE, parent = emptyenv(), size = length(dot) + 100L)
  calls <- new.env(hash = TRUE, parent = emptyenv())
  sets <- new.env(hash = TRUE, parent = emptyenv(), size = length(dot) + 100L)
  variables <- list()
  offsets <- list()
  count <- 0L
  variable_index <- function(expression) {
    where <- if (is.symbol(expression)) names else calls
    key <- if (is.symbol(expression)) as.character(expression) else deparse1(expression)
    place <- where[[key]]
    if (is.null(place)) {
      count <<- place <- count + 1L
      variables[[place]] <<- expression
      assign(key, place, envir = where)
    }
    place
  }
  term_key <- function(set) {
    key <- paste(set, collapse = ":")
    assign(key, set, envir = sets)
    key
  }
  list(
    sets = sets, dot = dot, variable_index = variable_index, term_key = term_key,
    variables = function() variables, offsets = function() offsets,
    add_offset = function(expression) offsets <<- unique(c(offsets, expression))
  )
}

#' Find the terms of a sum
#'
#' Terms are subtracted from what stands to the left of them, as in stats::terms(). Several that
#' follow one another are collected and subtracted at once, which keeps the time linear.
#'
#' @return `keys` of the terms, in order, and `intercept`, whether there is one.
#' @noRd
terms_in_sum <- function(expression, registry) {
  added <- taken <- list()
  intercept <- TRUE
  for (step in flatten_sum(expression)) {
    if (is.numeric(step$part)) {
      intercept <- (step$part != 0) == step$adds
    } else if (step$adds) {
      if (length(taken)) {
        added <- list(setdiff(unlist(added), unlist(taken)))
        taken <- list()
      }
      added[[length(added) + 1L]] <- term_keys(step$part, registry)
    } else {
      taken[[length(taken) + 1L]] <- term_keys(step$part, registry)
    }
  }
  list(keys = setdiff(as.character(unlist(added)), unlist(taken)), intercept = intercept)
}

# The operands of a sum from left to right: lists of `adds` (TRUE or FALSE) and `part`. With a stack
# instead of recursion, since `x1 + x2 + ...` of 10,000 names is nested as deeply.
flatten_sum <- function(expression) {
  steps <- list()
  open <- list(list(adds = TRUE, part = expression))
  while (length(open)) {
    step <- open[[length(open)]]
    open[[length(open)]] <- NULL
    inside <- if (step$adds && !isTRUE(step$whole)) sum_operands(step$part)
    if (is.null(inside)) {
      steps[[length(steps) + 1L]] <- step
    } else {
      open <- c(open, inside)
    }
  }
  rev(steps)
}

# The two sides of a sum, or what is in brackets; `NULL` if it is neither.
sum_operands <- function(expression) {
  operator <- operator_name(expression)
  if (!operator %in% c("+", "-", "(")) {
    return(NULL)
  }
  last <- list(adds = operator != "-", part = strip_parentheses(expression[[length(expression)]]))
  if (length(expression) == 2) {
    return(list(last))
  }
  # `a + (b - a)`: what brackets subtract is subtracted from what is in them alone.
  last$whole <- last$adds && "-" %in% all.names(last$part)
  list(list(adds = TRUE, part = expression[[2]]), last)
}

operator_name <- function(expression) {
  if (is.call(expression) && is.symbol(expression[[1]])) as.character(expression[[1]]) else ""
}

strip_parentheses <- function(expression) {
  while (is_call_of(expression, "(")) {
    expression <- expression[[2]]
  }
  expression
}

# The keys of an expression's terms; offsets are set aside in the registry.
term_keys <- function(expression, registry) {
  if (is.symbol(expression)) {
    return(symbol_keys(as.character(expression), registry))
  }
  if (!is.call(expression)) {
    stop("invalid model formula", call. = FALSE)
  }
  operator <- operator_name(expression)
  if (operator %in% c("+", "-", "(")) {
    return(terms_in_sum(expression, registry)$keys)
  }
  if (operator == "offset") {
    registry$add_offset(expression)
    return(character())
  }
  if (!operator %in% c(":", "*", "/", "^", "%in%")) {
    return(registry$term_key(registry$variable_index(expression)))
  }
  left <- term_keys(expression[[2]], registry)
  if (operator == "^") {
    return(power_keys(left, expression[[3]], registry))
  }
  right <- term_keys(expression[[3]], registry)
  switch(operator,
    "*" = c(left, right, interaction_keys(left, right, registry)),
    "/" = c(left, interaction_keys(merged_key(left, registry), right, registry)),
    interaction_keys(left, right, registry)
  )
}

symbol_keys <- function(name, registry) {
  names <- if (name == ".") registry$dot else name
  places <- vapply(lapply(names, as.name), registry$variable_index, 1L)
  list2env(stats::setNames(as.list(places), places), envir = registry$sets)
  as.character(places)
}

# One term of all variables of these: `(a + b) / c` has the term `a:b:c`.
merged_key <- function(keys, registry) {
  registry$term_key(sort(unique(unlist(mget(keys, envir = registry$sets)))))
}

power_keys <- function(keys, power, registry) {
  if (!is.numeric(power) || length(power) != 1 || power < 1) {
    stop("invalid power in formula", call. = FALSE)
  }
  found <- keys
  for (step in seq_len(power - 1)) {
    found <- unique(c(found, interaction_keys(found, keys, registry)))
  }
  found
}

interaction_keys <- function(left, right, registry) {
  if (length(left) * length(right) > max_interaction_terms) {
    message <- "an interaction of %d with %d terms is too large"
    stop(sprintf(message, length(left), length(right)), call. = FALSE)
  }
  pairs <- expand.grid(right = right, left = left, stringsAsFactors = FALSE)
  sets <- mget(unique(c(left, right)), envir = registry$sets)
  unique(as.character(unlist(Map(function(one, other) {
    registry$term_key(sort(unique(c(sets[[one]], sets[[other]]))))
  }, pairs$left, pairs$right))))
}
