skip_without_torch()

logs <- quick_formula(mpg ~ log(disp), mtcars)

# A file whose formula, and what it is evaluated as, are other code.
with_code <- function(predvars, formula = "log(disp)", fit = logs) {
  rewritten(fit$model, function(text) {
    escaped <- gsub("\\", "\\\\", c(predvars, formula), fixed = TRUE)
    text <- sub("list(log(disp))", sprintf("list(%s)", escaped[[1]]), text, fixed = TRUE)
    sub('"mpg ~ log(disp)", "predvars"', sprintf('"mpg ~ %s", "predvars"', escaped[[2]]), text,
      fixed = TRUE
    )
  })
}

# The error of loading a file or, where there is none, of using it.
error_of <- function(bytes, use = function(fit) predict(fit, mtcars, engine = "r")) {
  tryCatch(suppressWarnings(use(read_back(bytes))), error = identity)
}

# Of several calls at once, since gc() takes longer than they do.
expect_little_memory <- function(code) {
  before <- sum(gc(reset = TRUE)[, 2])
  force(code)
  taken <- gc()
  # R's own parser takes up to 165 MB in R 4.5; what the code would make takes gigabytes.
  expect_lt(sum(taken[, ncol(taken)]) - before, 250)
}

uses <- list(
  predict = function(fit) predict(fit, mtcars),
  r_engine = function(fit) predict(fit, mtcars, engine = "r"),
  augment = function(fit) augment(fit, mtcars, engine = "r"),
  update = function(fit) update(fit, data = mtcars),
  continue = function(fit) continue_training(fit, epochs = 1, data = mtcars)
)

test_that("nothing in a file is run", {
  marker <- tempfile()
  evil <- c(
    sprintf("list(file.create('%s'))", marker), "list(system('touch x'))", "list((function() 1)())",
    "list(base::`::`(disp, hp))", "list(get('disp'))", "list(disp <- 1)", "list({disp})",
    "list(stats::runif(3))", "list(utils::head(disp))", "list(log)", "list(disp$x)", "list(T)",
    "list(disp[[1]])", "list(`if`(TRUE, disp))", "list(cbind(disp, hp)[, 1])",
    "stop('x')", "list(disp", "", "list(disp); list(disp)", "list(disp, hp)", "~disp", "list(...)",
    "list(quote(disp))", "list(eval(disp))", "list(\\(x) x)", "list(rep(disp, 1e9))",
    "list(outer(disp, disp))", "list(paste(disp))", "list(strrep('a', 1e9))", "list(seq(1e9))",
    "list(sprintf('%1000000d', 1))", "list(do.call(c, list(disp)))", "list(disp + list(1))",
    "list(as.character(list(c('\\', 'a'))))", "list(stats::bs(disp))", "list(base::log(disp)(1))",
    sprintf("list(factor(disp, labels = '%s'))", strrep("a", 2000))
  )
  for (code in evil) {
    escaped <- gsub("\\", "\\\\", code, fixed = TRUE)
    bytes <- rewritten(logs$model, replaced_text("list(log(disp))", escaped))
    expect_refused(read_back(bytes), "cannot be read", kind = "file")
  }
  for (code in c("mpg ~ log(disp)^40", "mpg ~ (disp + hp)^30", "log(disp)", "~ log(disp)")) {
    bytes <- rewritten(logs$model, replaced_text("mpg ~ log(disp)\", \"predvars", paste0(
      code, "\", \"predvars"
    )))
    expect_refused(read_back(bytes), "cannot be read", kind = "file")
  }
  expect_false(file.exists(marker))
})

test_that("code that is long, deep or of many calls is refused when it is read", {
  long <- c(
    paste(rep("disp", 3e5), collapse = "+"), paste0("I(", strrep("disp+", 1e5), "disp)"),
    paste0("disp", strrep("()", 1e5)), paste0("disp", strrep(":disp", 1e5)), strrep("a", 2e6),
    paste0("I(", strrep("-", 5000), "disp)"), paste0("I(", strrep("disp^", 4000), "2)"),
    paste0("pmin(", strrep("log(disp),", 2e4), "disp)"), strrep("(", 1e5),
    paste0(strrep("log(", 1e4), "disp", strrep(")", 1e4))
  )
  expect_little_memory(found <- c(
    lapply(long, function(code) error_of(with_code(code))),
    lapply(long, function(code) error_of(with_code("log(disp)", code)))
  ))
  for (cnd in found) {
    expect_s3_class(cnd, "pytwolayer_error_file")
  }
})

