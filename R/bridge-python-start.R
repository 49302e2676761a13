# Starting Python: which one, and what is wrong if none can be.

start_python <- function(call) {
  if (reticulate::py_available()) {
    return(invisible())
  }
  refuse_locale(call)
  refuse_unusable_python(call)
  problem <- try_to_start_python()
  if (!is.null(problem)) {
    abort_not_started(problem, call)
  }
}

# In the C locale neither R nor reticulate can hand on a path with other letters, and Python reads
# it wrongly. A change of R's locale comes too late: the paths are known in the old one.
refuse_locale <- function(call) {
  named <- named_python()
  paths <- c(own_python(), find.package("reticulate"), if (length(named)) path_of_named(named))
  if (!length(named) && reticulate::virtualenv_exists(python_environment)) {
    paths <- c(paths, reticulate::virtualenv_python(python_environment))
  }
  foreign <- paths[!vapply(paths, is_ascii, NA)]
  if (length(foreign) && Sys.getlocale("LC_CTYPE") %in% c("C", "POSIX")) {
    abort_python(
      sprintf("R runs in the C locale, in which this path cannot reach Python: %s.", foreign[[1]]),
      "Start R in a UTF-8 locale: `LC_ALL=C.UTF-8 R`, or another that `locale -a` lists.", call
    )
  }
}

# Errors while Python is started are reported by the functions here, not by reticulate.
try_to_start_python <- function() {
  file <- tempfile()
  tries <- file(file, "w")
  before <- options(try.outFile = tries)
  on.exit({
    options(before)
    close(tries)
    unlink(file)
  })
  problem <- tryCatch(
    suppressWarnings({
      reticulate::py_config()
      NULL
    }),
    error = function(cnd) conditionMessage(cnd)
  )
  # What becomes of Ctrl-C in Python, by the version of reticulate.
  if (any(grepl("KeyboardInterrupt|inspect.getmro|Unknown exception", problem))) {
    rlang::interrupt()
  }
  problem
}

# Still an interrupt, which ends loops too.
announce_interrupted_start <- function(expr) {
  tryCatch(expr, interrupt = function(cnd) {
    text <- "Interrupted while Python was starting. The next call goes on from there."
    rlang::inform(text, class = "pytwolayer_message")
    rlang::interrupt()
  })
}

# What is half loaded cannot be loaded again in the same process, and an old reticulate does not
# survive Ctrl-C in the middle of Python: it waits for the end.
delay_interrupt <- function(expr) {
  watch <- tryCatch(
    import_own("pytwolayer.runtime.interrupt")$watch_for_interrupt(),
    error = function(cnd) NULL
  )
  if (is.null(watch)) {
    return(expr)
  }
  noted <- watch$`__enter__`()
  tryCatch(expr, finally = watch$`__exit__`(NULL, NULL, NULL))
  if (noted$pressed) {
    rlang::interrupt()
  }
}

# The variable by which the user has named a Python, if there is one.
named_python <- function() {
  values <- Sys.getenv(c("RETICULATE_PYTHON", "RETICULATE_PYTHON_ENV"), names = TRUE)
  utils::head(values[nzchar(values)], 1)
}

# Where the Python is that the user has named; NULL if reticulate has to find it.
path_of_named <- function(named) {
  if (identical(unname(named), "managed")) {
    return(NULL)
  }
  value <- path.expand(sub("(.)[\\/]+$", "\\1", named))
  if (names(named) == "RETICULATE_PYTHON") {
    inside <- file.path(value, "python")
    return(if (is_folder(value) && file.exists(inside)) inside else unname(value))
  }
  python <- reticulate::virtualenv_python(unname(value))
  if (file.exists(python) || nzchar(Sys.readlink(python), keepNA = FALSE)) python
}

# reticulate would try another Python, start a large download, or end R.
refuse_unusable_python <- function(call) {
  named <- named_python()
  if (length(named)) {
    python <- path_of_named(named)
    fault <- if (!is.null(python)) examine_python(python)
    if (!is.null(fault$problem)) {
      abort_named(named, fault, call)
    }
    return(invisible())
  }
  fault <- examine_own()
  if (is_usable(fault)) {
    prefer_own()
  } else if (!is.null(fault) && !another_python_serves()) {
    abort_own(fault, call)
  }
}

is_usable <- function(fault) {
  is.list(fault) && is.null(fault$problem)
}

# What the user has chosen comes before this.
prefer_own <- function() {
  reticulate::use_virtualenv(python_environment, required = FALSE)
}

# What is wrong with the package's own environment; NULL if there is none.
examine_own <- function() {
  python <- reticulate::virtualenv_python(python_environment)
  if (reticulate::virtualenv_exists(python_environment)) {
    return(examine_python(python))
  }
  folder <- environment_folder(python_environment)
  if (file.exists(folder) && !is_empty_folder(folder)) {
    list(problem = "belongs to no virtual environment: the folder is broken")
  }
}

another_python_serves <- function() {
  config <- discovered_python()
  facts <- if (!is.null(config)) probe_python(config$python)
  !is.null(facts) && is.null(problem_with_facts(facts)) && all(facts[python_modules] == "yes")
}

# What reticulate would take now; NULL if that is an environment that it makes by itself.
discovered_python <- function() {
  nowhere <- file(nullfile(), "w")
  before <- options(try.outFile = nowhere)
  on.exit({
    options(before)
    close(nowhere)
  })
  tryCatch(suppressWarnings(reticulate::py_discover_config()), error = function(cnd) NULL)
}

