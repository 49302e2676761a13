skip_without_torch()

rates <- local({
  set.seed(4)
  n <- round(exp(runif(60, 1, 5)))
  x <- rnorm(60)
  z <- runif(60)
  data.frame(y = rpois(60, n * exp(0.4 * x - 1)), x, z, n, w = runif(60) + 0.1)
})
# With a call that can be evaluated again.
quick <- function(formula, data, ...) {
  call <- as.list(match.call())[-1]
  call$data <- if (missing(data)) quote(rates) else call$data
  names(call)[names(call) == "formula"] <- ""
  settings <- list(hidden_units = 5, epochs = 8, seed = 1, verbose = FALSE)
  eval(as.call(c(quote(two_layer), call, settings)), parent.frame())
}
engines_of <- function(fit, data, ...) {
  lapply(c("python", "r"), function(engine) predict(fit, data, ..., engine = engine))
}

test_that("an offset is taken off the outcome and put back to predictions, to the bit", {
  for (loss in list("mse", "mae", "huber")) {
    fit <- quick(y ~ x + z + offset(n), loss = loss)
    rest <- quick(I(y - n) ~ x + z, loss = loss)
    expect_identical(fit$weights, rest$weights)
    expect_identical(fit$history, rest$history)
    expect_identical(unname(fitted(fit)), unname(fitted(rest) + rates$n))
    expect_identical(predict(fit, rates)$.pred, predict(rest, rates)$.pred + rates$n)
    expect_equal(predict(fit, rates, engine = "r")$.pred, predict(fit, rates)$.pred)
    expect_identical(predict(fit), predict(fit, rates))
    expect_equal(unname(residuals(fit)), rates$y - unname(fitted(fit)))
  }
})

test_that("a loss of one's own has the outcome without the offset", {
  own <- function(output, y) abs(output - y)^1.5
  fit <- quick(y ~ x + offset(n), loss = own)
  rest <- quick(I(y - n) ~ x, loss = own)
  expect_identical(fit$weights, rest$weights)
  expect_identical(predict(fit, rates)$.pred, predict(rest, rates)$.pred + rates$n)
})

test_that("an offset of zeros changes no bit", {
  zeros <- transform(rates, o = 0)
  for (loss in c("mse", "poisson")) {
    for (weights in list(NULL, rates$w)) {
      plain <- quick(y ~ x + z, zeros, loss = loss, case_weights = weights)
      fit <- quick(y ~ x + z + offset(o), zeros, loss = loss, case_weights = weights)
      expect_identical(fit$weights, plain$weights)
      expect_identical(fit$history, plain$history)
      expect_identical(fitted(fit), fitted(plain))
      expect_identical(predict(fit, zeros), predict(plain, zeros))
    }
  }
})

test_that("an offset of a Poisson fit is that of rates weighted by exposure", {
  fit <- quick(y ~ x + z + offset(log(n)), loss = "poisson")
  rest <- quick(I(y / n) ~ x + z, loss = "poisson", case_weights = rates$n)
  expect_equal(fit$weights, rest$weights, tolerance = 1e-5)
  expect_equal(predict(fit, rates)$.pred, predict(rest, rates)$.pred * rates$n, tolerance = 1e-5)
  expect_equal(predict(fit, rates, engine = "r"), predict(fit, rates), tolerance = 1e-6)
  expect_equal(unname(fitted(fit)), predict(fit, rates)$.pred)
  mu <- unname(fitted(fit))
  expect_equal(deviance(fit), sum(poisson()$dev.resids(rates$y, mu, rep(1, 60))))
  weighted <- quick(y ~ x + z + offset(log(n)), loss = "poisson", case_weights = w)
  both <- quick(I(y / n) ~ x + z, loss = "poisson", case_weights = rates$w * rates$n)
  expect_equal(weighted$weights, both$weights, tolerance = 1e-5)
  expect_identical(weights(weighted), rates$w)
})

