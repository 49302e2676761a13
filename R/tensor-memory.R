# R collects garbage when its own memory fills, and tensors are not in it: to R each is a pointer.
# So the memory of the process is measured here, and R made to collect before it runs out.

memory <- new.env(parent = emptyenv())

# Seconds between two measurements: what can be allocated in the meantime is bounded.
memory_interval <- 0.02
# Bytes of growth after which R collects.
memory_step <- 2^28

collect_if_grown <- function() {
  now <- proc.time()[["elapsed"]]
  if (is.null(memory$next_check) || now >= memory$next_check) {
    if (!isTRUE(memory$checking)) check_memory()
  }
}

check_memory <- function(in_use = memory_in_use) {
  memory$checking <- TRUE
  on.exit(memory$checking <- FALSE)
  used <- in_use()
  if (is.null(memory$limit)) {
    memory$step <- rep(memory_step, length(used))
    wait_for_growth(used)
  } else if (any(used > memory$limit)) {
    collect_tensors(used, in_use)
  } else {
    # Memory that was freed in the meantime does not add to what may grow before a collection.
    memory$limit <- pmin(memory$limit, used + memory$step)
  }
  memory$next_check <- proc.time()[["elapsed"]] + memory_interval
}

wait_for_growth <- function(used) {
  memory$least <- used
  memory$limit <- used + memory$step
}

# A collection of young objects takes a tenth of the time of a full one, and is often enough. Where
# a full one frees little the tensors are in use, and the next waits for twice the growth.
collect_tensors <- function(used, in_use) {
  gc(full = FALSE)
  left <- in_use()
  if (all(left < memory$least + memory$step / 2)) {
    memory$step <- rep(memory_step, length(used))
    memory$limit <- left + memory$step
    return(invisible())
  }
  gc(full = TRUE)
  left <- in_use()
  little <- any(used > memory$limit & used - left < memory$step / 2)
  memory$step <- if (little) 2 * memory$step else rep(memory_step, length(used))
  wait_for_growth(left)
}

memory_in_use <- function() {
  used <- unlist(call_api("memory_in_use", TRUE))
  ifelse(is.finite(used), used, 0)
}

#' Try once more after a collection where memory ran out
#'
#' @noRd
retry_after_collection <- function(expr) {
  code <- substitute(expr)
  where <- parent.frame()
  tryCatch(expr, error = function(cnd) {
    if (!is_memory_shortage(conditionMessage(cnd))) {
      stop(cnd)
    }
    gc()
    eval(code, where)
  })
}

# By PyTorch's messages, on the CPU and on GPUs.
is_memory_shortage <- function(message) {
  grepl("can't allocate memory|not enough memory|out of memory", message, ignore.case = TRUE)
}