test_that("what would make much is an error before it is made", {
  constants <- paste0("c(", toString(rep("1:900000", 30)), ")")
  bound <- paste0("cbind(", toString(rep("c(1, 2, 3)", 22)), ")")
  wide <- sprintf("poly(%s, 1, raw = TRUE)", bound)
  large <- c(
    "1:1e12", "1:1e9", "c(1e9, 1):disp", "disp + 0:2e6", constants, sprintf("cut(disp, %s)", wide),
    "poly(disp, 1e6)", "poly(disp, c(1e9))", "stats::poly(disp, 1e9)", "poly(disp, degree = disp)",
    "poly(disp, as.character(3000), raw = TRUE)", "poly(disp, 10 * 500, raw = TRUE)",
    "poly(disp, disp, disp, degree = 99, raw = TRUE)",
    "poly(disp, raw = TRUE, coefs = c(1:900), degree = 1e5)", "bs(disp, df = 1e9)",
    "splines::bs(disp, df = 1e9)", "bs(disp, '3000')", "bs(disp, deg = 3000)", "ns(disp, df = 1e6)",
    "bs(disp, df = 5, intercept = -1e9)", "ns(disp, 5, NULL, -1e9)", "cut(disp, br = 1e9)",
    "cut(disp, 1e5 * 1e5)", "cut(disp, '20000')", "cut(disp, c(1, 2), dig.lab = 1e9)",
    "factor(disp, nmax = 1e9)", "ordered(disp, nm = 1e9)",
    "factor(disp, disp, disp, NA, TRUE, 1e9)", "ordered(disp, disp, disp, NA, 1e9)",
    "trimws(disp, 'both', '((a{1,200}){1,200}){1,200}')",
    "trimws(disp, white = '(a+)+b')", "cbind(disp, disp)[1:5e5, 1:5e5]",
    "cbind(disp)[0L * 1:9000 + 1L, exact = 0L * 1:9000 + 1L]",
    "cbind(disp)[0L * 1:9000 + 1L, drop = TRUE, drop = 0L * 1:9000 + 1L]",
    "poly(cbind(disp, disp, disp), 150, raw = TRUE)", "poly(cbind(disp, disp), 999, raw = TRUE)",
    sprintf("poly(disp, disp, coefs = list(%s))", toString(rep(1, 30))),
    sprintf("poly(cbind(disp, disp), 1, coefs = list(%s))", toString(rep(1, 30))),
    "bs(disp, Boundary.knots = 0:900000)", "splines::bs(disp, B = c(1, 2, 3))",
    "ns(disp, NULL, NULL, FALSE, 0:900000)"
  )
  expect_little_memory(
    found <- lapply(large, function(code) error_of(with_code(sprintf("I(%s)", code))))
  )
  for (cnd in found) {
    expect_s3_class(cnd, "pytwolayer_error_file")
  }
  # Harmless, and of another size than the data, or of other columns than the model.
  for (code in c("0L:'20000'", "bs(cbind(disp, disp))", "poly(disp, 5, raw = TRUE)", "disp[1:9]")) {
    expect_s3_class(error_of(with_code(code)), "pytwolayer_error")
  }
})

test_that("texts that are made again and again count by their length", {
  text <- strrep("a", 990)
  labels <- sprintf("factor(0:400, labels = '%s')", text)
  large <- c(
    sprintf("factor(0:400000, labels = '%s')", text), sprintf("factor(0:400000, la = '%s')", text),
    sprintf("factor(disp, 0:400000, '%s')", text), sprintf("%s:%s", labels, labels),
    sprintf("c(%s = 0:400000)", strrep("b", 8000)), sprintf("c('%s' = 0:400000)", text)
  )
  expect_little_memory(
    found <- lapply(large, function(code) error_of(with_code(sprintf("I(%s)", code))))
  )
  for (cnd in found) {
    expect_match(conditionMessage(cnd), "its formula would make too many values")
  }
  term <- sprintf("I(pmin(disp, %s))", toString(rep(1234567, 2000)))
  expect_match(conditionMessage(error_of(with_code("log(disp)", term))), "a term that is too long")
  constant <- replaced_text('"predvars": ', sprintf(
    '"constants": {"k": "c(\\"%s\\")"}, "predvars": ', strrep("a", 2000)
  ))
  cnd <- error_of(rewritten(with_code("factor(disp, labels = k)"), constant))
  expect_match(conditionMessage(cnd), "a text that is too long")
})

