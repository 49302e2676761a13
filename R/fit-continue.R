#' Train a two-layer network for more epochs
#'
#' Continues from a fit's weights and settings on the data that it was fitted to. The optimiser and
#' the schedule of the learning rate start again, over the new epochs, so that the result is the
#' same whether or not the fit was saved and loaded in between. You can also continue a fit that was
#' interrupted, stopped by `patience`, or diverged.
#'
#' To resume a run that was killed, with the same bits as if it had not been, use `checkpoint` in
#' [two_layer()].
#'
#' @param fit A fit of [two_layer()] or [load_two_layer()].
#' @param epochs Number of further epochs.
#' @param ... The data, as they were given to [two_layer()]: `data`, `x`, `y`, `outcome`,
#'   `case_weights`, `weight_type`, `class_weights`, `validation`; and `loss`, if it is a function.
#'   Whatever you leave out is taken from the fit's call, evaluated where `continue_training()` is
#'   called from, as [update()] does. A fit keeps no copy of its predictors, so give the data again
#'   if the table has changed since (also in place, as by `data.table::setorder()`), or if the fit
#'   was loaded from a file.
#' @param device,checkpoint,checkpoint_every,cache,on_epoch,verbose As in [two_layer()]. `on_epoch`
#'   is called with the number of the epoch in the whole history.
#' @return A new fit, see [two_layer()]. Its `history` is that of `fit` followed by the new epochs.
#'   Its `call` has the total number of epochs, so that [update()] fits anew with this number. With
#'   held-out rows or `patience`, the best epoch is searched for among all epochs: if none of the
#'   new ones is better, the weights are those of `fit`. `patience` counts from the first new epoch.
#' @section Errors:
#' Data that differ from those of the fit are an error of class `pytwolayer_error_argument` that
#' says what differs. Other errors are those of [two_layer()].
#' @seealso [two_layer()], [save_two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, epochs = 100, seed = 1)
#' longer <- continue_training(fit, epochs = 50)
#' nrow(longer$history)
#' @export
continue_training <- function(fit, epochs, ..., device = "cpu", checkpoint = NULL,
                              checkpoint_every = "auto", cache = NULL, on_epoch = NULL,
                              verbose = TRUE) {
  call <- rlang::current_env()
  if (!inherits(fit, "two_layer")) {
    abort_argument("fit", "what `two_layer()` gave", fit, call)
  }
  if (missing(epochs)) {
    abort_expected("epochs", "a whole number of at least 1", "missing")
  }
  if (!is.numeric(epochs)) {
    abort_argument("epochs", "a whole number of at least 1", epochs, call)
  }
  given <- data_again(fit, list(...), parent.frame(), call)
  on.exit(lapply(given, close_source))
  input <- mold_again(fit, given, call)
  validation <- mold_validation(given$validation, input, call)
  on.exit(close_source(validation), add = TRUE)
  users <- new_callback_state()
  weights <- unnamed_weights(given$case_weights, input)
  input$case_weights <- choose_weights(weights, input$case_weights, call)
  settings <- list(
    epochs = epochs, device = device, checkpoint = checkpoint, checkpoint_every = checkpoint_every,
    cache = cache,
    validation = validation,
    class_weights = given$class_weights, loss = given$loss,
    case_weights = input$case_weights,
    weight_type = resolve_weight_type(input$case_weights, given$weight_type, call),
    on_epoch = on_epoch, verbose = verbose
  )
  arguments <- c(
    list(fit = fit$model, loss_name = fit$settings$loss),
    training_arguments(settings, rows_of(input), users, call)
  )
  matched <- fit$call
  matched$epochs <- nrow(fit$history) + epochs
  matched$checkpoint <- matched$checkpoint_every <- NULL # that run was of fewer epochs
  looked_up <- setdiff(intersect(c("data", "x", "y"), names(given)), names(list(...)))
  hint_changed_data(
    train_in_core("continue_training", input, arguments, verbose, users, matched, call), looked_up
  )
}

