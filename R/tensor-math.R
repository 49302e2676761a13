#' @rdname tensor-generics
#' @export
Math.torch.Tensor <- function(x, ...) { # nolint: object_name_linter.
  generic <- get(".Generic")
  call <- call(generic)
  x <- unwrap_tensor(x)
  if (!is_tensor(x)) {
    return(get(generic)(x, ...))
  }
  if (...length() == 0) {
    return(tensor_result("elementwise", x, generic, x, call = call))
  }
  further <- further_argument(generic, list(...), call)
  tensor_result("elementwise", x, generic, x, further, call = call)
}

# The same function for truth values.
#' @rawNamespace S3method(Math, tensor_logical, Math.torch.Tensor)
NULL

math_arguments <- c(round = "digits", signif = "digits", log = "base")

further_argument <- function(generic, given, call) {
  known <- math_arguments[generic]
  if (is.na(known) || length(given) > 1 || !all(names(given) %in% c("", known))) {
    but <- if (is.na(known)) "" else sprintf(" but `%s`", known)
    abort_tensor(sprintf("`%s()` takes no further argument for a tensor%s.", generic, but), call)
  }
  if (generic == "log") {
    as_operand(given[[1]], "`base`", call = call)
  } else {
    check_number(given[[1]], "digits", call)
  }
}

check_number <- function(value, name, call) {
  if (!is.numeric(value) || length(value) != 1 || is.na(value)) {
    abort_tensor(sprintf("`%s` must be one number, not %s.", name, friendly_type(value)), call)
  }
  value
}

#' @rdname tensor-generics
#' @export
dim.torch.Tensor <- function(x) { # nolint: object_name_linter.
  if (is_base_frame(parent.frame())) replace_by_column(x, parent.frame())
  size <- tensor_shape(x)
  if (length(size)) size
}

# A tensor without dimensions has the shape integer(0).
tensor_shape <- function(x, call = rlang::caller_env()) {
  whole_numbers(unlist(tensor_value("sizes", x, call = call)))
}

# Integers where all fit, else doubles, as in R's own length().
whole_numbers <- function(x) {
  if (all(x <= .Machine$integer.max)) as.integer(x) else as.double(x)
}

#' @rdname tensor-generics
#' @export
length.torch.Tensor <- function(x) { # nolint: object_name_linter.
  if (is_base_frame(parent.frame())) replace_by_column(x, parent.frame())
  whole_numbers(prod(unlist(tensor_value("sizes", x))))
}

# R's numbers have no names by default either; reticulate's method would evaluate all attributes.
#' @export
names.torch.Tensor <- function(x) { # nolint: object_name_linter.
  check_alive(x, rlang::current_env())
  NULL
}

#' @rdname tensor-generics
#' @export
t.torch.Tensor <- function(x) tensor_result("transpose", x, x) # nolint: object_name_linter.

tensor_predicate <- function(x, name, call = rlang::caller_env()) {
  as_r_array(tensor_value("predicate", x, name, call = call))
}

#' @rdname tensor-generics
#' @export
is.na.torch.Tensor <- function(x) tensor_predicate(x, "is.na") # nolint: object_name_linter.

#' @rdname tensor-generics
#' @export
is.nan.torch.Tensor <- function(x) tensor_predicate(x, "is.nan") # nolint: object_name_linter.

#' @rdname tensor-generics
#' @export
is.finite.torch.Tensor <- function(x) tensor_predicate(x, "is.finite") # nolint: object_name_linter.

#' @rdname tensor-generics
#' @export
is.infinite.torch.Tensor <- function(x) tensor_predicate(x, "is.infinite") # nolint

#' @rdname tensor-generics
#' @export
anyNA.torch.Tensor <- function(x, recursive = FALSE) any(is.na(x)) # nolint: object_name_linter.