test_that("interactions with long levels or labels are refused", {
  fit <- quick_formula(mpg ~ factor(cyl):I(hp), mtcars)
  long <- rewritten(fit$model, function(text) {
    text <- sub("list(factor(cyl), I(hp))", "list(factor(cyl), poly(hp, 300, raw = TRUE))", text,
      fixed = TRUE
    )
    gsub('"levels": {"factor(cyl)": ["4"', sprintf(
      '"levels": {"factor(cyl)": ["%s"', strrep("a", 2e5)
    ), text, fixed = TRUE)
  })
  expect_little_memory(cnd <- error_of(long))
  expect_match(conditionMessage(cnd), "too many columns")
})

test_that("constants that are used again and again are refused where they are large", {
  numbers <- paste(rep(1, 2e4), collapse = ",")
  constant <- replaced_text('"predvars": ', sprintf(
    '"constants": {"k": "c(%s)"}, "predvars": ', numbers
  ))
  code <- sprintf("pmin(%s)", toString(sprintf("k + %d", 1:300)))
  cnd <- error_of(rewritten(with_code(code), constant))
  expect_match(conditionMessage(cnd), "constants that are too large")
  used <- rewritten(with_code("pmin(disp, sqrt(k[1:32]))"), constant)
  expect_s3_class(predict(read_back(used), mtcars, engine = "r"), "tbl_df")
})

test_that("sums within interactions, of which there are as many as all pairs, are refused", {
  terms <- sprintf("(I(disp + %d) + I(disp + %d))", 1:18, 101:118)
  wide <- sprintf("(%s)", paste(rep("I(disp)", 100), collapse = "+"))
  pair <- paste(wide, wide, sep = ":")
  for (code in c(paste(terms, collapse = ":"), pair, "(disp - disp):disp")) {
    cnd <- error_of(with_code("log(disp)", code))
    expect_match(conditionMessage(cnd), "not expanded into single terms")
  }
})

test_that("an outcome of a file that is none, or has other rows than the data, is an error", {
  with_outcome <- function(outcome) {
    rewritten(logs$model, replaced_text('"outcome": {"mpg": "mpg"}', sprintf(
      '"outcome": {%s}', outcome
    )))
  }
  expect_refused(read_back(with_outcome("")), "its formula has no outcome", kind = "file")
  cnd <- error_of(with_outcome('"mpg": "mpg[1:3]"'), uses$augment)
  expect_match(conditionMessage(cnd), "a value for each row, not 3 for 32 rows")
})

test_that("a loaded fit takes whole columns of matrices", {
  data <- data.frame(y = mtcars$mpg)
  data$m <- cbind(p = mtcars$wt, q = mtcars$hp)
  for (formula in c(y ~ I(m[, 1]) + I(m[, "q"] / 100), y ~ I(m[][, 2, drop = TRUE]))) {
    fit <- quick_formula(formula, data)
    again <- read_back(fit$model)
    for (engine in c("r", "python")) {
      expect_identical(predict(again, data, engine = engine), predict(fit, data, engine = engine))
    }
  }
})

test_that("it is the same error by whatever uses the fit", {
  for (code in c("poly(disp, 1e6)", "splines::bs(disp, df = 1e9)", "I(1:1e12)")) {
    for (use in uses) {
      cnd <- error_of(with_code(code, code), use)
      expect_s3_class(cnd, "pytwolayer_error_file")
      expect_match(conditionMessage(cnd), "^The model cannot be read: its formula (would make|has)")
    }
    for (use in uses[c("update", "continue")]) {
      expect_s3_class(error_of(with_code("log(disp)", code), use), "pytwolayer_error_file")
    }
  }
})

