#' PyTorch
#'
#' The Python module `torch`, loaded with its own BLAS when it is first used.
#' Everything of PyTorch is reached with `$`, as in Python with a dot.
#'
#' @format A Python module.
#' @section What crosses:
#' The functions and methods that `torch` and its parts, tensors and networks give see to it that
#' nothing becomes another value on its way:
#'
#' * Python's whole numbers come as R's integers, or as doubles where these do not reach: from
#'   `x$item()`, `x$tolist()`, `x$numpy()`, `x$data_ptr()`, `torch$initial_seed()`. Beyond 2^53,
#'   which a double cannot hold exactly, they are an error that names the number.
#' * R's missing integers and logicals go to Python as `NaN`, so `torch$tensor(c(1L, NA))` is a
#'   tensor of floating-point numbers. Where the target is one of whole numbers or bools, missing
#'   values are an error, and nothing is changed.
#' * Missing texts, factors, dates, time spans and integer64 are errors.
#' * R's arrays go as copies; nothing that is done to a tensor reaches back to them.
#'
#' What `reticulate::import()` gives has none of this.
#'
#' @section Memory:
#' R does not see how large a tensor is, and so would not collect those no longer in use before
#' memory is full. Therefore R is made to collect when the memory of the process, or PyTorch's on
#' GPUs, has grown by 256 MB, or by more as long as collections free little; and once more where
#' memory runs out, before that is an error. Small tensors cost nothing.
#'
#' @section Errors:
#' Where no Python, or none with torch, is to be had, the first use is an error of
#' class `pytwolayer_error_python`, with instructions.
#' @seealso [tensor-generics] for R's own operators and functions on tensors, [torch-size] for
#'   `x$shape`.
#' @examplesIf pytwolayer:::has_torch()
#' x <- torch$ones(2L, 3L)
#' x * 2 + 1
#' @export
torch <- NULL

ready_torch <- function() {
  if (!isTRUE(session$torch)) {
    announce_interrupted_start({
      start_python(call = NULL)
      delay_interrupt({
        require_modules("torch", call = NULL)
        load_torch(call = NULL)
      })
    })
  }
  reset_after_fork()
}

# In a worker of mclapply() the threads that torch computed with do not exist, and it would wait for
# them for ever. Fits do this by themselves; this is for tensors.
reset_after_fork <- function() {
  if (!identical(session$process, Sys.getpid())) {
    import_own("pytwolayer.runtime.threads")$reset_after_fork()
    session$process <- Sys.getpid()
  }
}

# For examples and tests: whether there is a Python with all required modules.
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
