# Interactions in formulas. Numbers give their products. A factor or text with numbers gives these
# numbers once for each of its levels, 0 in the rows that have another; factors among themselves
# give one factor of their pairs. New data are coded by the levels that training had, which a fit
# keeps as `how$classes`: `levels` of each variable, and where several interact with numbers
# `pairs`, the places of the levels that occur together, by term.

#' The terms' columns
#'
#' A variable's own, or those of the variables that interact.
#'
#' @param variables What [columns_by_variable()] gave.
#' @param classes What [interaction_levels()] gave of the training data.
#' @param warns Whether of levels that training did not see.
#' @noRd
term_columns <- function(variables, rows, terms, classes, argument, call, warns = FALSE) {
  sets <- term_variables(terms)
  labels <- attr(terms, "term.labels")
  parts <- recode_interacting(variables, sets, classes$levels, argument, call)
  unseen <- list(novel_levels(variables, parts, sets))
  columns <- list()
  for (term in seq_along(sets)) {
    set <- sets[[term]]
    if (length(set) == 1) {
      columns[[term]] <- variables[[set]]
      next
    }
    made <- interaction_columns(parts[set], rows, labels[[term]], classes$pairs[[labels[[term]]]])
    columns[[term]] <- made$columns
    if (!list(categorical_variables(parts, set)) %in% sets) { # whose column the core checks
      unseen[[term + 1L]] <- made$unseen
    }
  }
  if (warns) {
    unseen <- unlist(unseen, recursive = FALSE)
    unseen <- unseen[!duplicated(names(unseen))]
    Map(warn_of_levels, unseen, names(unseen))
  }
  new_data_frame(c(stats::setNames(list(), character()), unlist(columns, recursive = FALSE)), rows)
}

# A list of columns for each variable of a formula.
columns_by_variable <- function(frame) {
  unname(Map(variable_columns, unname(as.list(frame)), names(frame)))
}

#' The levels that training has, and those that occur together, of what interacts
#'
#' @param outcomes A table: rows without an outcome do not train.
#' @return `NULL` where numbers alone interact.
#' @noRd
interaction_levels <- function(variables, terms, outcomes, call) {
  sets <- term_variables(terms)
  places <- interacting_variables(sets)
  if (!any(vapply(variables[places], any_categorical, NA))) {
    return(NULL)
  }
  columns <- unlist(c(variables, list(as.list(outcomes))), recursive = FALSE)
  complete <- Reduce(`&`, lapply(unname(columns), function(column) !missing_values(column)))
  rows <- if (any(complete)) complete else TRUE
  levels <- lapply(unlist(variables[places], recursive = FALSE), observed_levels, rows)
  levels <- Filter(length, levels)
  parts <- recode_interacting(variables, sets, levels, "data", call)
  labels <- attr(terms, "term.labels")
  pairs <- Map(function(set, label) {
    refuse_ambiguous(parts[categorical_variables(parts, set)], label, call)
    observed_pairs(parts[set], rows)
  }, sets, labels)
  pairs <- Filter(length, stats::setNames(pairs, labels))
  list(levels = levels, pairs = if (length(pairs)) pairs else list())
}

interacting_variables <- function(sets) unique(unlist(sets[lengths(sets) > 1]))

is_categorical <- function(column) is.factor(column) || is.character(column)

any_categorical <- function(columns) any(vapply(columns, is_categorical, NA))

categorical_variables <- function(parts, set) set[vapply(parts[set], any_categorical, NA)]

missing_values <- function(column) {
  if (is.atomic(column) && is.null(dim(column))) is.na(column) else FALSE
}

observed_levels <- function(column, rows) {
  if (is.factor(column)) {
    enc2utf8(levels(column)[sort(unique(as.integer(column)[rows]))])
  } else if (is.character(column)) {
    sort(unique(enc2utf8(column[rows])), method = "radix")
  }
}

