# Jumps out of a function of the user's that the core calls: a restart invoked, the handler of
# an outer tryCatch(), the value of callCC(), return(), break and next that were promised.
#
# Python does not survive a jump across its frames. So a jump is stopped before it reaches
# Python, and done again after Python has returned. A jump's target is an environment: it leaves the
# innermost function, or loop, that is evaluated there. A loop in an eval() in that environment
# is another of each, and more inner: the jump ends there, and its value with it.

#' The environments that a jump may lead to
#'
#' @return A list of the environments of all calls that are being evaluated, except those of R's
#'   own functions and of this package's, to which nobody jumps.
#' @noRd
jump_targets <- function() {
  frames <- as.list(sys.frames())
  unreached <- c(.BaseNamespaceEnv, topenv(), asNamespace("reticulate"))
  reached <- vapply(seq_along(frames), FUN.VALUE = NA, function(number) {
    fun <- sys.function(number)
    is.primitive(fun) || identical(fun, callCC) || # the first is eval()'s, of any environment
      !any(vapply(unreached, identical, NA, environment(fun)))
  })
  unique(c(frames[reached], globalenv()))
}

# Each takes 17 kB of the stack; this is as many as there is room for, beside what else is called.
most_targets <- function() {
  stack <- Cstack_info()
  room <- stack[["size"]] - stack[["current"]] - 4e6
  if (is.na(room)) 200 else min(200, max(10, floor(room / 18e3)))
}

#' A stopper of jumps to some environments
#'
#' @param targets A result of [jump_targets()].
#' @return The stopper, for [stopped_jump()].
#' @noRd
jump_stopper <- function(targets) {
  stopper <- list2env(list(run = NULL, is_whole = length(targets) <= most_targets()))
  stopper$probes <- lapply(utils::tail(targets, most_targets()), new_probe)
  stopper$call <- as.call(list(as.call(list(`[[`, stopper, "run"))))
  for (probe in stopper$probes) {
    probe$inside <- probing(probe, stopper$call)
    stopper$call <- evaluating(probe)
  }
  stopper
}

new_probe <- function(target) {
  list2env(list(target = target, kind = "none", value = NULL), parent = emptyenv())
}

#' Run a function, and stop its jumps
#'
#' @param run A function of no arguments.
#' @return `NULL`, or the jump: a list of `kind` ("return", "break" or "next"), `target` and
#'   `value`.
#' @noRd
stopped_jump <- function(run, stopper) {
  stopper$run <- run
  for (probe in stopper$probes) {
    probe$kind <- "none"
  }
  eval(stopper$call, baseenv())
  # Those further in than the one where it ended were left without a word.
  stopped <- Find(function(probe) probe$kind != "passed", stopper$probes, right = TRUE)
  if (!is.null(stopped)) mget(c("kind", "target", "value"), envir = stopped)
}

# The calls are of primitive functions, not of names, which may mean anything in an environment
# of the user's; and not of `if` or `{`, at which a function that is debugged would stop.

#' A call that evaluates another call inside a loop, and records how it ended
#'
#' @noRd
probing <- function(probe, inner) {
  say <- function(kind) as.call(list(`[[<-`, probe, "kind", kind))
  kind <- as.call(list(`[[`, probe, "kind"))
  in_turn <- function(...) as.call(list(list, ...))
  leave <- as.call(list(`break`))
  # Until something else is known, it is a return().
  first <- in_turn(say("return"), inner, say("passed"), leave)
  again <- in_turn(say("next"), leave)
  loop <- as.call(list(`repeat`, as.call(list(switch, kind, none = first, again))))
  in_turn(loop, as.call(list(switch, kind, return = say("break"))))
}

#' A call that evaluates a probe's call in the probe's environment
#'
#' @noRd
evaluating <- function(probe) {
  evaluated <- as.call(list(eval, as.call(list(`[[`, probe, "inside")), probe$target))
  as.call(list(`[[<-`, probe, "value", evaluated))
}

#' Repeat a jump
#'
#' The jump is made from a promise: that is evaluated in the target's environment without a call
#' of its own, which the jump would leave instead.
#'
#' @param jump A result of [stopped_jump()].
#' @noRd
jump_again <- function(jump) {
  # By its environment: R CMD check --as-cran takes a bare `return` for a forgotten call.
  leaving <- switch(jump$kind,
    "return" = as.call(list(baseenv()[["return"]], as.call(list(quote, jump$value)))),
    "break" = as.call(list(`break`)),
    "next" = as.call(list(`next`))
  )
  here <- environment()
  do.call(delayedAssign, list("leave", leaving, jump$target, here))
  get("leave", envir = here)
}
