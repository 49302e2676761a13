# Arguments of PyTorch's own functions, where reticulate would change R's values.

# Most arguments are numbers, texts and tensors, so that this test has to be fast.
are_plain <- function(arguments) {
  for (each in arguments) {
    if (!is_plain(each)) {
      return(FALSE)
    }
  }
  TRUE
}

is_plain <- function(x) {
  if (is.object(x)) {
    is_python(x)
  } else if (is.list(x)) {
    are_plain(x)
  } else {
    !is.atomic(x) || is.null(dim(x)) && !anyNA(x)
  }
}

#' An argument as reticulate takes it without changing it
#'
#' @noRd
as_argument <- function(x, call) {
  x <- unwrap_tensor(x)
  if (is_python(x)) {
    return(x)
  }
  refuse_classes(x, call)
  if (is.list(x)) {
    x[] <- lapply(x, as_argument, call = call)
  } else if (is.atomic(x) && anyNA(x)) {
    x <- refuse_missing_text(x, call)
  }
  if (is.array(x) && !is.object(x) && typeof(x) %in% array_kinds) {
    # As a copy: Python would write into R's own memory. Old reticulates do not take NumPy 2.
    x <- call_checked("array_from_r", send_values(x), convert = FALSE, call = call)
  }
  x
}

array_kinds <- c("double", "integer", "logical", "complex")

refuse_missing_text <- function(x, call) {
  if (is.character(x)) {
    abort_tensor(
      c(
        "A missing text (NA) has no counterpart in Python.",
        i = "It would arrive as the text \"NA\". Leave it out, or write what is meant."
      ),
      call
    )
  }
  missing_as_nan(x)
}

# Classes that reticulate would send as their codes or bare numbers.
refused_classes <- c("factor", "integer64", "difftime", "Date", "POSIXt")

refuse_classes <- function(x, call) {
  if (is.object(x) && inherits(x, refused_classes)) {
    abort_tensor(
      c(
        sprintf("PyTorch takes numbers, not %s.", friendly_type(x)),
        i = "Convert it first: `as.numeric(x)`, or `as.integer(x)` for the codes of a factor."
      ),
      call
    )
  }
}

has_missing <- function(x) {
  if (is_python(unwrap_tensor(x))) {
    FALSE
  } else if (is.list(x)) {
    any(vapply(x, has_missing, NA))
  } else {
    is.atomic(x) && anyNA(x)
  }
}

# Python checks whether the types that the values are written to can hold them.
call_with_care <- function(python, arguments, named) {
  missing <- has_missing(arguments)
  arguments <- lapply(arguments, as_argument, call = NULL)
  # As lists, also of one argument and of none.
  result <- call_checked(
    "call_with_care", python, unname(arguments[!named]), as.list(arguments[named]), missing,
    convert = FALSE
  )
  if (converts_results(python) && is_python(result)) {
    set_convert(result)
  }
  result
}
