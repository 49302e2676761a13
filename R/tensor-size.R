#' Sizes of tensors
#'
#' `x$shape` and `x$size()` return a Python object, `torch.Size`. In R it can be indexed and
#' computed with like an R vector, and PyTorch's functions take it as it is: `torch$zeros(x$shape)`.
#'
#' `x$shape[1]` is the first size: positions count from 1, and negative ones are left out, as in an
#' R vector. The results of indexing and arithmetic are R vectors, of integers if these can hold
#' them. Unlike in an R vector, a position beyond the end is an error. `x$size(0L)` is PyTorch's own
#' way to get a single size, and counts from 0.
#'
#' @param x,e1,e2,target,current Sizes; for operators one of the two may be R numbers.
#' @param i,... Positions, logicals or nothing, as in an R vector; for `c()` and the summaries,
#'   further numbers; otherwise not used.
#' @param value Numbers.
#' @param mode,na.rm,recursive,use.names As in R's own functions.
#' @return R numbers. `print()` returns `x`, invisibly, and `format()` the text that Python shows.
#' @seealso [tensor-generics] for `dim(x)`, which returns an R vector
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$zeros(2L, 3L)
#' x$shape[1]
#' prod(x$shape)
#' torch$ones(x$shape)
#' @name torch-size
NULL

size_values <- function(x, call = rlang::caller_env()) {
  check_alive(x, call)
  whole_numbers(as.double(unlist(tensor_value("sizes", x, call = call))))
}

as_sizes <- function(x) {
  if (inherits(x, "torch.Size")) size_values(x, NULL) else x
}

check_size_index <- function(i, count, call) {
  problem <- if (!is_index(i)) {
    sprintf("The index of sizes must be whole numbers or logicals, not %s.", friendly_type(i))
  } else if (is.numeric(i) && any(i < 0) && any(i > 0)) {
    "The index of sizes mixes positive and negative numbers."
  } else if (last_of_index(i) > count) {
    sprintf(
      "Subscript out of bounds: there %s %d size%s, the index is %s.",
      if (count == 1) "is" else "are", count, if (count == 1) "" else "s",
      format_value(last_of_index(i))
    )
  }
  if (!is.null(problem)) {
    abort_tensor(problem, call)
  }
}

is_index <- function(i) {
  is.null(i) || (is.numeric(i) || is.logical(i)) && !anyNA(i) && all(i == trunc(i))
}

last_of_index <- function(i) {
  if (is.logical(i)) length(i) else max(i, 0)
}

#' @rdname torch-size
#' @export
`[.torch.Size` <- function(x, i) { # nolint: object_name_linter.
  values <- size_values(x)
  if (missing(i)) {
    return(values)
  }
  check_size_index(i, length(values), rlang::current_env())
  values[i]
}

#' @rdname torch-size
#' @export
`[[.torch.Size` <- function(x, i) { # nolint: object_name_linter.
  if (is.character(i)) {
    return(eval(call("$", quote(x), i)))
  }
  call <- rlang::current_env()
  values <- size_values(x)
  check_size_index(i, length(values), call)
  found <- values[i]
  if (length(found) != 1) {
    abort_tensor(sprintf("`[[` takes one size, not %d: use `[`.", length(found)), call)
  }
  found
}

#' @rdname torch-size
#' @export
`[<-.torch.Size` <- function(x, i, value) { # nolint: object_name_linter.
  values <- size_values(x)
  if (missing(i)) values[] <- value else values[i] <- value
  values
}

#' @rdname torch-size
#' @export
`[[<-.torch.Size` <- function(x, i, value) { # nolint: object_name_linter.
  values <- size_values(x)
  values[[i]] <- value
  values
}

#' @export
`$.torch.Size` <- function(x, name) { # nolint: object_name_linter.
  check_alive(x, NULL)
  if (converts_results(x)) convert_result(py_get_attr(x, name)) else NextMethod()
}

#' @rdname torch-size
#' @export
length.torch.Size <- function(x) length(size_values(x)) # nolint: object_name_linter.

#' @export
names.torch.Size <- function(x) NULL # nolint: object_name_linter.

#' @rdname torch-size
#' @export
as.integer.torch.Size <- function(x, ...) as.integer(size_values(x)) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
as.double.torch.Size <- function(x, ...) as.double(size_values(x)) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
as.vector.torch.Size <- function(x, mode = "any") as.vector(size_values(x), mode) # nolint

#' @rdname torch-size
#' @export
as.logical.torch.Size <- function(x, ...) as.logical(size_values(x)) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
is.na.torch.Size <- function(x) is.na(size_values(x)) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
unique.torch.Size <- function(x, ...) unique(size_values(x), ...) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
diff.torch.Size <- function(x, ...) diff(size_values(x), ...) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
as.list.torch.Size <- function(x, ...) as.list(size_values(x)) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
as.character.torch.Size <- function(x, ...) as.character(size_values(x)) # nolint

#' @rdname torch-size
#' @method unlist torch.Size
#' @export
unlist.torch.Size <- function(x, recursive = TRUE, use.names = TRUE) { # nolint
  size_values(x)
}

#' @rdname torch-size
#' @export
c.torch.Size <- function(...) do.call(c, lapply(list(...), as_sizes)) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
rep.torch.Size <- function(x, ...) rep(size_values(x), ...) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
xtfrm.torch.Size <- function(x) as.double(x) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
mean.torch.Size <- function(x, ...) mean(size_values(x), ...) # nolint: object_name_linter.

#' @rdname torch-size
#' @export
Ops.torch.Size <- function(e1, e2) { # nolint: object_name_linter.
  operator <- match.fun(get(".Generic"))
  if (missing(e2)) operator(as_sizes(e1)) else operator(as_sizes(e1), as_sizes(e2))
}

#' @rdname torch-size
#' @export
Math.torch.Size <- function(x, ...) match.fun(get(".Generic"))(size_values(x), ...) # nolint

#' @rdname torch-size
#' @export
Summary.torch.Size <- function(x, ..., na.rm = FALSE) { # nolint: object_name_linter.
  do.call(get(".Generic"), c(lapply(list(x, ...), as_sizes), list(na.rm = na.rm)))
}

#' @rdname torch-size
#' @method all.equal torch.Size
#' @export
all.equal.torch.Size <- function(target, current, ...) { # nolint: object_name_linter.
  all.equal(as_sizes(target), as_sizes(current), ...)
}

# testthat compares these values.
#' @exportS3Method waldo::compare_proxy torch.Size
compare_proxy.torch.Size <- function(x, path) list(object = size_values(x), path = path) # nolint

#' @rdname torch-size
#' @export
format.torch.Size <- function(x, ...) { # nolint: object_name_linter.
  if (py_is_null_xptr(x)) {
    return("<sizes of another R session>")
  }
  reticulate::py_str(x)
}

#' @rdname torch-size
#' @export
print.torch.Size <- function(x, ...) { # nolint: object_name_linter.
  writeLines(format(x))
  invisible(x)
}
