#' @rdname tensor-generics
#' @export
Summary.torch.Tensor <- function(..., na.rm = FALSE, dim = NULL, keepdim = FALSE, # nolint
                                 finite = FALSE) {
  generic <- get(".Generic")
  call <- call(generic)
  given <- list(...)
  if (!missing(finite) && generic != "range") {
    given <- c(given, list(finite = finite))
  }
  check_names(generic, given, call)
  warn_about_position(generic, given, call, parent.frame())
  check_true_false(na.rm, "na.rm", call)
  check_true_false(keepdim, "keepdim", call)
  check_true_false(finite, "finite", call)
  dropped <- if (finite) "infinite" else if (na.rm) "nan" else ""
  along <- !is.null(dim) || keepdim
  values <- summary_operands(generic, given, along, call)
  if (!some_tensor(values)) {
    return(do.call(generic, c(values, list(na.rm = na.rm))))
  }
  answer <- if (!along) {
    name <- if (generic %in% c("any", "all")) "decide" else "summary"
    tensor_result(name, Find(is_tensor, values), generic, dropped, values, call = call)
  } else {
    summary_along(generic, values, dim, keepdim, dropped, call)
  }
  raise_summary_warnings(answer)
}

# The same function, so that a truth value may come first.
#' @rawNamespace S3method(Summary, tensor_logical, Summary.torch.Tensor)
NULL

some_tensor <- function(values) {
  any(vapply(values, is_tensor, TRUE))
}

summary_along <- function(generic, values, dim, keepdim, dropped, call) {
  if (length(values) != 1) {
    abort_tensor(
      sprintf("With `dim` or `keepdim`, `%s()` takes one tensor, not %d arguments.", generic,
        length(values)),
      call
    )
  }
  x <- values[[1]]
  dim <- as_dims(dim, call)
  tensor_result("summary_along", x, generic, x, dim, keepdim, dropped, call = call)
}

# PyTorch's dimensions, which count from 0; NULL is all of them.
as_dims <- function(dim, call) {
  if (is_python(dim)) {
    dim <- reticulate::py_to_r(dim)
  }
  dim <- if (is.list(dim)) unlist(dim) else dim
  if (is.null(dim)) {
    return(NULL)
  }
  if (!is.numeric(dim) || is.object(dim) || length(dim) == 0) {
    abort_tensor(
      sprintf(
        "`dim` must be one or several of PyTorch's dimensions, which count from 0, not %s.",
        friendly_type(dim)
      ),
      call
    )
  }
  as.list(as.double(dim))
}

# The operands of sum() and the like. If all are truth values they are R's own logicals, except for
# any() and all(), and along a dimension.
summary_operands <- function(generic, given, along, call) {
  if (length(given) == 1 && is_tensor(given[[1]])) {
    return(unname(given))
  }
  given <- unname(given[!vapply(given, is.null, TRUE)])
  if (!generic %in% c("any", "all") && !along && !some_tensor(given)) {
    return(lapply(given, plain_logical))
  }
  lapply(given, as_operand, argument = sprintf("Each argument of `%s()`", generic), call = call)
}

# R treats an argument with any other name as a value. A tensor may have one, as from do.call(); an
# R value with a name was meant as an option.
check_names <- function(generic, given, call) {
  if (is.null(names(given))) {
    return()
  }
  known <- c("dim", "keepdim", "na.rm", if (generic == "range") "finite")
  for (name in setdiff(names(given), "")) {
    value <- given[[name]]
    if (name %in% python_options || !(is_tensor(value) || is_tensor_logical(value))) {
      abort_tensor(
        c(
          sprintf("`%s()` of a tensor has no argument `%s`.", generic, name),
          i = sprintf("It has %s.", paste0("`", known, "`", collapse = ", ")),
          i = hint_for(name)
        ),
        call
      )
    }
  }
}

# rTorch's all(x, 0L) is all(x, dim = 0L) here; R's own takes 0 for one more value.
warn_about_position <- function(generic, given, call, caller) {
  if (length(given) != 2 || !generic %in% c("any", "all") || !is_tensor(given[[1]])) {
    return()
  }
  second <- given[[2]]
  bare <- is.numeric(second) && length(second) == 1 && !is.object(second)
  if (bare) {
    warn_index(generic, caller, call, generic, second)
  }
}

python_options <- c(
  "axis", "dtype", "finite", "input", "keepdims", "other", "out", "trim", "where"
)

hint_for <- function(name) {
  hints <- c(
    axis = "`dim` names the dimensions, which count from 0.",
    keepdims = "Write `keepdim = TRUE`.",
    other = "`pmax()` and `pmin()` compare element by element.",
    dtype = "Convert first: `x$to(dtype)`."
  )
  if (name %in% names(hints)) hints[[name]]
}

check_true_false <- function(value, name, call) {
  if (!is.logical(value) || length(value) != 1 || is.na(value)) {
    abort_tensor(sprintf("`%s` must be TRUE or FALSE, not %s.", name, friendly_type(value)), call)
  }
}

# Python's result is a tensor, one with its truth value, or one with the names of the functions
# that had no elements; for these R's own warnings are raised.
raise_summary_warnings <- function(answer) {
  pair <- as_pair(answer)
  if (is.character(pair[[2]])) {
    ends <- list(max = "-Inf", min = "Inf")
    for (each in pair[[2]]) {
      rlang::warn(sprintf("no non-missing arguments to %s; returning %s", each, ends[[each]]))
    }
    return(pair[[1]])
  }
  as_tensor_logical(answer)
}

#' @rdname tensor-generics
#' @export
mean.torch.Tensor <- function(x, ..., na.rm = FALSE, dim = NULL, keepdim = FALSE, # nolint
                              trim = 0) {
  call <- rlang::current_env()
  if (...length()) {
    name <- setdiff(c(names(list(...)), "a further argument without a name"), "")[[1]]
    abort_tensor(
      c(
        sprintf("`mean()` of a tensor has no argument but `na.rm`, `dim`, `keepdim` and `trim`."),
        i = sprintf("It got %s: write `dim = ` or `trim = `.", name)
      ),
      call
    )
  }
  check_true_false(na.rm, "na.rm", call)
  check_true_false(keepdim, "keepdim", call)
  check_number(trim, "trim", call)
  if (is.null(dim) && !keepdim) {
    return(tensor_result("mean", x, x, na.rm, as.double(trim), call = call))
  }
  if (trim != 0) {
    abort_tensor("`mean()` takes `trim` for the whole tensor only, not with `dim`.", call)
  }
  tensor_result("mean_along", x, x, as_dims(dim, call), keepdim, na.rm, call = call)
}
