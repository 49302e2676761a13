# How wide the differences are that stand for derivatives.

#' Half the widths of differences
#'
#' @return A list by the variables' names; `NULL` where the derivative is exact, or levels are
#'   compared.
#' @noRd
read_steps <- function(variables, frame, step, weights, call) {
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
  for (variable in variables) {
    is_asked <- is.null(variable$place) || !is.null(share)
    column <- frame[[variable_name(variable, frame)]]
    if (is_asked && is.null(steps[[variable$name]]) && has_numbers(column)) {
      steps[[variable$name]] <- shared_step(column, share, weights, call)
    }
  }
  steps
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

# A share of the standard deviation. Without one a hundredth of that, or where the variable is
# constant in the rows, of its size.
shared_step <- function(column, share, weights, call) {
  values <- as.double(column)
  width <- spread_of(values, weights)
  if (width == 0 && !is.null(share)) {
    expected <- "a width for each variable by its name, where one is constant in the rows"
    abort_expected("step", expected, describe_value(share), call)
  }
  width <- if (width > 0) width else max(abs(values), 1, na.rm = TRUE)
  width * if (is.null(share)) 0.01 else share
}

check_step <- function(step, call) {
  if (!are_numbers(step) || !is_single(step) || !isTRUE(is.finite(step) && step > 0)) {
    abort_argument("step", "a finite number above 0", step, call)
  }
  step
}
