# A misspelt argument is an error, not a silent default.
check_dots <- function(fun, ..., call = rlang::caller_env()) {
  if (!...length()) {
    return(invisible())
  }
  given <- rlang::names2(rlang::enquos(...)) # unevaluated: its value may not exist
  refuse_unknown(given, character(), setdiff(names(formals(fun)), "..."), call)
}

#' Refuse arguments that a function does not have
#'
#' @param given Names of the arguments given.
#' @param accepted Names that may be among them, each once.
#' @param known Names of all arguments of the function, for the message.
#' @noRd
refuse_unknown <- function(given, accepted, known, call) {
  wrong <- given[!given %in% accepted | duplicated(given)]
  if (!length(wrong)) {
    return(invisible())
  }
  rlang::abort(
    c(unknown_argument(wrong[[1]], known), i = paste("The arguments are", backtick(known))),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), call = call
  )
}

unknown_argument <- function(name, known) {
  name <- shorten(name)
  if (!nzchar(name)) {
    return("An argument without a name was given where none is expected.")
  }
  if (name %in% known) {
    return(sprintf("`%s` is given twice.", name))
  }
  is_alias <- vapply(argument_aliases, function(aliases) name %in% aliases, NA)
  close <- intersect(names(argument_aliases)[is_alias], known)
  if (!length(close)) {
    close <- known[is_misspelt(name, known)]
  }
  if (name == "subset") {
    return("`subset` is only for a formula: otherwise choose the rows in the data themselves.")
  }
  if (name == "data" && all(c("x", "outcome") %in% known)) {
    return("`data` is only for a formula without quotes, as in `two_layer(y ~ ., data)`.")
  }
  hint <- if (length(close)) sprintf(" (did you mean `%s`?)", close[[1]]) else ""
  sprintf("`%s` is not an argument%s.", name, hint)
}

# At most one edit for each three letters, or the same letters in another order.
is_misspelt <- function(name, known) {
  distances <- as.vector(utils::adist(name, known, ignore.case = TRUE))
  sorted <- function(word) sort(strsplit(word, "")[[1]])
  swapped <- vapply(lapply(known, sorted), identical, NA, sorted(name))
  swapped | distances == min(distances) & distances <= nchar(name) / 3
}

# The name that a misspelt one most likely stands for, as near() in pytwolayer/checks.py finds it.
near_name <- function(name, names) {
  if (!length(names) || length(names) > 1000) {
    return(character())
  }
  utils::head(names[is_misspelt(tolower(name), tolower(names))], 1)
}

backtick <- function(names) {
  paste0("`", names, "`", collapse = ", ")
}

# The core checks the values. Here only what would not reach it as one value is refused.
check_settings <- function(settings, call = rlang::caller_env()) {
  for (argument in names(settings)) {
    value <- settings[[argument]]
    if (!is.null(value) && !is_single(value) && !inherits(value, "torch.device")) {
      abort_argument(argument, "a single value", value, call)
    }
  }
  settings
}

is_single <- function(value) {
  plain <- is.atomic(value) && !is.object(value) && length(value) == 1
  plain && (!is.na(value) || is.nan(value))
}

check_text <- function(..., call = rlang::caller_env()) {
  values <- list(...)
  for (argument in names(values)) {
    value <- values[[argument]]
    if (!is.character(value) || !is_single(value) || !nzchar(value)) {
      abort_argument(argument, "a single text", value, call)
    }
  }
}

# The same form as that of the core's ArgumentError.
abort_argument <- function(argument, expected, value, call = rlang::caller_env()) {
  abort_expected(argument, expected, describe_value(value), call)
}

# An error that another one causes, whose message's first line it repeats.
abort_caused <- function(problem, argument, cnd, call) {
  rlang::abort(
    paste0(problem, ": ", first_message_line(cnd)),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), argument = argument,
    parent = cnd, call = call
  )
}

first_message_line <- function(cnd) {
  shorten(utils::head(strsplit(conditionMessage(cnd), "\n")[[1]], 1), 500)
}

abort_expected <- function(argument, expected, received, call = rlang::caller_env()) {
  rlang::abort(
    sprintf("`%s` must be %s, not %s.", argument, expected, received),
    class = c("pytwolayer_error_argument", "pytwolayer_error"),
    argument = argument, expected = expected, received = received, call = call
  )
}

