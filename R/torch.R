#' PyTorch
#'
#' The Python module `torch`, loaded with its own BLAS when it is first used.
#' Everything of PyTorch is reached with `$`, as in Python with a dot.
#'
#' @format A Python module.
#' @seealso [tensor-generics] for R's own operators and functions on tensors.
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$ones(2L, 3L)
#' x * 2 + 1
#' @export
torch <- NULL

lazy_torch <- function() {
  reticulate::import("torch", delay_load = list(
    environment = python_environment,
    before_load = function() keep_own_blas(),
    on_error = function(cnd) require_modules("torch", rlang::caller_env())
  ))
}

import_torch <- function() {
  call_core("torch_module")
}

# For examples and tests: is there a Python with torch, without starting one that is not.
has_torch <- function() {
  tryCatch(
    {
      bridge()
      TRUE
    },
    pytwolayer_error_python = function(cnd) FALSE
  )
}

#' @importFrom reticulate iterate
#' @export
reticulate::iterate

#' @importFrom reticulate `%as%`
#' @export
reticulate::`%as%`
