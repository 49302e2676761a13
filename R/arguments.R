# A misspelt argument is an error, not a silent default.
check_dots <- function(fun, ..., call = rlang::caller_env()) {
  if (...length() == 0) {
    return(invisible())
  }
  known <- setdiff(names(formals(fun)), "...")
  given <- names(list(...))
  first <- if (is.null(given)) "" else given[[1]]
  problem <- if (nzchar(first)) {
    close <- agrep(first, known, max.distance = 0.3, value = TRUE)
    hint <- if (length(close)) sprintf(" (did you mean `%s`?)", close[[1]]) else ""
    sprintf("`%s` is not an argument%s.", first, hint)
  } else {
    "An argument without a name came where none is expected."
  }
  rlang::abort(
    c(problem, i = paste("The arguments are", paste0("`", known, "`", collapse = ", "))),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), call = call
  )
}

# The core checks what settings are; here, that each is one value, and there.
check_settings <- function(settings, call = rlang::caller_env()) {
  for (argument in names(settings)) {
    value <- settings[[argument]]
    if (!is.null(value) && !is_single(value) && !inherits(value, "torch.device")) {
      abort_argument(argument, "a single value", value, call)
    }
  }
  settings
}

is_single <- function(value) {
  plain <- is.atomic(value) && !is.object(value) && length(value) == 1
  plain && (!is.na(value) || is.nan(value))
}

check_text <- function(..., call = rlang::caller_env()) {
  values <- list(...)
  for (argument in names(values)) {
    value <- values[[argument]]
    if (!is.character(value) || !is_single(value) || !nzchar(value)) {
      abort_argument(argument, "a single text", value, call)
    }
  }
}

# The same words as the core's own errors.
abort_argument <- function(argument, expected, value, call = rlang::caller_env()) {
  abort_expected(argument, expected, shown(value), call)
}

abort_expected <- function(argument, expected, received, call = rlang::caller_env()) {
  rlang::abort(
    sprintf("`%s` must be %s, not %s.", argument, expected, received),
    class = c("pytwolayer_error_argument", "pytwolayer_error"),
    argument = argument, expected = expected, received = received, call = call
  )
}

# What came, in the words of an error message.
shown <- function(value) {
  if (is.null(value)) {
    return("NULL")
  }
  if (is.factor(value)) {
    return("a factor")
  }
  if (!is.atomic(value) || is.object(value) || !is.null(dim(value))) {
    return(paste("an object of class", class(value)[[1]]))
  }
  shown_vector(value)
}

shown_vector <- function(value) {
  if (length(value) == 1) {
    return(encodeString(format(value), quote = if (is.character(value)) "\"" else ""))
  }
  article <- if (typeof(value) == "integer") "an" else "a"
  sprintf("%s %s vector of length %d", article, typeof(value), length(value))
}

quoted <- function(names) {
  paste0("\"", names, "\"", collapse = ", ")
}
