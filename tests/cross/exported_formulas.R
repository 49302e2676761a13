# Fits of formulas, written for elsewhere, and what predict() gives of new rows, row by row.
# Arguments: the folder for the files.
arguments <- commandArgs(TRUE)
suppressPackageStartupMessages(library(pytwolayer))
folder <- arguments[[1]]
set.seed(1)
rows <- 120
texts <- c("it's", "gr\u00f6\u00dfe", "z")
cars <- data.frame(
  a = rexp(rows, 0.1), b = rnorm(rows), "c c" = sample(1:5, rows, TRUE),
  "h \"1\"" = 1 + rexp(rows), cyl = sample(c(4, 6, 8.5), rows, TRUE),
  t = sample(texts, rows, TRUE), u = factor(sample(c("p", "q"), rows, TRUE)),
  flag = runif(rows) < 0.5, y = rnorm(rows), check.names = FALSE
)
center <- 3
formulas <- list(
  terms = y ~ log(a) + factor(cyl) + I(b^2) + a:b + sqrt(`h "1"`) - 1,
  learnt = y ~ poly(b, 3) + scale(a) + cut(b, c(-Inf, -1, 0, 1, Inf)) + poly(a, 2, raw = TRUE),
  interactions = y ~ t * u + t:b + t:u:a + factor(cyl):b + `c c`,
  conditions = y ~ ifelse(t == "z", a, 0) + (b > 0) + I(cyl %in% c(4, 6)) + factor(flag) +
    ifelse(is.na(b), 0, b) + (t != "z" & a > center) + I(!flag | b < 0) + I(t %in% c("z", "?")),
  functions = y ~ log10(abs(a)) + log2(`c c`) + log1p(b^2) + exp(b) + expm1(b) + I(1 / `c c`) +
    `c c` %% 2 + `c c` %/% 2 + pmin(a, 3) + pmax(b, 0) + floor(b) + trunc(b) + sign(b) +
    sin(b) + cos(b) + I(2^b) + I(a^0.5) + log(a, 10) + as.integer(a) + I(-b) + ceiling(b),
  text = y ~ factor(t) + ifelse(b > 0, "up", "down") + as.factor(`c c`) + offset(b) +
    factor(`c c`, levels = 1:5, labels = c("a", "b", "c", "d", "a b")),
  powers = y ~ I((-`c c`)^`c c`) + I(`c c`^b),
  dot = y ~ . - t - u + log(a)
)
new <- cars[1:40, ]
new$a[1:4] <- c(-1, 0, NA, 1e20)
new$b[5:10] <- c(NA, 800, -800, -1, 0, 1)
new$t[11:13] <- c("zz", NA, "z")
new$cyl[14:16] <- c(5, NA, 8.5)
new$`c c`[17:18] <- c(0L, NA)
new$`h "1"`[19] <- -1
new$flag[20] <- NA
text <- function(values) ifelse(is.na(values), "", enc2utf8(as.character(values)))
for (name in names(formulas)) {
  several <- name == "interactions"
  fit <- suppressWarnings(two_layer(
    formulas[[name]], cars, hidden_units = 3, epochs = 5, seed = 1, verbose = FALSE,
    n_models = 1 + several, bootstrap = several
  ))
  if (name == "text") { # what a file keeps is enough
    file <- file.path(folder, "fit.safetensors")
    save_two_layer(fit, file)
    fit <- load_two_layer(file)
  }
  truth <- vapply(seq_len(nrow(new)), function(row) {
    tryCatch(
      suppressWarnings(predict(fit, new[row, ], engine = "r")[[1]]),
      pytwolayer_error = function(cnd) NA_real_
    )
  }, 1)
  save_onnx(fit, file.path(folder, paste0(name, ".onnx")))
  for (dialect in c("duckdb", "postgresql", "sqlite")) {
    offset <- if (name == "text") "b"
    query <- to_sql(fit, "a \"table\"", dialect, columns = "row id", offset = offset)
    writeLines(query, file.path(folder, paste0(name, ".", dialect)), useBytes = TRUE)
  }
  writeLines(sprintf("%a", truth), file.path(folder, paste0(name, ".txt")))
}
sent <- lapply(new, function(column) {
  if (is.numeric(column)) sprintf("%a", column) else text(column)
})
writeLines(jsonlite::toJSON(sent), file.path(folder, "rows.json"), useBytes = TRUE)