test_that("a linear network with an offset finds what glm() finds", {
  fit <- two_layer(
    y ~ x + z + offset(log(n)), rates, loss = "poisson", activation = "identity",
    hidden_units = 1, optimizer = "lbfgs", epochs = 200, weight_decay = 0, input_clip = NULL,
    seed = 1, verbose = FALSE
  )
  known <- glm(y ~ x + z + offset(log(n)), poisson, rates)
  expect_equal(predict(fit, rates)$.pred, unname(fitted(known)), tolerance = 1e-3)
  expect_equal(deviance(fit), deviance(known), tolerance = 1e-4)
  new <- transform(rates, n = 2 * n)
  expect_equal(predict(fit, new)$.pred, 2 * predict(fit, rates)$.pred)
  least <- two_layer(
    y ~ x + offset(0.5 * n) + offset(z), rates, activation = "identity", hidden_units = 1,
    optimizer = "lbfgs", epochs = 200, weight_decay = 0, input_clip = NULL, seed = 1,
    verbose = FALSE
  )
  line <- lm(y ~ x + offset(0.5 * n) + offset(z), rates)
  expect_equal(predict(least, rates)$.pred, unname(fitted(line)), tolerance = 1e-3)
})

test_that("several outcomes have one offset, as in lm()", {
  fit <- quick(cbind(y, w) ~ x + offset(n))
  rest <- quick(cbind(y - n, w - n) ~ x)
  expect_identical(fit$weights, rest$weights)
  expect_identical(predict(fit, rates)$.pred_w, predict(rest, rates)[[2]] + rates$n)
  expect_equal(predict(fit, rates, engine = "r"), predict(fit, rates))
})

test_that("new data need the offset", {
  fit <- quick(y ~ x + offset(log(n)), loss = "poisson")
  expect_no_error(predict(fit, rates[c("x", "n")]))
  for (engine in c("python", "r")) {
    expect_refused(predict(fit, rates["x"], engine = engine), "`new_data`", "\"n\"")
    gaps <- transform(rates[1:3, ], n = c(NA, 2, 3))
    expect_identical(is.na(predict(fit, gaps, engine = engine)$.pred), c(TRUE, FALSE, FALSE))
    none <- transform(rates[1:3, ], n = NA)
    expect_true(all(is.na(predict(fit, none, engine = engine)$.pred)))
    own <- quick(y ~ x + offset(n))
    expect_no_warning(found <- predict(own, gaps, engine = engine)$.pred)
    expect_identical(is.na(found), c(TRUE, FALSE, FALSE))
    zero <- transform(rates[1:3, ], n = c(0, 2, 3))
    expect_refused(predict(fit, zero, engine = engine), "finite", "offset(log(n))"
    )
    text <- transform(rates[1:3, ], n = "a")
    expect_error(predict(fit, text, engine = engine), class = "pytwolayer_error_argument")
    expect_identical(nrow(predict(fit, rates[0, ], engine = engine)), 0L)
    expect_identical(
      predict(fit, rates, type = "raw", engine = engine),
      predict(fit, transform(rates, n = 1), type = "raw", engine = engine)
    )
  }
})

test_that("rows without an offset are left out of training", {
  gaps <- rates
  gaps$n[c(2, 7)] <- NA
  for (loss in c("mse", "poisson")) {
    expect_message(fit <- quick(y ~ x + offset(log(n)), gaps, loss = loss), "2 of 60 rows")
    small <- transform(gaps, n = n / 100)
    expect_no_warning(suppressMessages(quick(y ~ x + offset(n), small, loss = loss)))
    whole <- quick(y ~ x + offset(log(n)), gaps[-c(2, 7), ], loss = loss)
    expect_identical(fit$weights, whole$weights)
    expect_identical(unname(fitted(fit)), unname(fitted(whole)))
    expect_identical(as.vector(fit$na.action), c(2L, 7L))
    expect_identical(nrow(model.frame(fit)), 58L)
    longer <- suppressMessages(continue_training(fit, epochs = 2, verbose = FALSE))
    expect_length(fitted(longer), 58)
  }
})

test_that("what cannot have an offset is refused", {
  expect_refused(quick(factor(y > 5) ~ x + offset(n)), "`formula`", "classes")
  expect_refused(quick((y > 5) ~ x + offset(n)), "`formula`", "classes")
  expect_refused(quick(y ~ x + offset(as.character(n))), "`formula`", "number")
  expect_refused(quick(y ~ x + offset(log(n - n))), "`data`", "finite")
  expect_refused(quick(y ~ x + offset(n * 100), loss = "poisson"), "`offset`", "80")
  expect_refused(
    quick(y ~ x + offset(log(n)),
      loss = "poisson", case_weights = rep(1:2, 30), weight_type = "frequency"
    ),
    "`weight_type`", "importance"
  )
})