# Labels such as `a:b:c` are to be of one pair each: those of `a:b` and `c`, or of `a` and `b:c`.
refuse_ambiguous <- function(parts, term, call) {
  levels <- lapply(parts, function(part) levels(part[[1]]))
  odd <- vapply(levels, function(own) any(grepl(":", own, fixed = TRUE)), NA)
  if (sum(odd) < 2) {
    return(invisible())
  }
  labels <- Reduce(function(one, other) as.vector(outer(one, other, paste, sep = ":")), levels)
  if (anyDuplicated(labels)) {
    received <- sprintf("%s twice in `%s`", quote_names(labels[anyDuplicated(labels)]), term)
    abort_expected("formula", "one whose pairs of levels differ in name", received, call)
  }
}

#' The variables that interact: numbers, or factors of the levels that training had
#'
#' @param levels Those of training, by the variables' names.
#' @noRd
recode_interacting <- function(variables, sets, levels, argument, call) {
  for (place in interacting_variables(sets)) {
    columns <- variables[[place]]
    if (length(columns) > 1 && any_categorical(columns)) {
      received <- sprintf("a matrix of text%s", in_column(names(columns)[[1]]))
      abort_expected("formula", "one whose interactions are of columns", received, call)
    }
    variables[[place]] <- Map(
      function(column, name) recode_variable(column, name, levels[[name]], argument, call),
      columns, names(columns)
    )
  }
  variables
}

recode_variable <- function(column, name, levels, argument, call) {
  refuse_odd(argument, column, name, call)
  if (all(is.na(column))) { # of any type, such as R's plain NA, which is a logical
    missing <- rep(NA_real_, length(column))
    return(if (is.null(levels)) missing else factor_with_levels(missing, levels))
  }
  if (is_categorical(column) && is.null(levels)) {
    kind <- if (is.factor(column)) "a factor" else "text"
    received <- paste0(kind, in_column(name))
    abort_expected(argument, "numbers where training had numbers", received, call)
  }
  if (!is_categorical(column) && !is.null(levels)) {
    kind <- if (is.logical(column)) "logicals" else "numbers"
    received <- paste0(kind, in_column(name))
    abort_expected(argument, "factors or text where training had them", received, call)
  }
  if (is.null(levels)) column else factor_with_levels(column, levels)
}

# A factor of these levels; others are missing.
factor_with_levels <- function(column, levels) {
  codes <- if (is.factor(column)) {
    match(enc2utf8(levels(column)), levels)[as.integer(column)]
  } else {
    match(enc2utf8(as.character(column)), levels)
  }
  structure(codes, levels = levels, class = "factor")
}

# Of variables that have no column of their own: of those that have one the core warns.
novel_levels <- function(variables, parts, sets) {
  places <- categorical_variables(parts, interacting_variables(sets))
  places <- setdiff(places, unlist(sets[lengths(sets) == 1]))
  unseen <- lapply(places, function(place) {
    column <- variables[[place]][[1]]
    seen <- c(NA, levels(parts[[place]][[1]]))
    if (is.factor(column)) {
      setdiff(levels(column)[sort(unique(as.integer(column)))], seen)
    } else {
      setdiff(sort(unique(as.character(column)), method = "radix"), seen)
    }
  })
  names(unseen) <- vapply(variables[places], names, "")
  Filter(length, unseen)
}

#' The columns of one interaction
#'
#' @param pairs The places of the levels that training had together, where several variables of
#'   classes interact with numbers.
#' @return `columns`, and pairs that are `unseen`, by what they are of.
#' @noRd
interaction_columns <- function(parts, rows, label, pairs) {
  classes <- vapply(parts, any_categorical, NA)
  if (!any(classes)) {
    return(list(columns = Reduce(numeric_products, parts)))
  }
  if (all(classes)) {
    return(list(columns = Reduce(cross_factors, parts)))
  }
  factors <- lapply(parts[classes], `[[`, 1)
  if (length(factors) == 1) {
    places <- matrix(seq_len(nlevels(factors[[1]])))
    return(list(columns = numbers_by_level(parts, classes, as.integer(factors[[1]]), places)))
  }
  if (!length(pairs)) { # there is no complete row, which is refused later
    return(list(columns = stats::setNames(list(rep(NA_real_, rows)), label)))
  }
  had <- level_combinations(factors)
  list(
    columns = numbers_by_level(parts, classes, match(had, pairs), pair_codes(pairs)),
    unseen = novel_pairs(parts[classes], had, pairs)
  )
}

