# Calls without tensors, missing arguments and errors among them.
plain_calls <- c(
  "ifelse(c(a = TRUE, b = NA), 1, 2)", "ifelse(NULL, 1, 2)", "ifelse(TRUE, stop(\"yes\"), 2)",
  "ifelse(matrix(c(TRUE, FALSE), 1), \"a\", 3)", "ifelse(TRUE)", "which(c(a = TRUE, b = FALSE))",
  "which(matrix(TRUE, 2, 2), arr.ind = TRUE)", "which(1)", "which()", "which.max(c(a = 1, b = 3))",
  "which.min(NULL)", "match(\"b\", letters)", "match(1, c(2, 1), nomatch = 0)", "match(1)",
  "1:3 %in% c(1, NA)", "identical(1L, 1)", "identical(c(a = 1), c(a = 1))", "identical(1)",
  "identical(list(1), list(1))", "rank(c(b = 2, a = 1, c = 2), ties.method = \"min\")",
  "rank(c(1, NA), na.last = \"keep\")", "tabulate(c(1, 3, 3))", "table(c(\"a\", \"b\", \"a\"))",
  "table(a = 1:2, b = c(\"u\", \"v\"))", "table(mtcars$cyl, mtcars$gear, dnn = c(\"c\", \"g\"))",
  "findInterval(1.5, 1:3)", "drop(matrix(1:3, 1))", "matrix(1:6, 2)", "matrix(1:6, ncol = 2)",
  "matrix()", "matrix(1:6, 2, byrow = TRUE, dimnames = list(c(\"a\", \"b\"), NULL))",
  "matrix(list(1, \"a\"), 1)", "matrix(1:6, 4, 4)", "array(1:24, 2:4)", "array()",
  "rep.int(1:2, 2)", "rep_len(c(a = 1), 3)", "unlist(list(a = 1, b = list(c = 2, d = \"x\")))",
  "unlist(list())", "unlist(1:3)", "unlist(list(factor(\"a\"), factor(\"b\")))", "unlist()",
  "cbind(a = 1:2, b = 3)", "cbind(1:2, c(u = 1, v = 2))", "cbind()", "cbind(mtcars[1:2], z = 1)",
  "cbind(1:3, 1:2)", "rbind(1:2, x = 3:4)", "rbind(mtcars[1, ], mtcars[2, ])",
  "local({ first <- 1:2; second <- 3:4; cbind(first, second) })",
  "local({ first <- 1:2; rbind(first, 9, deparse.level = 0) })",
  "local({ first <- 1:2; cbind(first + 1, deparse.level = 2) })",
  "outer(1:2, c(a = 1, b = 2))", "outer(1:2, 1:3, \"+\")", "outer(1:2, 1:2, function(x, y) 1)",
  "1:2 %o% 1:3", "sweep(matrix(1:4, 2), 2, c(1, 2))", "sweep(matrix(1:4, 2), 1, 1:3)",
  "prop.table(c(a = 1, b = 3))", "proportions(matrix(1:4, 2), 1)", "marginSums(matrix(1:4, 2), 2)",
  "margin.table(table(1:2, 1:2), 1)", "diag(3)", "diag(c(1, 2), 3)", "diag(matrix(1:4, 2))",
  "diag(nrow = 2)", "diag(\"a\")", "norm(matrix(1:4, 2), \"F\")", "norm(1)", "chol2inv(diag(2))",
  "rowSums(mtcars[1:3, ])", "rowSums(1)", "colSums(matrix(c(1, NA), 1), na.rm = TRUE)",
  "rowMeans(array(1:8, c(2, 2, 2)), dims = 2)",
  "colMeans(matrix(1:4, 2, dimnames = list(NULL, 1:2)))",
  "crossprod(1:3)", "tcrossprod(matrix(1:4, 2), matrix(4:1, 2))", "crossprod(\"a\")",
  "pmax(c(a = 1, b = 5), 2)", "pmax(1:4, 2:3)", "pmin(1, NA, na.rm = TRUE)", "pmin(\"a\", \"b\")",
  "pmax(matrix(1:4, 2), 3)", "pmax()", "atan2(1, c(1, 2))", "atan2(1)", "beta(1, 2)", "lbeta(1, 2)",
  "choose(5, 0:5)", "factor(c(\"b\", \"a\"), levels = c(\"a\", \"b\"))", "factor()",
  "nchar(c(a = \"xy\", b = NA))", "nchar(NA)", "sprintf(\"%d %s\", 1L, \"a\")",
  "sprintf(\"%d\", 1.5)",
  "formatC(3.14159, digits = 3)", "rle(c(1, 1, 2))", "zapsmall(c(1, 1e-20))",
  "tapply(1:4, c(\"a\", \"b\", \"a\", \"b\"), sum)",
  "interaction(c(\"a\", \"b\"), c(\"u\", \"v\"))",
  "var(1:4)", "var(1:4, use = )", "var(c(1, NA, 3), na.rm = TRUE)", "var(mtcars[1:2])",
  "var(\"a\")",
  "var()", "cov(1:4, c(1, 2, 2, 9))", "cov(mtcars[1:3], method = \"kendall\")",
  "cor(1:4, c(1, 2, 2, 9))",
  "cor(mtcars[1:3], use = \"complete.obs\")", "cor(1:4)", "sd(c(1, NA))",
  "sd(c(1, NA), na.rm = TRUE)",
  "mad(c(1, 5, 2))", "IQR(1:9)", "complete.cases(airquality[1:6, ])", "embed(1:5, 2)",
  "ecdf(1:3)(2)",
  "fft(1:4)", "dnorm(0)", "dnorm(0, log = TRUE)", "pnorm(1.96, lower.tail = FALSE)", "qnorm(0.3)",
  "append(1:3, c(a = 9), 1)", "append(1:2, 5, after = 0)", "append(list(1), mean)", "append()",
  "plogis(0)", "qlogis(0.5)", "combn(4, 2)", "combn(4, 2, sum)", "sapply(1:3, function(k) k^2)",
  "sapply(c(\"a\", \"b\"), nchar)", "sapply(1:2, function(k) 1:2)", "sapply(list(), length)",
  "sapply(1:2, identity, simplify = FALSE)",
  "sapply(1:2, function(k) diag(2), simplify = \"array\")",
  "sapply(1:2, function(k) if (k == 1) 1 else 1:2)", "mapply(rep, 1:2, 2:1)",
  "mapply(function(u, v) u + v, c(a = 1, b = 2), 3:4)",
  "mapply(identity, c(\"a\", \"b\"), USE.NAMES = FALSE)",
  "capture.output(cat(1, \"a\", NULL, sep = \"-\"))", "cat(list(1, mean))", "capture.output(cat())",
  "matrix(1:4, 2) %*% 1:2", "1:2 %*% 1:3", "diag(2) %*% \"a\""
)

