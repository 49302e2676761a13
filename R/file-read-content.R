# Checks the entries of a model's text: settings, the coding of inputs and outcome, and the results
# of training. pytwolayer/models/model_file.py checks the same, and
# pytwolayer/training/settings.py the settings.

content_parts <- c(
  "versions", "settings", "own_loss", "inputs", "outcome", "device", "rows", "dropped",
  "epochs", "history", "best_epoch", "stopped", "data", "formula", "notes", "tuning"
)
# Settings that files of format 3 lack, with the values that these fits had.
settings_added_later <- list(encoding = "linear", pieces = 8)
encodings <- c("linear", "piecewise")
tuning_columns <- c("encoding", "learning_rate", "weight_decay", "fold", "valid_loss")
largest_size <- 2^31 - 1
largest_float <- (2 - 2^-23) * 2^127

# What files of format 3 do not have is added.
upgrade_content <- function(content) {
  old <- as_object(entry(content, "settings"))
  refuse_others("entries", content, setdiff(names(content), "tuning"))
  refuse_others("settings", old, setdiff(names(old), names(settings_added_later)))
  content$settings <- c(old, settings_added_later)
  c(content, list(tuning = NULL))
}

#' Check the entries of a model's text
#'
#' @param text The text itself.
#' @noRd
read_content <- function(content, text) {
  refuse_others("entries", content, content_parts, optional = c("offset", "calibration"))
  has_offset <- !is.null(content[["offset"]]) && as_flag("offset", content$offset)
  saved <- list(
    settings = read_saved_settings(as_object(content$settings), content$own_loss),
    inputs = read_inputs(content$inputs),
    outcome = read_outcome(content$outcome, text)
  )
  saved$outcome <- outcome_of_loss(saved$outcome, saved$settings)
  check_pieces(saved$inputs, saved$settings)
  saved["tuning"] <- list(read_tuning(content$tuning))
  saved["calibration"] <- list(read_calibration(content$calibration, saved$outcome))
  if (has_offset && saved$outcome$kind != "numbers") {
    refuse("it has an offset, but its outcome is not numeric")
  }
  saved$offset <- has_offset
  saved$input_names <- input_names(saved$inputs)
  saved$output_names <- output_names(saved$outcome)
  saved$epochs <- as_count("epochs", content$epochs, least = 0)
  refuse_if(!is_whole(content$epochs), "it has a number where a whole number is needed")
  saved$losses <- unlist(content$history)
  losses <- list("loss", "valid_loss")
  if (!identical(content$history, losses) && !identical(content$history, losses[1])) {
    refuse("its history has columns that are not losses")
  }
  saved$content <- content
  saved
}

# What the loss says of an outcome.
outcome_of_loss <- function(outcome, settings) {
  of_loss <- list(sd = "normal", theta = "negative_binomial", labels = "binary_cross_entropy")
  of_loss <- if (outcome$kind == "numbers") of_loss else of_loss[-3]
  for (flag in names(of_loss)) {
    found <- if (flag == "labels") !is.null(outcome$labels) else isTRUE(outcome[[flag]])
    if (found != identical(settings$loss, of_loss[[flag]])) {
      refuse("its loss does not suit its outcome")
    }
  }
  levels <- settings$quantile_levels
  if (is.null(levels)) {
    return(outcome)
  }
  if (outcome$kind != "numbers" || length(outcome$center) > 1) {
    refuse("it has quantiles, but its outcome is not a single number")
  }
  outcome$quantile_levels <- levels
  outcome$link <- "quantile"
  outcome
}

weight_names <- c("0.weight", "0.bias", "2.weight", "2.bias")

