# The progress bar of a long fit. The core says when: by time, so that it costs next to nothing.

#' A function that draws the bar
#'
#' @param users See [new_callback_state()].
#' @return A function of the epoch, its loss and the number of epochs, or `NULL` if nobody would
#'   see a bar. Epoch 0 removes the bar. Without a loss the bar is that of the search for settings;
#'   with a text instead of a loss it is one of rows, and the text says what is done with them.
#' @noRd
progress_bar <- function(verbose, users = new_callback_state(), visible = cli::is_dynamic_tty()) {
  if (!verbose || !visible) {
    return(NULL)
  }
  bar <- NULL
  draw <- function(epoch, loss, epochs) {
    before <- options(cli.progress_show_after = 0)
    on.exit(options(before))
    if (is.null(bar)) {
      bar <<- start_bar(epochs, bar_format(loss))
    }
    if (epoch == 0) {
      cli::cli_progress_done(id = bar)
      bar <<- NULL
    } else if (!is.numeric(loss)) {
      cli::cli_progress_update(set = epoch, id = bar, force = TRUE)
    } else {
      status <- paste("loss", format_number(loss, 4))
      cli::cli_progress_update(set = epoch, status = status, id = bar, force = TRUE)
    }
    NULL
  }
  function(epoch, loss, epochs) {
    # A terminal that fails is no reason to end a fit.
    own <- list2env(as.list(users), parent = emptyenv())
    safe_callback(own, draw, otherwise = NULL)(epoch, loss, epochs)
    users$jump <- own$jump
    users$is_left <- own$is_left
    own$condition <- NULL
    stop_reason(own)
  }
}

# cli pads what it gives.
run_format <- paste(
  "Epoch {format(cli::pb_current, scientific = FALSE)} of",
  "{format(cli::pb_total, scientific = FALSE)} {cli::pb_bar} {trimws(cli::pb_percent)},",
  "{trimws(cli::pb_status)}, ETA {trimws(cli::pb_eta)}"
)
search_format <- paste(
  "Choosing weight decay {cli::pb_bar} {trimws(cli::pb_percent)}, ETA {trimws(cli::pb_eta)}"
)

rows_format <- paste(
  "%s rows {cli::pb_bar} {trimws(cli::pb_percent)} of",
  "{format(cli::pb_total, scientific = FALSE, big.mark = ',')}, ETA {trimws(cli::pb_eta)}"
)

bar_format <- function(loss) {
  if (is.null(loss)) {
    search_format
  } else if (is.character(loss)) {
    sub("%s", loss, rows_format, fixed = TRUE)
  } else {
    run_format
  }
}

start_bar <- function(epochs, format) {
  cli::cli_progress_bar(
    type = "custom", total = epochs, clear = TRUE, .auto_close = FALSE, .envir = session,
    format = format
  )
}
