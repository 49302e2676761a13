# vetiver: a fit behind a web address. R's own engine predicts, so the server needs no Python.

vetiver_create_description.two_layer <- function(model) { # nolint
  kind <- if (is_of_numbers(model)) "regression" else "classification"
  sprintf("A two-layer neural network (%s, %s)", kind, paste(model$sizes, collapse = "-"))
}

vetiver_create_description.two_layer_ensemble <- function(model) { # nolint
  one <- vetiver_create_description.two_layer(model$models[[1]])
  sprintf("%d of: %s", length(model$models), one)
}

vetiver_create_meta.two_layer <- function(model, metadata) { # nolint: object_name_linter.
  vetiver::vetiver_meta(metadata, required_pkgs = "pytwolayer")
}

# A variable that a formula transforms is of the type that it had in training, which a fit keeps
# and its file does not.
vetiver_ptype.two_layer <- function(model, ...) { # nolint: object_name_linter.
  known <- list(...)$prototype_data
  if (is.null(known)) known <- predictor_prototype(model)
  if (is.null(known)) known <- training_frame_of_callers(model)
  if (is.null(known)) {
    hint <- "Give some rows of new data: `vetiver_model(..., prototype_data = )`."
    rlang::abort(
      c("The data whose types a formula transforms are not found any more.", i = hint),
      class = c("pytwolayer_error_argument", "pytwolayer_error"), call = NULL
    )
  }
  tibble::as_tibble(plain_frame(known)[0, training_columns(model), drop = FALSE])
}

# Without the training data, which are nobody's business there.
vetiver_prepare_model.two_layer <- function(model) { # nolint
  butcher::butcher(model)
}

handler_startup.two_layer <- function(vetiver_model) { # nolint: object_name_linter.
  vetiver::attach_pkgs(vetiver_model$metadata$required_pkgs)
}

handler_predict.two_layer <- function(vetiver_model, ...) { # nolint: object_name_linter.
  prototype <- vetiver_model$prototype
  function(req) {
    new_data <- req$body
    if (!is.null(prototype)) {
      new_data <- vetiver::vetiver_type_convert(new_data, prototype)
      new_data <- hardhat::scream(new_data, prototype)
    }
    stats::predict(vetiver_model$model, new_data, ..., engine = "r")
  }
}
