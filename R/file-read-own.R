# Reads the bytes of a model that the core of this process has just made. What is in them is known,
# so nothing is looked at twice, as it is of files (R/file-read-bytes.R): a small fit would wait for
# that. Both ways give the same.

#' Read a model from bytes that the core has just made
#'
#' @param bytes A raw vector.
#' @return What [read_content()] gives, with the tensors' `history` and `weights`.
#' @noRd
read_model <- function(bytes, call = rlang::caller_env()) {
  tryCatch(
    with_decimal_point(own_model(bytes)),
    error = function(cnd) abort_file(conditionMessage(cnd), NULL, call)
  )
}

own_model <- function(bytes) {
  end <- 8 + header_length(bytes[1:8], length(bytes))
  header <- own_json(utf8_text(bytes[9:end]))
  text <- header[["__metadata__"]][[metadata_key]]
  content <- own_json(text)
  header[["__metadata__"]] <- NULL
  tensors <- lapply(header, own_tensor, bytes, end)
  if (content$kind == "ensemble") {
    own_ensemble(content, tensors)
  } else {
    own_fit(content, text, tensors)
  }
}

# Escapes may stand for text that R cannot hold.
own_json <- function(text) {
  if (grepl("\\u", text, fixed = TRUE, useBytes = TRUE)) {
    return(read_json(text, "its JSON"))
  }
  jsonlite::parse_json(text, simplifyVector = FALSE)
}

own_tensor <- function(tensor, bytes, end) {
  place <- end + unlist(tensor$data_offsets)
  values <- if (place[[2]] > place[[1]]) bytes[(place[[1]] + 1):place[[2]]] else raw()
  read_tensor(values, tensor$dtype, unlist(tensor$shape))
}

own_ensemble <- function(content, tensors) {
  members <- lapply(unname(tensors[paste0("model.", seq_along(tensors))]), function(bytes) {
    list(bytes = bytes, model = own_model(bytes))
  })
  outcome <- members[[1]]$model$coding$outcome
  list(
    members = members, seed = content$seed, bootstrap = content$bootstrap,
    calibration = read_calibration(content$calibration, outcome)
  )
}

own_fit <- function(content, text, tensors) {
  settings <- own_settings(content$settings)
  inputs <- own_inputs(content$inputs)
  outcome <- own_outcome(content$outcome, text, settings$quantile_levels)
  losses <- unlist(content$history)
  history <- stats::setNames(tensors[paste0("history.", losses)], losses)
  list(
    settings = settings,
    own_loss = content$own_loss,
    device = content$device,
    rows = content$rows,
    dropped = content$dropped,
    history = new_data_frame(c(list(epoch = seq_len(content$epochs)), history), content$epochs),
    best_epoch = content$best_epoch,
    stopped = content$stopped,
    coding = list(inputs = inputs, outcome = outcome),
    inputs = input_names(inputs),
    outputs = output_names(outcome),
    weights = tensors[weight_names],
    formula = content$formula,
    notes = content$notes,
    offset = isTRUE(content$offset),
    tuning = read_tuning(content$tuning),
    calibration = read_calibration(content$calibration, outcome)
  )
}

own_settings <- function(saved) {
  names <- intersect(setting_names(), names(setting_checks))
  settings <- stats::setNames(saved[names], names)
  doubles <- c(
    "learning_rate", "momentum", "weight_decay", "dropout", "gradient_clip", "input_clip",
    "quantile_levels", "seed"
  )
  settings[doubles] <- lapply(settings[doubles], own_doubles)
  if (is.null(settings$shards)) {
    settings$shards <- 1
  }
  settings
}

# JSON makes no difference between 1 and 1.0.
own_doubles <- function(values) if (!is.null(values)) as.double(unlist(values))

own_inputs <- function(saved) {
  list(names = unlist(saved$names), codings = lapply(saved$codings, own_coding))
}

own_coding <- function(saved) {
  if (!is.null(saved$levels)) {
    return(list(levels = unlist(saved$levels)))
  }
  saved["limit"] <- list(own_doubles(saved$limit))
  if (!is.null(saved$knots)) {
    saved$knots <- own_doubles(saved$knots)
  }
  saved$center <- own_doubles(saved$center)
  saved$scale <- own_doubles(saved$scale)
  saved
}

own_outcome <- function(saved, text, levels) {
  if (saved$kind == "classes" || !is.null(saved$labels)) { # of which there are few
    return(read_outcome(saved, text))
  }
  link <- if (saved$log) "log" else if (isTRUE(saved$logit)) "logit" else "identity"
  flags <- lapply(stats::setNames(nm = outcome_flags), function(name) isTRUE(saved[[name]]))
  outcome <- c(
    list(
      kind = "numbers", names = unlist(saved$names), center = own_doubles(saved$center),
      scale = own_doubles(saved$scale), link = link
    ),
    flags, list(log = saved$log, vector = saved$vector, labels = NULL)
  )
  if (!is.null(levels)) {
    outcome$quantile_levels <- levels
    outcome$link <- "quantile"
  }
  outcome
}
