# What R's own engine makes of several networks.


# As the core does it, where no Python is.
r_together <- function(object, columns, type, level, call) {
  if (type == "pred_int") {
    return(r_prediction_intervals(object, object$models, columns, level, call))
  }
  kind <- if (is.null(object$levels)) "numeric" else "prob"
  kind <- if (type %in% c("quantile", "sd")) type else kind
  each <- r_of_models(object$models, columns, call, r_predictions, columns, kind, call)
  if (type == "sd") {
    means <- r_unwarned(lapply(object$models, r_predictions, columns, "numeric", call))
    return(r_sd_of_mixture(means, each))
  }
  over <- function(fun, ..., sets = 1) {
    found <- fun(do.call(cbind, lapply(each, as.vector)), ...)
    matrix(found, columns$rows, sets * ncol(each[[1]]))
  }
  switch(type,
    class = matrix(max.col(r_mean_of_models(each), "first"), ncol = 1),
    std_error = over(sds_of_rows),
    conf_int = over(quantiles_of_rows, c(1 - level, 1 + level) / 2, sets = 2),
    r_mean_of_models(each)
  )
}

# What a function makes of each network. It warns once, of levels that no network has seen.
r_of_models <- function(models, columns, call, fun, ...) {
  if (length(models) == 1) {
    return(lapply(models, fun, ...))
  }
  if (is.null(columns$matrix)) {
    r_read_columns(joined_inputs(models), columns, call)
  }
  r_unwarned(lapply(models, fun, ...))
}

r_unwarned <- function(expr) {
  withCallingHandlers(expr, pytwolayer_warning_unseen_level = function(cnd) {
    rlang::cnd_muffle(cnd)
  })
}

# The inputs of the first network, with the levels of all.
joined_inputs <- function(models) {
  codings <- lapply(models, function(model) model$coding$inputs$codings)
  inputs <- models[[1]]$coding$inputs
  for (place in seq_along(inputs$codings)) {
    levels <- unique(unlist(lapply(codings, function(own) own[[place]]$levels)))
    inputs$codings[[place]]["levels"] <- list(levels)
  }
  inputs
}

# Of an observation that is as likely any network's as another's; from the means and the standard
# deviations of each.
r_sd_of_mixture <- function(means, sds) {
  if (length(sds) == 1) {
    return(sds[[1]])
  }
  middle <- r_mean_of_models(means)
  between <- r_mean_of_models(lapply(means, function(own) (own - middle)^2))
  sqrt(r_mean_of_models(lapply(sds, `^`, 2)) + between)
}

r_mean_of_models <- function(each) {
  if (length(each) == 1) {
    return(each[[1]])
  }
  there <- Reduce(`+`, lapply(each, function(values) !is.na(values)))
  total <- Reduce(`+`, lapply(each, function(values) ifelse(is.na(values), 0, values)))
  means <- total / there
  means[there == 0] <- NA
  means
}

# Of a matrix with a column for each network.
sds_of_rows <- function(values) {
  squares <- rowSums((values - rowMeans(values, na.rm = TRUE))^2, na.rm = TRUE)
  number <- rowSums(!is.na(values))
  sds <- sqrt(squares / (number - 1))
  sds[number < 2] <- NA
  sds
}

# Those of stats::quantile(), which would be called for one row after the other; a column for each
# share.
quantiles_of_rows <- function(values, shares) {
  rows <- seq_len(nrow(values))
  ordered <- matrix(values[order(row(values), values)], nrow(values), byrow = TRUE) # NA last
  number <- rowSums(!is.na(values))
  found <- vapply(shares, function(share) {
    place <- 1 + pmax(number - 1, 0) * share
    below <- ordered[cbind(rows, floor(place))]
    above <- ordered[cbind(rows, ceiling(place))]
    found <- (1 - place %% 1) * below + place %% 1 * above
    equal <- which(below == above) # infinite too
    found[equal] <- below[equal]
    found[number == 0] <- NA
    found
  }, numeric(nrow(values)))
  matrix(found, nrow(values), length(shares))
}
