#' reticulate's functions
#'
#' These are reticulate's own functions under their own names, so that scripts do not need
#' `library(reticulate)`. reticulate is loaded when one of them is first used, and attaching it as
#' well changes nothing. Its functions that install Python or manage environments are not included:
#' see [install_pytwolayer()].
#'
#' * Modules: [import()][reticulate::import], `import_main()`, `import_builtins()`,
#'   `import_from_path()`.
#' * Python code: [py_run_string()][reticulate::py_run_string], `py_run_file()`, `py_eval()`,
#'   [source_python()][reticulate::source_python], [repl_python()][reticulate::repl_python], and
#'   [py][reticulate::py], whose elements are the variables of Python's main module (`NULL` until
#'   Python has started).
#' * To Python and back: [r_to_py()][reticulate::r_to_py], `py_to_r()`,
#'   [dict()][reticulate::dict], `py_dict()`, [tuple()][reticulate::tuple],
#'   [np_array()][reticulate::np_array], [array_reshape()][reticulate::array_reshape],
#'   [py_func()][reticulate::py_func], [PyClass()][reticulate::PyClass].
#' * Iterators: [iterate()][reticulate::iterate], `iter_next()`, `as_iterator()`,
#'   [py_iterator()][reticulate::py_iterator].
#' * Objects: `py_get_attr()`, `py_set_attr()`, `py_has_attr()`, `py_del_attr()`,
#'   `py_list_attributes()`, `py_get_item()`, `py_set_item()`, `py_del_item()`, `py_len()`,
#'   `py_str()`, `py_repr()`, `py_id()`, `py_call()`, `py_bool()`, `py_none()`, `py_ellipsis()`,
#'   `py_help()`, `py_is_null_xptr()`, `py_save_object()`, `py_load_object()`, and `%as%` of
#'   [`with()`][reticulate::with.python.builtin.object].
#' * Python itself: `use_python()`, `use_virtualenv()`, `use_condaenv()`, `py_config()`,
#'   `py_discover_config()`, `py_available()`, `py_module_available()`, `py_version()`,
#'   `py_last_error()`, `py_clear_last_error()`, `py_capture_output()`, `py_suppress_warnings()`,
#'   `py_set_seed()`.
#'
#' @eval paste("@aliases", paste(reticulate_own, collapse = " "))
#' @name reticulate-own
#' @keywords internal
#' @evalNamespace sprintf("export(%s)", paste0('"', reticulate_own, '"', collapse = ", "))
NULL

# All of them are in the oldest reticulate that will do.
reticulate_own <- c(
  "import", "import_main", "import_builtins", "import_from_path", "py_run_string",
  "py_run_file", "py_eval", "source_python", "repl_python", "py", "r_to_py", "py_to_r",
  "dict", "py_dict", "tuple", "np_array", "array_reshape", "py_func", "PyClass", "iterate",
  "iter_next", "as_iterator", "py_iterator", "py_get_attr", "py_set_attr", "py_has_attr",
  "py_del_attr", "py_list_attributes", "py_get_item", "py_set_item", "py_del_item", "py_len",
  "py_str", "py_repr", "py_id", "py_call", "py_bool", "py_none", "py_ellipsis", "py_help",
  "py_is_null_xptr", "py_save_object", "py_load_object", "%as%", "use_python",
  "use_virtualenv", "use_condaenv", "py_config", "py_discover_config", "py_available",
  "py_module_available", "py_version", "py_last_error", "py_clear_last_error",
  "py_capture_output", "py_suppress_warnings", "py_set_seed"
)

# Called when the package is loaded. `py` changes when Python starts, so it is asked each time.
wait_for_reticulate <- function(own) {
  for (name in setdiff(reticulate_own, "py")) {
    promise_of_reticulate(name, own)
  }
  makeActiveBinding("py", function() reticulate::py, own)
}

promise_of_reticulate <- function(name, own) {
  force(name)
  delayedAssign(name, getExportedValue("reticulate", name), assign.env = own)
}
