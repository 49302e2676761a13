# The engine "pytwolayer" of parsnip's mlp().
#
# The interface is "formula": parsnip hands formula and data over as they are, so that factors,
# interactions, `- a`, `offset()` and rows with missing values are what they are to two_layer().
# Of fit_xy(), and so of workflows, parsnip makes the formula `..y ~ .` and one table.

#' Fit for parsnip
#'
#' The function that parsnip calls for `mlp() |> set_engine("pytwolayer")`, whose use is described
#' in `docs/integrations.md`. In your own code call [two_layer()].
#'
#' @param formula,data As in [two_layer()].
#' @param weights Case weights as parsnip passes them: integers for [hardhat::frequency_weights()],
#'   doubles for [hardhat::importance_weights()].
#' @param mlp_activation The `activation` of [two_layer()], under the name that `mlp()` gives it.
#' @param ... Other arguments of [two_layer()].
#' @return A fit of [two_layer()].
#' @keywords internal
#' @export
two_layer_parsnip <- function(formula, data, weights = NULL, mlp_activation = NULL, ...) {
  type <- if (is.integer(weights)) "frequency" else "importance"
  usual <- list(verbose = FALSE, weight_type = type)
  usual$activation <- mlp_activation
  settings <- utils::modifyList(usual, list(...), keep.null = TRUE)
  # A name that no column has, since those of a formula's data come first.
  name <- utils::tail(make.unique(c(names(data), "weights")), 1)
  assign(name, weights)
  settings$case_weights <- if (!is.null(weights)) as.name(name)
  outcome <- named_outcome(formula, names(data))
  if (is.null(outcome)) {
    rlang::inject(two_layer(formula, data = data, !!!settings))
  } else {
    rlang::inject(two_layer(data, outcome = outcome, !!!settings))
  }
}

# The columns that are the outcome of `y ~ .` and `cbind(y1, y2) ~ .`, or NULL of other formulas:
# a table need not be taken apart by R, which takes long where columns are many.
named_outcome <- function(formula, columns) {
  if (length(formula) != 3 || !identical(formula[[3]], quote(.))) {
    return(NULL)
  }
  left <- formula[[2]]
  parts <- if (rlang::is_call(left, "cbind")) unname(as.list(left)[-1]) else list(left)
  if (!all(vapply(parts, is.symbol, NA))) {
    return(NULL)
  }
  names <- vapply(parts, as.character, "")
  if (all(names %in% columns)) names
}

register_parsnip <- function() {
  known <- parsnip::get_from_env("mlp")
  if ("pytwolayer" %in% known$engine) {
    return(invisible()) # this package was loaded before, in the same session
  }
  modes <- intersect(names(parsnip_types), parsnip::get_from_env("mlp_modes"))
  for (mode in modes) register_parsnip_mode(mode)
  for (name in names(parsnip_arguments)) {
    row <- parsnip_arguments[[name]]
    parsnip::set_model_arg(
      "mlp", "pytwolayer",
      parsnip = name, original = row$original, func = c(list(pkg = "dials"), row$func),
      has_submodel = FALSE
    )
  }
}

register_parsnip_mode <- function(mode) {
  parsnip::set_model_engine("mlp", mode, "pytwolayer")
  parsnip::set_dependency("mlp", "pytwolayer", pkg = "pytwolayer", mode = mode)
  quantiles <- list(loss = "quantile", quantile_levels = quote(quantile_levels))
  parsnip::set_fit("mlp", "pytwolayer", mode = mode, value = list(
    interface = "formula",
    protect = c("formula", "data", "weights"),
    func = c(pkg = "pytwolayer", fun = "two_layer_parsnip"),
    defaults = if (mode == "quantile regression") quantiles else list()
  ))
  parsnip::set_encoding("mlp", "pytwolayer", mode = mode, options = list(
    predictor_indicators = "none", compute_intercept = FALSE, remove_intercept = FALSE,
    allow_sparse_x = FALSE
  ))
  for (type in parsnip_types[[mode]]) {
    parsnip::set_pred("mlp", "pytwolayer",
      mode = mode, type = type, value = parsnip_prediction(type)
    )
  }
}

# What each mode predicts. The types of intervals are of several networks, or of what they need
# besides; predict() says what that is where a fit lacks it.
parsnip_types <- list(
  regression = c("numeric", "conf_int", "pred_int", "quantile", "raw"),
  classification = c("class", "prob", "conf_int", "raw"),
  "quantile regression" = c("quantile", "raw")
)

