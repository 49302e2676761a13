# R collects garbage when its own memory fills, and tensors are not in it: to R each is a pointer.
# So their memory is looked at here, and R told to collect before it runs out.

memory <- new.env(parent = emptyenv())

# Seconds between two looks: what memory can be filled with in the meantime is bounded.
memory_pause <- 0.02
# Bytes of growth after which R collects.
memory_step <- 2^28

look_at_memory <- function() {
  now <- proc.time()[["elapsed"]]
  if (is.null(memory$next_look) || now >= memory$next_look) {
    if (!isTRUE(memory$looking)) watch_memory()
  }
}

watch_memory <- function(in_use = memory_in_use) {
  memory$looking <- TRUE
  on.exit(memory$looking <- FALSE)
  used <- in_use()
  if (is.null(memory$limit)) {
    memory$step <- rep(memory_step, length(used))
    wait_for_growth(used)
  } else if (any(used > memory$limit)) {
    collect_tensors(used, in_use)
  } else {
    # What was given back meanwhile is not there to be filled unseen.
    memory$limit <- pmin(memory$limit, used + memory$step)
  }
  memory$next_look <- proc.time()[["elapsed"]] + memory_pause
}

wait_for_growth <- function(used) {
  memory$least <- used
  memory$limit <- used + memory$step
}

# Young objects first, which takes a tenth of the time; that may do until old ones have gathered.
# Where a full collection frees little the tensors are in use, and the next one waits for twice
# the growth.
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
  used <- unlist(call_helper("memory_in_use", TRUE))
  ifelse(is.finite(used), used, 0)
}

#' Try once more after a collection where memory ran out
#'
#' @noRd
with_memory <- function(expr) {
  code <- substitute(expr)
  where <- parent.frame()
  tryCatch(expr, error = function(cnd) {
    if (!told_of_memory(conditionMessage(cnd))) {
      stop(cnd)
    }
    gc()
    eval(code, where)
  })
}

# Of PyTorch's words, on the CPU and on GPUs.
told_of_memory <- function(message) {
  grepl("can't allocate memory|not enough memory|out of memory", message, ignore.case = TRUE)
}
