# Where R's indices mean something else than rTorch's or Python's: said once per session.

warned_about <- new.env(parent = emptyenv())

# For tests.
forget_index_warnings <- function() {
  rm(list = ls(warned_about), envir = warned_about)
}

# What `...` describes is an sprintf() text; `caller` is who wrote the index.
warn_index <- function(kind, caller, call, text, ...) {
  # Fewer indices than dimensions are an error in R, so R's style does not stand for them.
  meant <- kind != "fewer" && identical(getOption("torch.extract.style"), "R")
  if (meant || isTRUE(warned_about[[kind]]) || is_r_itself(caller)) {
    return(invisible())
  }
  warned_about[[kind]] <- TRUE
  rlang::warn(
    c(
      sprintf(text, ...),
      i = "Said once per session; `options(torch.extract.style = \"R\")` says that this is meant."
    ),
    class = "pytwolayer_warning_index", call = call
  )
}

# R's own functions, such as head(), and this package's know what they mean.
is_r_itself <- function(caller) {
  space <- topenv(caller)
  own <- c("base", "stats", "utils", "methods", "graphics", "grDevices", "tools")
  environmentName(space) %in% own || identical(parent.env(caller), topenv())
}

warn_of_indices <- function(given, call, caller) {
  for (i in given) {
    if (is_position_tensor(i)) {
      warn_tensor(call, caller)
    } else if (is.numeric(i) && !is.object(i) && length(i)) {
      warn_of_numbers(i, call, caller)
    }
  }
}

warn_tensor <- function(call, caller) {
  if (!identical(getOption("torch.extract.warn_tensors_passed_asis"), FALSE)) {
    warn_index("tensor", caller, call, paste(
      "A tensor of whole numbers as index has PyTorch's positions, which count from 0;",
      "R's numbers count from 1."
    ))
  }
}

# Masks of a tensor are asked by resolve_indices(), and slices may have tensors as ends.
is_position_tensor <- function(i) {
  if (is_slice(i)) {
    return(any(vapply(i, is_tensor, TRUE)))
  }
  is_tensor(i) && tensor_value("index_kind", i) == "positions"
}

warn_of_numbers <- function(i, call, caller) {
  lowest <- if (length(i) == 1) i else min(i)
  if (isTRUE(lowest < 0)) {
    warn_index("negative", caller, call, paste(
      "A negative index leaves out what it names, as in R. In rTorch and Python it counts from the",
      "end: for the last element write `x[length(x)]`."
    ))
  } else if (isTRUE(lowest == 0)) {
    warn_index("zero", caller, call, paste(
      "Indices count from 1, as in R, and 0 names nothing: `x[0]` is empty, and",
      "`x[0] <- value` changes nothing. Python's element 0 is `x[1]`."
    ))
  }
}

warn_single <- function(dimensions, call, caller) {
  warn_index("single", caller, call, paste(
    "A single index of a tensor with %d dimensions counts its elements column by column, as in R.",
    "In rTorch and Python it names rows: write `x[i%s]`."
  ), dimensions, strrep(", ", dimensions - 1))
}

warn_fewer <- function(given, dimensions, call, caller) {
  warn_index("fewer", caller, call, paste(
    "Incorrect number of dimensions: %d indices for a tensor with %d. The rest is taken whole,",
    "as in Python; in R it is an error."
  ), given, dimensions)
}

# rTorch's arguments in the brackets.
without_style <- function(given, names, call) {
  style <- which(names %in% c("style", "options"))
  for (k in style) {
    if (names[[k]] == "options" || !identical(given[[k]], "R")) {
      abort_tensor(
        sprintf(
          "`%s` within the brackets is not supported: indices of tensors are R's.", names[[k]]
        ),
        call
      )
    }
  }
  if (length(style)) given[-style] else given
}