# A value in the words of an error message.
describe_value <- function(value) {
  if (is.null(value)) {
    "NULL"
  } else if (is.factor(value)) {
    "a factor"
  } else if (is.function(value)) {
    "a function"
  } else if (inherits(value, "connection")) {
    "a connection: give the path of its file"
  } else if (inherits(value, "formula")) {
    "a formula, which has to come first: `two_layer(formula, data)`"
  } else if (!is.atomic(value) || is.object(value) || !is.null(dim(value))) {
    paste("an object of class", class(value)[[1]])
  } else {
    describe_vector(value)
  }
}

describe_vector <- function(value) {
  if (length(value) == 1) {
    quote <- if (is.character(value)) "\"" else ""
    return(encodeString(shorten(format_value(value)), quote = quote))
  }
  article <- if (typeof(value) == "integer") "an" else "a"
  sprintf("%s %s vector of length %d", article, typeof(value), length(value))
}

# An error if names that are needed are absent.
require_names <- function(argument, needed, names, expected, call, there = names) {
  absent <- setdiff(needed, names)
  if (length(absent)) {
    hint <- those_there(absent[[1]], there, "there is %s")
    received <- paste0("one without ", quote_some_names(absent), hint)
    abort_expected(argument, expected, received, call)
  }
}

# In brackets: which column was meant by a name that no column has; if none, all of them.
those_there <- function(absent, names, as_meant = "did you mean %s?") {
  near <- near_name(absent, names)
  if (length(near)) {
    sprintf(" (%s)", sprintf(as_meant, quote_names(shorten(near))))
  } else if (length(names)) {
    noun <- if (length(names) == 1) "only column is" else "columns are"
    sprintf(" (its %s %s)", noun, quote_some_names(names))
  } else {
    ""
  }
}

quote_names <- function(names) {
  paste0("\"", names, "\"", collapse = ", ")
}

# Names in a message: all up to 10, else the first 5 and how many more. The core's messages do the
# same (pytwolayer/checks.py).
quote_some_names <- function(names) {
  names <- shorten(names)
  if (length(names) <= 10) {
    return(quote_names(names))
  }
  more <- format(length(names) - 5, big.mark = ",", decimal.mark = ".", scientific = FALSE)
  sprintf("%s and %s more", quote_names(names[1:5]), more)
}

# Cuts what is too long for a message.
shorten <- function(text, longest = 60) {
  long <- which(nchar(text, allowNA = TRUE) > longest)
  text[long] <- paste0(substr(text[long], 1, longest - 3), "...")
  text
}

in_column <- function(label) {
  sprintf(" in column %s", quote_names(shorten(as.character(label))))
}

check_flag <- function(argument, value, call) {
  if (!isTRUE(value) && !isFALSE(value)) {
    abort_argument(argument, "TRUE or FALSE", value, call)
  }
}

check_one_of <- function(argument, value, choices, call) {
  if (!is.character(value) || !is_single(value) || !value %in% choices) {
    abort_argument(argument, paste("one of", quote_names(choices)), value, call)
  }
  value
}

# What other packages call each argument, for hints.
argument_aliases <- list(
  case_weights = c("weights", "sample_weight", "weight", "wts"),
  class_weights = c("class_weight", "class.weights"),
  hidden_units = c(
    "nodes", "size", "hidden", "hidden_layer_sizes", "hidden_neurons", "neurons", "units"
  ),
  learning_rate = c("rate", "lr", "learn_rate", "learning_rate_init", "learningrate", "eta"),
  epochs = c(
    "nrounds", "maxit", "max_iter", "n_epochs", "num_epochs", "max_epochs", "iterations",
    "stepmax"
  ),
  on_epoch = "callbacks",
  weight_decay = c("decay", "penalty", "alpha", "l2_reg", "l2", "lambda"),
  activation = c("act.fct", "activation_function", "act"),
  optimizer = c("algorithm", "solver", "optim", "optimiser"),
  batch_size = "batchsize",
  patience = c("stop_iter", "n_iter_no_change", "early_stopping"),
  validation = c("validation_split", "validation_fraction", "validation_data", "valid_data"),
  schedule = c("lr_scheduler", "rate_schedule"),
  verbose = "trace",
  seed = "random_state",
  loss = c("err.fct", "lossfct", "criterion", "loss_function"),
  gradient_clip = "clip_grad",
  na_action = "na.action",
  dropout = c("drop_rate", "dropout_rate"),
  new_data = "newdata"
)
