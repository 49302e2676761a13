# A column for each network, with rows that all, some, or none of them predict.
several <- function(rows, networks, missing) {
  withr::local_seed(2)
  values <- matrix(round(rnorm(rows * networks), 1), rows) # some are equal
  values[runif(length(values)) < missing] <- NA
  values[seq_len(min(rows, 2)), ] <- NaN
  values
}

test_that("means, deviations and quantiles of rows are those of stats", {
  of_rows <- function(values, fun, ...) {
    apply(values, 1, function(own) if (all(is.na(own))) NA_real_ else fun(own, ..., na.rm = TRUE))
  }
  for (networks in c(1, 2, 3, 25)) {
    for (missing in c(0, 0.1, 0.6)) {
      values <- several(40, networks, missing)
      of_each <- lapply(seq_len(networks), function(place) values[, place])
      expect_equal(r_mean_of_models(of_each), of_rows(values, mean))
      expect_equal(sds_of_rows(values), of_rows(values, stats::sd))
      ends <- quantiles_of_rows(values, c(0.05, 0.95))
      for (end in 1:2) {
        expected <- of_rows(values, stats::quantile, c(0.05, 0.95)[[end]], names = FALSE)
        expect_equal(ends[, end], expected)
        expect_false(any(is.nan(ends[, end])))
      }
    }
  }
})

test_that("no row at all, one row, and numbers without end are no exception", {
  expect_identical(dim(quantiles_of_rows(matrix(0, 0, 3), c(0.1, 0.9))), c(0L, 2L))
  expect_identical(quantiles_of_rows(matrix(c(1, 3), 1), c(0, 0.5, 1)), matrix(c(1, 2, 3), 1))
  expect_identical(quantiles_of_rows(matrix(c(1, Inf, Inf), 1), c(0, 1)), matrix(c(1, Inf), 1))
})

test_that("R's engine gives what the core gives of several networks, where values are missing", {
  skip_without_torch()
  rows <- transform(mtcars, cyl = factor(cyl), gear = as.character(gear))
  fits <- list(
    quick(mpg ~ wt + gear, rows, n_models = 4, bootstrap = TRUE),
    quick(cyl ~ wt + gear, rows, n_models = 4, bootstrap = TRUE)
  )
  rows$wt[c(1, 7)] <- NA
  for (fit in fits) {
    types <- c(if (is.null(fit$levels)) "numeric" else c("class", "prob"), "std_error", "conf_int")
    for (type in types) {
      for (new in list(rows, rows[3, ], rows[0, ], rows[1, ])) {
        expect_equal(predict(fit, new, type, engine = "r"), predict(fit, new, type))
      }
    }
  }
})
