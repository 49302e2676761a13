# rTorch's options that make indices count as in Python, for code that was written with them.

#' How indices count, if not as R's
#'
#' @param caller Who wrote the index: R's own functions always count as R does.
#' @return `NULL`, or a list of flags: whether positions count from 0, whether a range leaves out
#'   its end, whether what is beyond the end is cut, and whether negative ones count from the end.
#' @noRd
index_style <- function(caller) {
  python <- identical(getOption("torch.extract.style"), "python")
  off <- function(...) python || any(vapply(c(...), function(name) isFALSE(getOption(name)), TRUE))
  flags <- list(
    from_zero = off("torch.extract.one_based", "torch.one_based_extract"),
    without_end = off("torch.extract.inclusive_stop"),
    cut = off("torch.extract.disallow_out_of_bounds", "torch.extract.dissallow_out_of_bounds"),
    from_end = off("torch.extract.warn_negatives_pythonic")
  )
  if (any(unlist(flags)) && !called_from_r_packages(caller)) flags
}

counts_positions <- function(i) {
  is_slice(i) || is_plain_index(i) && is.numeric(i) && !is.matrix(i)
}

# Indices, one per dimension, converted to R's positions.
indices_of_style <- function(given, size, style) {
  for (k in seq_along(given)) {
    given[[k]] <- index_of_style(given[[k]], size[[k]], style, sprintf("dimension %d", k))
  }
  given
}

index_of_style <- function(i, size, style, where) {
  if (is_slice(i)) {
    return(if (is_position_tensor(i)) i else range_of_style(i, size, style))
  }
  if (!is_plain_index(i) || !is.numeric(i)) {
    return(i)
  }
  position <- position_of_style(i, size, style)
  if (style$from_end && any(position < 1, na.rm = TRUE)) {
    abort_tensor(
      sprintf("Subscript out of bounds: %s has %s elements.", where, format_value(size)),
      rlang::caller_env()
    )
  }
  position
}

position_of_style <- function(i, size, style) {
  negative <- !is.na(i) & i < 0
  if (style$from_end) {
    i[negative] <- i[negative] + size + 1
  }
  i[!negative] <- i[!negative] + style$from_zero
  i
}

end_text <- function(end) if (is.null(end)) "" else format_value(as.double(end))

range_of_style <- function(slice, size, style) {
  by <- if (is.null(slice$by)) 1 else as.double(slice$by)
  if (by < 1) {
    abort_tensor(
      sprintf("In PyTorch the step of a slice must be above 0, not %s.", format_value(by)),
      rlang::caller_env()
    )
  }
  end <- function(number, open) {
    if (is.null(number)) open else position_of_style(as.double(number), size, style)
  }
  from <- end(slice$from, 1)
  to <- end(slice$to, size + 1) - (is.null(slice$to) || style$without_end)
  if (style$cut) {
    from <- max(from, 1)
    to <- min(to, size)
  }
  if (from > to && !style$cut) {
    abort_tensor(
      sprintf(
        "With rTorch's options a range must go up within the tensor's elements, not be `%s:%s`.",
        end_text(slice$from), end_text(slice$to)
      ),
      rlang::caller_env()
    )
  }
  if (from > to) integer() else seq(from, to, by = by)
}
