# R's `if`, `while`, `&&` and isTRUE() dispatch on nothing and need a logical. So the truth value of
# a tensor is an R logical, with the tensor as an attribute.

#' Truth values of tensors
#'
#' Some results are R logicals of length 1 that carry their tensor along: those of `any()` and
#' `all()` of a tensor, and of a comparison whose result has no dimensions, such as `loss < 0.1`.
#'
#' A truth value works wherever R expects `TRUE` or `FALSE`: in `if`, `while`, `&&`, `isTRUE()`,
#' `stopifnot()`, `ifelse()`, `which()`, `paste()` and `cat()`. In `c()`, `rep()`, `sapply()` or as
#' a value to assign it gives plain R logicals, and `sum()` and other summaries of truth values
#' alone are R's own numbers.
#'
#' With operators and together with tensors it acts as its tensor, a bool one without dimensions:
#' `!(s > 1)` is a truth value again, `(s > 1) * x` a tensor. The same holds for `$`, as in
#' `all(x > 0)$numpy()` or `all(x > 0)$dtype`, and for Python's functions:
#' `torch$where(s > 1, x, y)`.
#'
#' The value is read from the tensor, on whatever device, when the truth value is made; reading
#' waits for a GPU. PyTorch's own methods and functions, such as `s$gt(1)`, give a tensor and read
#' nothing.
#'
#' `any()` and `all()` are `NA` where a `NaN` would decide; the tensor then holds `NaN`.
#'
#' `saveRDS()` keeps the logical but not the tensor; `$` is then an error. `as.logical()` gives the
#' plain logical. `identical(all(x > 0), TRUE)` is `FALSE`, because only one of the two has a
#' tensor: write `isTRUE()`, `all.equal()` or `all(x > 0) == TRUE`.
#'
#' @param x,object,target A truth value of a tensor.
#' @param current What to compare it with: a truth value, a logical or a tensor.
#' @param name,i Name of a method or attribute of the tensor, as in `x$numpy()`; `x[["numpy"]]` is
#'   the same.
#' @param ...,value,row.names,optional As in R's own functions for logicals.
#' @return What R's own functions return for a logical of length 1; for `$`, what PyTorch returns.
#' @seealso [tensor-generics]
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$tensor(c(1, 2, 3))
#' if (sum(x) > 5) "large"
#' all(x > 0)
#' all(x > 0)$numpy()
#' !any(x > 2) || all(x > 0)
#' @name tensor-logical
NULL

tensor_logical <- function(tensor, value) {
  structure(if (is.null(value)) NA else value, tensor = tensor, class = "tensor_logical")
}

is_tensor_logical <- function(x) {
  inherits(x, "tensor_logical")
}

# The tensor of a truth value; its plain logical if the tensor is gone; anything else as it is.
unwrap_tensor <- function(x) {
  if (!is_tensor_logical(x)) {
    return(x)
  }
  tensor <- attr(x, "tensor", exact = TRUE)
  if (is.null(tensor) || reticulate::py_is_null_xptr(tensor)) plain_logical(x) else tensor
}

plain_logical <- function(x) {
  if (is_tensor_logical(x)) as.logical(unclass(x)) else x
}

# Python returns a tensor, or a pair: a tensor and its truth value or warnings.
as_pair <- function(answer) {
  if (inherits(answer, "python.builtin.tuple")) {
    # The operand does not convert its results.
    answer <- list(
      reticulate::py_get_item(answer, 0L),
      reticulate::py_to_r(reticulate::py_get_item(answer, 1L))
    )
  }
  if (is_tensor(answer)) list(answer, FALSE) else answer
}

as_tensor_logical <- function(answer) {
  if (is_tensor(answer)) {
    return(answer)
  }
  pair <- as_pair(answer)
  tensor_logical(pair[[1]], pair[[2]])
}

# Operators between truth values and R's values are R's own where a tensor cannot represent them:
# missing values, text, NULL, and truth values whose tensor is gone.
answered_by_r <- function(generic, ...) {
  given <- list(...)
  if (some_tensor(given)) {
    return(FALSE)
  }
  plain <- lapply(given, plain_logical)
  if (!all(vapply(plain, is.atomic, TRUE) | vapply(plain, is.null, TRUE))) {
    return(FALSE)
  }
  gone <- !some_tensor(lapply(given, unwrap_tensor))
  undecided <- all(lengths(plain) == 1) && any(vapply(plain, anyNA, TRUE))
  gone || !all(vapply(plain, are_operands, TRUE)) || undecided && !generic %in% arithmetic
}

arithmetic <- c("+", "-", "*", "/", "^", "%%", "%/%")

are_operands <- function(x) {
  length(x) > 0 && !is.object(x) && (is.numeric(x) || is.logical(x))
}

