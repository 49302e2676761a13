#' Keep a two-layer network in a file
#'
#' `save_two_layer()` writes a fit to a file that R and Python can read, `load_two_layer()`
#' reads one that R or Python wrote. Neither needs Python, and a fit that was read predicts as
#' the one that was saved, to the last digit.
#'
#' The file is safetensors: the weights and the history as numbers, and as text what prediction
#' needs and the settings. It is there whole or not at all: a reader never sees half of it, and
#' where it cannot be written, a file that was there before still is. Everything in it is checked
#' before it is used, and reading it runs no code.
#'
#' What is not in the file: training data, so that a fit that was read has no [fitted()] values,
#' residuals and measures; a `loss` that is a function, of which the name is left; a recipe; and
#' functions of your own in a formula. Where a formula or a recipe is not kept, a warning says so,
#' and what was read takes the columns that the formula or recipe had made. [saveRDS()] keeps
#' all of a fit, for R alone.
#'
#' In Python it is `pytwolayer.load("m.safetensors")`, and `fit.save("m.safetensors")`. Raw data
#' frames go in there as they do here, unless a formula transforms them (`log(x)`, `a:b`): Python
#' then says which columns it needs.
#'
#' @param fit What [two_layer()] gave, an ensemble too.
#' @param file The file's path, usually with the ending `.safetensors`. `save_two_layer()`
#'   replaces a file of this name.
#' @return `save_two_layer()`: `file`, invisibly. `load_two_layer()`: a fit, see [two_layer()].
#' @section Errors and warnings:
#' A file that is something else, is damaged, or was written by a newer version in a format that
#' this one does not know: an error of class `pytwolayer_error_file`. So is, when it is evaluated, a
#' formula of a file that would make far more than the data. No such file, or a path that cannot be
#' written to: `pytwolayer_error_argument`. A full disk and other failures of writing:
#' `pytwolayer_error`. What a file does not keep of a fit: a warning of class
#' `pytwolayer_warning`.
#' @seealso [predict.two_layer()], whose `engine = "r"` needs no Python either.
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
    abort_file("it is empty, or no file", path, call)
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
