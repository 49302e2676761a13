#' Save a two-layer network to a file, and load it
#'
#' `save_two_layer()` writes a fit to a file that R and Python can read, and `load_two_layer()`
#' reads a file that R or Python wrote. Neither needs Python. A loaded fit gives the same
#' predictions as the saved one, to the last digit.
#'
#' The file has the safetensors format: weights and history are stored as numbers, the settings and
#' what prediction needs as text. A file is written whole or not at all: readers never see an
#' incomplete one, and if writing fails, an existing file stays as it was. Everything in a file is
#' checked before it is used, and loading runs no code.
#'
#' A file does not contain:
#'
#' * the training data, so that a loaded fit has no [fitted()] values, residuals and measures;
#' * a `loss` that is a function: only its name is kept;
#' * a recipe, and functions of your own in a formula. If a formula or a recipe is not kept, a
#'   warning says so, and the loaded fit takes the columns that the formula or recipe had computed.
#'
#' [saveRDS()] keeps all of a fit, for R alone.
#'
#' In Python, the same is `fit.save("m.safetensors")` and `pytwolayer.load("m.safetensors")`. There,
#' too, a loaded fit predicts from raw data frames, unless its formula transforms columns (`log(x)`,
#' `a:b`): Python then says which columns it needs.
#'
#' @param fit A fit of [two_layer()], of one network or several.
#' @param file Path of the file, usually with the extension `.safetensors`. `save_two_layer()`
#'   replaces an existing file.
#' @return `save_two_layer()` returns `file`, invisibly, and `load_two_layer()` a fit, see
#'   [two_layer()].
#' @section Errors and warnings:
#' * A file that has another format, is damaged, or was written by a newer version in a format that
#'   this version does not know: an error of class `pytwolayer_error_file`. The same class is
#'   raised, on evaluation, for a formula in a file that would make far more than the data.
#' * A file that does not exist, or a path that cannot be written to: an error of class
#'   `pytwolayer_error_argument`.
#' * A full disk and other failures of writing: an error of class `pytwolayer_error`.
#' * Parts of a fit that a file does not keep: a warning of class `pytwolayer_warning`.
#' @seealso [predict.two_layer()], whose `engine = "r"` needs no Python either; [save_onnx()] and
#'   [to_sql()] for predictions without R and Python.
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ log(disp) + factor(cyl), mtcars, epochs = 50, seed = 1)
#' file <- tempfile(fileext = ".safetensors")
#' save_two_layer(fit, file)
#' again <- load_two_layer(file)
#' predict(again, head(mtcars), engine = "r")
#' @export
save_two_layer <- function(fit, file) {
  call <- rlang::current_env()
  if (!inherits(fit, c("two_layer", "two_layer_ensemble"))) {
    abort_argument("fit", "what `two_layer()` gave", fit, call)
  }
  path <- output_path(file, call)
  with_decimal_point(warn_of_unkept(fit$how, fit$blueprint))
  write_whole(path, fit$model, call)
  invisible(file)
}

#' @rdname save_two_layer
#' @export
load_two_layer <- function(file) {
  call <- rlang::current_env()
  path <- input_path(file, call)
  size <- file.size(path)
  if (size == 0) { # as of a pipe or a device, which must not be opened
    abort_file("it is empty, or not a file", path, call)
  }
  unread <- function(cnd) {
    abort_expected("file", path_of_file, paste0(quote_names(path), ": ", reason_of(cnd)), call)
  }
  opened <- tryCatch(file(path, "rb"), error = unread, warning = unread)
  on.exit(close(opened))
  read <- read_parts(function(n) readBin(opened, "raw", n), size, path, call)
  tryCatch(
    with_decimal_point(if (is.null(read$model$members)) {
      loaded(read$bytes, read$model)
    } else {
      loaded_ensemble(read$bytes, read$model)
    }),
    error = function(cnd) abort_file(conditionMessage(cnd), path, call)
  )
}