# In the order in which model.matrix() has them.
numeric_products <- function(first, second) {
  places <- expand.grid(first = seq_along(first), second = seq_along(second))
  columns <- Map(function(i, j) as.double(first[[i]]) * second[[j]], places$first, places$second)
  names <- paste(names(first)[places$first], names(second)[places$second], sep = ":")
  stats::setNames(columns, names)
}

# One factor of two, in the order of interaction(), without pairs that no row has.
cross_factors <- function(first, second) {
  one <- first[[1]]
  other <- second[[1]]
  number <- max(1, nlevels(one))
  codes <- (as.double(as.integer(other)) - 1) * number + as.integer(one)
  had <- sort(unique(codes))
  labels <- paste(
    levels(one)[(had - 1) %% number + 1], levels(other)[(had - 1) %/% number + 1],
    sep = ":", recycle0 = TRUE
  )
  made <- structure(match(codes, had), levels = labels, class = "factor")
  stats::setNames(list(made), paste(names(first), names(second), sep = ":"))
}

# Which levels a row has, by their places: text such as "1:3".
level_combinations <- function(factors) {
  codes <- lapply(unname(factors), as.integer)
  text <- do.call(paste, c(codes, sep = ":"))
  text[Reduce(`|`, lapply(codes, is.na))] <- NA
  text
}

observed_pairs <- function(parts, rows) {
  classes <- vapply(parts, any_categorical, NA)
  if (sum(classes) > 1 && !all(classes)) {
    had <- unique(level_combinations(lapply(parts[classes], `[[`, 1))[rows])
    had <- had[!is.na(had)]
    places <- pair_codes(had)
    had[do.call(order, rev(unname(as.data.frame(places))))]
  }
}

# A row per pair, a column per factor.
pair_codes <- function(pairs) {
  places <- strsplit(pairs, ":", fixed = TRUE)
  matrix(as.integer(unlist(places)), nrow = length(pairs), byrow = TRUE)
}

novel_pairs <- function(parts, had, pairs) {
  codes <- setdiff(had, c(NA, pairs))
  if (!length(codes)) {
    return(NULL)
  }
  places <- pair_codes(codes)
  labels <- lapply(seq_along(parts), function(part) levels(parts[[part]][[1]])[places[, part]])
  names <- vapply(parts, names, "")
  stats::setNames(list(do.call(paste, c(labels, sep = ":"))), paste(names, collapse = ":"))
}

#' Numbers by level
#'
#' @param classes Which parts are factors.
#' @param row The pair that each row has, `NA` for one that is missing or that training did not see.
#' @param places Which levels each pair is of, see [pair_codes()].
#' @noRd
numbers_by_level <- function(parts, classes, row, places) {
  numbers <- Reduce(numeric_products, parts[!classes])
  grid <- as.matrix(expand.grid(lapply(parts[!classes], seq_along)))
  number <- rep(seq_along(numbers), each = nrow(places)) # of each column to be
  pair <- rep(seq_len(nrow(places)), length(numbers))
  elements <- matrix(0L, length(pair), length(parts))
  elements[, classes] <- places[pair, ]
  elements[, !classes] <- grid[number, ]
  order <- do.call(order, rev(unname(as.data.frame(elements)))) # the first varies fastest
  rows <- split(seq_along(row), factor(row, seq_len(nrow(places))))
  others <- lapply(numbers, function(values) ifelse(is.na(row) | is.na(values), NA, 0))
  columns <- lapply(order, function(place) {
    column <- others[[number[[place]]]]
    own <- rows[[pair[[place]]]]
    column[own] <- as.double(numbers[[number[[place]]]][own])
    column
  })
  labels <- Map(function(part, class, element) {
    if (class) paste0(names(part), levels(part[[1]])[element]) else names(part)[element]
  }, unname(parts), classes, lapply(seq_along(parts), function(part) elements[order, part]))
  stats::setNames(columns, do.call(paste, c(unname(labels), sep = ":")))
}
