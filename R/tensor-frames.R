# Tensors as columns of data frames.
#
# `d$x <- tensor` is R's own code, which takes whatever has a length for a column. It asks for the
# length first: there the tensor becomes R's numbers.

frame_methods <- c("$<-.data.frame", "[[<-.data.frame", "[<-.data.frame")

# Cheap, since dim() and length() are asked often.
is_base_frame <- function(frame) {
  base::identical(parent.env(frame), .BaseNamespaceEnv)
}

# `frame` is that of the method for data frames, or of NROW(), which it calls, for a list of columns
# in vapply().
becomes_column <- function(x, frame) {
  k <- frame_number(frame)
  for (between in list(NROW, vapply)) {
    if (k > 0 && identical(sys.function(k), between)) k <- sys.parents()[[k]]
  }
  if (k == 0) {
    return(invisible())
  }
  asks <- sys.function(k)
  for (name in frame_methods) {
    if (identical(asks, get(name, envir = baseenv()))) {
      call <- call(sub(".data.frame", "", name, fixed = TRUE))
      value <- get("value", envir = sys.frame(k))
      assign("value", plain_columns(value, as.character(call)), envir = sys.frame(k))
      return(invisible())
    }
  }
}

plain_columns <- function(value, name) {
  if (is_plain_list(value)) {
    value[] <- lapply(value, plain_values, name)
    value
  } else {
    plain_values(value, name)
  }
}
