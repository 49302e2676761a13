# Functions of the user's that the core calls while it trains. Only their message would come
# through Python, so what they raise is kept here and raised again afterwards.

#' A record of how functions of the user's ended, if not by returning
#'
#' @param watched Whether there are such functions. Watching for jumps takes some milliseconds.
#' @return An environment. It gets the `condition` of an error, the `jump` (see [stopped_jump()]),
#'   `is_left` after a jump whose target is unknown, and `is_interrupted`; it has the `stopper` that
#'   finds jumps.
#' @noRd
new_callback_state <- function(watched = TRUE) {
  stopper <- if (watched) jump_stopper(jump_targets())
  list2env(list(stopper = stopper), parent = emptyenv())
}

#' A function that always returns
#'
#' @param otherwise The value to return if `fun` fails or is left by a jump.
#' @noRd
safe_callback <- function(users, fun, otherwise) {
  function(...) {
    value <- otherwise
    # Of a jump to the top level nothing more is known; return() cancels it.
    returned <- FALSE
    on.exit(if (!returned) {
      users$is_left <- TRUE
      return(otherwise)
    })
    users$restarts <- length(computeRestarts())
    run <- function() {
      value <<- withCallingHandlers(fun(...), error = function(cnd) signal_restartable(users, cnd))
    }
    jump <- tryCatch(
      stopped_jump(run, users$stopper),
      error = function(cnd) {
        users$condition <- cnd
        NULL
      },
      interrupt = function(cnd) {
        users$is_interrupted <- TRUE
        NULL
      }
    )
    if (is.null(users$jump)) {
      users$jump <- jump
    }
    returned <- TRUE
    value
  }
}

#' Signal an error to outer handlers while its restarts are still available
#'
#' testthat's expectations are such errors: its tests continue by a restart. The condition is not
#' signalled as an error here, because handlers of errors get it once, later, with the fit.
#'
#' @noRd
signal_restartable <- function(users, cnd) {
  restarts <- computeRestarts()
  own <- utils::head(restarts, max(0, length(restarts) - users$restarts))
  usual <- c("muffleWarning", "muffleMessage") # of what options(warn = 2) made an error
  if (!all(vapply(own, `[[`, "", "name") %in% usual)) {
    class(cnd) <- setdiff(class(cnd), c("simpleError", "error"))
    signalCondition(cnd)
  }
}

as_on_epoch <- function(fun, users, call) {
  if (is.null(fun)) {
    return(NULL)
  }
  if (!is.function(fun)) {
    abort_argument("on_epoch", "a function", fun, call)
  }
  watched <- safe_callback(users, fun, otherwise = FALSE)
  # Only this much of the answer goes to Python, whatever else it is.
  function(epoch, loss) {
    go_on <- !isFALSE(watched(epoch, loss))
    ended <- stop_reason(users)
    if (is.null(ended)) go_on else ended
  }
}

# Why the run has to end, for Python, if it has to.
stop_reason <- function(users) {
  if (isTRUE(users$is_interrupted)) {
    "interrupt"
  } else if (!is.null(users$condition) || !is.null(users$jump) || isTRUE(users$is_left)) {
    "failed" # which the function did not ask for: a checkpoint can be continued
  }
}

as_loss <- function(loss, users, call) {
  if (!is.function(loss)) {
    return(check_settings(list(loss = loss), call)$loss)
  }
  computed <- function(output, y) {
    value <- loss(output, y)
    if (!is_tensor(value)) {
      received <- paste("one that gives", friendly_type(value))
      abort_expected("loss", "a function that computes with tensors", received, call)
    }
    value
  }
  safe_callback(users, computed, otherwise = NULL)
}

#' Repeat how a function of the user's ended: raise its error, or make its jump
#'
#' @noRd
rethrow_callback_condition <- function(users, fit, call) {
  with_fit <- function(cnd) {
    cnd$fit <- fit
    stop(cnd)
  }
  if (!is.null(users$condition)) {
    with_fit(users$condition)
  }
  if (!is.null(users$jump)) {
    tryCatch(jump_again(users$jump), error = with_fit) # of a loop that cannot be left from there
  }
  if (isTRUE(users$is_left)) {
    if (!users$stopper$is_whole) {
      abort_jump(fit, call)
    }
    invokeRestart("abort")
  }
}

#' The fit so far, with a warning, after an interrupt in a loss function (a failed loss to the core)
#'
#' @noRd
warn_interrupted_fit <- function(fit) {
  if (is.null(fit)) {
    rlang::interrupt()
  }
  raise_warning("InterruptWarning", sprintf(
    "Interrupted after %d of %d epochs: this is the fit so far.",
    max(0L, fit$history$epoch), as.integer(fit$settings$epochs)
  ))
  fit
}

abort_jump <- function(fit, call) {
  rlang::abort(
    c(
      "`on_epoch` or `loss` was left by a jump that could not be followed.",
      x = "It leads out of more functions than can be watched.",
      i = "The fit so far is in `rlang::last_error()$fit`."
    ),
    class = c("pytwolayer_error_jump", "pytwolayer_error"), fit = fit, call = call
  )
}