#' All that R keeps of a model
#'
#' @noRd
assemble <- function(saved, tensors) {
  content <- saved$content
  stopped <- c("epochs", "patience", "on_epoch", "interrupt", "divergence")
  best <- content$best_epoch
  history <- tensors[paste0("history.", saved$losses)]
  Map(as_count, names(as_object(content$data)), content$data, least = 0, most = 2^64)
  list(
    settings = saved$settings,
    own_loss = content$own_loss,
    device = as_text(content$device),
    rows = as_count("rows", content$rows, most = 2^53),
    dropped = as_count("dropped", content$dropped, least = 0, most = 2^53),
    history = new_data_frame(
      c(list(epoch = seq_len(saved$epochs)), stats::setNames(history, saved$losses)), saved$epochs
    ),
    best_epoch = if (!is.null(best)) as_count("best_epoch", best, most = saved$epochs),
    stopped = as_one_of("stopped", content$stopped, stopped),
    coding = list(inputs = saved$inputs, outcome = saved$outcome),
    inputs = saved$input_names,
    outputs = saved$output_names,
    weights = tensors[weight_names],
    formula = if (!is.null(content$formula)) as_text(content$formula),
    notes = as_object(content$notes),
    offset = saved$offset,
    tuning = saved$tuning,
    calibration = saved$calibration
  )
}

#' Check that there is each of some names, and no other
#'
#' @param optional Names that there may be too.
#' @noRd
refuse_others <- function(what, found, names = character(), optional = character()) {
  if (is_object(found) && identical(names(found), names)) { # of thousands of columns
    return(invisible())
  }
  missing <- sort(setdiff(names, names(as_object(found))), method = "radix")
  others <- sort(setdiff(names(found), c(names, optional)), method = "radix")
  refuse_if(length(missing), "it lacks ", what, ": ", toString(missing))
  refuse_if(length(others), substr(paste0("it has unknown ", what, ": ", toString(others)), 1, 200))
}

entry <- function(object, name) {
  refuse_if(!name %in% names(as_object(object)), "it lacks '", name, "'")
  object[[name]]
}

is_object <- function(value) {
  is.list(value) && !is.null(names(value))
}

# In the words that the core has too, so that both languages have the same message.
type_of <- function(value) {
  if (is_object(value)) {
    return("an object")
  }
  types <- c(
    "NULL" = "null", logical = "true or false", integer = "a number", double = "a number",
    character = "text", list = "a list"
  )
  types[[typeof(value)]]
}

as_kind <- function(value, good, needed) {
  refuse_if(!good, "it has ", type_of(value), " where ", needed, " is needed")
  value
}

as_object <- function(value) as_kind(value, is_object(value), "an object")

as_list <- function(value) as_kind(value, is.list(value) && !is_object(value), "a list")

as_text <- function(value) as_kind(value, is.character(value), "text")

as_number <- function(value, least = -Inf) {
  as_kind(value, is.numeric(value), "a number")
  if (!is.finite(value) || value < least) {
    refuse("one of its numbers is not finite, or is too small")
  }
  as.double(value)
}

as_texts <- function(values) {
  texts <- vapply(as_list(values), as_text, "")
  if (anyDuplicated(texts) || !length(texts)) {
    refuse("its names or levels are not distinct, or there are none")
  }
  texts
}

refuse_setting <- function(name, expected, value) {
  refuse("`", name, "` must be ", expected, ", not ", describe_value(value))
}

# `good` is evaluated only here, `expected` only for the message.
as_setting <- function(name, value, good, expected) {
  if (!good) {
    refuse_setting(name, expected, value)
  }
  value
}

is_finite_number <- function(value) is.numeric(value) && is.finite(value)

as_count <- function(name, value, least = 1, most = Inf) {
  whole <- is_finite_number(value) && value == round(value)
  as_setting(name, value, whole && value >= least && value <= most, if (is.finite(most)) {
    sprintf("a whole number from %g to %.0f", least, most)
  } else {
    sprintf("a whole number of at least %g", least)
  })
  if (value < 2^31) as.integer(value) else value
}

as_one_of <- function(name, value, choices) {
  good <- is.character(value) && value %in% choices
  as_setting(name, value, good, paste("one of", quote_names(choices)))
}

as_flag <- function(name, value) as_setting(name, value, is.logical(value), "TRUE or FALSE")

as_positive <- function(name, value, most = Inf) {
  good <- is_finite_number(value) && value > 0 && value <= most
  as.double(as_setting(name, value, good, "a finite number above 0"))
}

as_between <- function(name, value, most) {
  good <- is_finite_number(value) && value >= 0 && value <= most && !(most == 1 && value == 1)
  as.double(as_setting(name, value, good, sprintf("a number from 0 to %g", most)))
}

