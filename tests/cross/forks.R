# Runs code of R in a child of its own each time, as Rscript would have: loading Matrix, which
# reticulate imports, takes as long as many a test, and is done here once. Everything else is the
# child's: this package, reticulate and Python are not loaded before it begins. Argument: the
# descriptor to answer on. Each line of the standard input is a call, as JSON.
local({
  invisible(loadNamespace("Matrix"))
  requests <- file("stdin", "r")
  answers <- file(paste0("/dev/fd/", commandArgs(TRUE)[[1]]), "w")

  set_up <- function(call) {
    setwd(call$folder)
    Sys.unsetenv(unlist(call$unset))
    if (length(call$set)) do.call(Sys.setenv, call$set)
    arguments <- as.character(unlist(call$arguments))
    assign("commandArgs", function(...) arguments, globalenv())
    options(warn = 1) # a child never comes back to where R prints those that wait
  }

  run <- function(call) {
    set_up(call)
    tryCatch(
      {
        for (expression in parse(text = call$code, keep.source = FALSE, encoding = "UTF-8")) {
          value <- withVisible(eval(expression, globalenv()))
          if (value$visible) print(value$value)
        }
        "well"
      },
      error = function(cnd) {
        cat("Error: ", conditionMessage(cnd), "\nExecution halted\n", sep = "", file = stderr())
        "badly"
      },
      finally = {
        if (isNamespaceLoaded("reticulate") && reticulate::py_available()) {
          try(reticulate::py_run_string("import sys; sys.stdout.flush(); sys.stderr.flush()"))
        }
      }
    )
  }

  while (length(request <- readLines(requests, 1, encoding = "UTF-8"))) {
    call <- jsonlite::fromJSON(request, simplifyVector = FALSE)
    child <- parallel::mcparallel(run(call), mc.set.seed = FALSE)
    ended <- suppressWarnings(parallel::mccollect(child))[[1]]
    writeLines(if (is.character(ended)) ended else "without a word", answers)
    flush(answers)
  }
})
