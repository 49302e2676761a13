rows <- 60
number <- seq_len(rows)
data <- data.frame(
  a = number / 8, f = c("u", "v", "w")[number %% 3 + 1], l = number %% 4 > 1,
  w = number %% 5 + 0, y = (number %% 7) / 4
)
data$a[3] <- NA
data$f[9] <- NA

local_table <- function(env = parent.frame()) {
  path <- withr::local_tempfile(fileext = ".csv", .local_envir = env)
  utils::write.csv(data, path, row.names = FALSE)
  path
}

fit_of <- function(...) suppressMessages(two_layer(..., epochs = 3, seed = 1))

# What a fit is asked that needs its training rows.
questions <- list(
  fitted = fitted, residuals = residuals, glance = glance, weights = weights,
  case.names = case.names, predict = function(fit) predict(fit),
  summary = function(fit) unclass(summary(fit))[-1]
)
numeric_questions <- c(questions, list(sigma = sigma, deviance = deviance))

expect_same_answers <- function(fit, expected, questions) {
  for (name in names(questions)) {
    expect_identical(questions[[name]](fit), questions[[name]](expected), label = name)
  }
}

test_that("a fit to a path gives the answers of one to the same table in R, to the bit", {
  skip_without_torch()
  path <- local_table()
  same <- function(..., of = numeric_questions) {
    expect_same_answers(fit_of(..., data = path), fit_of(..., data = data), of)
  }
  same(y ~ a + f)
  same(y ~ w, of = numeric_questions["fitted"]) # without missing values
  same(cbind(y, a) ~ f)
  same(y ~ a + f, validation = 0.2)
  same(y ~ a, loss = "poisson")
  classes <- c(questions, list(deviance = deviance))
  same(f ~ a + l, of = classes)
  same(l ~ a, of = classes)
  same(y ~ a + f, case_weights = "w")
  w <- data$w
  same(f ~ a, case_weights = w, weight_type = "frequency", of = classes)
  together <- c("fitted", "residuals", "glance", "weights", "predict")
  same(y ~ a + f, n_models = 2, bootstrap = TRUE, of = questions[together])
  in_one <- fit_of(path, outcome = "y")
  expect_same_answers(in_one, fit_of(data, outcome = "y"), numeric_questions)
  expect_identical(as.integer(bridge()$opened_tables$number_open()), 0L)
})

test_that("the rows are found from another folder, another session and another place in code", {
  skip_without_torch()
  path <- local_table()
  expected <- fitted(fit_of(y ~ a, data))
  kept <- withr::local_tempfile()
  local({
    withr::local_dir(dirname(path))
    own <- basename(path)
    saveRDS(fit_of(y ~ a, own), kept)
  })
  fit <- readRDS(kept)
  expect_identical(fitted(fit), expected)
  expect_output(print(summary(fit)), "On the training data")
  expect_identical(summary(fit)$fit, fit)
})

test_that("rows that changed or are gone are one clear sentence", {
  skip_without_torch()
  path <- local_table()
  fits <- list(fit_of(y ~ a, path), fit_of(y ~ a, path, n_models = 2))
  classes <- fit_of(f ~ a, path)
  data$a <- rev(data$a)
  expect_lost <- function(reason) {
    for (fit in fits) {
      for (ask in list(fitted, residuals, sigma, deviance, predict)) {
        expect_refused(ask(fit), "a fit whose training rows cannot be read again", reason)
      }
      expect_message(found <- glance(fit), reason, class = "pytwolayer_message", fixed = TRUE)
      expect_identical(found$rmse, NA_real_)
      expect_identical(found$nobs, 59L)
    }
    expect_output(print(summary(fits[[1]])), paste("Measures need the training data:.*", reason))
    expect_message(found <- glance(classes), reason, fixed = TRUE)
    expect_identical(found$accuracy, NA_real_)
  }
  utils::write.csv(data, path, row.names = FALSE)
  expect_lost("must be the data of the fit")
  unlink(path)
  expect_lost("where there is none")
  alone <- fits[[2]]$models[[1]]
  expect_silent(expect_identical(glance(alone)$rmse, NA_real_))
})