# As new_two_layer(), without the training data.
loaded <- function(bytes, model) {
  notes <- read_notes(model$notes[["r"]], length(model$coding$inputs$codings))
  tables <- empty_tables(model$coding, notes$ordered)
  how <- notes$how
  if (is.null(how)) {
    nameless <- is.null(model$coding$inputs$names)
    how <- list(kind = "table", nameless = nameless, terms_of = model$formula)
  }
  input <- list(
    outcomes = tables$outcomes, how = how,
    blueprint = tables_blueprint(tables)
  )
  made <- made_two_layer(bytes, model, input)
  made$call <- rebuilt_call(made)
  made
}

# A call that update() can evaluate when it is given data.
rebuilt_call <- function(fit) {
  names <- as.list(setdiff(names(fit$outcomes), ".outcome"))
  data <- if (fit$how$kind == "formula") {
    list(formula = fit$how$formula)
  } else if (length(names)) {
    list(outcome = if (length(names) > 1) as.call(c(quote(c), names)) else names[[1]])
  }
  as.call(c(quote(two_layer), data, fit$settings))
}

# Tables without rows, of the columns that the coding is of.
empty_tables <- function(coding, ordered) {
  names <- coding$inputs$names
  if (is.null(names)) {
    names <- paste0("V", seq_along(coding$inputs$codings))
  }
  predictors <- lapply(coding$inputs$codings, function(coding) {
    if (is.null(coding$levels)) double() else factor(character(), levels = coding$levels)
  })
  outcome <- coding$outcome
  outcomes <- if (outcome$kind == "classes") {
    list(factor(character(), levels = outcome$levels, ordered = ordered))
  } else {
    numbers <- rep(list(double()), if (outcome$trials) 2 else length(outcome$center))
    as_factor <- function(levels) factor(character(), levels = levels)
    if (is.null(outcome$labels)) numbers else lapply(outcome$labels, as_factor)
  }
  of_outcomes <- outcome$names
  if (is.null(of_outcomes)) {
    one <- length(outcomes) == 1
    of_outcomes <- if (one) ".outcome" else paste0("y", seq_along(outcomes))
  }
  list(
    predictors = new_data_frame(stats::setNames(predictors, names), 0),
    outcomes = new_data_frame(stats::setNames(outcomes, of_outcomes), 0)
  )
}

is_loaded <- function(fit) {
  is.null(fit$fitted) && is.null(fit$on_demand)
}

# Residuals, measures and fitted values need the training data, which a file does not have.
require_training_data <- function(fit, argument = "object", call = rlang::caller_env()) {
  if (!is.null(fit$how$source)) {
    received <- sprintf("one of %s, of which R keeps no rows", fit$how$source)
    abort_expected(argument, "a fit whose training rows are in R", received, call)
  }
  if (is_loaded(fit)) {
    of_several <- nrow(fit$outcomes) > 0
    received <- if (is_butchered(fit)) {
      "one that butcher took it from"
    } else if (of_several) {
      "one network of several"
    } else {
      "one loaded from a file"
    }
    abort_expected(argument, "a fit with its training data", received, call)
  }
}

warn_of_unkept <- function(how, blueprint) {
  columns <- names(blueprint$ptypes$predictors)
  has_offset <- length(attr(how$terms, "offset")) > 0
  what <- if (how$kind == "recipe" && length(blueprint$recipe$steps)) {
    "The fit has a recipe"
  } else if (how$kind == "formula" && (has_offset || !all(columns %in% how$variables))) {
    if (is.null(formula_notes(how, length(columns)))) format_functions(unkept_functions(how))
  }
  if (!is.null(what)) {
    alone <- if (has_offset) ", and without its offset gives `type = \"raw\"` alone" else ""
    raise_warning("PytwolayerWarning", sprintf(
      "%s, which a model file does not keep: loaded, the fit takes the columns %s themselves%s. %s",
      what, some_of(columns), alone, "saveRDS() keeps all."
    ))
  }
}

format_functions <- function(functions) {
  if (length(functions)) paste("The formula uses", backtick(functions)) else "The fit has a formula"
}

some_of <- function(names) {
  paste0(backtick(utils::head(names, 5)), if (length(names) > 5) ", ...")
}
