# Whether R's vectors are read where they are, and what predictions come of them in each way.
suppressPackageStartupMessages(library(pytwolayer))
file <- commandArgs(TRUE)[[1]]

x <- data.frame(
  d = c(NA, sin(2:3000)), i = 1:3000, k = c(1L, NA, 3:3000), l = 1:3000 %% 3 == 0,
  f = factor(rep(c("b", "a", "c"), 1000)), t = rep(c("u", "v"), 1500)
)
fit <- suppressMessages(two_layer(x, cos(1:3000), epochs = 2, seed = 1, verbose = FALSE))
predicted <- function() {
  invisible(gc())
  sprintf("%a", predict(fit, x[3:1000, ])$.pred)
}
shares <- pytwolayer:::shares_memory()
answers <- list(shares = tolower(shares), shared = predicted())
assign("shares", FALSE, pytwolayer:::session)
answers$sent <- predicted()
assign("shares", TRUE, pytwolayer:::session)
lines <- vapply(names(answers), function(name) paste(c(name, answers[[name]]), collapse = "\t"), "")
writeLines(lines, file)
