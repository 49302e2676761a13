# Warnings, once per session, where R's meaning differs from rTorch's or Python's.

warned_about <- new.env(parent = emptyenv())

# For tests.
forget_index_warnings <- function() {
  rm(list = ls(warned_about), envir = warned_about)
}

# By kind, texts for sprintf().
index_warnings <- c(
  tensor = paste(
    "A tensor of whole numbers as index has PyTorch's positions, which count from 0;",
    "R's numbers count from 1."
  ),
  negative = paste(
    "A negative index leaves out what it names, as in R. In rTorch and Python it counts from the",
    "end: for the last element write `x[length(x)]`."
  ),
  zero = paste(
    "Indices count from 1, as in R, and 0 names nothing: `x[0]` is empty, and",
    "`x[0] <- value` changes nothing. Python's element 0 is `x[1]`."
  ),
  single = paste(
    "A single index of a tensor with %d dimensions counts its elements column by column, as in R.",
    "In rTorch and Python it names rows: write `x[i%s]`."
  ),
  fewer = paste(
    "Incorrect number of dimensions: %d indices for a tensor with %d. The rest is taken whole,",
    "as in Python; in R it is an error."
  )
)
index_warnings[c("any", "all")] <- paste(
  "`%1$s(x, %2$s)` takes %2$s for one more value, as R does.",
  "For PyTorch's dimension write `%1$s(x, dim = %2$s)`."
)

# `caller` is the frame in which the index was written, `...` are values for the text.
warn_index <- function(kind, caller, call, ...) {
  if (is_meant(kind) || isTRUE(warned_about[[kind]]) || called_from_r_packages(caller)) {
    return(invisible())
  }
  warned_about[[kind]] <- TRUE
  rlang::warn(
    c(
      sprintf(index_warnings[[kind]], ...),
      i = "Said once per session; `options(torch.extract.style = \"R\")` says that this is meant."
    ),
    class = "pytwolayer_warning_index", call = call
  )
}

# Whether R's meaning is chosen by rTorch's options. Fewer indices than dimensions are an error in
# R, so R's style cannot be what is meant by them.
is_meant <- function(kind) {
  off <- isFALSE(getOption("torch.extract.warn_tensors_passed_asis"))
  kind == "tensor" && off || kind != "fewer" && identical(getOption("torch.extract.style"), "R")
}

# R's own functions, such as head(), and this package's use R's meaning on purpose.
called_from_r_packages <- function(caller) {
  space <- topenv(caller)
  own <- c("base", "stats", "utils", "methods", "graphics", "grDevices", "tools")
  environmentName(space) %in% own || identical(parent.env(caller), topenv())
}

warn_about_indices <- function(given, call, caller) {
  for (i in given) {
    if (is_position_tensor(i)) {
      warn_index("tensor", caller, call)
    } else if (is.numeric(i) && !is.object(i) && length(i)) {
      warn_about_lowest(if (length(i) == 1) i else min(i), call, caller)
    }
  }
}

warn_about_lowest <- function(number, call, caller) {
  if (isTRUE(number < 0)) warn_index("negative", caller, call)
  if (isTRUE(number == 0)) warn_index("zero", caller, call)
}

# Or a slice with such a tensor as an end. Masks are found before, in resolve_indices().
is_position_tensor <- function(i) {
  if (is_slice(i)) {
    return(any(vapply(i, is_tensor, TRUE)))
  }
  is_tensor(i) && tensor_value("index_kind", i) == "positions"
}

# rTorch's arguments within the brackets: only `style = "R"` can be followed.
drop_style_arguments <- function(given, names, call) {
  style <- which(names %in% c("style", "options"))
  for (k in style) {
    if (names[[k]] == "options" || !identical(given[[k]], "R")) {
      abort_tensor(
        sprintf(
          "`%s` within the brackets is not supported: tensors are indexed as in R.", names[[k]]
        ),
        call
      )
    }
  }
  if (length(style)) given[-style] else given
}
