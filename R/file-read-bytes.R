# Reads the bytes of a model (safetensors) and checks them before use. The format is described in
# docs/model-file.md; pytwolayer/files/safetensors_format.py reads and writes the same, in this
# order. Nothing is allocated that is larger than the bytes themselves, and nothing in them is run.

formats <- c(model = 4, ensemble = 1)
oldest_formats <- c(model = 3, ensemble = 1)
metadata_key <- "pytwolayer"
longest_header <- 1e8 # bytes; safetensors' own limit
damaged <- "it is damaged, or is not a file of pytwolayer: "
deepest_json <- 200 # levels
bytes_of <- c(F32 = 4, F64 = 8, U8 = 1)

taking <- function(bytes) {
  place <- 0
  function(n) {
    start <- place
    place <<- min(place + n, length(bytes))
    bytes[seq_len(place - start) + start]
  }
}

#' Read a model piece by piece
#'
#' @param take A function of a number of bytes that gives the next ones, or fewer.
#' @param size How many there are in all.
#' @param file The file's path for messages, or `NULL`.
#' @return A list of `bytes`, all of them, and the `model`.
#' @noRd
read_parts <- function(take, size, file, call) {
  tryCatch(
    with_decimal_point(checked_parts(take, size)),
    error = function(cnd) abort_file(conditionMessage(cnd), file, call)
  )
}

checked_parts <- function(take, size) {
  start <- take(8)
  text <- take(header_length(start, size))
  rest <- size - 8 - length(text)
  header <- read_header(text, rest)
  saved <- tryCatch(content_of(header$text), error = function(cnd) {
    # If the text is damaged, that is the error, and not what the damage made of it.
    check_sum(header$text, take(rest))
    stop(cnd)
  })
  in_doubt(check_layout(header$tensors, saved$layout))
  values <- take(rest)
  check_sum(header$text, values)
  tensors <- read_tensors(header$tensors[names(saved$layout)], values)
  is_ensemble <- saved$kind == "ensemble"
  model <- if (is_ensemble) assemble_ensemble(saved, tensors) else assemble(saved, tensors)
  list(bytes = c(start, text, values), model = model)
}

abort_file <- function(problem, file, call) {
  where <- if (is.null(file)) "" else sprintf(" in \"%s\"", file)
  rlang::abort(
    sprintf("The model%s cannot be read: %s.", where, problem),
    class = c("pytwolayer_error_file", "pytwolayer_error"),
    problem = problem, file = file, call = call
  )
}

# read_parts() makes it an error of the file.
refuse <- function(...) {
  stop(simpleError(paste0(...)))
}

refuse_if <- function(condition, ...) if (condition) refuse(...)

# The header's length comes first, in 8 bytes.
header_length <- function(start, size) {
  refuse_if(length(start) < 8, damaged, "it is cut short")
  length <- sum(as.integer(start) * 256^(0:7))
  if (length > min(longest_header, size - 8)) {
    refuse(damaged, "it is cut short, or does not begin with a header")
  }
  length
}

# The text in the metadata, and the entries of the tensors, which take `rest` bytes.
read_header <- function(bytes, rest) {
  in_doubt({
    header <- tryCatch({
      text <- utf8_text(bytes)
      read_json(text, "its header")
    }, error = function(cnd) refuse("its header is not valid JSON"))
    if (!is_object(header) || !is_object(header[["__metadata__"]])) {
      refuse("its header has no metadata")
    }
    refuse_if(!grepl("} *$", text, useBytes = TRUE), "its header does not end with a closing brace")
    metadata <- header[["__metadata__"]]
    refuse_others("metadata entries", metadata, metadata_key)
    tensors <- header[names(header) != "__metadata__"]
    check_places(tensors, rest)
    list(text = as_text(metadata[[metadata_key]]), tensors = tensors)
  })
}

in_doubt <- function(check) {
  tryCatch(check, error = function(cnd) refuse(damaged, conditionMessage(cnd)))
}

utf8_text <- function(bytes) {
  text <- if (any(bytes == 0)) NA else rawToChar(bytes) # which leaves zeros at the end out
  refuse_if(is.na(text) || !validUTF8(text), "its text is not valid UTF-8")
  Encoding(text) <- "UTF-8"
  text
}

# jsonlite takes comments, keys that come twice, and text that R cannot hold.
read_json <- function(text, what) {
  strings <- '"(?:[^"\\\\]++|\\\\.)*+"'
  outside <- gsub(strings, "", text, perl = TRUE, useBytes = TRUE)
  refuse_if(grepl("/", outside, fixed = TRUE, useBytes = TRUE), what, " has comments")
  brackets <- charToRaw(gsub("[^][{}]", "", outside, useBytes = TRUE))
  steps <- ifelse(brackets %in% charToRaw("[{"), 1, -1)
  refuse_if(length(steps) && max(cumsum(steps)) > deepest_json, "its JSON is nested too deeply")
  pairs <- "\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}"
  rest <- gsub("\\\\[^u]", "", text, useBytes = TRUE) # an escaped backslash begins no escape
  rest <- gsub(pairs, "", rest, useBytes = TRUE)
  if (grepl("\\\\u(0000|[dD][89a-fA-F])", rest, useBytes = TRUE)) {
    refuse(what, " has text that is not valid")
  }
  refuse_twice(jsonlite::parse_json(text, simplifyVector = FALSE))
}

refuse_twice <- function(value) {
  if (is.list(value)) {
    twice <- names(value)[duplicated(names(value))]
    refuse_if(length(twice), "its JSON has the key ", quote_names(twice[[1]]), " twice")
    for (part in value[vapply(value, is.list, NA)]) {
      refuse_twice(part)
    }
  }
  value
}