# Just before Python starts, whoever starts it. It must never stop the start.
before_python <- function() {
  # An empty one counts as set for reticulate.
  for (variable in c("RETICULATE_PYTHON", "RETICULATE_PYTHON_ENV")) {
    if (identical(Sys.getenv(variable, NA), "")) Sys.unsetenv(variable)
  }
  tryCatch(
    if (!length(named_python())) {
      fault <- examine_own()
      if (is_usable(fault)) {
        prefer_own()
      } else {
        announce_download(fault$problem)
      }
    },
    error = function(cnd) NULL
  )
}

# A reticulate that makes an environment by itself downloads what this package has asked for.
announce_download <- function(problem = NULL) {
  choice <- tolower(Sys.getenv("RETICULATE_USE_MANAGED_VENV"))
  if (!makes_environments() || choice %in% c("no", "false", "0") || has_made_environment()) {
    return(invisible())
  }
  if (!is.null(discovered_python())) {
    return(invisible())
  }
  rlang::inform(
    c(
      if (!is.null(problem)) {
        sprintf("The environment `%s` is not used: its Python %s.", python_environment, problem)
      },
      paste(
        "reticulate is about to make a Python environment by itself, and to download for it:",
        paste(wanted_packages(), collapse = ", ")
      ),
      "!" = "With PyTorch's libraries for GPUs these are several gigabytes.",
      i = paste(
        "For an environment that stays, stop here and run `pytwolayer::install_pytwolayer()`.",
        "It can be told to leave these libraries out."
      ),
      i = paste(
        "To have nothing downloaded, name a Python in RETICULATE_PYTHON, or",
        "`Sys.setenv(RETICULATE_USE_MANAGED_VENV = \"no\")` before Python starts."
      )
    ),
    class = "pytwolayer_message"
  )
}

makes_environments <- function() {
  "py_require" %in% getNamespaceExports("reticulate")
}

wanted_packages <- function() {
  getExportedValue("reticulate", "py_require")()$packages
}

# What it has downloaded once, it keeps.
has_made_environment <- function() {
  cache <- file.path(tools::R_user_dir("reticulate", "cache"), "uv", "cache")
  length(Sys.glob(file.path(cache, "archive-*", "*", "torch-*.dist-info"))) > 0
}

require_modules <- function(modules, call) {
  config <- reticulate::py_config()
  version <- sub("[ +].*", "", config$version_string)
  found <- sprintf("Python %s (%s)", version, config$python)
  if (numeric_version(version, strict = FALSE) < python_oldest) {
    problem <- sprintf("%s is too old: %s or later is needed.", found, python_oldest)
    abort_python(problem, advise_running_python(config), call)
  }
  missing <- Filter(function(module) !has_module(module), modules)
  if (length(missing)) {
    problem <- sprintf("%s has no %s.", found, paste(missing, collapse = ", no "))
    abort_python(problem, c(home_hides_packages(), get_modules(config, missing)), call)
  }
}

# Looks only: importing torch here would decide how it is loaded. A folder that only happens to
# have the name has no origin.
has_module <- function(module) {
  !is.null(reticulate::import("importlib.util")$find_spec(module)$origin)
}

# Loads torch as the core does, and what builds on it. Where somebody else has loaded torch
# before, and the wrong way, this is the one place that says so, once.
load_torch <- function(call, modules = character()) {
  as_import_errors(check_versions(import_own("pytwolayer"), call), "The core", call)
  loaded <- as_import_errors(
    import_own("pytwolayer.r_interop.start")$load(as.list(modules)), "torch", call
  )
  if (!is.null(loaded$failed)) {
    what <- if (loaded$failed %in% python_modules) loaded$failed else "The core"
    abort_import(what, loaded$said, unlist(loaded$causes), call)
  }
  first <- !isTRUE(session$torch)
  session$torch <- TRUE
  if (!is.null(loaded$problem) && first) {
    rlang::warn(loaded$problem, class = "pytwolayer_warning")
  }
}

# R's own package torch, when it is loaded after PyTorch; load_torch() sees one that was before.
warn_of_other_torch <- function() {
  if (!isTRUE(session$torch)) {
    return(invisible())
  }
  problem <- import_own("pytwolayer.r_interop.start")$neighbour()
  if (!is.null(problem)) {
    rlang::warn(problem, class = "pytwolayer_warning")
  }
}

# An error of Python's while something is imported becomes ours, with its cause.
as_import_errors <- function(expr, what, call) {
  tryCatch(expr, error = function(cnd) {
    if (inherits(cnd, "pytwolayer_error")) {
      rlang::cnd_signal(cnd)
    }
    said <- conditionMessage(cnd)
    abort_import(what, said, import_causes(said), call)
  })
}

# Why a module could not be imported, as far as can be seen from here.
import_causes <- function(said) {
  shadowed <- grep(" is taken for ", strsplit(said, "\n")[[1]], value = TRUE, fixed = TRUE)
  if (length(shadowed)) {
    return(shadowed)
  }
  tryCatch(
    as.character(unlist(import_own("pytwolayer.runtime.import_faults")$causes(said))),
    error = function(cnd) character()
  )
}

# Runs when Python starts, so it must never stop it: what is wrong shows at the first call.
keep_own_blas <- function() {
  tryCatch(
    import_own("pytwolayer.runtime.torch_loading")$watch_for_torch(),
    error = function(cnd) NULL
  )
}