outcome <- function(expression, env) {
  warnings <- character()
  value <- withCallingHandlers(
    tryCatch(eval(expression, env), error = function(cnd) list("error", conditionMessage(cnd))),
    warning = function(cnd) {
      warnings <<- c(warnings, conditionMessage(cnd))
      invokeRestart("muffleWarning")
    }
  )
  list(value, warnings)
}

test_that("without tensors each mask is R's own function", {
  masks <- pytwolayer:::mask_names()
  own <- asNamespace("pytwolayer")
  masked <- list2env(mget(masks, envir = own), parent = globalenv())
  plain <- new.env(parent = globalenv())
  for (call in plain_calls) {
    expression <- str2lang(call)
    expect_true(
      identical(
        outcome(expression, masked), outcome(expression, plain),
        ignore.environment = TRUE, ignore.srcref = TRUE
      ),
      label = call
    )
  }
})

test_that("masks have R's own arguments and environment, and each is tried", {
  used <- unlist(lapply(plain_calls, function(call) all.names(str2lang(call))))
  for (name in setdiff(pytwolayer:::mask_names(), c("sapply", "mapply", "%*%"))) {
    original <- get(name, envir = asNamespace(pytwolayer:::mask_home(name)))
    mask <- getExportedValue("pytwolayer", name)
    expect_identical(formals(mask), formals(original), label = name)
    expect_identical(environment(mask), environment(original), label = name)
    expect_true(name %in% used, label = name)
  }
})

test_that("missing arguments and promises pass through", {
  pass_on <- function(x, use) pytwolayer::var(x, use = use)
  expect_identical(pass_on(c(1, 2, 4)), stats::var(c(1, 2, 4)))
  count <- 0
  pytwolayer::pmax(
    {
      count <- count + 1
      1
    },
    2
  )
  expect_identical(count, 1)
  expect_identical(pytwolayer::ifelse(TRUE, 1, stop("never looked at")), 1)
})

test_that("R's own code and attaching are untouched", {
  expect_identical(environment(stats::sd), asNamespace("stats"))
  expect_no_match(paste(deparse(base::which), collapse = ""), "pytwolayer")
  code <- "library(pytwolayer); cat(is.function(pmax))"
  rscript <- file.path(R.home("bin"), "Rscript")
  shown <- system2(rscript, c("-e", shQuote(code)), stdout = TRUE, stderr = TRUE)
  expect_match(paste(shown, collapse = "\n"), "TRUE")
  expect_no_match(paste(shown, collapse = "\n"), "masked")
})

test_that("tensors of one type, shape and values are identical", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, NaN))
  expect_true(identical(x, x$clone()))
  expect_true(identical(x, x$clone()$requires_grad_(TRUE)))
  expect_false(identical(x, x$double()))
  expect_false(identical(x, x$reshape(1L, 2L)))
  expect_false(identical(x, x + 1))
  expect_false(identical(x, c(1, NaN)))
  expect_false(identical(list(1), x))
  zero <- torch$tensor(0)
  expect_true(identical(zero, -zero))
})

test_that("testthat compares tensors", {
  torch <- torch_or_skip()
  x <- torch$tensor(c(1, 2))
  expect_equal(x, x + 1e-9)
  expect_equal(x, x$clone())
  expect_identical(x, x$clone())
  expect_equal(list(a = x), list(a = x$clone()))
  expect_failure(expect_equal(x, x + 1))
  expect_failure(expect_equal(x, x$double()))
  expect_failure(expect_identical(x, x$reshape(2L, 1L)))
})

test_that("a mask gives R's own function the arguments that it was given, and no others", {
  for (round in 1:2) { # the second finds the calls made
    expect_identical(matrix(1:4, ncol = 2), base::matrix(1:4, ncol = 2))
    expect_identical(matrix(1:4, 4), base::matrix(1:4, 4))
    expect_identical(matrix(1:4, byrow = TRUE, 2), base::matrix(1:4, byrow = TRUE, 2))
    expect_identical(matrix(), base::matrix())
    expect_identical(cbind(a = 1:2, 3), base::cbind(a = 1:2, 3))
    expect_identical(unlist(list(a = 1, b = 2), use.names = FALSE), c(1, 2))
    expect_identical(match(2, 1:3), 2L)
    expect_identical(match(5, 1:3, 0L), 0L)
    expect_error(match(1), "\"table\" is missing, with no default")
  }
})
