# The functions that a formula from a model file may call, with bounds on what they make. Loading a
# file evaluates nothing (R/file-formula-notes.R); where the formula is evaluated later, to predict
# or to fit again, these functions are R's own, whatever the session has of these names. Those whose
# result can be much larger than their arguments are wrapped: the size of the result is computed
# from the actual arguments before the call, and an evaluation that would make too much is an error.

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
free_cells <- 1e6 # that one evaluation may make whatever the number of rows
longest_names <- 1e8 # bytes of the names of interactions' columns
largest_count <- 1000 # a degree, a number of knots or of breaks

#' What a formula may take
#'
#' @param columns Number of the model's columns, to which the size of its file is proportional.
#' @return The cells that one evaluation may make for each row, the columns that the interactions
#'   may have, and the calls that the code may have.
#' @noRd
formula_limit <- function(columns) 1000 + 10 * columns

# Without a parent, so that there are no other functions.
allowed_functions <- function(limit) {
  functions <- c(
    mget(formula_functions$base, baseenv()),
    mget(formula_functions$stats, asNamespace("stats")),
    list(bs = splines::bs, ns = splines::ns)
  )
  env <- list2env(functions, parent = emptyenv())
  for (name in names(cells_made)) {
    env[[name]] <- bounded(functions[[name]], name, limit)
  }
  env[["::"]] <- with_package(env, limit)
  env
}

# The environments of these functions are saved with a fit: they hold no more than is needed.
bounded <- function(fun, name, limit) {
  force(fun)
  force(name)
  structure(function(...) {
    frame <- parent.frame()
    spend(cells_made[[name]](...), frame, limit)
    fun(...)
  }, pytwolayer_limit = force(limit))
}

with_package <- function(env, limit) {
  force(env)
  structure(function(package, name) {
    package <- as.character(substitute(package))
    name <- as.character(substitute(name))
    known <- name %in% formula_functions[[package]]
    if (known) env[[name]] else getExportedValue(package, name)
  }, pytwolayer_limit = limit)
}

is_bounded <- function(value) !is.null(attr(value, "pytwolayer_limit", exact = TRUE))

# Each evaluation of a formula has an environment of its own, which holds the data's columns: what
# is left for the evaluation is kept there, and ends with it.
spend <- function(cells, frame, limit) {
  left <- frame[[".pytwolayer_cells_left"]]
  if (is.null(left)) {
    rows <- max(1, vapply(as.list(frame), NROW, 1L))
    left <- free_cells + limit * rows
  }
  if (!isTRUE(cells <= left)) {
    refuse_evaluation("its formula would make too many values")
  }
  if (!identical(frame, globalenv())) {
    assign(".pytwolayer_cells_left", left - cells, envir = frame)
  }
}

refuse_evaluation <- function(problem) abort_file(problem, NULL, NULL)

# `[` takes the first `drop` alone out; all others are indices, whatever their names.
cells_of_index <- function(x, ...) {
  index <- as.list(substitute(list(...)))[-1]
  places <- setdiff(seq_along(index), match("drop", names(index)))
  extents <- if (length(places) > 1) dim(x) else length(x)
  given <- vapply(places, function(place) {
    if (rlang::is_missing(index[[place]])) 0L else length(...elt(place))
  }, 1L)
  prod(pmax(extents, given))
}

cells_of_range <- function(from, to) {
  if (is.factor(from) && is.factor(to)) { # their interaction
    texts <- 1 + cells_of_text(levels(from)) + cells_of_text(levels(to))
    return(length(from) + as.double(nlevels(from)) * nlevels(to) * texts)
  }
  abs(as.numeric(to)[[1]] - as.numeric(from)[[1]]) + 1
}

cells_of_poly <- function(x, ..., degree = 1, coefs = NULL, raw = FALSE, simple = FALSE) {
  more <- list(...)
  if (length(more) == 1 && length(more[[1]]) == 1) { # as poly() does
    degree <- more[[1]]
    more <- list()
  }
  variables <- sum(vapply(c(list(x), more), NCOL, 1L))
  if (is.matrix(x) || length(more)) { # polym() counts the coefficients where there are some
    variables <- max(variables, length(coefs))
  }
  degree <- checked_count(degree)
  rows <- NROW(x)
  if (variables == 1) rows * degree else max(rows, variables) * (degree + 1)^variables
}

cells_of_cut <- function(x, breaks, labels, include.lowest, right, dig.lab = 3, ...) { # nolint
  checked_count(dig.lab, 50)
  if (is.character(breaks) && inherits(x, c("Date", "POSIXt"))) { # such as "month"
    per_day <- if (any(grepl("sec|min", breaks))) 86400 else 24
    return(length(x) + per_day * as.numeric(diff(range(as.Date(x), na.rm = TRUE))))
  }
  if (length(breaks) == 1) {
    checked_count(breaks)
  }
  length(x) + length(breaks)
}

