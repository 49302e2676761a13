# Profiles without Python, in R's own arithmetic; see pytwolayer/explain/profiles.py for the core's.

# The values of a profile of numbers, what the rows have instead, and a plot's marks.
r_profile_values <- function(values, points, kind, call) {
  grid <- quantile_values(values, points)
  number <- length(grid) - 1
  own <- as.list(grid)
  if (kind == "ale" && number) {
    interval <- r_intervals(values, grid)
    own <- list(grid[interval], grid[interval + 1])
  }
  list(grid = grid, values = own, own = values, marks = profile_marks(values))
}

r_intervals <- function(values, edges) {
  pmin(pmax(findInterval(values, edges, left.open = TRUE), 1), length(edges) - 1)
}

# As the core has them: values of the rows at equal steps of their ranks.
quantile_values <- function(values, points) {
  ordered <- sort(values)
  ranks <- ((seq_len(points) - 1) * (length(ordered) - 1)) %/% (points - 1)
  unique(ordered[ranks + 1])
}

# Values at equal steps of their ranks, for the marks at a plot's edge.
profile_marks <- function(values, most = 1000) {
  ordered <- sort(values)
  number <- min(length(ordered), most)
  ordered[floor(seq(0, length(ordered) - 1, length.out = number)) + 1]
}

# From rows, outputs and models to outputs and models.
average_rows <- function(values, weights) {
  matrix(
    weighted_means(matrix(values, dim(values)[[1]]), weights), dim(values)[[2]], dim(values)[[3]]
  )
}

# What predictions change by within each interval, added up; the mean is 0.
ale_of_numbers <- function(each, values, edges, weights) {
  number <- length(edges) - 1
  if (!number) {
    return(list(average_rows(each[[1]], weights) * 0))
  }
  interval <- r_intervals(values, edges)
  change <- each[[2]] - each[[1]]
  steps <- lapply(seq_len(number), function(step) {
    rows <- interval == step
    average_rows(change[rows, , , drop = FALSE], weights[rows])
  })
  sizes <- vapply(seq_len(number), function(step) sum(weights[interval == step]), 1)
  accumulated(steps, sizes, between = TRUE)
}

# And from each level to the next.
ale_of_levels <- function(each, codes, weights) {
  if (length(each) == 1) {
    return(list(average_rows(each[[1]], weights) * 0))
  }
  steps <- lapply(seq_along(each)[-1], function(place) {
    rows <- codes %in% c(place - 1, place)
    change <- each[[place]] - each[[place - 1]]
    average_rows(change[rows, , , drop = FALSE], weights[rows])
  })
  sizes <- vapply(seq_along(each), function(place) sum(weights[codes == place]), 1)
  accumulated(steps, sizes, between = FALSE)
}

accumulated <- function(steps, sizes, between) {
  found <- list(steps[[1]] * 0)
  for (step in seq_along(steps)) {
    found[[step + 1]] <- found[[step]] + steps[[step]]
  }
  of_sizes <- found
  if (between) of_sizes <- Map(function(a, b) (a + b) / 2, found[-1], found[-length(found)])
  mean <- Reduce(`+`, Map(`*`, of_sizes, sizes / sum(sizes)))
  lapply(found, `-`, mean)
}

# Estimates, and ends of intervals, for each value, row (of "ice") and outcome.
r_profile <- function(object, values, each, weights, asked, call) {
  own <- if (is.null(weights)) rep(1, dim(each[[1]])[[1]]) else weights
  each <- switch(asked$kind,
    ale = if (is.null(values$marks)) {
      ale_of_levels(each, values$own, own)
    } else {
      ale_of_numbers(each, values$own, values$grid, own)
    },
    pdp = lapply(each, average_rows, own),
    ice = lapply(each, aperm, c(2, 1, 3))
  )
  flat <- do.call(rbind, lapply(each, matrix, ncol = length(models_of(object))))
  found <- list(estimate = rowMeans(flat, na.rm = TRUE))
  if (!is.null(asked$level) && asked$kind != "ice") {
    ends <- quantiles_of_rows(flat, c(1 - asked$level, 1 + asked$level) / 2)
    found$lower <- ends[, 1]
    found$upper <- ends[, 2]
  }
  found
}
