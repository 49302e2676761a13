# How wide the differences are that stand for derivatives.

#' Half the width of each variable's difference
#'
#' @return A list by the variables' names; `NULL` where the derivative is exact, or levels are
#'   compared.
#' @noRd
read_steps <- function(variables, frame, step, weights, engine, call) {
  names <- vapply(variables, `[[`, "", "name")
  steps <- stats::setNames(vector("list", length(names)), names)
  share <- NULL
  if (is_shared_step(step)) {
    check_step(step, call)
    share <- step
  } else if (!is.null(step)) {
    own <- named_steps(step, names, call)
    steps[names(own)] <- own
  }
  columns <- number_columns(variables, frame)
  found <- if (engine == "r") {
    r_widths_and_steps(columns, weights, share)
  } else {
    core_widths_and_steps(columns, weights, share, call)
  }
  asked <- Filter(function(variable) {
    (is.null(variable$place) || !is.null(share)) && is.null(steps[[variable$name]])
  }, variables)
  for (name in intersect(vapply(asked, `[[`, "", "name"), names(columns))) {
    if (found$steps[[name]] == 0) {
      expected <- "a width for each variable by its name, where one is constant in the rows"
      abort_expected("step", expected, describe_value(share), call)
    }
    steps[[name]] <- found$steps[[name]]
  }
  list(steps = steps, widths = found$widths)
}

# The variables that are numbers, by their names.
number_columns <- function(variables, frame) {
  columns <- lapply(variables, function(variable) frame[[variable_name(variable, frame)]])
  names(columns) <- vapply(variables, `[[`, "", "name")
  lapply(Filter(has_numbers, columns), function(column) as.double(plain_column(column)))
}

core_widths_and_steps <- function(columns, weights, share, call) {
  if (!length(columns)) {
    return(list(widths = stats::setNames(double(), character())))
  }
  found <- call_core(
    "explain", "widths_and_steps", lapply(unname(columns), as_bytes),
    if (!is.null(weights)) as_bytes(weights), if (!is.null(share)) as.double(share),
    call = call
  )
  lapply(found, function(bytes) stats::setNames(read_doubles(bytes), names(columns)))
}

is_shared_step <- function(step) {
  is.numeric(step) && is.null(names(step)) && length(step) == 1
}

named_steps <- function(step, names, call) {
  step <- as.list(step)
  others <- setdiff(rlang::names2(step), names)
  if (length(others)) {
    received <- paste("one with", quote_some_names(others))
    abort_expected("step", "a number, or one for each variable by its name", received, call)
  }
  lapply(step, check_step, call)
}

has_numbers <- function(column) {
  column <- plain_column(column)
  are_numbers(column) && !is.logical(column) || inherits(column, "difftime")
}

check_step <- function(step, call) {
  if (!are_numbers(step) || !is_single(step) || !isTRUE(is.finite(step) && step > 0)) {
    abort_argument("step", "a finite number above 0", step, call)
  }
  step
}
