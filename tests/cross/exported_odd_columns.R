# Fits of columns of odd types, written for elsewhere, and what predict() gives of rows of them.
# Arguments: the folder for the files.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
folder <- arguments[[1]]
set.seed(1)
rows <- 80
name <- "it's \"gr\u00f6\u00dfe\""
train <- data.frame(
  big = round(rexp(rows, 1e-16)), dec = round(rexp(rows), 3), single = rexp(rows),
  flag = runif(rows) < 0.5, x = rnorm(rows), y = rnorm(rows),
  t = sample(c("it's", "gr\u00f6\u00dfe", "z"), rows, TRUE)
)
names(train)[[5]] <- name
formulas <- list(
  plain = y ~ big + dec + single + flag + odd + t,
  computed = y ~ log(big) + I(dec^2) + sqrt(single) + ifelse(flag, dec, 0) + factor(flag) +
    I(!flag) + I(flag + dec) + odd:dec + I(odd * 2) + factor(t),
  conditions = y ~ is.na(dec) + I(ifelse(is.na(dec), 0, dec)) + is.na(flag) + I(flag & dec > 1) +
    I(flag == TRUE) + as.numeric(flag) + as.character(flag) + I(big > 9007199254740992),
  parts = y ~ dec %% 2 + dec %/% 0.5 + dec %% big + odd %% 0.5,
  fractions = y ~ dec %% single,
  infinite = y ~ pmin(dec, Inf) + pmax(single, -Inf) + I(ifelse(dec > 0.5, dec, Inf) < 2) +
    cut(single, c(-Inf, 1, Inf)) + I(dec < Inf)
)
new <- jsonlite::fromJSON(file.path(folder, "rows.json"))
new <- as.data.frame(new, check.names = FALSE)
new$flag <- as.logical(new$flag)
for (column in setdiff(names(new), c("flag", "t"))) {
  new[[column]] <- as.numeric(new[[column]])
}
for (own in names(formulas)) {
  formula <- eval(do.call(substitute, list(formulas[[own]], list(odd = as.name(name)))))
  fit <- two_layer(formula, train, hidden_units = 3, epochs = 5, seed = 1, verbose = FALSE)
  truth <- suppressWarnings(predict(fit, new, engine = "r")[[1]])
  writeLines(sprintf("%a", truth), file.path(folder, paste0(own, ".txt")))
  save_onnx(fit, file.path(folder, paste0(own, ".onnx")))
  for (dialect in c("duckdb", "postgresql", "sqlite")) {
    query <- to_sql(fit, "odd", dialect, columns = "id")
    writeLines(query, file.path(folder, paste0(own, ".", dialect)), useBytes = TRUE)
  }
}
