# New data as users have them, for the packages that this one works with: rows that cannot be
# predicted among those that can, and tables of all kinds.

odd_data <- data.frame(
  number = sin(1:24), text = rep(c("klein", "gro\u00df", "mittel"), 8),
  flag = rep(c(TRUE, FALSE, FALSE), 8),
  size = factor(rep(c("lo", "hi", "mid"), each = 8), c("lo", "mid", "hi"), ordered = TRUE),
  count = 1:24, y = cos(1:24) + rep(1:3, 8)
)
names(odd_data)[1:2] <- c("a b", "Gr\u00f6\u00dfe")

#' New data, with the rows of `odd_data` that they are, `NA` where they cannot be predicted
#'
#' @param kinds Of those below.
odd_new_data <- function(kinds = NULL) {
  new <- odd_data[1:5, ]
  changed <- function(column, row, value) {
    new[[column]] <- as.vector(new[[column]])
    new[[column]][row] <- value
    new
  }
  unseen <- transform_column(new, "size", function(size) {
    factor(replace(as.vector(size), 5, "none"), c("lo", "mid", "hi", "none"), ordered = TRUE)
  })
  grouped <- function() dplyr::group_by(tibble::as_tibble(odd_data), .data$flag)
  cases <- list(
    "a missing number" = list(new = changed("a b", 2, NA), rows = c(1, NA, 3:5)),
    "a missing text" = list(new = changed("Gr\u00f6\u00dfe", 4, NA), rows = c(1:3, NA, 5)),
    "a column of missing values" = list(
      new = changed("count", 1:5, NA), rows = rep(NA_integer_, 5)
    ),
    "an unseen text" = list(new = changed("Gr\u00f6\u00dfe", 1, "riesig"), rows = c(NA, 2:5)),
    "an unseen level" = list(new = unseen, rows = c(1:4, NA)),
    "one row" = list(new = odd_data[7, ], rows = 7),
    "no rows" = list(new = odd_data[0, ], rows = integer()),
    "columns in another order" = list(new = odd_data[rev(names(odd_data))], rows = 1:24),
    "further columns" = list(new = cbind(z = 0, odd_data), rows = 1:24),
    "rows in another order" = list(new = odd_data[24:1, ], rows = 24:1),
    "whole doubles" = list(new = transform_column(odd_data, "count", as.double), rows = 1:24),
    "a tibble" = list(new = tibble::as_tibble(odd_data), rows = 1:24),
    "a data.table" = list(new = as_data_table(odd_data), rows = 1:24),
    "a grouped table" = list(new = if (has_dplyr()) grouped(), rows = 1:24)
  )
  cases <- Filter(function(case) !is.null(case$new), cases)
  if (is.null(kinds)) cases else cases[intersect(kinds, names(cases))]
}

transform_column <- function(data, column, fun) {
  data[[column]] <- fun(data[[column]])
  data
}

has_dplyr <- function() requireNamespace("dplyr", quietly = TRUE)

as_data_table <- function(data) {
  if (requireNamespace("data.table", quietly = TRUE)) data.table::as.data.table(data)
}

#' Expect that `predicted(new)` has each row's own number, and none for the odd ones
#'
#' @param predicted A function of new data that gives a vector.
#' @param truth What is predicted of the rows of `odd_data`.
expect_rows_in_place <- function(predicted, truth, cases = odd_new_data(), tolerance = 1e-12) {
  for (kind in names(cases)) {
    case <- cases[[kind]]
    found <- as.vector(suppressWarnings(
      predicted(case$new),
      classes = c("pytwolayer_warning_unseen_level", "hardhat_warn_novel_levels")
    ))
    expect_equal(as.double(found), truth[case$rows], tolerance = tolerance, info = kind)
  }
}
