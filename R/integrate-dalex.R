# DALEX wants plain vectors and matrices: of two classes the probability of the second, of more
# those of all.

register_dalex <- function() {
  methods_of("DALEX", "yhat")()
  for (class in c("two_layer", "two_layer_ensemble")) {
    registerS3method("model_info", class, dalex_model_info, envir = asNamespace("DALEX"))
  }
}

yhat.two_layer <- function(X.model, newdata, ...) { # nolint: object_name_linter.
  values <- as.matrix(stats::predict(X.model, as.data.frame(newdata), scale_type(X.model)))
  colnames(values) <- if (is.null(X.model$levels)) predicted_names(X.model) else X.model$levels
  if (length(X.model$levels) == 2) {
    values <- values[, 2, drop = FALSE]
  }
  if (ncol(values) == 1) as.double(values) else values
}

# Under another name than insight's method for its own generic of the same name.
dalex_model_info <- function(model, is_multiclass = FALSE, ...) {
  type <- if (is.null(model$levels)) {
    "regression"
  } else if (length(model$levels) > 2) {
    "multiclass"
  } else {
    "classification"
  }
  version <- as.character(utils::packageVersion("pytwolayer"))
  structure(list(package = "pytwolayer", ver = version, type = type), class = "model_info")
}
