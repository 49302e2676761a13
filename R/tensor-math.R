#' @rdname tensor-generics
#' @export
Math.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  generic <- get(".Generic")
  call <- call(generic)
  x <- bare_tensor(x)
  if (!is_tensor(x)) {
    return(get(generic)(x, ...))
  }
  if (...length() == 0) {
    return(tensor_result("elementwise", x, generic, x, call = call))
  }
  further <- further_argument(generic, list(...), call)
  tensor_result("elementwise", x, generic, x, further, call = call)
}

# What stands for TRUE or FALSE goes the same ways.
#' @rawNamespace S3method(Math, tensor_logical, Math.torch.Tensor)
NULL

math_arguments <- c(round = "digits", signif = "digits", log = "base")

further_argument <- function(generic, given, call) {
  known <- math_arguments[generic]
  if (is.na(known) || length(given) > 1 || !all(names(given) %in% c("", known))) {
    but <- if (is.na(known)) "" else sprintf(" but `%s`", known)
    abort_tensor(sprintf("`%s()` takes no further argument for a tensor%s.", generic, but), call)
  }
  if (generic == "log") as_operand(given[[1]], "`base`", call = call) else one_digits(given, call)
}

one_digits <- function(given, call) {
  digits <- given[[1]]
  if (!is.numeric(digits) || length(digits) != 1 || is.na(digits)) {
    abort_tensor(sprintf("`digits` must be one number, not %s.", kind_of(digits)), call)
  }
  digits
}

#' @rdname tensor-generics
#' @export
dim.torch.Tensor <- function(x) { # nolint: object_name_linter.
  if (is_base_frame(parent.frame())) becomes_column(x, parent.frame())
  size <- tensor_shape(x)
  if (length(size)) size
}

# A tensor without dimensions has the shape integer(0).
tensor_shape <- function(x, call = rlang::caller_env()) {
  whole_numbers(unlist(tensor_value("sizes", x, call = call)))
}

# R's integers where they reach, as in R's own dim() and length().
whole_numbers <- function(x) {
  if (all(x <= .Machine$integer.max)) as.integer(x) else as.double(x)
}

#' @rdname tensor-generics
#' @export
length.torch.Tensor <- function(x) { # nolint: object_name_linter.
  if (is_base_frame(parent.frame())) becomes_column(x, parent.frame())
  whole_numbers(tensor_value("count", x))
}

# R's numbers have none by themselves either; reticulate's would evaluate all attributes.
#' @export
names.torch.Tensor <- function(x) { # nolint: object_name_linter.
  check_alive(x, rlang::current_env())
  NULL
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
