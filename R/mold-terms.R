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
terms_of <- function(formula) {
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
sets_of <- function(terms) {
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
  book <- new_book(setdiff(data, all.names(left)))
  found <- sum_of_terms(formula[[length(formula)]], book)
  if (two_sided) { # which predicts nothing of itself
    found$keys <- setdiff(found$keys, as.character(book$place_of(left)))
  }
  sets <- unname(mget(found$keys, envir = book$sets))
  sets <- sets[order(lengths(sets))]
  used <- unique(unlist(sets))
  variables <- book$variables()[used]
  index <- integer()
  index[used] <- seq_along(used)
  sets <- lapply(sets, function(set) if (length(set) > 1) sort(index[set]) else index[set])
  offsets <- book$offsets()
  parts <- lapply(variables, bracketed)
  parts <- lapply(sets, function(set) Reduce(joined_by(":"), parts[set]))
  formula[[length(formula)]] <- sum_written_out(c(parts, offsets), found$intercept)
  structure(
    formula,
    variables = as.call(c(quote(list), if (two_sided) list(left), variables, offsets)),
    offset = if (length(offsets)) two_sided + length(variables) + seq_along(offsets),
    sets = sets, term.labels = labels_of(sets, variables), order = lengths(sets),
    intercept = as.integer(found$intercept), response = as.integer(two_sided),
    class = c("terms", "formula"), .Environment = environment(formula)
  )
}

# As update.formula() does, but for the terms, which are found when it is taken apart.
updated_formula <- function(old, new) {
  new <- stats::as.formula(new)
  put <- function(own, part) do.call(substitute, list(part, list(. = own)))
  left <- if (length(new) == 3) put(old[[2]], new[[2]]) else old[[2]]
  formula <- call("~", left, put(call("(", old[[3]]), new[[length(new)]]))
  structure(formula, class = "formula", .Environment = environment(old))
}

labels_of <- function(sets, variables) {
  names <- vapply(variables, deparse1, "", backtick = TRUE)
  vapply(sets, function(set) paste(names[set], collapse = ":"), "")
}

# In blocks: what R does with code that is nested too deeply ends in an overflow of its stack.
sum_written_out <- function(parts, intercept = TRUE) {
  join <- joined_by("+")
  while (length(parts) > 2 * wide_block) {
    blocks <- split(parts, (seq_along(parts) - 1) %/% wide_block)
    parts <- lapply(unname(blocks), function(own) call("(", Reduce(join, own)))
  }
  sum <- if (length(parts)) Reduce(join, parts) else 1
  if (intercept) sum else call("-", sum, 1)
}

# Which variables and terms there are, each once. A term's key is the places of its variables.
new_book <- function(dot) {
  names <- new.env(hash = TRUE, parent = emptyenv(), size = length(dot) + 100L)
  calls <- new.env(hash = TRUE, parent = emptyenv())
  sets <- new.env(hash = TRUE, parent = emptyenv(), size = length(dot) + 100L)
  variables <- list()
  offsets <- list()
  count <- 0L
  place_of <- function(expression) {
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
  key_of <- function(set) {
    key <- paste(set, collapse = ":")
    assign(key, set, envir = sets)
    key
  }
  list(
    sets = sets, dot = dot, place_of = place_of, key_of = key_of,
    variables = function() variables, offsets = function() offsets,
    add_offset = function(expression) offsets <<- unique(c(offsets, expression))
  )
}

#' The terms of the right-hand side
#'
#' @return `keys` of the terms, in order, and whether there is an `intercept`.
#' @noRd
sum_of_terms <- function(expression, book) {
  added <- taken <- list()
  intercept <- TRUE
  for (step in steps_of_sum(expression)) {
    if (is.numeric(step$part)) {
      intercept <- (step$part != 0) == step$adds
    } else if (step$adds) {
      if (length(taken)) {
        added <- list(setdiff(unlist(added), unlist(taken)))
        taken <- list()
      }
      added[[length(added) + 1L]] <- keys_of(step$part, book)
    } else {
      taken[[length(taken) + 1L]] <- keys_of(step$part, book)
    }
  }
  list(keys = setdiff(as.character(unlist(added)), unlist(taken)), intercept = intercept)
}

# What is added and what is taken away, one after another, without going deeper for each.
steps_of_sum <- function(expression) {
  steps <- list()
  open <- list(list(adds = TRUE, part = expression))
  while (length(open)) {
    step <- open[[length(open)]]
    open[[length(open)]] <- NULL
    inside <- if (step$adds && !isTRUE(step$whole)) inside_sum(step$part)
    if (is.null(inside)) {
      steps[[length(steps) + 1L]] <- step
    } else {
      open <- c(open, inside)
    }
  }
  rev(steps)
}

# The two sides of a sum, or what is in brackets; `NULL`: it is a part itself.
inside_sum <- function(expression) {
  operator <- operator_of(expression)
  if (!operator %in% c("+", "-", "(")) {
    return(NULL)
  }
  last <- list(adds = operator != "-", part = without_brackets(expression[[length(expression)]]))
  if (length(expression) == 2) {
    return(list(last))
  }
  # What is taken away in brackets is taken from what is in them alone.
  last$whole <- last$adds && "-" %in% all.names(last$part)
  list(list(adds = TRUE, part = expression[[2]]), last)
}

operator_of <- function(expression) {
  if (is.call(expression) && is.symbol(expression[[1]])) called(expression) else ""
}

without_brackets <- function(expression) {
  while (is_call_of(expression, "(")) {
    expression <- expression[[2]]
  }
  expression
}

keys_of <- function(expression, book) {
  if (is.symbol(expression)) {
    return(keys_of_name(as.character(expression), book))
  }
  if (!is.call(expression)) {
    stop("invalid model formula")
  }
  operator <- operator_of(expression)
  if (operator %in% c("+", "-", "(")) {
    return(sum_of_terms(expression, book)$keys)
  }
  if (operator == "offset") {
    book$add_offset(expression)
    return(character())
  }
  if (!operator %in% c(":", "*", "/", "^", "%in%")) {
    return(book$key_of(book$place_of(expression)))
  }
  left <- keys_of(expression[[2]], book)
  if (operator == "^") {
    return(power_of_terms(left, expression[[3]], book))
  }
  right <- keys_of(expression[[3]], book)
  switch(operator,
    "*" = c(left, right, interactions(left, right, book)),
    "/" = c(left, interactions(book$key_of(all_of(left, book)), right, book)),
    interactions(left, right, book)
  )
}

keys_of_name <- function(name, book) {
  names <- if (name == ".") book$dot else name
  places <- vapply(lapply(names, as.name), book$place_of, 1L)
  list2env(stats::setNames(as.list(places), places), envir = book$sets)
  as.character(places)
}

all_of <- function(keys, book) {
  sort(unique(unlist(mget(keys, envir = book$sets))))
}

power_of_terms <- function(keys, power, book) {
  if (!is.numeric(power) || length(power) != 1 || power < 1) {
    stop("invalid power in formula")
  }
  found <- keys
  for (step in seq_len(power - 1)) {
    found <- unique(c(found, interactions(found, keys, book)))
  }
  found
}

interactions <- function(left, right, book) {
  if (length(left) * length(right) > most_products) {
    stop(sprintf("an interaction of %d with %d terms is too large", length(left), length(right)))
  }
  pairs <- expand.grid(right = right, left = left, stringsAsFactors = FALSE)
  sets <- mget(unique(c(left, right)), envir = book$sets)
  unique(as.character(unlist(Map(function(one, other) {
    book$key_of(sort(unique(c(sets[[one]], sets[[other]]))))
  }, pairs$left, pairs$right))))
}