as_levels <- function(name, value) {
  numbers <- is.list(value) && length(value) && all(vapply(value, is_finite_number, NA))
  levels <- if (numbers) as.double(unlist(value)) else double()
  ascending <- length(levels) && all(diff(c(0, levels, 1)) > 0)
  expected <- "numbers above 0 and below 1 in ascending order, each once"
  as_setting(name, value, ascending, expected)
  levels
}

or_null <- function(check) {
  function(name, value) if (!is.null(value)) check(name, value)
}

setting_size <- function(name, value) as_count(name, value, most = largest_size)
setting_rate <- function(name, value) as_positive(name, value, largest_float)
setting_share <- function(name, value) as_between(name, value, 1)

# What each setting may be, see pytwolayer/training/settings.py.
setting_checks <- list(
  hidden_units = setting_size,
  activation = function(name, value) as_one_of(name, value, names(r_activations)),
  epochs = setting_size,
  batch_size = or_null(setting_size),
  optimizer = function(name, value) {
    as_one_of(name, value, c("sgd", "adam", "adamw", "rmsprop", "lbfgs"))
  },
  learning_rate = setting_rate,
  momentum = setting_share,
  nesterov = as_flag,
  schedule = function(name, value) {
    as_one_of(name, value, c("constant", "cosine", "step", "plateau"))
  },
  weight_decay = function(name, value) as_between(name, value, largest_float),
  dropout = setting_share,
  gradient_clip = or_null(setting_rate),
  input_clip = or_null(setting_rate),
  encoding = function(name, value) as_one_of(name, value, encodings),
  pieces = function(name, value) as_count(name, value, least = 2, most = 64),
  loss = function(name, value) as_text(value),
  quantile_levels = or_null(function(name, value) as_levels(name, value)),
  reduction = function(name, value) as_one_of(name, value, c("mean", "sum", "elementwise_mean")),
  patience = or_null(setting_size),
  shards = function(name, value) if (is.null(value)) 1 else setting_size(name, value),
  seed = function(name, value) as.double(as_count(name, value, least = 0, most = 2^53))
)

known_losses <- c(
  "mse", "mae", "huber", "cross_entropy", "poisson", "gamma", "binomial", "quantile", "normal",
  "negative_binomial", "binary_cross_entropy"
)

# A loss that was a function is kept as its name.
read_saved_settings <- function(saved, own_loss) {
  refuse_if("auto" %in% saved[names(saved) != "loss"], "not all of its settings are known")
  if (!as_flag("own_loss", own_loss)) {
    as_one_of("loss", saved$loss, known_losses)
  }
  optional <- c("quantile_levels", "shards") # of its loss alone, and where there are several
  refuse_others("settings", saved, setdiff(names(setting_checks), optional), optional)
  if (identical(saved$loss, "quantile") == is.null(saved$quantile_levels)) {
    refuse("its `loss` and its `quantile_levels` do not go together")
  }
  settings <- lapply(stats::setNames(nm = names(setting_checks)), function(name) {
    setting_checks[[name]](name, saved[[name]])
  })
  refuse_clashes(settings)
  settings[intersect(setting_names(), names(settings))]
}

refuse_clashes <- function(settings) {
  optimizer <- settings$optimizer
  clash <- function(name) refuse("its `", name, "` and its `optimizer` do not go together")
  if (settings$momentum != 0 && !optimizer %in% c("sgd", "rmsprop")) {
    clash("momentum")
  }
  if (settings$nesterov && !(optimizer == "sgd" && settings$momentum != 0)) {
    clash("nesterov")
  }
  if (optimizer == "lbfgs") {
    if (settings$dropout != 0) clash("dropout")
    if (!is.null(settings$batch_size)) clash("batch_size")
    if (!is.null(settings$gradient_clip)) clash("gradient_clip")
  }
}

read_inputs <- function(saved) {
  refuse_others("entries in its inputs", saved, c("names", "codings"))
  names <- if (!is.null(saved$names)) as_texts(saved$names)
  codings <- lapply(as_list(saved$codings), read_coding)
  if (!length(codings) || !is.null(names) && length(names) != length(codings)) {
    refuse("its names and columns differ in number")
  }
  list(names = names, codings = codings)
}

