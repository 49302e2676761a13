#' PyTorch
#'
#' The Python module `torch`, loaded when it is first used, with its own BLAS. All of PyTorch is
#' reached with `$` where Python has a dot.
#'
#' @format A Python module.
#' @section Values between R and Python:
#' The functions and methods of `torch`, its submodules, tensors and networks take care that no
#' value changes on its way:
#'
#' * Python's whole numbers become R's integers, or doubles if an integer cannot hold them. This
#'   holds for `x$item()`, `x$tolist()`, `x$numpy()`, `x$data_ptr()`, `torch$initial_seed()`.
#'   Numbers beyond 2^53, which a double cannot hold exactly, are an error that names the number.
#' * R's missing integers and logicals become `NaN` in Python, so `torch$tensor(c(1L, NA))` is a
#'   tensor of floating-point numbers. If the target has a type of whole numbers or bools, missing
#'   values are an error, and nothing is changed.
#' * Factors, dates, time spans and integer64 are errors, and so is text with missing values:
#'   convert them first.
#' * R's arrays are copied; nothing that is done to a tensor changes them.
#'
#' A module from `reticulate::import()` has none of this.
#'
#' @section Memory:
#' R does not see how large a tensor is, and by itself would not collect unused tensors before
#' memory is full. So this package makes R collect garbage whenever the memory of the process, or
#' PyTorch's memory on GPUs, has grown by 256 MB, or by more as long as collections free little. It
#' collects once more if memory runs out, before that becomes an error. Small tensors cost nothing.
#'
#' @section Errors:
#' If there is no Python, or none with torch, the first use is an error of class
#' `pytwolayer_error_python`, with instructions.
#' @seealso [tensor-generics] for R's own operators and functions on tensors, [torch-size] for
#'   `x$shape`, [as_tensor()] to make tensors of R's numbers
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
#' Prints what Python prints, to R's own output, with every version of reticulate.
#'
#' @param x A module, such as a network or a loss.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @export
print.torch.nn.modules.module.Module <- function(x, ...) { # nolint: object_name_linter.
  writeLines(reticulate::py_str(x))
  invisible(x)
}
