# A misspelt argument is an error, not a silent default.
check_dots <- function(fun, ..., call = rlang::caller_env()) {
  given <- rlang::names2(rlang::enquos(...)) # unevaluated, as a name may stand for nothing here
  refuse_unknown(given, character(), setdiff(names(formals(fun)), "..."), call)
}

#' Refuse arguments that a function does not have
#'
#' @param given Names of those given.
#' @param accepted Names of those that may be among them, each once.
#' @param known Names of all that the function has, for the message.
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
    return("An argument without a name came where none is expected.")
  }
  if (name %in% known) {
    return(sprintf("`%s` is given twice.", name))
  }
  close <- intersect(argument_aliases[[name]], known)
  if (!length(close)) {
    close <- known[is_misspelt(name, known)]
  }
  if (name == "subset") {
    return("`subset` is an argument of a formula's: else take the rows of the data themselves.")
  }
  hint <- if (length(close)) sprintf(" (did you mean `%s`?)", close[[1]]) else ""
  sprintf("`%s` is not an argument%s.", name, hint)
}

# One letter of three another, missing or too much, or letters that have changed places.
is_misspelt <- function(name, known) {
  distances <- as.vector(utils::adist(name, known, ignore.case = TRUE))
  sorted <- function(word) sort(strsplit(word, "")[[1]])
  swapped <- vapply(lapply(known, sorted), identical, NA, sorted(name))
  swapped | distances == min(distances) & distances <= nchar(name) / 3
}

backtick <- function(names) {
  paste0("`", names, "`", collapse = ", ")
}

# The core checks what settings are; here, that each is one value, and there.
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

# The same words as the core's own errors.
abort_argument <- function(argument, expected, value, call = rlang::caller_env()) {
  abort_expected(argument, expected, describe_value(value), call)
}

abort_expected <- function(argument, expected, received, call = rlang::caller_env()) {
  rlang::abort(
    sprintf("`%s` must be %s, not %s.", argument, expected, received),
    class = c("pytwolayer_error_argument", "pytwolayer_error"),
    argument = argument, expected = expected, received = received, call = call
  )
}

# What came, in the words of an error message.
describe_value <- function(value) {
  if (is.null(value)) {
    return("NULL")
  }
  if (is.factor(value)) {
    return("a factor")
  }
  if (is.function(value)) {
    return("a function")
  }
  if (!is.atomic(value) || is.object(value) || !is.null(dim(value))) {
    return(paste("an object of class", class(value)[[1]]))
  }
  describe_vector(value)
}

describe_vector <- function(value) {
  if (length(value) == 1) {
    quote <- if (is.character(value)) "\"" else ""
    return(encodeString(shorten(format_value(value)), quote = quote))
  }
  article <- if (typeof(value) == "integer") "an" else "a"
  sprintf("%s %s vector of length %d", article, typeof(value), length(value))
}

quote_names <- function(names) {
  paste0("\"", names, "\"", collapse = ", ")
}

# Names in messages, no more of them than somebody reads; pytwolayer/checks.py has the same.
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

# What other packages call the arguments, and what they are here.
argument_aliases <- as.list(c(
  weights = "case_weights", sample_weight = "case_weights", weight = "case_weights",
  wts = "case_weights", class_weight = "class_weights", class.weights = "class_weights",
  nodes = "hidden_units", rate = "learning_rate", nrounds = "epochs", callbacks = "on_epoch",
  size = "hidden_units", hidden = "hidden_units",
  hidden_layer_sizes = "hidden_units", hidden_neurons = "hidden_units", neurons = "hidden_units",
  units = "hidden_units", decay = "weight_decay", penalty = "weight_decay", alpha = "weight_decay",
  l2_reg = "weight_decay", l2 = "weight_decay", lambda = "weight_decay", lr = "learning_rate",
  learn_rate = "learning_rate", learning_rate_init = "learning_rate",
  learningrate = "learning_rate", eta = "learning_rate",
  maxit = "epochs", max_iter = "epochs", n_epochs = "epochs", num_epochs = "epochs",
  max_epochs = "epochs", iterations = "epochs", stepmax = "epochs",
  act.fct = "activation", activation_function = "activation", act = "activation",
  algorithm = "optimizer", solver = "optimizer", optim = "optimizer", optimiser = "optimizer",
  batchsize = "batch_size", stop_iter = "patience", n_iter_no_change = "patience",
  early_stopping = "patience", validation_split = "validation",
  validation_fraction = "validation", validation_data = "validation", valid_data = "validation",
  lr_scheduler = "schedule", rate_schedule = "schedule", trace = "verbose",
  random_state = "seed", err.fct = "loss", lossfct = "loss", criterion = "loss",
  loss_function = "loss", clip_grad = "gradient_clip", na.action = "na_action",
  drop_rate = "dropout", dropout_rate = "dropout", newdata = "new_data"
))