read_coding <- function(saved) {
  if ("levels" %in% names(as_object(saved))) {
    refuse_others("column entries", saved, "levels")
    return(list(levels = as_texts(saved$levels)))
  }
  pieces <- if ("knots" %in% names(saved)) "knots"
  refuse_others("column entries", saved, c(pieces, "center", "scale", "limit"))
  limit <- if (!is.null(saved$limit)) as_positive("limit", saved$limit)
  if (!is.null(pieces)) {
    return(read_piecewise(saved, limit))
  }
  list(
    center = as_number(saved$center), scale = as_number(saved$scale, least = 0), limit = limit
  )
}

read_piecewise <- function(saved, limit) {
  knots <- vapply(as_list(saved$knots), as_number, 1)
  center <- vapply(as_list(saved$center), as_number, 1)
  scale <- vapply(as_list(saved$scale), as_number, 1, least = 0)
  if (length(knots) < 3 || any(c(length(center), length(scale)) != length(knots) - 1)) {
    refuse("it has the wrong number of knots, centres or scales")
  }
  if (!all(diff(knots) > 0 & diff(knots) < Inf)) {
    refuse("its knots do not ascend, or are too far apart")
  }
  list(knots = knots, center = center, scale = scale, limit = limit)
}

check_pieces <- function(inputs, settings) {
  most <- if (settings$encoding == "piecewise") settings$pieces else 1
  pieces <- vapply(inputs$codings, function(coding) length(coding$knots) - 1, 1)
  refuse_if(any(pieces > most), "its columns have more pieces than its settings allow")
}

# How many inputs of the network a column has.
coding_width <- function(coding) {
  if (is.null(coding$levels)) length(coding$center) else length(coding$levels)
}

#' What "auto" was chosen by, as a data frame
#'
#' @param saved `NULL`, or a list of the columns. An infinite loss is `NULL` there.
#' @noRd
read_tuning <- function(saved) {
  if (is.null(saved)) {
    return(NULL)
  }
  refuse_others("entries in its tuning", as_object(saved), tuning_columns)
  rows <- unique(vapply(saved[tuning_columns], function(column) length(as_list(column)), 1L))
  if (length(rows) > 1 || rows == 0) {
    refuse("its tuning has columns of different lengths, or no rows")
  }
  decay <- function(value) as_between("weight_decay", value, largest_float)
  data.frame(
    encoding = vapply(saved$encoding, as_one_of, "", name = "encoding", choices = encodings),
    learning_rate = vapply(saved$learning_rate, setting_rate, 1, name = "learning_rate"),
    weight_decay = vapply(saved$weight_decay, decay, 1),
    fold = vapply(saved$fold, as_count, 1L, name = "fold", most = largest_size),
    valid_loss = vapply(saved$valid_loss, function(loss) {
      if (is.null(loss)) Inf else as_number(loss)
    }, 1)
  )
}

# A column's own name, `<column>_<level>`, or `<column>_<piece>`.
input_names <- function(inputs) {
  names <- inputs$names
  if (is.null(names)) {
    names <- paste0("x", seq_along(inputs$codings))
  }
  named <- Map(function(name, coding) {
    parts <- if (is.null(coding$knots)) coding$levels else seq_along(coding$center)
    if (is.null(parts)) name else paste(name, parts, sep = "_")
  }, names, inputs$codings)
  unlist(named, use.names = FALSE)
}

read_outcome <- function(saved, text) {
  kind <- as_text(entry(saved, "kind"))
  if (kind == "classes") {
    refuse_others("entries in its outcome", saved, c("kind", "name", "labels"))
    return(read_classes(saved, text))
  }
  refuse_if(kind != "numbers", "it lacks '", kind, "'")
  sometimes <- intersect(outcome_flags, names(saved))
  also <- c(sometimes, intersect("labels", names(saved)))
  refuse_others("entries in its outcome", saved, c("kind", outcome_parts, also))
  names <- if (!is.null(saved$names)) as_texts(saved$names)
  center <- vapply(as_list(saved$center), as_number, 1)
  scale <- vapply(as_list(saved$scale), as_number, 1, least = 5e-324)
  flags <- read_outcome_flags(saved)
  several <- !is.null(names) && length(names) != if (flags$trials) 2 else length(center)
  if (!length(center) || length(center) != length(scale) || several) {
    refuse("its names, centres and scales differ in number")
  }
  flags["labels"] <- list(read_labels(saved, length(center), flags$logit))
  link <- if (flags$log) "log" else if (flags$logit) "logit" else "identity"
  c(list(kind = kind, names = names, center = center, scale = scale, link = link), flags)
}

