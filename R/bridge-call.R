# Loading the core and calling it.


# What the core needs. Only torch and these: the plots and tables of R are R's own.
python_modules <- c("torch", "numpy", "pandas", "safetensors")
python_environment <- "r-pytwolayer"
bridge_module <- "pytwolayer.r_interop.bridge"

session <- new.env(parent = emptyenv())

#' The functions of the core, loaded on first use
#'
#' @noRd
bridge <- function(call = rlang::caller_env()) {
  if (is.null(session$bridge)) {
    announce_interrupted_start({
      start_python(call)
      delay_interrupt({
        require_modules(python_modules, call)
        load_torch(call, modules = bridge_module)
      })
      session$bridge <- import_own(bridge_module)
    })
  }
  session$bridge
}

#' Call a function of the core; its errors and warnings become R's
#'
#' @param words R's names of the core's arguments, for errors, where they differ from the core's.
#'   The core's are the names of the vector.
#' @param as_fit A function that makes R's object of a fit that an error carries.
#' @noRd
call_core <- function(name, ..., call = rlang::caller_env(), words = character(),
                      as_fit = identity) {
  answer <- core_function(name, call)(..., words = if (length(words)) as.list(words))
  for (warning in unique(answer$warnings)) {
    raise_warning(warning$kind, warning$message)
  }
  if (!is.null(answer$error)) {
    abort_from_core(answer$error, call, as_fit)
  }
  answer$value
}

# reticulate asks Python for a function's arguments each time that it hands it over.
core_function <- function(name, call) {
  core <- bridge(call)
  if (is.null(session$functions[[name]])) {
    session$functions[[name]] <- core[[name]]
  }
  session$functions[[name]]
}
