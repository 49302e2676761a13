# Functions of the user's that the core calls while it trains. Only their message would come
# through Python, so what they raise is kept here and raised again afterwards.

#' Where what a function of the user's did besides returning is kept
#'
#' @noRd
watch_users <- function() {
  new.env(parent = emptyenv())
}

#' A function that always returns
#'
#' @param otherwise What it gives where `fun` failed or was left.
#' @noRd
guarded <- function(users, fun, otherwise) {
  function(...) {
    # A handler of the user's may want to leave through here, as tryCatch(message = ) does.
    # Python does not survive being jumped over, so the jump ends here: return() cancels it.
    returned <- FALSE
    on.exit(if (!returned) {
      users$left <- TRUE
      return(otherwise)
    })
    value <- tryCatch(
      withCallingHandlers(fun(...), condition = function(cnd) users$last <- cnd),
      error = function(cnd) {
        users$condition <- cnd
        otherwise
      },
      interrupt = function(cnd) {
        users$interrupted <- TRUE
        otherwise
      }
    )
    returned <- TRUE
    value
  }
}

as_on_epoch <- function(fun, users, call) {
  if (is.null(fun)) {
    return(NULL)
  }
  if (!is.function(fun)) {
    abort_argument("on_epoch", "a function", fun, call)
  }
  watched <- guarded(users, fun, otherwise = FALSE)
  # Only this much of the answer goes to Python, whatever else it is.
  function(epoch, loss) {
    go_on <- !isFALSE(watched(epoch, loss))
    if (isTRUE(users$interrupted)) {
      "interrupt"
    } else if (!is.null(users$condition) || isTRUE(users$left)) {
      "failed" # which is not an end that the function wanted: a checkpoint can go on
    } else {
      go_on
    }
  }
}

as_loss <- function(loss, users, call) {
  if (!is.function(loss)) {
    return(check_settings(list(loss = loss), call)$loss)
  }
  computed <- function(output, y) {
    value <- loss(output, y)
    if (!is_tensor(value)) {
      received <- paste("one that gives", kind_of(value))
      abort_expected("loss", "a function that computes with tensors", received, call)
    }
    value
  }
  guarded(users, computed, otherwise = NULL)
}

#' Do what a function of the user's did: raise its error, or leave as it wanted to
#'
#' @noRd
raise_users <- function(users, fit) {
  if (!is.null(users$condition)) {
    cnd <- users$condition
    cnd$fit <- fit
    stop(cnd)
  }
  if (isTRUE(users$left) && !is.null(users$last)) {
    signal <- if (inherits(users$last, "message")) {
      message
    } else if (inherits(users$last, "warning")) {
      warning
    } else {
      signalCondition
    }
    signal(users$last)
  }
}
