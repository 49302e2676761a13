# The indices between the brackets: values, empty ones and Python's slices.

#' @rdname tensor-index
#' @export
all_dims <- function() {
  ready_torch()
  if (is.null(tensor_session$ellipsis)) {
    tensor_session$ellipsis <- reticulate::import_builtins(convert = FALSE)$Ellipsis
  }
  tensor_session$ellipsis
}

is_all_dims <- function(i) {
  inherits(i, "python.builtin.ellipsis")
}

missing_index <- function() {
  structure(list(), class = "pytwolayer_missing_index")
}

is_missing_index <- function(i) {
  inherits(i, "pytwolayer_missing_index")
}

#' The values of the indices
#'
#' With a marker for those left empty: as in `x[1, ]`, or in `x[i, j]` of a function that was
#' called without its `j`. No argument is evaluated twice.
#'
#' @noRd
capture_indices <- function(...) {
  dots <- environment()
  written <- as.list(substitute(alist(...)))[-1]
  where <- where_written(dots, sys.call(sys.parent()), parent.frame(2))
  given <- lapply(seq_along(written), function(k) {
    capture_index(written[[k]], k, dots, where)
  })
  drop_style_arguments(given, names(written), parent.frame())
}

# Whether the indices were written in the call of `[` itself, and the environment of the k-th: the
# caller's, or one further up for those that came through `...`.
where_written <- function(dots, call, caller) {
  here <- !any(vapply(as.list(call)[-1], identical, TRUE, quote(...)))
  list(
    here = here,
    env = function(k) {
      if (here) caller else rlang::quo_get_env(eval(quote(rlang::enquos(...)), dots)[[k]])
    }
  )
}

capture_index <- function(written, k, dots, where) {
  argument <- as.name(paste0("..", k))
  if (is_slice_written(written)) {
    return(eval_slice(written, where$env(k)))
  }
  if (is.symbol(written)) {
    if (eval(call("missing", argument), dots)) {
      return(missing_index())
    }
    slice <- slice_of_argument(written, where$env(k))
    if (!is.null(slice)) {
      return(slice)
    }
  }
  if (where$here && is_call_to(written, ":")) {
    return(range_index(written, where$env(k)))
  }
  plain_logical(eval(argument, dots))
}

# The slice that a function's argument was given, as in f(`2:`), where f() has x[i]; else NULL.
slice_of_argument <- function(written, env) {
  if (!nzchar(as.character(written)) || !exists(written, envir = env, inherits = FALSE)) {
    return(NULL)
  }
  origin <- do.call(substitute, list(written, env))
  if (!is.symbol(origin) || identical(origin, written)) {
    return(NULL)
  }
  frame <- Position(function(each) identical(each, env), sys.frames())
  if (is.na(frame)) {
    return(NULL)
  }
  parent <- sys.parents()[[frame]]
  caller <- if (parent == 0) globalenv() else sys.frames()[[parent]]
  if (is_slice_written(origin)) eval_slice(origin, caller) else slice_of_argument(origin, caller)
}

is_call_to <- function(written, name) {
  is.call(written) && identical(written[[1]], as.name(name))
}

# Only what has no meaning in R: a name with a colon, an end that is NULL, two colons.
is_slice_written <- function(written) {
  if (is.symbol(written)) {
    return(grepl("^[^:]*:[^:]*(:[^:]*)?$", as.character(written)))
  }
  if (!is_call_to(written, ":")) {
    return(FALSE)
  }
  is_call_to(written[[2]], ":") || is.null(written[[2]]) || is.null(written[[3]])
}

# The slice, or the value of a variable that has such a name.
eval_slice <- function(written, env) {
  if (is.symbol(written)) {
    name <- as.character(written)
    if (name %in% c(":", "::")) {
      return(new_slice(list(NULL, NULL)))
    }
    if (exists(name, envir = env)) {
      return(plain_logical(get(name, envir = env)))
    }
    return(new_slice(lapply(split_slice(name), evaluated_text, env)))
  }
  first <- written[[2]]
  ends <- if (is_call_to(first, ":")) as.list(first)[-1] else list(first)
  if (length(ends) > 1 && is_call_to(ends[[1]], ":")) {
    abort_tensor("A slice has at most two colons: from, to and step.", rlang::caller_env())
  }
  new_slice(lapply(c(ends, list(written[[3]])), eval, env))
}

split_slice <- function(name) {
  strsplit(paste0(name, " "), ":", fixed = TRUE)[[1]]
}

evaluated_text <- function(text, env) {
  if (nzchar(trimws(text))) eval(str2lang(text), env)
}

new_slice <- function(ends) {
  names(ends) <- c("from", "to", "by")[seq_along(ends)]
  structure(ends, class = "pytwolayer_slice")
}

is_slice <- function(i) {
  inherits(i, "pytwolayer_slice")
}

# `from:to`. R's own `:` takes no tensors, and cannot follow rTorch's options.
range_index <- function(written, env) {
  ends <- list(eval(written[[2]], env), eval(written[[3]], env))
  if (is_tensor(ends[[1]]) || is_tensor(ends[[2]]) || !is.null(index_style(env))) {
    return(new_slice(ends))
  }
  eval(as.call(c(written[[1]], ends)), env)
}

# The positions of a slice, from 1.
slice_positions <- function(slice, size, where, call) {
  by <- slice_step(slice, where, call)
  from <- slice_end(slice$from, 1, size, where, call)
  to <- slice_end(slice$to, 0, size, where, call)
  if (!is.null(from) && !is.null(to) && !is_tensor(slice$to)) {
    by <- signed_step(by, from, to, where, call)
  }
  if (is.null(from)) from <- if (by > 0) 1 else size
  if (is.null(to)) to <- if (by > 0) size else 1
  if ((to - from) * by < 0 && from <= size + 1) {
    return(numeric())
  }
  check_positions(c(from, to), size, where, call)
  seq(from, to, by = by)
}

slice_step <- function(slice, where, call) {
  by <- slice_number(slice$by, "step", where, call)
  if (identical(by, 0)) {
    abort_tensor(sprintf("The step of the slice of %s is 0.", where), call)
  }
  if (is.null(by)) 1 else by
}

# The step with its sign: below 0 from a larger number to a smaller one.
signed_step <- function(by, from, to, where, call) {
  if ((to - from) * by >= 0) {
    return(by)
  }
  if (by < 0) {
    abort_tensor(sprintf("The slice of %s goes up, but its step is below 0.", where), call)
  }
  -by
}

# A tensor is a position of Python's, which counts from 0; `shift` converts it to one of R's.
slice_end <- function(end, shift, size, where, call) {
  number <- slice_number(end, "end", where, call)
  if (is_tensor(end)) {
    return(if (number < 0) number + size + shift else number + shift)
  }
  if (!is.null(number) && number < 1) {
    abort_tensor(
      sprintf(
        "The ends of a slice count from 1, but one of %s is %s.%s",
        where, format_value(number),
        if (number < 0) " Leave an end open for the last position." else ""
      ),
      call
    )
  }
  number
}

slice_number <- function(number, part, where, call) {
  if (is_tensor(number)) {
    number <- as.vector(as_r_array(tensor_value("to_r", number, call = call)))
  }
  if (is.null(number)) {
    return(NULL)
  }
  single <- is.numeric(number) && length(number) == 1
  if (!single || !is.finite(number) || number != trunc(number)) {
    abort_tensor(
      sprintf(
        "Each %s of the slice of %s must be one whole number, not %s.", part, where,
        if (single) format_value(number) else friendly_type(number)
      ),
      call
    )
  }
  as.double(number)
}
