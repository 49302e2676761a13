#' Print a two-layer network
#'
#' @param x What [two_layer()] gave.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @export
print.two_layer <- function(x, ...) {
  settings <- x$settings
  last <- x$history[nrow(x$history), ]
  lines <- c(
    "<two_layer>",
    sprintf(
      "Data:       %s, %s, %s", counted(x$rows, "row"), counted(x$sizes[1], "predictor"),
      counted(x$sizes[3], "outcome")
    ),
    sprintf(
      "Network:    %s, %s, %d parameters",
      paste(x$sizes, collapse = "-"), settings$activation, x$parameters
    ),
    sprintf(
      "Training:   %s, learning rate %g, %d epochs on %s, seed %.0f",
      settings$optimizer, settings$learning_rate, nrow(x$history), x$device, settings$seed
    ),
    sprintf("Last loss:  %.4g (%s, %s)", last$loss, settings$loss, settings$reduction)
  )
  writeLines(lines)
  invisible(x)
}

counted <- function(number, noun) {
  sprintf("%d %s%s", number, noun, if (number == 1) "" else "s")
}