test_that("many terms together may not make too much either", {
  terms <- sprintf("poly(disp, 900, raw = TRUE) + I(%d)", 1:40)
  code <- sprintf("I((%s) > 1)", paste(sub(" \\+.*", "", terms), collapse = ") + ("))
  expect_match(conditionMessage(error_of(with_code(code))), "would make too many values")
  fit <- quick_formula(mpg ~ I(disp) + I(hp) + I(wt), mtcars)
  polynomials <- sprintf("poly(%s, 900, raw = TRUE)", c("disp", "hp", "wt"))
  bytes <- rewritten(fit$model, replaced_text(
    "list(I(disp), I(hp), I(wt))", sprintf("list(%s)", toString(polynomials))
  ))
  more <- mtcars[rep(1:32, 60), ]
  cnd <- error_of(bytes, function(fit) predict(fit, more, engine = "r"))
  expect_match(conditionMessage(cnd), "would make too many values")
})

test_that("interactions of many columns are refused, also when the formula is fitted again", {
  fit <- quick_formula(mpg ~ I(disp):I(hp), mtcars)
  wide <- "poly(disp, 99, raw = TRUE), poly(hp, 99, raw = TRUE)"
  bytes <- rewritten(fit$model, replaced_text("list(I(disp), I(hp))", sprintf("list(%s)", wide)))
  using <- uses[c("predict", "r_engine", "augment")]
  expect_little_memory(found <- lapply(using, function(use) error_of(bytes, use)))
  for (cnd in found) {
    expect_match(conditionMessage(cnd), "its formula would make too many columns")
    expect_s3_class(cnd, "pytwolayer_error_file")
  }
  formula <- sprintf('"mpg ~ %s", "predvars', sub(", poly", ":poly", wide))
  again <- rewritten(fit$model, replaced_text('"mpg ~ I(disp):I(hp)", "predvars', formula))
  expect_match(conditionMessage(error_of(again, uses$update)), "too many columns")
})

test_that("a fit of a loaded formula, fitted again, predicts as one of the formula itself", {
  formula <- mpg ~ poly(wt, 2) + splines::ns(hp, df = 3) + cut(qsec, c(0, 17, 30)) +
    I(c(disp) > 200)
  fit <- quick_formula(formula, mtcars)
  again <- read_back(fit$model)
  updated <- update(again, data = mtcars)
  expect_identical(updated$model, fit$model)
  expect_identical(predict(updated, mtcars, engine = "r"), predict(fit, mtcars, engine = "r"))
  frame <- model.frame(updated)
  expect_equal(frame, model.frame(fit, data = mtcars), ignore_attr = "terms")
  # As text: R CMD check takes the name for that of a package that is not declared.
  absent <- stats::as.formula(". ~ . + splines::bs(drat) + mtcars::missing(am)")
  wider <- tryCatch(update(again, absent, data = mtcars), error = conditionMessage)
  expect_match(wider, "mtcars")
  wider <- update(again, . ~ . + splines::bs(drat) + cbind(am, gear)[, 1], data = mtcars)
  expect_identical(ncol(wider$blueprint$ptypes$predictors), 11L)
})

test_that("columns and constants may have the names of functions that a file may call", {
  gamma <- 0.5
  data <- data.frame(y = mtcars$mpg, c = mtcars$wt, log = mtcars$hp, list = mtcars$qsec)
  for (formula in c(y ~ log(log) + scale(list) + I(c(c)), y ~ I(c * gamma) + poly(log, 2))) {
    fit <- quick_formula(formula, data)
    again <- read_back(fit$model)
    for (engine in c("r", "python")) {
      expect_identical(predict(again, data, engine = engine), predict(fit, data, engine = engine))
    }
    expect_identical(update(again, data = data)$model, fit$model)
  }
  constant <- function(name, bytes) {
    rewritten(bytes, replaced_text('"predvars": ', sprintf(
      '"constants": {"%s": "c(2)"}, "predvars": ', name
    )))
  }
  for (name in c("log", "list", "::", "cut")) {
    bytes <- constant(name, with_code("base::log(disp)"))
    expect_refused(read_back(bytes), "constant", kind = "file")
  }
  cnd <- error_of(constant("poly", with_code("poly(disp, 1e6) + poly")))
  expect_s3_class(cnd, "pytwolayer_error_file")
})
