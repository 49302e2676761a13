# The Python modules that this package carries.

own_python <- function() {
  system.file("python", package = "pytwolayer")
}

#' Import a module that this package carries
#'
#' @noRd
import_own <- function(module, convert = TRUE) {
  folder <- own_python()
  if (!file.exists(file.path(folder, "pytwolayer", "__init__.py"))) {
    rlang::abort(
      c(
        "This installation of pytwolayer lacks its Python core.",
        i = "It was built from a checkout without symbolic links: build it from the source package."
      ),
      class = "pytwolayer_error"
    )
  }
  with_own_path(reticulate::import(module, convert = convert))
}

# The folder of the core is on Python's path for as long as this takes.
with_own_path <- function(expr) {
  folder <- own_python()
  path <- reticulate::import("sys", convert = FALSE)$path
  path$insert(0L, folder)
  on.exit(path$remove(folder))
  expr
}

# The Python session may hold a core that was imported before this package's own.
check_versions <- function(core, call) {
  own <- as.character(utils::packageVersion("pytwolayer"))
  other <- core[["__version__"]]
  if (!identical(own, other)) {
    rlang::abort(
      c(
        "The two halves of pytwolayer are of different versions.",
        x = sprintf("The R package is %s; the Python session holds core %s.", own, other),
        i = sprintf("That core is %s: install the same version of both.", core[["__file__"]])
      ),
      class = c("pytwolayer_error_version", "pytwolayer_error"), call = call
    )
  }
}
