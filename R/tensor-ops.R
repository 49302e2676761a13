#' R's operators and functions on PyTorch tensors
#'
#' Tensors that reach R through reticulate, [torch]'s own and those of
#' `reticulate::import("torch")`, take part in R's arithmetic, comparison, indexing and
#' summaries. The work is done by PyTorch, so gradients flow through everything that gives a
#' tensor: `loss <- sum((x %@% w - y)^2); loss$backward()`.
#'
#' @section Operators:
#' `+`, `-`, `*`, `/`, `^`, `%%`, `%/%`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `&`, `|`, `!` work
#' between a tensor and
#'
#' * a tensor: types and shapes are matched (broadcast) as in Python, and the result has
#'   Python's bits;
#' * a single R number, which does not change the type of a tensor of floating-point numbers.
#'   A tensor of whole numbers stays one with `2L` and becomes one of PyTorch's default type
#'   (`torch$get_default_dtype()`, usually float32) with `2`;
#' * an R vector, which is recycled as over an R array: down the columns. Its length must divide
#'   that of the tensor;
#' * an R matrix or array, whose shape is matched as a tensor's would be.
#'
#' Vectors and arrays take the type of a floating-point tensor and go to its device. Beside a
#' tensor of whole numbers, doubles take PyTorch's default type.
#'
#' As in R, `%%` has the sign of the divisor, `%/%` rounds down, `&`, `|` and `!` take any
#' number other than 0 for `TRUE`, and bool tensors count as 0 and 1 in arithmetic. Comparison
#' with a tensor of whole numbers is exact. Other than in R, tensors hold no `NA`: it becomes
#' `NaN`, which is unequal to everything in a comparison and an error in `&`, `|` and `!`. Where
#' operands are infinite, `^` and `%/%` give what PyTorch gives. A comparison gives a bool tensor;
#' for `if`, `which()` and the like take `all()`, `any()` or [as.logical()][tensor-convert].
#'
#' `%@%` is the matrix product, by Python's sign and rules: a vector (a tensor with one
#' dimension, or an R vector) on the left counts as a row, on the right as a column, and its
#' dimension is dropped. From R 4.3 on `%*%` does the same; before, R's `%*%` cannot be taught
#' new types and says "requires numeric/complex matrix/vector arguments".
#'
#' With other Python objects, such as NumPy arrays that were not converted, R before 4.3 may
#' find two methods for an operator and warn of "Incompatible methods": write
#' `torch$as_tensor(array)`.
#'
#' @section Functions:
#' All of R's group [Math][base::Math] give a tensor of the same shape. `round()` and `signif()`
#' round as R does, half to even. `cumsum()`, `cumprod()`, `cummax()` and `cummin()` give a
#' tensor with one dimension, in R's column-major order, as they do for an R matrix.
#'
#' `sum()`, `prod()`, `max()`, `min()` and `mean()` give a tensor without dimensions, `range()`
#' one of two elements. Further arguments of `sum()` and the like may be tensors or R numbers;
#' the first one must be a tensor for R to find the method. `na.rm = TRUE` leaves out `NaN`.
#' Products and means of whole numbers are computed as doubles, as in R. Without any element,
#' `max()` and `min()` warn and give an infinity.
#'
#' `any()` and `all()` give R's `TRUE` or `FALSE`, or `NA` where a `NaN` would decide, so they
#' can stand in `if`. `is.na()`, `is.nan()`, `is.finite()` and `is.infinite()` give R logicals
#' with the tensor's dimensions; `is.na()` is `TRUE` where the tensor has a `NaN`.
#'
#' @section Shape:
#' `dim()` gives the sizes of a tensor's dimensions, also of a single one, as for an R array;
#' `NULL` for a tensor without dimensions, such as a loss. `length()` is the number of elements.
#' `t()` transposes a matrix and makes a row of a vector; like PyTorch's it shares the tensor's
#' memory.
#'
#' @param x,e1,e2,y A tensor; for the operators and `%@%`, one of both may be R numbers or
#'   logicals: a vector, matrix or array.
#' @param ... For `round()` and `signif()`, `digits`; for `log()`, `base`; for `sum()` and the
#'   like, further tensors or numbers.
#' @param na.rm Whether to leave out `NaN`: `TRUE` or `FALSE`.
#' @param recursive Not used.
#' @return As said for each function: a tensor, or for `any()`, `all()`, `dim()`, `length()` and
#'   the `is.` functions an R vector or array.
#'
#' @section Errors:
#' What cannot be done is an R error of class `pytwolayer_error_tensor`, whose message names the
#' types and shapes met and whose field `traceback` has Python's traceback, if there is one.
#'
#' @seealso [tensor-index] for `x[i]` and `x[i] <- value`; [tensor-convert] for `as.array()`,
#'   `as.numeric()` and `print()`.
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$ones(2L, 3L)
#' x * 2 + matrix(1:6, 2)
#' x %@% t(x)
#' w <- torch$tensor(c(1, 2, 3), requires_grad = TRUE)
#' loss <- sum(w^2)
#' loss$backward()
#' w$data - w$grad * 0.1
#' if (all(x > 0)) mean(log(x))
#' @name tensor-generics
NULL

#' @rdname tensor-generics
#' @export
Ops.torch.Tensor <- function(e1, e2) { # nolint: object_name_linter.
  generic <- get(".Generic")
  # R calls the method by its own name; errors shall show what the user wrote.
  call <- as.call(c(as.name(generic), as.list(sys.call())[-1]))
  if (missing(e2)) {
    return(tensor_result("unary", e1, generic, e1, call = call))
  }
  first <- as_operand(e1, sprintf("The left side of `%s`", generic), call = call)
  second <- as_operand(e2, sprintf("The right side of `%s`", generic), call = call)
  tensor_result("binary", if (is_tensor(e1)) e1 else e2, generic, first, second, call = call)
}

#' @rdname tensor-generics
#' @export
`%@%` <- function(x, y) {
  call <- rlang::current_env()
  if (!is_tensor(x) && !is_tensor(y)) {
    abort_tensor("One side of `%@%` must be a tensor: use `%*%` for R's own matrices.", call)
  }
  left <- as_operand(x, "The left side of `%@%`", scalar = FALSE, call = call)
  right <- as_operand(y, "The right side of `%@%`", scalar = FALSE, call = call)
  tensor_result("binary", if (is_tensor(x)) x else y, "%@%", left, right, call = call)
}

# R before 4.3 never asks for this method.
#' @rawNamespace S3method("%*%", torch.Tensor)
`%*%.torch.Tensor` <- function(x, y) { # nolint: object_name_linter.
  x %@% y
}

# Beside a class with operators of its own (another Python object's, say), R from 4.3 on asks
# which method to take; both hold a tensor, so the tensor's is the one that can answer.
#' @rawNamespace
#' if (getRversion() >= "4.3.0") S3method(chooseOpsMethod, torch.Tensor)
chooseOpsMethod.torch.Tensor <- function(x, y, mx, my, cl, reverse) { # nolint: object_name_linter.
  TRUE
}
