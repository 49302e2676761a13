#' R's operators and functions on PyTorch tensors
#'
#' R's arithmetic, comparison, indexing and summaries work on the tensors that reach R through
#' reticulate, from [torch] or from `reticulate::import("torch")`. PyTorch does the work, so
#' gradients flow through everything that returns a tensor:
#' `loss <- sum((x %@% w - y)^2); loss$backward()`.
#'
#' @section Operators:
#' `+`, `-`, `*`, `/`, `^`, `%%`, `%/%`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `&`, `|`, `!` work
#' between a tensor and
#'
#' * a tensor: types and shapes are matched (broadcast) as in Python, and the result has the same
#'   bits as in Python. So, unlike a vector in R, a tensor with one dimension goes along the rows of
#'   a matrix: write `x - rowMeans(x)$unsqueeze(1L)` for R's `x - rowMeans(x)`;
#' * a single R number, which does not change the type of a tensor of floating-point numbers. With
#'   `2L`, a tensor of whole numbers stays one; with `2`, it becomes one of PyTorch's default type
#'   (`torch$get_default_dtype()`, usually float32);
#' * an R vector, which is recycled as over an R array: down the columns. Its length must divide
#'   that of the tensor;
#' * an R matrix or array, whose shape is matched like that of a tensor.
#'
#' Vectors and arrays take the type and the device of a floating-point tensor. With a tensor of
#' whole numbers, doubles take PyTorch's default type.
#'
#' As in R, `%%` has the sign of the divisor and `%/%` rounds down. `&`, `|` and `!` treat any
#' number other than 0 as `TRUE` (also in uint8 tensors) and return bool tensors, and bool tensors
#' count as 0 and 1 in arithmetic.
#'
#' Unlike R's vectors, tensors hold no `NA`: it becomes `NaN`, which is unequal to everything in a
#' comparison and an error in `&`, `|` and `!`. With infinite operands, `^` and `%/%` give what
#' PyTorch gives. So does arithmetic between whole numbers that leaves their type: it wraps around,
#' as in Python. A single R number that the type cannot hold, such as 300 with uint8, makes the
#' result an int64 tensor.
#'
#' Comparison with whole numbers is exact, whatever they are compared with: 2^53 + 1 in an int64
#' tensor is larger than 2^53 as an R number or in a float64 tensor. Real numbers are compared in
#' the tensor's type, so `torch$tensor(0.1) == 0.1` is true. A comparison returns a bool tensor; if
#' that has no dimensions, it is an R logical that carries its tensor along, for `if` and similar
#' uses, see [tensor-logical]. PyTorch's own `x$gt(1)` and similar methods always return a tensor.
#'
#' `%@%` is the matrix product, with Python's sign and rules: a vector (a tensor with one dimension,
#' or an R vector) counts as a row on the left and as a column on the right, and its dimension is
#' dropped. From R 4.3 on, `%*%` does the same. In earlier versions of R, `%*%` cannot be extended
#' to new types and raises "requires numeric/complex matrix/vector arguments".
#'
#' With other Python objects, such as NumPy arrays that were not converted, R before 4.3 may find
#' two methods for an operator and warn of "Incompatible methods": write `torch$as_tensor(array)`.
#'
#' @section Functions:
#' All functions of R's group [Math][base::Math] return a tensor of the same shape. `round()` and
#' `signif()` round as R does, half to even. `cumsum()`, `cumprod()`, `cummax()` and `cummin()`
#' return a tensor with one dimension, in R's column-major order, as they do for an R matrix. R does
#' not let them have another argument, so for one dimension use PyTorch's `x$cumsum(0L)`.
#'
#' Functions that PyTorch has for real numbers only are errors for complex tensors. Whole numbers
#' stay whole in `abs()`, `sign()`, `floor()` and the rounding functions, which are exact; a rounded
#' number that does not fit into the tensor's type is an error.
#'
#' `sum()`, `prod()`, `max()`, `min()` and `mean()` return a tensor without dimensions, `range()`
#' one of two elements. Further arguments of `sum()` and the others may be tensors or R numbers; the
#' first one must be a tensor for R to find the method: `max(x, 1)`, not `max(1, x)`. `na.rm = TRUE`
#' leaves out `NaN`, `range(x, finite = TRUE)` infinities too, and `mean(x, trim = 0.1)` trims as R
#' does. Products and means of whole numbers are computed as doubles, as in R. For a tensor without
#' elements, `max()` and `min()` warn and return an infinity. Between whole and real numbers,
#' `max()`, `min()` and `range()` compare exactly, and return float64 if the type of the real
#' numbers cannot hold the whole ones.
#'
#' With `dim` these functions work along dimensions, which are PyTorch's: they **count from 0**, or
#' backwards from -1, and `dim = c(0, 1)` names two. `sum(x, dim = 0)` has the sums of the columns
#' of a matrix, as `x$sum(0L)`. `keepdim = TRUE` keeps these dimensions, with length 1. `max()` and
#' `min()` return the values only; along a single dimension their gradient goes to one of several
#' equal elements, otherwise it is shared between them, as in PyTorch. `range()` puts minimum and
#' maximum in a new first dimension, as R's `apply(x, 2, range)` does. Other argument names, such as
#' `axis`, are an error.
#'
#' `any()` and `all()` return an R logical that carries its tensor along, see [tensor-logical]. It
#' is `NA` where a `NaN` would decide. With `dim` they return a bool tensor, and an undecided value
#' is an error. `is.na()`, `is.nan()`, `is.finite()` and `is.infinite()` return R logicals with the
#' tensor's dimensions; `is.na()` is `TRUE` where the tensor has a `NaN`.
#'
#' @section Shape:
#' `dim()` returns the sizes of a tensor's dimensions, as for an R array, also if there is only one.
#' It is `NULL` for a tensor without dimensions, such as a loss. `length()` is the number of
#' elements. `t()` transposes a matrix and makes a row of a vector; like PyTorch's own, it shares
#' the tensor's memory.
#'
#' @param x,e1,e2,y A tensor; for the operators and `%@%`, one of the two may be R numbers or
#'   logicals: a vector, matrix or array.
#' @param ... For `round()` and `signif()`, `digits`; for `log()`, `base`; for `sum()` and the
#'   others, further tensors or numbers.
#' @param na.rm Whether to leave out `NaN`: `TRUE` or `FALSE`.
#' @param dim PyTorch's dimensions to work along, which count from 0; `NULL` for all elements.
#' @param keepdim Whether to keep these dimensions, with length 1: `TRUE` or `FALSE`.
#' @param finite For `range()`: whether to leave out infinities and `NaN`: `TRUE` or `FALSE`.
#' @param trim Share of the elements to leave out at each end, as in [base::mean()].
#' @param recursive Not used.
#' @return A tensor, as described for each function. `any()`, `all()` and comparisons without
#'   dimensions return a [truth value][tensor-logical]; `dim()`, `length()` and the `is.` functions
#'   return an R vector or array.
#'
#' @section Errors:
#' What cannot be done is an R error of class `pytwolayer_error_tensor`. Its message names the types
#' and shapes of the arguments, and its field `traceback` has Python's traceback, if there is one.
#'
#' @seealso [tensor-functions] for R's other functions, [tensor-logical] for the results of
#'   comparisons, [tensor-index] for `x[i]` and `x[i] <- value`, [tensor-convert] for `as.array()`,
#'   `as.numeric()` and `print()`
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$ones(2L, 3L)
#' x * 2 + matrix(1:6, 2)
#' x %@% t(x)
#' w <- torch$tensor(c(1, 2, 3), requires_grad = TRUE)
#' loss <- sum(w^2)
#' loss$backward()
#' w$data - w$grad * 0.1
#' if (all(x > 0) && loss > 1) mean(log(x))
#' sum(x, dim = 0)
#' max(x, dim = 1, keepdim = TRUE)
#' @name tensor-generics
NULL

