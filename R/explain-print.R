# How effects, importance and profiles are printed: what they are, and the table.

#' @export
print.two_layer_effects <- function(x, ...) {
  several <- if (!"lower" %in% names(x)) "" else ", with intervals of the networks"
  cat_header("Average effects on the outcome's scale", several)
  print_table(x, ...)
}

#' @export
print.two_layer_importance <- function(x, ...) {
  facts <- attr(x, "facts")
  if (!is.null(facts)) {
    base <- toString(vapply(facts$base, format_number, "", digits = 4))
    cat_header(sprintf(
      "Permutation importance: %s %s of %s, %s%s", measure_words[[facts$measure]], base,
      counted(facts$rows, "row"), counted(facts$repeats, "repeat"),
      if (isTRUE(facts$training)) ", rows of training" else ""
    ))
  }
  print_table(x, ...)
}

#' @export
print.two_layer_profile <- function(x, ...) {
  facts <- attr(x, "facts")
  if (!is.null(facts)) {
    names <- c(
      ale = "Accumulated local effects", pdp = "Partial dependence",
      ice = "Individual conditional expectations"
    )
    cat_header(sprintf("%s, %s", names[[facts$kind]], counted(facts$rows, "row")))
  }
  print_table(x, ...)
}

cat_header <- function(...) cat("# ", ..., "\n", sep = "")

print_table <- function(x, ...) {
  table <- x
  class(table) <- setdiff(class(x), c(
    "two_layer_effects", "two_layer_importance", "two_layer_profile"
  ))
  print(table, ...)
  invisible(x)
}
