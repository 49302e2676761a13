# The arguments of a fit on their way to the core, which checks their values.

# Those that say how to train: all but the data.
setting_names <- function() names(default_settings())

# Evaluated once, which takes part of a millisecond.
default_settings <- function() {
  if (is.null(session$settings)) {
    all <- formals(two_layer.data.frame)
    names <- setdiff(names(all), c("x", "y", "...", "outcome"))
    session$settings <- lapply(all[names], eval, envir = baseenv())
  }
  session$settings
}

#' Settings given among the dots, and the defaults of the others
#'
#' @param given Quosures.
#' @param data,home See [evaluated_arguments()].
#' @param own Names of the method's own arguments, for messages.
#' @noRd
read_settings <- function(given, own, call, data = NULL, home = NULL) {
  settings <- default_settings()
  refuse_unknown(rlang::names2(given), names(settings), c(own, names(settings)), call)
  settings[names(given)] <- evaluated_arguments(given, call, data, home)
  settings
}

# The arguments of a call, each with an error that names it.
settings_in <- function(call) {
  settings <- default_settings()
  tryCatch(
    for (name in names(settings)) settings[name] <- list(get(name, envir = call)),
    error = function(cnd) abort_evaluation(name, cnd, call)
  )
  settings
}

# What is not one value. The core checks what values are; here, that each is one.
special_settings <- c(
  "loss", "quantile_levels", "validation", "case_weights", "class_weights", "checkpoint", "cache",
  "on_epoch", "verbose", "seed"
)

#' The arguments of the core's `two_layer()`, as reticulate hands them over unharmed
#'
#' @param rows Number of rows of the training data.
#' @param users Where an error in a function of the user's is kept, see [new_callback_state()].
#' @noRd
core_arguments <- function(settings, rows, users, call) {
  drawn <- is.null(settings$seed)
  c(
    training_arguments(settings, rows, users, call),
    seed = if (drawn) draw_seed() else check_settings(settings["seed"], call)[[1]],
    seed_is_drawn = drawn,
    quantile_levels = as_levels_sent(settings$quantile_levels, call)
  )
}

#' The arguments that `continue_training()` has too
#'
#' @noRd
training_arguments <- function(settings, rows, users, call) {
  plain <- check_settings(settings[setdiff(names(settings), special_settings)], call)
  check_flag("verbose", settings$verbose, call)
  c(plain, list(
    loss = as_loss(settings$loss, users, call),
    validation = as_validation(settings$validation, rows, call),
    sample_weight = as_weights(settings$case_weights, call),
    class_weights = as_class_weights(settings$class_weights, call),
    checkpoint = as_folder("checkpoint", settings$checkpoint, call),
    cache = as_folder("cache", settings$cache, call),
    on_epoch = as_on_epoch(settings$on_epoch, users, call)
  ))
}

# From R's own generator, so that set.seed() makes a fit reproducible.
draw_seed <- function() {
  sample.int(.Machine$integer.max, 1)
}

# A share goes as it is; the user's own rows as 1 and 0 for each row, own data as tables.
as_validation <- function(value, rows, call) {
  if (is.null(value) || is_single(value)) {
    return(value)
  }
  if (inherits(value, c("pytwolayer_source", "pytwolayer_validation"))) {
    return(send_validation(value))
  }
  if (!is_plain_vector(value) || anyNA(value)) {
    abort_expected("validation", validation_expected, describe_missing(value), call)
  }
  if (is.logical(value)) {
    return(as_bytes(value))
  }
  if (any(value < 1 | value > rows | value != round(value))) {
    received <- sprintf("%s to %s", format_value(min(value)), format_value(max(value)))
    abort_expected("validation", sprintf("row numbers from 1 to %d", rows), received, call)
  }
  as_bytes(seq_len(rows) %in% value)
}

# What mold_validation() made of data.
send_validation <- function(value) {
  if (inherits(value, "pytwolayer_source")) {
    list(key = value$key)
  } else if (!is.null(value$table)) {
    to_core(value$table)
  } else {
    list(x = to_core(value$x), y = to_core(value$y), weights = value$weights)
  }
}

# Which levels are good the core says.
as_levels_sent <- function(value, call) {
  if (is.null(value)) {
    return(list(NULL))
  }
  if (!is_plain_vector(value) || anyNA(value)) {
    expected <- "numbers above 0 and below 1 in ascending order, each once"
    abort_expected("quantile_levels", expected, describe_missing(value), call)
  }
  list(as.list(as.double(value)))
}

# What "~" stands for R and Python may tell apart.
as_folder <- function(name, value, call) {
  if (is.character(value) && is_single(value)) {
    return(enc2utf8(path.expand(value)))
  }
  check_settings(stats::setNames(list(value), name), call)[[1]]
}

is_plain_vector <- function(value) {
  are_numbers(value) && length(value) > 0 && is.null(dim(value))
}

describe_missing <- function(value) {
  holes <- is.atomic(value) && !is.object(value) && anyNA(value) && length(value) > 1
  if (holes) "one with missing values" else describe_value(value)
}

as_weights <- function(value, call) {
  if (is.null(value)) {
    return(NULL)
  }
  numbers <- is.numeric(value) && (!is.object(value) || inherits(value, "hardhat_case_weights"))
  if (!numbers || !is.null(dim(value))) {
    received <- if (is.character(value) || is.factor(value)) "text" else describe_value(value)
    abort_expected("case_weights", "numbers of at least 0", received, call)
  }
  as_bytes(value)
}

as_class_weights <- function(value, call) {
  if (is.null(value) || is.character(value) && is_single(value)) {
    return(value)
  }
  names <- names(value)
  if (!are_numbers(value) || is.null(names) || anyDuplicated(names)) {
    expected <- "\"balanced\" or a number for each of the classes, with the classes as names"
    abort_argument("class_weights", expected, value, call)
  }
  stats::setNames(as.list(value), enc2utf8(names))
}

as_bytes <- function(values) {
  writeBin(as.double(values), raw())
}
