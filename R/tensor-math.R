#' @rdname tensor-generics
#' @export
Math.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  generic <- get(".Generic")
  call <- call(generic)
  if (...length() == 0) {
    return(tensor_result("elementwise", x, generic, x, call = call))
  }
  further <- list(...)
  if (!generic %in% c("round", "signif", "log") || length(further) > 1) {
    abort_tensor(sprintf("`%s()` takes no further argument for a tensor.", generic), call)
  }
  further <- further[[1]]
  if (generic == "log") {
    further <- as_operand(further, "`base`", call = call)
  } else if (!is.numeric(further) || length(further) != 1 || is.na(further)) {
    abort_tensor(sprintf("`digits` must be one number, not %s.", kind_of(further)), call)
  }
  tensor_result("elementwise", x, generic, x, further, call = call)
}

#' @rdname tensor-generics
#' @export
Summary.torch.Tensor <- function(x, ..., na.rm = FALSE) { # nolint: object_name_linter.
  generic <- get(".Generic")
  call <- call(generic)
  check_na_rm(na.rm, call)
  values <- lapply(list(x, ...), as_operand,
    argument = sprintf("Each argument of `%s()`", generic), call = call
  )
  if (generic %in% c("any", "all")) {
    answer <- raise_failure(tensor_helpers()$decide(generic, na.rm, values), call)
    return(if (is.null(answer)) NA else answer)
  }
  answer <- tensor_result("summary", x, generic, na.rm, values, call = call)
  if (is_tensor(answer)) answer else nothing_to_summarise(generic, x)
}

# R's own words and values.
nothing_to_summarise <- function(generic, x) {
  ends <- list(max = c(max = -Inf), min = c(min = Inf), range = c(min = Inf, max = -Inf))
  values <- ends[[generic]]
  for (each in names(values)) {
    rlang::warn(sprintf(
      "no non-missing arguments to %s; returning %s", each, values[[each]]
    ))
  }
  tensor_result("constant", x, x, as.list(unname(values)), length(values) == 2)
}

check_na_rm <- function(na_rm, call) {
  if (!is.logical(na_rm) || length(na_rm) != 1 || is.na(na_rm)) {
    abort_tensor(
      sprintf("`na.rm` must be TRUE or FALSE, not %s.", kind_of(na_rm)), call
    )
  }
}

#' @rdname tensor-generics
#' @export
mean.torch.Tensor <- function(x, ..., na.rm = FALSE) { # nolint: object_name_linter.
  call <- rlang::current_env()
  if (...length()) {
    abort_tensor("`mean()` of a tensor has no argument but `na.rm`.", call)
  }
  check_na_rm(na.rm, call)
  tensor_result("mean", x, x, na.rm, call = call)
}

# Editors and error messages ask for dimensions, so a tensor that is gone answers too.
#' @rdname tensor-generics
#' @export
dim.torch.Tensor <- function(x) { # nolint: object_name_linter.
  if (reticulate::py_is_null_xptr(x)) {
    return(NULL)
  }
  size <- tensor_shape(x)
  if (length(size)) size
}

# A tensor without dimensions has the shape integer(0).
tensor_shape <- function(x, call = rlang::caller_env()) {
  whole_numbers(unlist(tensor_value("shape", x, call = call)))
}

# R's integers where they reach, as in R's own dim() and length().
whole_numbers <- function(x) {
  if (all(x <= .Machine$integer.max)) as.integer(x) else as.double(x)
}

#' @rdname tensor-generics
#' @export
length.torch.Tensor <- function(x) { # nolint: object_name_linter.
  if (reticulate::py_is_null_xptr(x)) 0L else whole_numbers(tensor_value("count", x))
}

#' @rdname tensor-generics
#' @export
t.torch.Tensor <- function(x) { # nolint: object_name_linter.
  tensor_result("transpose", x, x)
}

tensor_predicate <- function(x, generic, call = rlang::caller_env()) {
  as_r_array(tensor_value("predicate", x, generic, call = call))
}

#' @rdname tensor-generics
#' @export
is.na.torch.Tensor <- function(x) { # nolint: object_name_linter.
  tensor_predicate(x, "is.na")
}

#' @rdname tensor-generics
#' @export
is.nan.torch.Tensor <- function(x) { # nolint: object_name_linter.
  tensor_predicate(x, "is.nan")
}

#' @rdname tensor-generics
#' @export
is.finite.torch.Tensor <- function(x) { # nolint: object_name_linter.
  tensor_predicate(x, "is.finite")
}

#' @rdname tensor-generics
#' @export
is.infinite.torch.Tensor <- function(x) { # nolint: object_name_linter.
  tensor_predicate(x, "is.infinite")
}

#' @rdname tensor-generics
#' @export
anyNA.torch.Tensor <- function(x, recursive = FALSE) { # nolint: object_name_linter.
  any(is.na(x))
}
