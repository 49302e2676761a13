#' PyTorch
#'
#' The Python module `torch`, loaded with its own BLAS when it is first used.
#' Everything of PyTorch is reached with `$`, as in Python with a dot.
#'
#' @format A Python module.
#' @section Errors:
#' Where no Python, or none with torch, is to be had, the first use is an error of
#' class `pytwolayer_error_python` that says what to do.
#' @seealso [tensor-generics] for R's own operators and functions on tensors.
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$ones(2L, 3L)
#' x * 2 + 1
#' @export
torch <- NULL

make_torch <- function() {
  if (reticulate::py_available()) running_torch() else lazy_torch()
}

# A module of reticulate's that loads on first use, with our own errors before it does.
lazy_torch <- function() {
  of_torch(reticulate::import("torch", delay_load = list(environment = python_environment)))
}

# In a Python that is running already reticulate would load the module at once; here
# R does, when `torch` is first looked at.
running_torch <- function() {
  ready_torch()
  of_torch(reticulate::import("torch"))
}

ready_torch <- function() {
  if (!isTRUE(session$torch)) {
    told_if_interrupted({
      start_python(call = NULL)
      interrupted_at_end({
        require_modules("torch", call = NULL)
        load_torch(call = NULL)
      })
    })
  }
  survive_fork()
}

# In a worker of mclapply() the threads that torch computed with are not there, and it would
# wait for them for ever. The core sees to itself; this is for tensors.
survive_fork <- function() {
  if (!identical(session$process, Sys.getpid())) {
    import_own("pytwolayer.threads")$survive_fork()
    session$process <- Sys.getpid()
  }
}

# For examples and tests: is there a Python with all that is needed?
has_torch <- function() {
  tryCatch(
    {
      bridge()
      TRUE
    },
    pytwolayer_error_python = function(cnd) FALSE
  )
}

#' Print a PyTorch module
#'
#' Prints what Python prints, in R's own output, alike with every version of reticulate.
#'
#' @param x A module, such as a network or a loss.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @export
print.torch.nn.modules.module.Module <- function(x, ...) { # nolint: object_name_linter.
  writeLines(reticulate::py_str(x))
  invisible(x)
}
