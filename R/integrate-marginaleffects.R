# marginaleffects asks a fit for predictions only: standard errors come from several networks, whose
# predictions are the draws of an interval.

register_marginaleffects <- function() {
  options(marginaleffects_model_classes = union(
    getOption("marginaleffects_model_classes"), c("two_layer", "two_layer_ensemble")
  ))
  registerS3method("as.data.frame", "two_layer_data_gone", refuse_gone_data, envir = baseenv())
  methods_of(
    "marginaleffects", c("get_predict", "get_vcov", "get_coef", "get_group_names")
  )()
}

get_predict.two_layer <- function(model, newdata = NULL, type = NULL, ...) { # nolint
  kind <- marginal_kind(model, type)
  values <- as.matrix(stats::predict(model, marginal_data(model, newdata), kind))
  marginal_frame(values, model, newdata, kind)
}

get_predict.two_layer_ensemble <- function(model, newdata = NULL, type = NULL, ...) { # nolint
  kind <- marginal_kind(model, type)
  data <- marginal_data(model, newdata)
  found <- marginal_frame(as.matrix(stats::predict(model, data, kind)), model, newdata, kind)
  each <- lapply(model$models, function(one) as.vector(as.matrix(stats::predict(one, data, kind))))
  structure(found, posterior_draws = matrix(as.double(unlist(each)), ncol = length(each)))
}

# Networks' weights are no coefficients that have a covariance.
get_vcov.two_layer <- function(model, ...) NULL # nolint: object_name_linter.

get_coef.two_layer <- function(model, ...) NULL # nolint: object_name_linter.

get_group_names.two_layer <- function(model, ...) { # nolint: object_name_linter.
  groups <- marginal_groups(model)
  if (length(groups) > 1) groups else "main_marginaleffect"
}

# marginaleffects calls the outcome's own scale "response", and some models' probabilities "probs".
marginal_kind <- function(model, type) {
  usual <- scale_type(model)
  if (is.null(type) || type %in% c("response", "probs", "invlink(link)")) {
    return(usual)
  }
  kind <- if (type == "link") "raw" else type
  others <- if (inherits(model, "two_layer")) "raw" # of several networks there is no such mean
  if (!kind %in% c(usual, others)) {
    expected <- paste("one of", quote_names(c("response", usual, others)))
    abort_argument("type", expected, type, rlang::caller_env())
  }
  kind
}

marginal_data <- function(model, newdata) {
  if (is.null(newdata)) training_frame_of_callers(model) else as.data.frame(newdata)
}

marginal_groups <- function(model) {
  if (is.null(model$levels)) predicted_names(model) else model$levels
}

# A row for each prediction, those of the first class or outcome first.
marginal_frame <- function(values, model, newdata, kind) {
  rows <- newdata[["rowid"]] # of its own data it numbers the rows
  if (is.null(rows)) rows <- seq_len(nrow(values))
  groups <- marginal_groups(model)
  found <- data.frame(rowid = rep(rows, ncol(values)), estimate = as.double(values))
  if (ncol(values) > 1) {
    names <- if (length(groups) == ncol(values)) groups else colnames(values)
    found$group <- factor(rep(names, each = nrow(values)), names)
  }
  found
}

#' What to return to marginaleffects if the data of a fit are not found any more
#'
#' For NULL, versions before 0.25 would take any table or function that has the name in the fit's
#' call, and an error here would be caught. So return the new data that its own function was given,
#' or otherwise an object that as.data.frame() refuses.
#'
#' @noRd
data_for_marginaleffects <- function(object) {
  loaded <- isNamespaceLoaded("marginaleffects")
  if (!loaded || utils::packageVersion("marginaleffects") >= "0.25.0") {
    return(NULL)
  }
  own <- Filter(function(frame) is_frame_of(frame, "marginaleffects"), sys.frames())
  for (frame in own) {
    given <- get0("newdata", frame, inherits = FALSE)
    if (is.data.frame(given) && all(training_columns(object) %in% names(given))) {
      return(as.data.frame(given))
    }
  }
  if (length(own)) structure(list(), class = "two_layer_data_gone")
}

is_frame_of <- function(frame, package) identical(topenv(frame), asNamespace(package))

refuse_gone_data <- function(x, ...) {
  expected <- "a table, since the data that the fit's call names are not found any more"
  abort_expected("newdata", expected, "one without the fit's columns, or none", NULL)
}