#' @rdname tensor-generics
#' @export
Ops.torch.Tensor <- function(e1, e2) { # nolint: object_name_linter.
  generic <- get(".Generic")
  # sys.call() has the method's name; errors show the operator that the user wrote.
  call <- as.call(c(as.name(generic), as.list(sys.call())[-1]))
  if (missing(e2)) {
    return(apply_unary(generic, e1, call))
  }
  if (is_tensor_logical(e1) || is_tensor_logical(e2)) {
    if (answered_by_r(generic, e1, e2)) {
      return(answer_with_r(generic, call, e1, e2))
    }
    e1 <- unwrap_tensor(e1)
    e2 <- unwrap_tensor(e2)
  }
  first <- as_operand(e1, sprintf("The left side of `%s`", generic), call = call)
  second <- as_operand(e2, sprintf("The right side of `%s`", generic), call = call)
  as_tensor_logical(
    tensor_result("binary", if (is_tensor(e1)) e1 else e2, generic, first, second, call = call)
  )
}

# The same function, so that R finds no two methods for one operator.
#' @rawNamespace S3method(Ops, tensor_logical, Ops.torch.Tensor)
NULL

apply_unary <- function(generic, x, call) {
  if (is_tensor_logical(x) && answered_by_r(generic, x)) {
    return(answer_with_r(generic, call, x))
  }
  x <- unwrap_tensor(x)
  as_tensor_logical(tensor_result("unary", x, generic, x, call = call))
}

#' @rdname tensor-generics
#' @export
`%@%` <- function(x, y) {
  call <- rlang::current_env()
  x <- unwrap_tensor(x)
  y <- unwrap_tensor(y)
  if (!is_tensor(x) && !is_tensor(y)) {
    abort_tensor("One side of `%@%` must be a tensor: use `%*%` for R's own matrices.", call)
  }
  left <- as_operand(x, "The left side of `%@%`", scalar = FALSE, call = call)
  right <- as_operand(y, "The right side of `%@%`", scalar = FALSE, call = call)
  tensor_result("binary", if (is_tensor(x)) x else y, "%@%", left, right, call = call)
}

# Used from R 4.3 on, where `%*%` is generic.
#' @rawNamespace S3method("%*%", torch.Tensor)
`%*%.torch.Tensor` <- function(x, y) { # nolint: object_name_linter.
  x %@% y
}

# Where the other operand has operators of its own, such as another Python object, R from 4.3 on
# asks which method to call. Only the tensor's can handle both.
#' @rawNamespace
#' if (getRversion() >= "4.3.0") S3method(chooseOpsMethod, torch.Tensor)
#' if (getRversion() >= "4.3.0") {
#'   S3method(chooseOpsMethod, tensor_logical, chooseOpsMethod.torch.Tensor)
#' }
chooseOpsMethod.torch.Tensor <- function(x, y, mx, my, cl, reverse) TRUE # nolint