answer_with_r <- function(generic, call, ...) {
  value <- tryCatch(
    do.call(generic, lapply(list(...), plain_logical)),
    error = function(cnd) abort_tensor(conditionMessage(cnd), call)
  )
  like <- Find(is_tensor, lapply(list(...), unwrap_tensor))
  if (is.null(like) || !is.logical(value) || length(value) != 1) {
    return(value)
  }
  as_tensor_logical(tensor_result("truth_value", like, like, if (!is.na(value)) value))
}

#' @rdname tensor-logical
#' @export
`$.tensor_logical` <- function(x, name) { # nolint: object_name_linter.
  tensor <- attr(x, "tensor", exact = TRUE)
  check_alive(tensor, rlang::current_env())
  found <- do.call("$", list(tensor, name))
  # Old reticulates cannot convert NumPy 2's arrays; the value of this one is known without.
  if (name != "numpy" || !converts_results(tensor)) {
    return(found)
  }
  function(...) array_of_one(x, found(...))
}

array_of_one <- function(x, found) {
  if (is_python(found)) array(if (is.na(x)) NaN else plain_logical(x)) else found
}

#' @rdname tensor-logical
#' @param pattern As in [utils::.DollarNames()].
#' @export
.DollarNames.tensor_logical <- function(x, pattern = "") { # nolint: object_name_linter.
  utils::.DollarNames(unwrap_tensor(x), pattern)
}

#' @rdname tensor-logical
#' @export
`[[.tensor_logical` <- function(x, i, ...) { # nolint: object_name_linter.
  if (is.character(i)) do.call("$", list(x, i)) else plain_logical(x)[[i, ...]]
}

#' @rdname tensor-logical
#' @export
`[.tensor_logical` <- function(x, ...) plain_logical(x)[...] # nolint: object_name_linter.

#' @rdname tensor-logical
#' @export
`[<-.tensor_logical` <- function(x, ..., value) { # nolint: object_name_linter.
  x <- plain_logical(x)
  x[...] <- plain_logical(value)
  x
}

#' @rdname tensor-logical
#' @export
`[[<-.tensor_logical` <- function(x, ..., value) { # nolint: object_name_linter.
  x <- plain_logical(x)
  x[[...]] <- plain_logical(value)
  x
}

#' @rdname tensor-logical
#' @export
`$<-.tensor_logical` <- function(x, name, value) { # nolint: object_name_linter.
  abort_tensor(
    sprintf("`%s` cannot be set in a truth value: take its tensor, `x$clone()`.", name),
    rlang::current_env()
  )
}

# Beside a tensor it counts as one: R's own c() would give a list.
#' @rdname tensor-logical
#' @export
c.tensor_logical <- function(...) { # nolint: object_name_linter.
  given <- list(...)
  if (some_tensor(given)) {
    return(do.call("c", lapply(given, unwrap_tensor)))
  }
  do.call("c", lapply(given, plain_logical))
}

#' @rdname tensor-logical
#' @export
print.tensor_logical <- function(x, ...) { # nolint: object_name_linter.
  print(plain_logical(x), ...)
  invisible(x)
}

#' @rdname tensor-logical
#' @export
format.tensor_logical <- function(x, ...) format(plain_logical(x), ...) # nolint

#' @rdname tensor-logical
#' @export
str.tensor_logical <- function(object, ...) str(plain_logical(object), ...) # nolint

#' @rdname tensor-logical
#' @export
summary.tensor_logical <- function(object, ...) summary(plain_logical(object), ...) # nolint

#' @rdname tensor-logical
#' @export
as.array.tensor_logical <- function(x, ...) as.array(plain_logical(x), ...) # nolint

#' @rdname tensor-logical
#' @export
as.list.tensor_logical <- function(x, ...) as.list(plain_logical(x), ...) # nolint

#' @rdname tensor-logical
#' @export
as.data.frame.tensor_logical <- function(x, row.names = NULL, optional = FALSE, # nolint
                                         ...) {
  as.data.frame(plain_logical(x), row.names = row.names, optional = optional, ...)
}

#' @rdname tensor-logical
#' @method all.equal tensor_logical
#' @export
all.equal.tensor_logical <- function(target, current, ...) { # nolint: object_name_linter.
  if (is_tensor(current)) {
    return(all.equal(unwrap_tensor(target), current, ...))
  }
  all.equal(plain_logical(target), plain_logical(current), ...)
}

#' @rawNamespace S3method(reticulate::r_to_py, tensor_logical)
r_to_py.tensor_logical <- function(x, convert = FALSE) { # nolint: object_name_linter.
  found <- unwrap_tensor(x)
  if (is_tensor(found)) found else reticulate::r_to_py(found, convert)
}

# For testthat's expect_equal() and expect_identical().
#' @exportS3Method waldo::compare_proxy
compare_proxy.tensor_logical <- function(x, path = "x") { # nolint: object_name_linter.
  list(object = plain_logical(x), path = path)
}