read_labels <- function(saved, number, logit) {
  if (!"labels" %in% names(saved)) {
    return(NULL)
  }
  labels <- lapply(as_list(saved$labels), read_label)
  if (length(labels) != number || !logit) {
    refuse("its labels and its outcomes differ in number")
  }
  labels
}

# What a label is called where it is absent, and where it is present.
read_label <- function(saved) {
  pair <- as_list(saved)
  if (length(pair) != 2 || !all(vapply(pair, function(x) is.atomic(x) && length(x) == 1, NA))) {
    refuse("its labels are not pairs of text or numbers")
  }
  levels <- vapply(pair, as.character, "")
  refuse_if(anyDuplicated(levels) > 0, "the two labels of a pair are the same")
  levels
}

read_outcome_flags <- function(saved) {
  flags <- lapply(stats::setNames(nm = outcome_flags), function(name) {
    if (name %in% names(saved)) as_flag(name, saved[[name]]) else FALSE
  })
  refuse_if(flags$trials && !flags$logit, "it has `trials` without `logit`")
  refuse_if(flags$sd && flags$theta, "it has both a standard deviation and a theta")
  c(flags, list(log = as_flag("log", saved$log), vector = as_flag("vector", saved$vector)))
}

# What files have where it is so.
outcome_flags <- c("logit", "trials", "sd", "theta")

outcome_parts <- c("names", "center", "scale", "log", "vector")

read_classes <- function(saved, text) {
  labels <- as_list(saved$labels)
  if (!all(vapply(labels, function(label) is.atomic(label) && !is.null(label), NA))) {
    refuse("its classes are neither text nor numbers")
  }
  names <- if (!is.null(saved$name)) as_text(saved$name)
  levels <- level_names(labels, text)
  if (anyDuplicated(levels) || !length(levels)) {
    refuse("its classes are not distinct, or there are none")
  }
  list(
    kind = "classes", names = names, levels = levels,
    logical = all(vapply(labels, is.logical, NA))
  )
}

# Labels that are numbers keep the digits of the file, which reading and writing may change.
level_names <- function(labels, text) {
  numbers <- vapply(labels, is.numeric, NA)
  if (any(numbers)) {
    pattern <- '"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|(-?[0-9][0-9.eE+-]*)'
    quoted <- gsub(pattern, '"\\1"', text, perl = TRUE, useBytes = TRUE)
    Encoding(quoted) <- "UTF-8"
    written <- jsonlite::parse_json(quoted)$outcome$labels[numbers]
    whole <- grepl("^-?[0-9]+$", written)
    if (!all(whole | is.finite(unlist(labels[numbers])))) {
      refuse("its classes are neither text nor numbers")
    }
    labels[numbers] <- written
  }
  vapply(labels, as.character, "")
}

output_names <- function(outcome) {
  if (outcome$kind == "classes") {
    return(outcome$levels)
  }
  if (!is.null(outcome$quantile_levels)) {
    return(paste0("q", sprintf("%.15g", outcome$quantile_levels)))
  }
  names <- number_names(outcome)
  if (has_spread(outcome)) {
    what <- if (outcome$sd) "log_sd" else "log_theta"
    names <- c(names, paste(what, names, sep = "_"))
  }
  names
}

# Whether half of the network's outputs are of the spread about the means.
has_spread <- function(outcome) isTRUE(outcome$sd) || isTRUE(outcome$theta)

# Of numeric outcomes, each of which has one prediction.
number_names <- function(outcome) {
  names <- if (is.null(outcome$names)) paste0("y", seq_along(outcome$center)) else outcome$names
  if (isTRUE(outcome$trials)) names[[1]] else names
}
