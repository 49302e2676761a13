# Methods of butcher: what is not needed to predict leaves a fit. A fit has no environment but a
# small one of its formula's own functions and constants, which prediction needs, so that only a
# recipe has some to give; nor has it anything of axe_ctrl().

# As the call of a fit that was read from a file: the settings are in it, and no data.
axe_call.two_layer <- function(x, verbose = FALSE, ...) { # nolint: object_name_linter.
  x$call <- rebuilt_call(x)
  mark_axed(x, c("update() without data", "continue_training() without data"))
}

axe_fitted.two_layer <- function(x, verbose = FALSE, ...) { # nolint: object_name_linter.
  gone <- c("fitted()", "residuals()", "predict() without new data")
  axed(x, held_fitted, gone)
}

held_fitted <- c("fitted", "fitted_quantiles", "on_demand")

# Without the outcomes fitted values are of no use.
axe_data.two_layer <- function(x, verbose = FALSE, ...) { # nolint: object_name_linter.
  gone <- c("fitted()", "residuals()", "model.frame()", "predict() without new data")
  without_outcomes(axed(x, c(held_fitted, "case_weights", "na.action"), gone))
}

axe_data.two_layer_ensemble <- function(x, verbose = FALSE, ...) { # nolint: object_name_linter.
  x <- axe_data.two_layer(x)
  x$models <- lapply(x$models, without_outcomes)
  x
}

axe_env.two_layer <- function(x, verbose = FALSE, ...) { # nolint: object_name_linter.
  if (!is.null(x$blueprint$recipe)) {
    x$blueprint$recipe <- butcher::axe_env(x$blueprint$recipe, ...)
    x <- mark_axed(x, character())
  }
  x
}

axe_ctrl.two_layer <- function(x, verbose = FALSE, ...) x # nolint: object_name_linter.

axed <- function(x, names, disabled) {
  there <- intersect(names, names(x))
  if (!length(there)) {
    return(x)
  }
  x[there] <- NULL
  mark_axed(x, disabled)
}

# As butcher itself marks what it has changed.
mark_axed <- function(x, disabled) {
  attr(x, "butcher_disabled") <- union(attr(x, "butcher_disabled"), disabled)
  mark <- paste0("butchered_", class(x)[[1]])
  if (!any(startsWith(class(x), "butchered_"))) class(x) <- c(mark, class(x))
  x
}

# Their kinds and levels stay.
without_outcomes <- function(fit) {
  fit$outcomes <- fit$outcomes[0, , drop = FALSE]
  fit
}

is_butchered <- function(fit) {
  !is.null(attr(fit, "butcher_disabled"))
}