test_that("the generics know the offset", {
  fit <- quick(y ~ x + offset(log(n)), loss = "poisson")
  line <- lm(y ~ x + offset(log(n)), rates)
  expect_identical(names(model.frame(fit)), names(model.frame(line)))
  expect_identical(model.frame(fit)$`offset(log(n))`, log(rates$n))
  expect_identical(attr(terms(fit), "offset"), attr(terms(line), "offset"))
  expect_identical(model.offset(model.frame(fit)), log(rates$n))
  expect_identical(labels(fit), "x")
  expect_identical(formula(fit), y ~ x + offset(log(n)), ignore_formula_env = TRUE)
  expect_identical(colnames(model.matrix(fit)), "x")
  expect_identical(fit$inputs, "x")
  made <- augment(fit, rates)
  expect_identical(made$.pred, predict(fit, rates)$.pred)
  expect_identical(made$.resid, rates$y - made$.pred)
  expect_equal(sigma(fit), sqrt(mean((rates$y - made$.pred)^2)))
  expect_equal(glance(fit)$rmse, sigma(fit))
  more <- update(fit, . ~ . + z)
  expect_identical(more$weights, quick(y ~ x + z + offset(log(n)), loss = "poisson")$weights)
  expect_null(attr(fit$blueprint$ptypes$predictors, "pytwolayer_offset"))
})

test_that("training goes on with the offset, and with no other", {
  for (loss in c("mse", "poisson")) {
    fit <- quick(y ~ x + offset(log(n)), loss = loss)
    longer <- continue_training(fit, epochs = 3, verbose = FALSE)
    expect_identical(unname(fitted(longer)), predict(longer, rates)$.pred)
    if (loss == "mse") {
      rest <- continue_training(quick(I(y - log(n)) ~ x), epochs = 3, verbose = FALSE)
      expect_identical(longer$weights, rest$weights)
      expect_identical(predict(longer, rates)$.pred, predict(rest, rates)$.pred + log(rates$n))
    }
    other <- transform(rates, n = n + 1)
    expect_error(
      continue_training(fit, epochs = 3, data = other), class = "pytwolayer_error_argument"
    )
    expect_error(model.frame(fit, data = other), class = "pytwolayer_error_argument")
  }
})

test_that("validation data have their own offset", {
  train <- rates[1:40, ]
  held <- rates[41:60, ]
  for (loss in c("mse", "poisson")) {
    own <- quick(y ~ x + offset(log(n)), train, loss = loss, validation = held)
    rows <- quick(y ~ x + offset(log(n)), rates, loss = loss, validation = 41:60)
    expect_equal(own$history, rows$history)
    expect_equal(predict(own, rates), predict(rows, rates))
    share <- quick(y ~ x + offset(log(n)), loss = loss, validation = 0.25)
    expect_identical(unname(fitted(share)), predict(share, rates)$.pred)
  }
  rest <- quick(I(y - log(n)) ~ x, train, validation = held)
  fit <- quick(y ~ x + offset(log(n)), train, validation = held)
  expect_identical(fit$history, rest$history)
  expect_refused(
    quick(y ~ x + offset(log(n)), train, validation = held[c("y", "x")]), "`validation`", "\"n\""
  )
})

test_that("several networks have the offset in means and intervals", {
  for (loss in c("mse", "poisson")) {
    fits <- quick(y ~ x + offset(log(n)), loss = loss, n_models = 3, bootstrap = TRUE)
    numbers <- engines_of(fits, rates)
    expect_equal(numbers[[1]], numbers[[2]], tolerance = 1e-6)
    expect_equal(unname(fitted(fits)), numbers[[1]]$.pred)
    each <- vapply(fits$models, function(model) predict(model, rates)$.pred, double(60))
    expect_equal(numbers[[1]]$.pred, rowMeans(each))
    for (type in c("conf_int", "std_error")) {
      both <- engines_of(fits, rates, type = type)
      expect_equal(both[[1]], both[[2]], tolerance = 1e-6)
    }
    expect_equal(engines_of(fits, rates, type = "std_error")[[1]]$.std_error, apply(each, 1, sd))
    expect_identical(names(model.frame(fits))[[3]], "offset(log(n))")
    expect_identical(augment(fits, rates)$.pred, numbers[[1]]$.pred)
    expect_error(
      model.frame(fits, data = transform(rates, n = n + 1)), class = "pytwolayer_error_argument"
    )
    file <- tempfile(fileext = ".safetensors")
    save_two_layer(fits, file)
    again <- load_two_layer(file)
    expect_identical(predict(again, rates), numbers[[1]])
    expect_refused(predict(again, rates["x"]), "`new_data`")
  }
})

