# The bytes of an ensemble: those of its models, side by side in one file of the same form.
# pytwolayer/models/ensemble_file.py reads and writes the same.

ensemble_parts <- c("versions", "bytes", "seed", "bootstrap")

read_ensemble <- function(content) {
  refuse_others("entries", content, ensemble_parts, optional = "calibration")
  sizes <- content$bytes
  refuse_if(!is.list(sizes) || !is.null(names(sizes)) || !length(sizes), "it has no models")
  bootstrap <- content$bootstrap
  if (!is.logical(bootstrap) || length(bootstrap) != 1) {
    refuse("its `bootstrap` is neither true nor false")
  }
  as_count("seed", content$seed, least = 0, most = 2^64)
  list(
    sizes = vapply(sizes, function(size) as.double(as_count("bytes", size, most = 2^53)), 1),
    seed = content$seed, bootstrap = bootstrap, calibration = content$calibration
  )
}

layout_of_ensemble <- function(saved) {
  names <- paste0("model.", seq_along(saved$sizes))
  stats::setNames(lapply(saved$sizes, function(size) list(kind = "U8", shape = size)), names)
}

#' All that R keeps of an ensemble
#'
#' @return A list of `members`, each with its `bytes` and `model`, `seed` and `bootstrap`.
#' @noRd
assemble_ensemble <- function(saved, tensors) {
  members <- lapply(unname(tensors), function(bytes) {
    member <- checked_parts(taking(bytes), length(bytes))
    refuse_if(!is.null(member$model$members), "it is an ensemble of ensembles")
    member
  })
  forms <- unique(lapply(members, function(member) {
    coding <- member$model$coding
    list(coding$inputs$names, length(coding$inputs$codings), member$model$outputs)
  }))
  refuse_if(length(forms) > 1, "its models differ in their inputs or outputs")
  outcome <- members[[1]]$model$coding$outcome
  list(
    members = members, seed = saved$seed, bootstrap = saved$bootstrap,
    calibration = read_calibration(saved$calibration, outcome)
  )
}