# The content, if it is of this format, and the tensors that it asks for.
content_of <- function(text) {
  content <- tryCatch(read_json(text, "its JSON"), error = function(cnd) {
    refuse(sub("\n.*", "", conditionMessage(cnd)))
  })
  kind <- check_format(entry(content, "kind"), entry(content, "format"))
  entry(content, "md5")
  old <- content$format < formats[[kind]]
  content <- content[setdiff(names(content), c("kind", "format", "md5"))]
  if (old) {
    content <- upgrade_content(content)
  }
  saved <- if (kind == "ensemble") read_ensemble(content) else read_content(content, text)
  saved$kind <- kind
  saved$layout <- if (kind == "ensemble") layout_of_ensemble(saved) else layout_of(saved)
  saved
}

check_format <- function(kind, number) {
  if (!is.character(kind) || !kind %in% names(formats)) {
    found <- substr(paste(format(kind), collapse = ""), 1, 150)
    refuse(sprintf('it is a file of kind "%s", not "model"', found))
  }
  known <- formats[[kind]]
  refuse_if(!is_whole(number), "its format is not a whole number")
  if (number > known) {
    refuse(sprintf(
      "it is of format %.0f, and this version of pytwolayer reads format %d: %s",
      number, known, "install a newer pytwolayer"
    ))
  }
  if (number < oldest_formats[[kind]]) {
    refuse(sprintf(
      "it is of format %.0f, from a pytwolayer before the first release: create the %s again",
      number, kind
    ))
  }
  kind
}

layout_of <- function(saved) {
  d_in <- length(saved$input_names)
  hidden <- saved$settings$hidden_units
  d_out <- length(saved$output_names)
  tensor <- function(kind, ...) list(kind = kind, shape = c(...))
  losses <- stats::setNames(nm = paste0("history.", saved$losses))
  c(lapply(losses, function(name) tensor("F64", saved$epochs)), list(
    "0.weight" = tensor("F32", hidden, d_in), "0.bias" = tensor("F32", hidden),
    "2.weight" = tensor("F32", d_out, hidden), "2.bias" = tensor("F32", d_out)
  ))
}

check_layout <- function(tensors, layout) {
  refuse_others("tensors", tensors, names(layout))
  for (name in names(layout)) {
    tensor <- tensors[[name]]
    wanted <- layout[[name]]
    shape <- sizes_or_places(tensor$shape)
    size <- diff(sizes_or_places(tensor$data_offsets))
    same <- identical(tensor$dtype, wanted$kind) && identical(shape, as.double(wanted$shape))
    if (!same || size != bytes_of[[wanted$kind]] * prod(wanted$shape)) {
      refuse(sprintf(
        "tensor \"%s\" is %s of shape (%s) where %s of shape (%s) is needed", name,
        substr(toString(tensor$dtype), 1, 20), substr(toString(shape), 1, 60),
        wanted$kind, toString(wanted$shape)
      ))
    }
  }
}

# One behind the other, without gaps.
check_places <- function(tensors, size) {
  places <- lapply(unname(tensors), function(tensor) {
    refuse_others("tensor entries", tensor, c("dtype", "shape", "data_offsets"))
    sizes_or_places(tensor$data_offsets)
  })
  refuse_if(any(lengths(places) != 2), "a tensor has an invalid shape or position")
  begin <- vapply(places, `[[`, 1, 1)
  end <- vapply(places, `[[`, 1, 2)
  order <- order(begin, end)
  ends <- c(0, end[order])
  if (!identical(begin[order], ends[-length(ends)]) || is.unsorted(ends)) {
    refuse("its tensors are not stored one directly after the other")
  }
  if (max(ends) != size) {
    refuse(sprintf("its tensors take %.0f bytes instead of %.0f", size, max(ends)))
  }
}

sizes_or_places <- function(values) {
  if (!is.list(values) || !is.null(names(values)) || !all(vapply(values, is_whole, NA))) {
    refuse("a tensor has an invalid shape or position")
  }
  as.double(unlist(values))
}

# What JSON has as a whole number: of small ones jsonlite makes integers.
is_whole <- function(value) {
  is.integer(value) || is.double(value) && is.finite(value) && abs(value) >= 2^31 &&
    value == round(value)
}

# The last entry of the text is the md5 of the text before it and of the tensors.
check_sum <- function(text, values) {
  text <- charToRaw(text)
  end <- length(text) - 44
  found <- if (end > 0) rawToChar(text[-seq_len(end)]) else ""
  pattern <- "^, \"md5\": \"([0-9a-f]{32})\"\\}$"
  if (!grepl(pattern, found) || sub(pattern, "\\1", found) != md5(text[seq_len(end)], values)) {
    refuse("it is damaged: its checksum does not match")
  }
}

md5 <- function(text, values) {
  file <- tempfile()
  on.exit(unlink(file))
  bytes <- c(text, charToRaw("}"), values)
  suppressWarnings(writeBin(bytes, file))
  if (!isTRUE(file.size(file) == length(bytes))) {
    refuse("its checksum needs more room than there is in ", quote_names(tempdir()))
  }
  unname(tools::md5sum(file))
}

# Stored row after row.
read_tensors <- function(header, values) {
  lapply(header, function(tensor) {
    place <- sizes_or_places(tensor$data_offsets)
    bytes <- values[seq_len(place[[2]] - place[[1]]) + place[[1]]]
    read_tensor(bytes, tensor$dtype, sizes_or_places(tensor$shape))
  })
}

read_tensor <- function(bytes, kind, shape) {
  size <- bytes_of[[kind]]
  if (size == 1) {
    return(bytes)
  }
  numbers <- readBin(bytes, "double", length(bytes) / size, size, endian = "little")
  if (length(shape) == 2) matrix(numbers, shape[[1]], shape[[2]], byrow = TRUE) else numbers
}
