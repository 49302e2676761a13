# torch's own optimisers make this folder, by default beside R's temporary one, where R CMD check
# finds that it was left.
Sys.setenv(TORCHINDUCTOR_CACHE_DIR = file.path(tempdir(), "torchinductor"))

# Real Python, real torch: without them a test has nothing to test, and says so.
skip_without_torch <- function() {
  skip_if_not(pytwolayer:::has_torch(), "a Python with torch, numpy, pandas and safetensors")
}

expect_refused <- function(call, ..., kind = "argument") {
  cnd <- expect_error(call, class = paste0("pytwolayer_error_", kind))
  expect_s3_class(cnd, "pytwolayer_error")
  for (text in c(...)) {
    expect_match(conditionMessage(cnd), text, fixed = TRUE)
  }
  expect_false(grepl("Traceback|File \"", conditionMessage(cnd)))
  invisible(cnd)
}

# A fit of a moment.
quick <- function(x = mtcars[-1], y = mtcars$mpg, ..., epochs = 5, seed = 1) {
  two_layer(x, y, ..., epochs = epochs, seed = seed)
}

quick_formula <- function(formula, data, ..., epochs = 5, seed = 1) {
  two_layer(formula, data, ..., epochs = epochs, seed = seed)
}

# A locale that writes 0.5 as "0,5", for the test at hand; made, once, where the machine has none.
local_comma_locale <- function(env = parent.frame()) {
  before <- Sys.getlocale("LC_NUMERIC")
  folder <- file.path(tempdir(), "locale")
  set <- function() suppressWarnings(Sys.setlocale("LC_NUMERIC", "de_DE.UTF-8"))
  if (!nzchar(set()) && nzchar(Sys.which("localedef"))) {
    made <- file.path(folder, "de_DE.UTF-8")
    if (!dir.exists(made)) {
      dir.create(folder)
      arguments <- c("-i", "de_DE", "-f", "UTF-8", made)
      suppressWarnings(system2("localedef", arguments, stdout = FALSE, stderr = FALSE))
    }
    withr::local_envvar(LOCPATH = folder, .local_envir = env)
    set()
  }
  withr::defer(suppressWarnings(Sys.setlocale("LC_NUMERIC", before)), envir = env)
  if (sprintf("%.1f", 0.5) != "0,5") {
    skip("there is no locale de_DE.UTF-8, and none can be made")
  }
}

local_comma <- function(how, env = parent.frame()) {
  if (how == "locale") {
    local_comma_locale(env)
  } else {
    withr::local_options(OutDec = ",", .local_envir = env)
  }
}

# What code prints in an R of its own, in which `libraries` come first.
in_new_session <- function(code, libraries = NULL) {
  paths <- c(libraries, .libPaths())
  withr::local_envvar(R_LIBS = paste(paths, collapse = .Platform$path.sep))
  system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE)
}

# A library with a small package of this name, for the test at hand: a stand-in for one that is not
# installed. All that `code` defines is exported.
local_package <- function(name, code, env = parent.frame()) {
  source <- withr::local_tempdir()
  library <- withr::local_tempdir(.local_envir = env)
  folder <- file.path(source, name)
  dir.create(file.path(folder, "R"), recursive = TRUE)
  writeLines(
    c(paste("Package:", name), "Version: 0.0.1", "Title: A Stand-in", "License: none"),
    file.path(folder, "DESCRIPTION")
  )
  writeLines("exportPattern(\"^[[:alpha:]]\")", file.path(folder, "NAMESPACE"))
  writeLines(code, file.path(folder, "R", "code.R"))
  how <- c("CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load")
  rest <- c(paste0("--library=", shQuote(library)), shQuote(folder))
  status <- system2(file.path(R.home("bin"), "R"), c(how, rest), stdout = FALSE, stderr = FALSE)
  stopifnot(status == 0)
  library
}
