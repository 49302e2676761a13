# A fit with other packages loaded before it or after it: its losses, and a session that ends well.
# Arguments: when they are loaded, the way out, and their names.
arguments <- commandArgs(TRUE)
when <- arguments[[1]]
end <- arguments[[2]]
neighbours <- arguments[-(1:2)]
attach_neighbours <- function() {
  for (name in neighbours) suppressPackageStartupMessages(library(name, character.only = TRUE))
}
use_neighbours <- function() {
  if ("data.table" %in% neighbours) {
    table <- data.table::as.data.table(mtcars)[order(mpg)]
    stopifnot(nrow(table[, sum(mpg), by = cyl]) == 3)
    cat("data.table", data.table::getDTthreads() >= 1, "\n")
  }
  if ("Matrix" %in% neighbours) {
    sparse <- Matrix::Matrix(diag(3), sparse = TRUE)
    stopifnot(identical(as.matrix(solve(sparse)), diag(3)))
  }
  if ("MASS" %in% neighbours) stopifnot(is.finite(MASS::rlm(mpg ~ wt, mtcars)$s))
  if ("ggplot2" %in% neighbours) {
    grDevices::pdf(NULL)
    print(ggplot2::ggplot(mtcars, ggplot2::aes(wt, mpg)) + ggplot2::geom_point())
    grDevices::dev.off()
  }
  # R's own linear algebra, which uses the BLAS that torch does not
  square <- crossprod(as.matrix(mtcars))
  found <- solve(square) %*% square
  stopifnot(all.equal(found, diag(11), check.attributes = FALSE, tolerance = 1e-6))
}

if (when == "before") {
  attach_neighbours()
  use_neighbours()
}
suppressPackageStartupMessages(library(pytwolayer))
fit_and_tell <- function() {
  rows <- mtcars[rep(1:32, 30), ] + rep(seq(0, 1, length.out = 960), 11)
  fit <- two_layer(mpg ~ ., rows, hidden_units = 512, batch_size = 960, epochs = 3, seed = 1)
  cat("losses", sprintf("%a", fit$history$loss), "\n")
  cat("predictions", sprintf("%a", sum(predict(fit, rows)$.pred)), "\n")
  cat("threads", torch$get_num_threads(), "\n")
  fit
}
fit <- fit_and_tell()
if (when == "after") {
  attach_neighbours()
  use_neighbours()
  fit <- fit_and_tell()
}
if ("tibble" %in% neighbours) stopifnot(nrow(predict(fit, tibble::as_tibble(mtcars))) == 32)
if ("data.table" %in% neighbours) {
  stopifnot(nrow(predict(fit, data.table::as.data.table(mtcars))) == 32)
  stopifnot(nrow(two_layer(mpg ~ ., data.table::as.data.table(mtcars), epochs = 1)$history) == 1)
}
if ("recipes" %in% neighbours) {
  made <- recipes::recipe(mpg ~ ., mtcars)
  stopifnot(nrow(two_layer(made, mtcars, epochs = 1)$history) == 1)
}
torch$set_num_threads(1L)
ended <- tryCatch(
  two_layer(mpg ~ ., mtcars, epochs = 2, on_epoch = function(epoch, loss) stop("mine")),
  error = conditionMessage
)
cat("ended", ended, torch$get_num_threads(), "\n")
if (end == "quit") quit(status = 0)
if (end == "a finaliser, a tensor and an error") {
  reg.finalizer(globalenv(), function(e) cat("finalised\n"), onexit = TRUE)
  x <- torch$ones(3L) + 1
  invisible(try(two_layer(mpg ~ nope, mtcars), silent = TRUE))
}
