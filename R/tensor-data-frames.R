# Tensors as columns of data frames.
#
# `d$x <- tensor` is R's own code, which accepts as a column anything that has a length. It calls
# length() or dim() first: our methods then replace the tensor in its frame by R's numbers.

frame_methods <- c("$<-.data.frame", "[[<-.data.frame", "[<-.data.frame")

# Has to be fast, since dim() and length() are called often.
is_base_frame <- function(frame) {
  base::identical(parent.env(frame), .BaseNamespaceEnv)
}

# `frame` is the frame of a method in `frame_methods`, or of NROW() called by it, for a list of
# columns within vapply().
replace_by_column <- function(x, frame) {
  k <- frame_number(frame)
  for (between in list(NROW, vapply)) {
    if (k > 0 && identical(sys.function(k), between)) k <- sys.parents()[[k]]
  }
  if (k == 0) {
    return(invisible())
  }
  caller_function <- sys.function(k)
  for (name in frame_methods) {
    if (identical(caller_function, get(name, envir = baseenv()))) {
      call <- call(sub(".data.frame", "", name, fixed = TRUE))
      value <- get("value", envir = sys.frame(k))
      assign("value", plain_values(value, as.character(call)), envir = sys.frame(k))
      return(invisible())
    }
  }
}
