# R values on their way into PyTorch's own functions, where reticulate would make other numbers of
# them.

# Most are numbers, texts and tensors, so this is what has to be quick.
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
  x <- bare_tensor(x)
  if (is_python(x)) {
    return(x)
  }
  refuse_misread(x, call)
  if (is.list(x)) {
    x[] <- lapply(x, as_argument, call = call)
  } else if (is.atomic(x) && anyNA(x)) {
    x <- with_nan(x, call)
  }
  if (is.array(x) && !is.object(x) && typeof(x) %in% array_kinds) {
    # As a copy: Python would write into R's own memory. Old reticulates do not take NumPy 2.
    x <- raise_failure(tensor_helpers(FALSE)$array_from_r(send_values(x)), call)
  }
  x
}

array_kinds <- c("double", "integer", "logical", "complex")

with_nan <- function(x, call) {
  if (is.character(x)) {
    abort_tensor(
      c(
        "A missing text (NA) has no counterpart in Python.",
        i = "It would arrive as the text \"NA\". Leave it out, or write what is meant."
      ),
      call
    )
  }
  with_missing_numbers(x)
}

# What reticulate would send as its codes, or as numbers without their meaning.
misread_classes <- c("factor", "integer64", "difftime", "Date", "POSIXt")

refuse_misread <- function(x, call) {
  if (is.object(x) && inherits(x, misread_classes)) {
    abort_tensor(
      c(
        sprintf("PyTorch takes numbers, not %s.", kind_of(x)),
        i = "Convert it before: `as.numeric(x)`, or `as.integer(x)` for the codes of a factor."
      ),
      call
    )
  }
}

has_missing <- function(x) {
  if (is_python(bare_tensor(x))) {
    FALSE
  } else if (is.list(x)) {
    any(vapply(x, has_missing, NA))
  } else {
    is.atomic(x) && anyNA(x)
  }
}

# Python looks whether there is a place for missing values where they go to, and the like.
call_with_care <- function(python, arguments, named) {
  missing <- has_missing(arguments)
  arguments <- lapply(arguments, as_argument, call = NULL)
  # As lists, also of one argument and of none.
  result <- with_memory(
    tensor_helpers(FALSE)$call_with_care(
      python, unname(arguments[!named]), as.list(arguments[named]), missing
    )
  )
  result <- raise_failure(result, NULL)
  if (converts(python) && is_python(result)) {
    set_convert(result)
  }
  result
}