# data.table, for one, changes a table where it is, so that its name has other data than before.
hint_changed_data <- function(fit, looked_up) {
  tryCatch(fit, pytwolayer_error_argument = function(cnd) {
    if (isTRUE(cnd$argument %in% looked_up)) {
      way_out <- sprintf(
        "A fit keeps no copy of its predictors: give the data as they were then, `%s = `.",
        cnd$argument
      )
      cnd$body <- c(cnd$body, paste(cli::symbol$info, way_out))
    }
    rlang::cnd_signal(cnd)
  })
}

# What two_layer() was given besides settings.
data_names <- c(
  "formula", "data", "x", "y", "outcome", "case_weights", "weight_type", "class_weights",
  "validation", "loss", "subset"
)

# A path of the call is from the folder that the session was in then.
from_anywhere <- function(data, fit) {
  is_gone <- is.character(data) && length(fit$how$paths) && !all(file.exists(data))
  if (is_gone) fit$how$paths else data
}

#' The data of a fit: those given again, and the others as its call has them
#'
#' @noRd
data_again <- function(fit, given, env, call, names = data_names) {
  known <- c(setdiff(names(formals(continue_training)), c("fit", "...")), data_names)
  refuse_unknown(rlang::names2(given), names, known, call)
  had <- as.list(fit$call)[-1]
  had <- had[names(had) %in% setdiff(names, names(given))]
  if (any(c("y", "outcome") %in% names(given))) { # one of the two says what the outcome is
    had <- had[setdiff(names(had), c("y", "outcome"))]
  }
  masked <- fit$how$kind == "formula" & names(had) %in% masked_names
  found <- Map(evaluate_again, had[!masked], names(had)[!masked], list(env), list(call))
  place <- if (fit$how$kind == "formula") "data" else "x"
  data <- if (is.null(given[[place]])) from_anywhere(found[[place]], fit) else given[[place]]
  plain <- as_table(data)
  if (!identical(plain, data)) { # it was an object of the package arrow
    given[[place]] <- data <- plain
    found[[place]] <- NULL
  }
  if (is_source(data)) {
    data <- open_source(place, data, call)
    given[[place]] <- data
    found[[place]] <- NULL
  }
  home <- if (fit$how$kind == "formula") environment(fit$how$terms)
  found[names(had)[masked]] <- Map(function(expression, name) {
    if (inherits(data, "pytwolayer_source")) {
      weights_in_source(expression, data, list(env, home), call)
    } else {
      in_data(expression, name, data, list(env, home), call)
    }
  }, had[masked], names(had)[masked])
  if (!is.function(found$loss)) {
    found$loss <- NULL # the fit has it
  }
  if (fit$how$kind == "formula") take_subset(c(found, given), call) else c(found, given)
}

evaluate_again <- function(expression, name, env, call) {
  tryCatch(eval(expression, env), error = function(cnd) {
    expected <- "given again, since what the fit's call names cannot be evaluated here"
    abort_expected(name, expected, paste0("missing: ", first_message_line(cnd)), call)
  })
}

mold_again <- function(fit, given, call) {
  needed <- switch(fit$how$kind,
    formula = c("formula", "data"),
    recipe = c("x", "data"),
    table = "x"
  )
  for (name in setdiff(needed, names(given))) {
    expected <- "given again, since a fit that was loaded does not hold its data"
    abort_expected(name, expected, "missing", call)
  }
  with_decimal_point(switch(fit$how$kind,
    formula = mold_again_formula(given, call),
    recipe = mold_recipe(given$x, given$data, call),
    table = mold_again_table(given, call)
  ))
}

mold_again_formula <- function(given, call) {
  if (is_source(given$data)) {
    mold_source_formula(given$formula, given$data, given$case_weights, call)
  } else {
    mold_weighted_formula(given$formula, given$data, given$case_weights, call)
  }
}

mold_again_table <- function(given, call) {
  if (is_source(given$x)) {
    return(mold_source(given$x, given$y, given$outcome, given$case_weights, call))
  }
  if (!is_data(given$x)) {
    abort_argument("x", "a data frame or a matrix", given$x, call)
  }
  mold_weighted_table(given$x, given$y, given$outcome, given$case_weights, call)
}