cells_of_factor <- function(x, levels, labels, exclude, ordered, nmax) {
  if (!missing(nmax)) { # memory that is taken at once
    refuse_evaluation("its formula has a `factor` with `nmax`")
  }
  text <- if (missing(labels)) 0 else cells_of_text(labels) # one is repeated for each level
  number <- if (missing(levels)) length(x) else max(length(x), length(levels))
  number * (1 + text)
}

# Of the longest of some texts, in the room of numbers.
cells_of_text <- function(values) {
  if (is.character(values) && length(values)) max(nchar(values, "bytes"), na.rm = TRUE) / 8 else 0
}

cells_of_c <- function(...) {
  parts <- list(...)
  longest <- function(part) cells_of_text(names(part))
  texts <- vapply(rlang::names2(parts), cells_of_text, 1) + vapply(parts, longest, 1)
  sum(lengths(parts) * (1 + ifelse(nzchar(rlang::names2(parts)), texts, 0)))
}

checked_boundary <- function(knots) {
  if (length(knots) > 2) {
    refuse_evaluation("its formula has more than two `Boundary.knots`")
  }
}

cells_of_trimws <- function(x, which, whitespace) { # a pattern, which can take any time and memory
  if (!missing(whitespace) && !isTRUE(grepl("^[^{(*+]{0,20}$", whitespace))) {
    refuse_evaluation("its formula has a `trimws` with an unusual pattern")
  }
  length(x)
}

# The cells that a call makes. Each of these functions has the parameters of the one that it stands
# for, so that R matches arguments alike, also those whose names are abbreviated.
cells_made <- list(
  c = cells_of_c,
  cbind = function(...) {
    parts <- list(...)
    max(0, vapply(parts, NROW, 1L)) * sum(vapply(parts, NCOL, 1L))
  },
  ":" = cells_of_range, "[" = cells_of_index, poly = cells_of_poly,
  bs = function(x, df = NULL, knots = NULL, degree = 3, intercept = FALSE,
                Boundary.knots = NULL, ...) { # nolint
    checked_boundary(Boundary.knots)
    counts <- checked_count(df) + checked_count(degree) + checked_count(intercept)
    length(x) * (counts + length(knots) + 4)
  },
  ns = function(x, df = NULL, knots = NULL, intercept = FALSE, Boundary.knots = NULL, ...) { # nolint
    checked_boundary(Boundary.knots)
    length(x) * (checked_count(df) + checked_count(intercept) + length(knots) + 4)
  },
  cut = cells_of_cut, factor = cells_of_factor,
  ordered = function(x, ...) cells_of_factor(x, ..., ordered = TRUE), trimws = cells_of_trimws
)

checked_count <- function(value, most = largest_count) {
  if (is.null(value)) {
    return(0)
  }
  number <- (is.numeric(value) || is.logical(value)) && length(value) == 1
  if (!number || !is.finite(value) || abs(value) > most) {
    refuse_evaluation("its formula has an argument that is too large, or is not a number")
  }
  abs(as.double(value))
}

# Where a user may use the formula anew, with the constants and all that R has. Those functions of
# the file's code that are bounded stay so.
users_environment <- function(env, variables) {
  used <- all.names(variables)
  kept <- Filter(function(value) !is.function(value) || is_bounded(value), as.list(env))
  kept <- kept[names(kept) %in% used | !vapply(kept, is.function, NA)]
  if (length(kept)) list2env(kept, parent = globalenv()) else globalenv()
}

#' Refuse interactions of a file's formula that would have too many columns
#'
#' @param parts What [recode_interacting()] gave.
#' @noRd
refuse_wide_interactions <- function(parts, terms, classes) {
  limit <- min(Inf, unlist(lapply(as.list(own_environment(terms)), attr, "pytwolayer_limit")))
  sets <- term_variables(terms)
  if (is.infinite(limit) || all(lengths(sets) == 1)) {
    return(invisible())
  }
  made <- vapply(which(lengths(sets) > 1), function(term) {
    own <- parts[sets[[term]]]
    label <- attr(terms, "term.labels")[[term]]
    factors <- vapply(own, any_categorical, NA)
    numbers <- prod(lengths(own[!factors]))
    levels <- if (sum(factors) == 1) nlevels(own[factors][[1]][[1]]) else 1
    columns <- numbers * max(levels, length(classes$pairs[[label]]))
    texts <- vapply(own[factors], function(part) cells_of_text(levels(part[[1]])), 1)
    c(columns, columns * (cells_of_text(label) + sum(texts)))
  }, c(1, 1))
  if (sum(made[1, ]) > limit || sum(made[2, ]) > longest_names / 8) {
    refuse_evaluation("its formula would make too many columns")
  }
}
