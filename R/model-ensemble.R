# Several networks that predict together: class two_layer_ensemble.

#' R's object of an ensemble
#'
#' @param bytes The ensemble's bytes.
#' @param read What [read_model()] made of them.
#' @param make Makes a fit of the bytes and the content of one model.
#' @noRd
made_ensemble <- function(bytes, read, make) {
  models <- lapply(read$members, function(member) make(member$bytes, member$model))
  first <- models[[1]]
  settings <- first$settings
  settings$seed <- as.double(read$seed)
  settings <- c(settings, list(n_models = length(models), bootstrap = read$bootstrap))
  new_hardhat_model(
    "two_layer_ensemble", first$blueprint,
    models = models,
    model = bytes,
    history = bind_models(lapply(models, `[[`, "history")),
    settings = settings,
    own_loss = first$own_loss,
    device = first$device,
    rows = first$rows,
    dropped = first$dropped,
    offset = first$offset,
    tuning = first$tuning,
    calibration = read$calibration,
    coding = first$coding,
    outputs = first$outputs,
    levels = first$levels,
    outcomes = first$outcomes,
    how = first$how
  )
}

# Tables of the models, one below the other, with the model's number as the first column.
bind_models <- function(tables) {
  number <- rep(seq_along(tables), vapply(tables, nrow, 1L))
  all <- do.call(rbind, tables)
  all$model <- number
  all[c("model", names(tables[[1]]))]
}

loaded_ensemble <- function(bytes, read) {
  ensemble <- made_ensemble(bytes, read, loaded)
  ensemble$call <- rebuilt_call(ensemble)
  ensemble
}

#' Methods for an ensemble of two-layer networks
#'
#' An ensemble is what [two_layer()] returns with several `n_models`. `print()` shows the number of
#' networks, how they differ, their architecture, the range of their losses, and what its intervals
#' are. The other methods describe the ensemble as those of [two_layer-methods] describe one
#' network; fitted values and residuals are those of the mean prediction.
#'
#' Intervals of the type `"conf_int"`, also with `bootstrap`, are intervals of the mean and do not
#' cover new outcomes; those of the type `"pred_int"` are made to. See
#' [predict.two_layer_ensemble()].
#'
#' @param x,object A fit of [two_layer()] with several `n_models`.
#' @param ... Not used, except by `update()`: arguments of [two_layer()] to change.
#' @return `print()`: `x`, invisibly.
#' @seealso [predict.two_layer_ensemble()], [two_layer-methods], [tidy.two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fits <- two_layer(mpg ~ ., mtcars, n_models = 3, hidden_units = 3, epochs = 50, seed = 1)
#' fits
#' summary(fits)
#' head(residuals(fits))
#' @export
print.two_layer_ensemble <- function(x, ...) {
  first <- x$models[[1]]
  first$settings$seed <- x$settings$seed
  how <- if (x$settings$bootstrap) "on bootstrap resamples" else "with different seeds"
  lines <- describe_fit(first)
  loss <- grepl("^(Last|Best) loss:|^Tuning:", lines)
  writeLines(c(
    "<two_layer_ensemble>", sprintf("Models:     %d, %s", length(x$models), how),
    lines[!loss], format_losses(x), format_tuning(x), format_intervals(x)
  ))
  invisible(x)
}

# That intervals of the mean are none of new outcomes is said where one looks before one predicts.
format_intervals <- function(x) {
  if (is_of_numbers(x)) {
    only <- ", only \"pred_int\" is to hold new outcomes"
    there <- has_intervals(x$coding$outcome)
    paste0("Intervals:  \"conf_int\" is of the mean", if (there) only)
  }
}

is_of_numbers <- function(x) is.null(x$levels) && !has_labels(x)

# Of the epochs whose weights the models have.
format_losses <- function(x) {
  losses <- vapply(x$models, kept_loss, 1, watched_loss(x$history))
  sprintf(
    "Losses:     %s to %s %s%s", format_number(min(losses), 4), format_number(max(losses), 4),
    format_loss_name(x), format_ends(vapply(x$models, `[[`, "", "stopped"))
  )
}

#' @rdname print.two_layer_ensemble
#' @return `summary()`: a tibble with one row for each network, with the columns of
#'   [glance.two_layer()]. Printed, it ends with what the ensemble's intervals are.
#' @export
summary.two_layer_ensemble <- function(object, ...) {
  found <- bind_models(lapply(object$models, glance.two_layer))
  attr(found, "intervals") <- format_intervals(object)
  class(found) <- c("summary.two_layer_ensemble", class(found))
  found
}

#' @export
print.summary.two_layer_ensemble <- function(x, ...) {
  table <- x
  class(table) <- setdiff(class(x), "summary.two_layer_ensemble")
  attr(table, "intervals") <- NULL
  print(table, ...)
  writeLines(as.character(attr(x, "intervals")))
  invisible(x)
}
