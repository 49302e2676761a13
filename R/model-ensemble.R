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

#' Print an ensemble of two-layer networks
#'
#' @param x What [two_layer()] gave with several `n_models`.
#' @param ... Not used.
#' @return `x`, invisibly.
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
#' @param object What [two_layer()] gave with several `n_models`.
#' @return `summary()`: a tibble with a row for each model, see [glance.two_layer()]. Printed, it
#'   says, as `print()` of the ensemble does, what its intervals are of: those of `"conf_int"`, also
#'   with `bootstrap`, do not cover new outcomes, as those of `"pred_int"` are to.
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
