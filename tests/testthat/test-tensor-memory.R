# R sees none of a tensor's memory, so these run in a process with a limit of memory.

# Above what is there once PyTorch is loaded, which differs between systems.
limit <- paste(
  "import resource",
  "most = 4096 * int(open('/proc/self/statm').read().split()[0]) + %d * 2**30",
  "resource.setrlimit(resource.RLIMIT_AS, (most, most))",
  sep = "\n"
)

# How many numbers the last tensor of each loop has; a process that ran out of memory ends before.
loops_in_limited_memory <- function(bodies, times, gigabytes = 1L) {
  skip_if_not(file.exists("/proc/self/statm"), "what a process uses is read from /proc")
  skip_without_torch()
  script <- withr::local_tempfile(fileext = ".R", lines = c(
    sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")),
    "library(pytwolayer)",
    "x <- torch$ones(1000L, 10000L)",
    sprintf("reticulate::py_run_string(%s)", deparse(sprintf(limit, gigabytes))),
    sprintf("for (i in seq_len(%d)) { %s }; cat('alive', length(y), '')", times, bodies)
  ))
  command <- c("--vanilla", shQuote(script))
  told <- system2(file.path(R.home("bin"), "Rscript"), command, stdout = TRUE, stderr = TRUE)
  paste(told, collapse = "\n")
}

test_that("loops over large tensors live in little memory", {
  # 40 MB a tensor: 4 GB of the first two, and 12 GB that are never written to.
  told <- loops_in_limited_memory(c(
    "y <- x * 2; y <- x$mul(2)",
    "y <- torch$full(list(1000L, 10000L), 2)",
    "y <- torch$empty(1000L, 10000L)"
  ), c(50, 80, 300))
  expect_match(told, strrep("alive 10000000 ", 3), fixed = TRUE)
})

test_that("collections wait for more growth where they free little", {
  skip_without_torch()
  before <- as.list(memory)
  withr::defer({
    rm(list = ls(memory), envir = memory)
    list2env(before, memory)
  })
  look <- function(used) check_memory(function() used)
  rm(list = ls(memory), envir = memory)
  look(0)
  expect_identical(memory$limit, memory_step)
  look(memory_step + 1)
  expect_identical(memory$step, 2 * memory_step)
  expect_identical(memory$limit, 3 * memory_step + 1)
  look(3 * memory_step)
  expect_identical(memory$step, 2 * memory_step)
  look(memory_step)
  expect_identical(memory$limit, 3 * memory_step)
  told <- c(4, 1, 1) * memory_step
  check_memory(function() {
    now <- told[[1]]
    told <<- told[-1]
    now
  })
  expect_identical(memory$step, memory_step)
  expect_identical(memory$limit, 2 * memory_step)
})

test_that("what is in use is told in bytes", {
  skip_without_torch()
  used <- memory_in_use()
  expect_gt(used[[1]], 1e7)
  expect_lt(used[[1]], 1e12)
  skip_on_os(c("windows", "mac", "solaris"))
  # 240 MB in all, in a session where nothing else comes and goes meanwhile.
  code <- paste(
    "library(pytwolayer)",
    "in_use <- function() pytwolayer:::memory_in_use()[[1]]",
    "first <- torch$ones(1000L, 1000L)",
    "before <- in_use()",
    "kept <- lapply(1:6, function(number) torch$ones(10000L, 1000L))",
    "cat(in_use() - before)",
    sep = "; "
  )
  more <- as.numeric(in_new_session(code))
  expect_gt(more, 2.3e8)
  expect_lt(more, 3e8)
})
