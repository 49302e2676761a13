# The terms of a formula. R's own terms() keeps a table of variables by terms, which for 10,000
# columns has 10^8 cells, and takes minutes over it: a formula of many columns is taken apart here,
# in a time that grows with their number. Both give a terms object; that of many columns has, in the
# place of the table, the attribute `sets`: the places of each term's variables.

few_names <- 500 # of a formula that R's own terms() takes apart
wide_block <- 500 # terms that are written one after another before brackets are needed
most_products <- 1e6 # terms that an interaction may make

#' Terms of a formula without a dot
#'
#' @noRd
formula_terms <- function(formula) {
  if (is_wide(formula, NULL)) wide_terms(formula, NULL) else stats::terms(formula)
}

#' Whether a formula, its dot written out, has many columns
#'
#' @param data The data's names.
#' @noRd
is_wide <- function(formula, data) {
  names <- all.names(formula[[length(formula)]])
  length(names) + sum(names == ".") * length(data) > few_names
}

#' The variables of each term, by their places
#'
#' @noRd
term_variables <- function(terms) {
  sets <- attr(terms, "sets")
  if (!is.null(sets)) {
    return(sets)
  }
  factors <- attr(terms, "factors")
  lapply(seq_along(attr(terms, "term.labels")), function(term) unname(which(factors[, term] > 0)))
}

#' A formula of many columns, taken apart as terms() does, with its terms written out
#'
#' @param data The names that a dot stands for, with those of the outcome; or `NULL`.
#' @noRd
wide_terms <- function(formula, data) {
  two_sided <- length(formula) == 3
  left <- if (two_sided) formula[[2]]
  registry <- new_term_registry(setdiff(data, all.names(left)))
  found <- terms_in_sum(formula[[length(formula)]], registry)
  if (two_sided) { # which predicts nothing of itself
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
  parts <- lapply(variables, add_parentheses)
  parts <- lapply(sets, function(set) Reduce(join_with(":"), parts[set]))
  formula[[length(formula)]] <- build_sum(c(parts, offsets), found$intercept)
  structure(
    formula,
    variables = as.call(c(quote(list), if (two_sided) list(left), variables, offsets)),
    offset = if (length(offsets)) two_sided + length(variables) + seq_along(offsets),
    sets = sets, term.labels = term_labels(sets, variables), order = lengths(sets),
    intercept = as.integer(found$intercept), response = as.integer(two_sided),
    class = c("terms", "formula"), .Environment = environment(formula)
  )
}

# As update.formula() does, but for the terms, which are found when it is taken apart.
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

# In blocks: what R does with code that is nested too deeply ends in an overflow of its stack.
build_sum <- function(parts, intercept = TRUE) {
  join <- join_with("+")
  while (length(parts) > 2 * wide_block) {
    blocks <- split(parts, (seq_along(parts) - 1) %/% wide_block)
    parts <- lapply(unname(blocks), function(own) call("(", Reduce(join, own)))
  }
  sum <- if (length(parts)) Reduce(join, parts) else 1
  if (intercept) sum else call("-", sum, 1)
}

# Which variables and terms there are, each once. A term's key is the places of its variables.
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

#' The terms of the right-hand side
#'
#' @return `keys` of the terms, in order, and whether there is an `intercept`.
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

# What is added and what is taken away, one after another, without going deeper for each.
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

# The two sides of a sum, or what is in brackets; `NULL`: it is a part itself.
sum_operands <- function(expression) {
  operator <- operator_name(expression)
  if (!operator %in% c("+", "-", "(")) {
    return(NULL)
  }
  last <- list(adds = operator != "-", part = strip_parentheses(expression[[length(expression)]]))
  if (length(expression) == 2) {
    return(list(last))
  }
  # What is taken away in brackets is taken from what is in them alone.
  last$whole <- last$adds && "-" %in% all.names(last$part)
  list(list(adds = TRUE, part = expression[[2]]), last)
}

operator_name <- function(expression) {
  if (is.call(expression) && is.symbol(expression[[1]])) called(expression) else ""
}

strip_parentheses <- function(expression) {
  while (is_call_of(expression, "(")) {
    expression <- expression[[2]]
  }
  expression
}

term_keys <- function(expression, registry) {
  if (is.symbol(expression)) {
    return(symbol_keys(as.character(expression), registry))
  }
  if (!is.call(expression)) {
    stop("invalid model formula")
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
    stop("invalid power in formula")
  }
  found <- keys
  for (step in seq_len(power - 1)) {
    found <- unique(c(found, interaction_keys(found, keys, registry)))
  }
  found
}

interaction_keys <- function(left, right, registry) {
  if (length(left) * length(right) > most_products) {
    stop(sprintf("an interaction of %d with %d terms is too large", length(left), length(right)))
  }
  pairs <- expand.grid(right = right, left = left, stringsAsFactors = FALSE)
  sets <- mget(unique(c(left, right)), envir = registry$sets)
  unique(as.character(unlist(Map(function(one, other) {
    registry$term_key(sort(unique(c(sets[[one]], sets[[other]]))))
  }, pairs$left, pairs$right))))
}
