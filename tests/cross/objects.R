# Fits of each kind, what they answer, and whether they answer it elsewhere too.
suppressPackageStartupMessages(library(pytwolayer))

# What a fit answers. `about` is kept by name in the fit's own call, so it must be there.
answers <- function(fit) {
  new_data <- if (is.null(fit$levels)) mtcars else iris
  types <- if (is.null(fit$levels)) c("numeric", "raw") else c("class", "prob", "raw")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  plot(fit)
  list(
    printed = utils::capture.output(print(fit)),
    summary = utils::capture.output(print(summary(fit))),
    predictions = lapply(types, function(type) predict(fit, new_data, type = type)),
    coef = coef(fit), fitted = fitted(fit), nobs = nobs(fit),
    plot = class(ggplot2::autoplot(fit))[[1]],
    updated = update(fit, epochs = 2)$history
  )
}

# Only the session that makes the fits has these.
if (commandArgs(TRUE)[[1]] == "make") {
  exponent <- 1.5
  middle <- 2
  own <- function(x) log(x) + helper(x) # with what it calls, and a constant
  helper <- function(x) x - middle
}

make_fits <- function() {
  written <- mpg ~ own(wt) + poly(hp, 2) + I(disp^exponent) + log(qsec)
  list(
    formula = two_layer(written, mtcars, epochs = 4, seed = 1),
    dot = two_layer(mpg ~ ., mtcars, epochs = 4, validation = 0.2, seed = 1),
    tables = two_layer(mtcars[-1], mtcars$mpg, epochs = 4, seed = 1),
    several = two_layer(cbind(mpg, qsec) ~ wt + hp, mtcars, epochs = 4, seed = 1),
    classes = two_layer(Species ~ ., iris, epochs = 4, seed = 1),
    loss = two_layer(mpg ~ wt, mtcars, epochs = 4, seed = 1, loss = function(output, y) {
      (output - y)^2
    })
  )
}

told <- function(what, found, expected) {
  same <- identical(names(found), names(expected)) && isTRUE(all.equal(found, expected,
    tolerance = 0
  ))
  cat(what, if (same) "same" else "DIFFERENT", "\n")
  if (!same) print(all.equal(found, expected, tolerance = 0))
}

arguments <- commandArgs(TRUE)
folder <- arguments[[2]]
place <- function(name) file.path(folder, name)

if (arguments[[1]] == "make") {
  fits <- make_fits()
  saveRDS(fits, place("fits.rds"))
  saveRDS(fits$tables, place("one.rds"))
  save(fits, file = place("fits.rda"))
  writeBin(serialize(fits, NULL), place("fits.bin"))
  saveRDS(lapply(fits, answers), place("answers.rds"))
} else if (arguments[[1]] == "fresh") {
  expected <- readRDS(place("answers.rds"))
  fit <- readRDS(place("one.rds")) # without Python
  told("print", utils::capture.output(print(fit)), expected$tables$printed)
  told("coef", coef(fit), expected$tables$coef)
  cat("Python", reticulate::py_available(), "\n")
  told("readRDS", lapply(readRDS(place("fits.rds")), answers), expected)
  load(place("fits.rda"))
  told("load", lapply(fits, answers), expected)
  bytes <- readBin(place("fits.bin"), raw(), file.size(place("fits.bin")))
  told("unserialize", lapply(unserialize(bytes), answers), expected)
} else if (arguments[[1]] == "workers") {
  fits <- readRDS(place("fits.rds"))
  expected <- readRDS(place("answers.rds"))
  cluster <- parallel::makeCluster(1)
  invisible(parallel::clusterEvalQ(cluster, suppressPackageStartupMessages(library(pytwolayer))))
  told("makeCluster", parallel::parLapply(cluster, fits, answers), expected)
  parallel::stopCluster(cluster)
} else if (arguments[[1]] == "forked") {
  fits <- readRDS(place("fits.rds"))
  expected <- readRDS(place("answers.rds"))
  x <- torch$randn(2000L, 2000L)
  y <- x$mm(x) # with two threads
  cat("threads", torch$get_num_threads(), "\n")
  told("mclapply", parallel::mclapply(fits, answers, mc.cores = 2), expected)
  sums <- parallel::mclapply(1:2, function(i) {
    c(as.numeric(sum(x * 0 + 1)), as.numeric(torch$ones(2000L, 2000L)$sum()$item()))
  }, mc.cores = 2)
  told("tensors", sums, list(c(4e6, 4e6), c(4e6, 4e6)))
  method <- parallel::mclapply(1:2, function(i) x$mul(0)$add(1)$sum()$item(), mc.cores = 2)
  told("methods", method, list(4e6, 4e6))
  losses <- function(i) chapter_losses(steps = 3)$loss
  told("chapter", lapply(parallel::mclapply(1:2, losses), signif, 5), lapply(1:2, function(i) {
    signif(losses(1), 5)
  }))
  cat("threads", torch$get_num_threads(), "\n")
}