parsnip_prediction <- function(type) {
  if (type == "quantile") {
    return(list(
      pre = NULL, post = parsnip_quantiles, func = c(pkg = "base", fun = "list"),
      args = list(new_data = quote(new_data))
    ))
  }
  level <- if (type %in% c("conf_int", "pred_int")) list(level = quote(level))
  list(
    pre = NULL,
    post = if (type == "conf_int") add_std_error,
    func = c(fun = "predict"),
    args = c(list(object = quote(object$fit), new_data = quote(new_data), type = type), level)
  )
}

# `predict(type = "conf_int", std_error = TRUE)`. The new data are those of the function of
# parsnip's that calls this.
add_std_error <- function(results, object) {
  if (isTRUE(object$spec$method$pred$conf_int$extras$std_error)) {
    new_data <- get("new_data", envir = parent.frame())
    errors <- stats::predict(object$fit, new_data, type = "std_error")
    results[names(errors)] <- errors
  }
  results
}

# A fit has the quantiles that it was trained for. parsnip before 1.3 adds the levels that it wants
# to the call, as `p`, which is why the call is one of list(); later ones keep them in the
# specification.
parsnip_quantiles <- function(results, object) {
  call <- rlang::call2("predict")
  if (!has_quantiles(object$fit)) {
    expected <- "one that the fit has: quantiles need `loss = \"quantile\"` and `quantile_levels`"
    abort_expected("type", expected, "\"quantile\"", call)
  }
  of_call <- "p" %in% names(results)
  wanted <- if (of_call) results$p else object$spec$quantile_levels
  values <- stats::predict(object$fit, results$new_data, type = "quantile")
  levels <- unlist(object$fit$settings$quantile_levels)
  places <- match(round(wanted, 9), round(levels, 9))
  if (anyNA(places)) {
    expected <- sprintf("among those that the fit was trained for, %s", toString(levels))
    argument <- if (of_call) "quantile" else "quantile_levels"
    abort_expected(argument, expected, toString(wanted), call)
  }
  values <- as.matrix(values[places])
  if (of_call) {
    return(quantiles_by_row(values, wanted))
  }
  parsnip::matrix_to_quantile_pred(values, object)
}

# The form of parsnip before 1.3: a small table for each row.
quantiles_by_row <- function(values, levels) {
  rows <- lapply(seq_len(nrow(values)), function(row) {
    tibble::tibble(.pred = unname(values[row, ]), .quantile = levels)
  })
  tibble::tibble(.pred = rows)
}

# Arguments of mlp(), then of set_engine(), with what tune() of each tries. Ranges are on the
# scale of dials' function: logarithms of `penalty()`, `learn_rate()` and `batch_size()`.
# parsnip before 1.2 has no activation for an engine that is not its own, and of arguments of
# set_engine() parsnip removes those that are another's `original`. Hence the names that
# two_layer() does not have: with them `set_engine(activation = )` and `batch_size` arrive.
parsnip_arguments <- list(
  hidden_units = list(
    original = "hidden_units", func = list(fun = "hidden_units", range = c(4L, 128L))
  ),
  penalty = list(original = "weight_decay", func = list(fun = "penalty", range = c(-5, 0))),
  dropout = list(original = "dropout", func = list(fun = "dropout", range = c(0, 0.5))),
  epochs = list(original = "epochs", func = list(fun = "epochs", range = c(10L, 1000L))),
  activation = list(
    original = "mlp_activation",
    func = list(fun = "activation", values = c("relu", "elu", "silu", "gelu", "tanh"))
  ),
  learn_rate = list(
    original = "learning_rate", func = list(fun = "learn_rate", range = c(-3.5, -1.5))
  ),
  batch_size = list(
    original = "engine_batch_size", func = list(fun = "batch_size", range = c(4, 9))
  ),
  momentum = list(
    original = "engine_momentum", func = list(fun = "momentum", range = c(0.5, 0.99))
  ),
  validation = list(
    original = "engine_validation", func = list(fun = "validation_set_prop", range = c(0.05, 0.3))
  ),
  patience = list(
    original = "engine_patience", func = list(fun = "stop_iter", range = c(5L, 100L))
  )
)
