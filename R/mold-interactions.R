# Interactions in formulas. Numbers give their products. A factor or text (a "categorical" variable)
# with numbers gives a column of the numbers for each level, 0 in the rows that have another level.
# Several categorical variables alone give one factor of their pairs of levels. "Pairs" here are the
# levels of two or more variables that a row has together.
#
# New data are coded by the levels that training had. A fit keeps them as `how$classes`, see
# interaction_levels(). A pair is text, the codes of its levels, such as "1:3".

#' The predictors that a formula's terms make
#'
#' A term of one variable gives the variable's own columns, an interaction those of the variables
#' together.
#'
#' @param frame,how,argument,warns See [frame_predictors()].
#' @return A data frame, in the terms' order.
#' @noRd
term_columns <- function(frame, how, argument, call, warns) {
  sets <- term_variables(how$terms)
  plain <- if (length(sets) && all(lengths(sets) == 1)) as_plain_columns(frame)
  if (!is.null(plain)) { # the same, where nothing is to be made of the variables
    return(new_data_frame(plain[unlist(sets)], nrow(frame)))
  }
  labels <- attr(how$terms, "term.labels")
  variables <- columns_by_variable(frame)
  rows <- nrow(frame)
  parts <- recode_interacting(variables, sets, how$classes$levels, argument, call)
  refuse_wide_interactions(parts, how$terms, how$classes)
  unseen <- list(novel_levels(variables, parts, sets))
  columns <- list()
  for (term in seq_along(sets)) {
    set <- sets[[term]]
    if (length(set) == 1) {
      columns[[term]] <- variables[[set]]
      next
    }
    pairs <- how$classes$pairs[[labels[[term]]]]
    made <- interaction_columns(parts[set], rows, labels[[term]], pairs)
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

# A model frame's variables as a list, if each is a column that variable_columns() leaves as it is.
as_plain_columns <- function(frame) {
  is_plain <- function(column) {
    plain_class <- !is.object(column) ||
      identical(oldClass(column), "factor") && !anyNA(levels(column))
    plain_class && is.null(dim(column))
  }
  if (all(vapply(frame, is_plain, NA))) as.list(frame)
}

# For each variable of a model frame a list of its columns, by name.
columns_by_variable <- function(frame) {
  unname(Map(variable_columns, unname(as.list(frame)), names(frame)))
}

#' The levels of the training data that interact
#'
#' Of rows without missing values, since the others do not train.
#'
#' @param outcomes A data frame, for its missing values.
#' @return `levels`: of each categorical variable that interacts, by its name; `pairs`: of each
#'   term in which several of them interact with numbers, by its label. `NULL` if only numbers
#'   interact.
#' @noRd
interaction_levels <- function(frame, terms, outcomes, call) {
  sets <- term_variables(terms)
  places <- interacting_variables(sets)
  if (!length(places)) {
    return(NULL)
  }
  variables <- columns_by_variable(frame)
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

# Levels that these rows have: a factor's in its order, those of text sorted as bytes.
observed_levels <- function(column, rows) {
  if (is.factor(column)) {
    enc2utf8(levels(column)[sort(unique(as.integer(column)[rows]))])
  } else if (is.character(column)) {
    sort(unique(enc2utf8(column[rows])), method = "radix")
  }
}

# With the levels "a:b" and "c", "a" and "b:c" two pairs would both be named "a:b:c". That needs two
# variables with colons in their levels.
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

#' Recode the variables that interact
#'
#' @param levels Those that training had, by the variables' names.
#' @return `variables`, in which those that interact are numbers or factors of these levels. A
#'   variable of another kind than in training is an error.
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
  if (is_categorical(column) == is.null(levels)) {
    kind <- if (is.factor(column)) "factor" else if (is.character(column)) "text" else "number"
    abort_other_kind(argument, if (is.logical(column)) "logical" else kind, name, call)
  }
  if (is.null(levels)) column else factor_with_levels(column, levels)
}

#' Refuse a column of another kind than training had
#'
#' @param kind "factor", "text", "logical" or "number".
#' @param label The column's name or position.
#' @noRd
abort_other_kind <- function(argument, kind, label, call) {
  kinds <- c(factor = "a factor", text = "text", logical = "logicals", number = "numbers")
  expected <- if (kind %in% c("factor", "text")) {
    "numbers where training had numbers"
  } else {
    "factors or text where training had them"
  }
  abort_expected(argument, expected, paste0(kinds[[kind]], in_column(label)), call)
}

# A factor of these levels; values of others become missing.
factor_with_levels <- function(column, levels) {
  codes <- if (is.factor(column)) {
    match(enc2utf8(levels(column)), levels)[as.integer(column)]
  } else {
    match(enc2utf8(as.character(column)), levels)
  }
  structure(codes, levels = levels, class = "factor")
}

# Levels that training did not have, by variable. Only of variables that are in interactions alone:
# of a variable that is a term of its own, the core warns.
novel_levels <- function(variables, parts, sets) {
  places <- categorical_variables(parts, interacting_variables(sets))
  places <- setdiff(places, unlist(sets[lengths(sets) == 1]))
  unseen <- lapply(places, function(place) {
    setdiff(observed_levels(variables[[place]][[1]], TRUE), levels(parts[[place]][[1]]))
  })
  names(unseen) <- vapply(variables[places], names, "")
  Filter(length, unseen)
}

#' The columns of one interaction
#'
#' @param parts The term's variables, as [recode_interacting()] returned them.
#' @param rows Number of rows.
#' @param label The term's.
#' @param pairs Those that training had, where several categorical variables interact with numbers.
#' @return A list of `columns`, by name, and `unseen`: labels of pairs that training did not have,
#'   by the names of their variables.
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
  had <- join_codes(factors)
  list(
    columns = numbers_by_level(parts, classes, match(had, pairs), split_codes(pairs)),
    unseen = novel_pairs(parts[classes], had, pairs)
  )
}

# Products of each of the first with each of the second, in the order of stats::model.matrix().
numeric_products <- function(first, second) {
  places <- expand.grid(first = seq_along(first), second = seq_along(second))
  columns <- Map(function(i, j) as.double(first[[i]]) * second[[j]], places$first, places$second)
  names <- paste(names(first)[places$first], names(second)[places$second], sep = ":")
  stats::setNames(columns, names)
}

# One factor of two, with levels in the order of interaction(), without pairs that no row has. Codes
# are doubles until then: their number may be beyond what an integer holds.
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

# The pair that each row has, `NA` if a level is missing.
join_codes <- function(factors) {
  codes <- lapply(unname(factors), as.integer)
  text <- do.call(paste, c(codes, sep = ":"))
  text[Reduce(`|`, lapply(codes, is.na))] <- NA
  text
}

observed_pairs <- function(parts, rows) {
  classes <- vapply(parts, any_categorical, NA)
  if (sum(classes) > 1 && !all(classes)) {
    had <- unique(join_codes(lapply(parts[classes], `[[`, 1))[rows])
    had <- had[!is.na(had)]
    places <- split_codes(had)
    had[do.call(order, rev(unname(as.data.frame(places))))]
  }
}

# The codes of pairs: an integer matrix with a row per pair and a column per factor.
split_codes <- function(pairs) {
  places <- strsplit(pairs, ":", fixed = TRUE)
  matrix(as.integer(unlist(places)), nrow = length(pairs), byrow = TRUE)
}

novel_pairs <- function(parts, had, pairs) {
  codes <- setdiff(had, c(NA, pairs))
  if (!length(codes)) {
    return(NULL)
  }
  places <- split_codes(codes)
  labels <- lapply(seq_along(parts), function(part) levels(parts[[part]][[1]])[places[, part]])
  names <- vapply(parts, names, "")
  stats::setNames(list(do.call(paste, c(labels, sep = ":"))), paste(names, collapse = ":"))
}

#' Numbers by level or pair
#'
#' @param classes Which parts are factors: logicals.
#' @param row For each row the index of its pair among the rows of `places`; `NA` if it is missing,
#'   or if training did not have it.
#' @param places The codes of each pair, see [split_codes()].
#' @return A list of columns, by name, in the order of stats::model.matrix().
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
