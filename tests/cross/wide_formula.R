# A formula of 10,000 columns, written out: where deep recursion would end the process.
file <- commandArgs(TRUE)[[1]]
suppressPackageStartupMessages(library(pytwolayer))
names <- paste0("x", seq_len(10000))
table <- as.data.frame(matrix(sin(seq_len(8 * 10000)), 8))
names(table) <- names
table$y <- cos(1:8)
formula <- stats::reformulate(names, "y")
written <- two_layer(formula, table, epochs = 1, hidden_units = 2, seed = 1, verbose = FALSE)
tables <- two_layer(table, outcome = "y", epochs = 1, hidden_units = 2, seed = 1, verbose = FALSE)
saved <- tempfile()
save_two_layer(written, saved)
again <- unserialize(serialize(load_two_layer(saved), NULL))
expected <- predict(tables, table)
same <- c(
  identical(written$history, tables$history), identical(predict(again, table), expected),
  isTRUE(all.equal(predict(again, table, engine = "r"), expected, tolerance = 1e-5))
)
writeLines(paste(c("same", same), collapse = "\t"), file)