test_that("a file keeps the offset, and what lost its formula does not predict without", {
  fit <- quick(y ~ x + offset(log(n)), loss = "poisson")
  file <- tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  again <- load_two_layer(file)
  for (engine in c("python", "r")) {
    expect_identical(
      predict(again, rates, engine = engine), predict(fit, rates, engine = engine)
    )
    expect_refused(predict(again, rates["x"], engine = engine), "`new_data`")
  }
  expect_identical(attr(terms(again), "offset"), 3L)
  longer <- continue_training(again, epochs = 2, data = rates, verbose = FALSE)
  expect_identical(unname(fitted(longer)), predict(longer, rates)$.pred)
  myown <- function(x) log(x)
  lost <- quick(y ~ x + offset(myown(n)), loss = "poisson")
  expect_warning(save_two_layer(lost, file), "formula")
  again <- load_two_layer(file)
  for (engine in c("python", "r")) {
    expect_refused(predict(again, rates, engine = engine), "offset")
    expect_identical(
      predict(again, rates, type = "raw", engine = engine),
      predict(lost, rates, type = "raw", engine = engine)
    )
  }
  plain <- quick(y ~ x)
  expect_false(grepl("offset\":", rawToChar(plain$model[plain$model != 0]), useBytes = TRUE))
})

test_that("a formula of many columns may have an offset, and the dot beside one", {
  wide <- cbind(rates, as.data.frame(matrix(rnorm(60 * 600), 60)))
  fit <- quick(y ~ . + offset(log(n)), wide, loss = "poisson")
  names <- setdiff(names(wide), "y")
  few <- reformulate(c(names[1:4], "offset(log(n))"), "y")
  expect_identical(quick(few)$weights, quick(y ~ . + offset(log(n)))$weights)
  expect_identical(fit$inputs, names)
  expect_identical(unname(fitted(fit)), predict(fit, wide)$.pred)
  expect_equal(predict(fit, wide, engine = "r"), predict(fit, wide), tolerance = 1e-5)
  rest <- quick(reformulate(names, "I(y/n)"), wide, loss = "poisson", case_weights = wide$n)
  expect_equal(predict(fit, wide)$.pred, predict(rest, wide)$.pred * wide$n, tolerance = 1e-3)
  expect_identical(model.offset(model.frame(fit)), log(wide$n))
  file <- tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  expect_identical(predict(load_two_layer(file), wide), predict(fit, wide))
})

test_that("a subset takes the offset along, and a checkpoint knows another one", {
  part <- quick(y ~ x + offset(log(n)), loss = "poisson", subset = n > 10)
  same <- quick(y ~ x + offset(log(n)), rates[rates$n > 10, ], loss = "poisson")
  expect_identical(part$weights, same$weights)
  expect_identical(unname(fitted(part)), unname(fitted(same)))
  expect_identical(nrow(model.frame(part)), sum(rates$n > 10))
  folder <- tempfile()
  fit <- quick(y ~ x + offset(log(n)), loss = "poisson", checkpoint = folder)
  expect_message(
    again <- quick(y ~ x + offset(log(n)), loss = "poisson", checkpoint = folder)
  )
  expect_identical(predict(again, rates), predict(fit, rates))
  expect_error(
    quick(y ~ x + offset(log(n + 1)), loss = "poisson", checkpoint = folder),
    class = "pytwolayer_error_argument"
  )
})

test_that("interactions stand beside an offset", {
  groups <- transform(rates, f = gl(3, 20))
  fit <- quick(y ~ f * x + offset(n), groups)
  rest <- quick(I(y - n) ~ f * x, groups)
  expect_identical(fit$weights, rest$weights)
  expect_identical(predict(fit, groups)$.pred, predict(rest, groups)$.pred + rates$n)
  expect_equal(predict(fit, groups, engine = "r"), predict(fit, groups), tolerance = 1e-6)
})
