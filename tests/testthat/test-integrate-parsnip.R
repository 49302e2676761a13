# parsnip's register of engines, and what it makes of an entry: fits and predictions are calls put
# together of what was recorded.
standin <- '
record <- new.env()
record$modes <- c("regression", "classification", "quantile regression")
note <- function(kind, ...) record[[kind]] <- c(record[[kind]], list(list(...)))
get_from_env <- function(items) {
  if (items == "mlp_modes") return(c("unknown", record$modes))
  engines <- vapply(record$engine, function(own) own$eng, "")
  modes <- vapply(record$engine, function(own) own$mode, "")
  data.frame(engine = c("nnet", engines), mode = c("regression", modes))
}
set_model_engine <- function(model, mode, eng) note("engine", model = model, mode = mode, eng = eng)
set_dependency <- function(model, eng, pkg, mode) note("dependency", pkg = pkg, mode = mode)
set_fit <- function(model, mode, eng, value) note("fit", mode = mode, value = value)
set_encoding <- function(model, mode, eng, options) note("encoding", mode = mode, value = options)
set_model_arg <- function(model, eng, parsnip, original, func, has_submodel) {
  note("argument", parsnip = parsnip, original = original, func = func)
}
set_pred <- function(model, mode, eng, type, value) {
  note("prediction", mode = mode, type = type, value = value)
}
matrix_to_quantile_pred <- function(x, object) list(x = x, levels = object$spec$quantile_levels)
found <- function(kind, mode, type = NULL) {
  is_it <- function(own) own$mode == mode && identical(own$type, type)
  Filter(is_it, record[[kind]])[[1]]$value
}
fit_spec <- function(mode, formula, data, ..., engine = list(), weights = NULL,
                     quantile_levels = NULL) {
  how <- found("fit", mode)
  given <- list(...)
  original <- vapply(record$argument, function(own) own$original, "")
  names(original) <- vapply(record$argument, function(own) own$parsnip, "")
  names(given) <- original[names(given)]
  engine <- engine[!names(engine) %in% original] # parsnip 1.0 to 1.5 removes them, with a warning
  args <- c(lapply(setNames(nm = how$protect), as.name), how$defaults, given, engine)
  fun <- call("::", as.name(how$func[["pkg"]]), as.name(how$func[["fun"]]))
  fit <- eval(as.call(c(fun, args)))
  list(fit = fit, spec = list(mode = mode, quantile_levels = quantile_levels))
}
predict_spec <- function(object, new_data, type, level = 0.95, std_error = FALSE,
                         quantile = (1:9) / 10, quantile_levels = object$spec$quantile_levels) {
  how <- found("prediction", object$spec$mode, type)
  object$spec$method$pred[[type]]$extras <- list(level = level, std_error = std_error)
  args <- how$args
  if (type == "quantile" && is.null(quantile_levels)) args$p <- quantile # as parsnip before 1.3
  if (!is.null(quantile_levels)) object$spec$quantile_levels <- quantile_levels
  res <- eval(as.call(c(as.name(how$func[["fun"]]), args)))
  if (!is.null(how$post)) res <- how$post(res, object)
  res
}
'

# The stand-in, loaded as parsnip for the test at hand, though the real one may be installed.
local_standin <- function(env = parent.frame()) {
  skip_if(isNamespaceLoaded("parsnip"), "the real parsnip is loaded")
  library <- local_package("parsnip", standin, env)
  loaded <- loadNamespace("parsnip", lib.loc = library)
  withr::defer(unloadNamespace("parsnip"), envir = env)
  loaded
}

test_that("the engine is registered once, whichever package is loaded first", {
  library <- local_package("parsnip", standin)
  show <- "cat(sapply(parsnip::record$engine, `[[`, 'mode'), sep = ', ')"
  orders <- c("library(parsnip); library(pytwolayer)", "library(pytwolayer); library(parsnip)")
  for (first in orders) {
    again <- "unloadNamespace('pytwolayer'); suppressMessages(library(pytwolayer))"
    printed <- in_new_session(paste(first, again, show, sep = "; "), library)
    expect_identical(printed, "regression, classification, quantile regression")
  }
})

test_that("what parsnip calls gives the bits of two_layer(), for formulas and tables", {
  skip_without_torch()
  parsnip <- local_standin()
  for (formula in c(mpg ~ ., mpg ~ wt + factor(cyl), mpg ~ . - wt, cbind(mpg, qsec) ~ .)) {
    fit <- parsnip$fit_spec("regression", formula, mtcars,
      hidden_units = 4, penalty = 0.1, learn_rate = 0.01, dropout = 0.1, epochs = 3,
      activation = "tanh", engine = list(batch_size = 8, seed = 1)
    )
    own <- two_layer(formula, mtcars,
      hidden_units = 4, weight_decay = 0.1, learning_rate = 0.01, dropout = 0.1, epochs = 3,
      activation = "tanh", batch_size = 8, seed = 1
    )
    expect_identical(fit$fit$history, own$history)
    for (type in c("numeric", "raw")) {
      expect_identical(
        parsnip$predict_spec(fit, mtcars, type), predict(own, mtcars, type = type)
      )
    }
  }
})

test_that("integers are frequencies and doubles importances, whatever columns the data have", {
  skip_without_torch()
  parsnip <- local_standin()
  counts <- rep(1:4, 8)
  data <- transform(mtcars, weights = rev(seq_along(mpg)))
  for (formula in c(mpg ~ ., mpg ~ wt + weights)) {
    for (weights in list(counts, as.double(counts))) {
      fit <- parsnip$fit_spec("regression", formula, data,
        epochs = 3, weights = weights, engine = list(seed = 1, batch_size = 8)
      )
      own <- two_layer(formula, data,
        epochs = 3, seed = 1, batch_size = 8, case_weights = as.double(counts),
        weight_type = if (is.integer(weights)) "frequency" else "importance"
      )
      expect_identical(fit$fit$history, own$history)
      expect_true(is.symbol(fit$fit$call$case_weights)) # which summary() prints
    }
  }
})

test_that("classes, probabilities and intervals of ensembles come in parsnip's form", {
  skip_without_torch()
  parsnip <- local_standin()
  fit <- parsnip$fit_spec("classification", Species ~ ., iris,
    epochs = 3, engine = list(seed = 1)
  )
  expect_identical(
    parsnip$predict_spec(fit, iris, "prob"), predict(fit$fit, iris, type = "prob")
  )
  expect_identical(levels(parsnip$predict_spec(fit, iris, "class")[[1]]), levels(iris$Species))
  expect_error(parsnip$predict_spec(fit, iris, "conf_int"), "n_models")

  fits <- parsnip$fit_spec("regression", mpg ~ ., mtcars,
    epochs = 3, engine = list(n_models = 4, bootstrap = TRUE, seed = 1)
  )
  interval <- predict(fits$fit, mtcars, type = "conf_int", level = 0.8)
  expect_identical(parsnip$predict_spec(fits, mtcars, "conf_int", 0.8), interval)
  with_error <- parsnip$predict_spec(fits, mtcars, "conf_int", 0.8, std_error = TRUE)
  expect_identical(with_error, cbind(interval, predict(fits$fit, mtcars, type = "std_error")),
    ignore_attr = TRUE
  )
})

test_that("prediction intervals are those of the fit, where it was calibrated", {
  skip_without_torch()
  parsnip <- local_standin()
  fit <- parsnip$fit_spec("regression", mpg ~ ., mtcars,
    epochs = 3, engine = list(seed = 1, validation = 0.25)
  )
  interval <- parsnip$predict_spec(fit, mtcars, "pred_int", level = 0.8)
  expect_named(interval, c(".pred_lower", ".pred_upper"))
  expect_identical(interval, predict(fit$fit, mtcars, type = "pred_int", level = 0.8))
  plain <- parsnip$fit_spec("regression", mpg ~ ., mtcars, epochs = 3)
  expect_refused(parsnip$predict_spec(plain, mtcars, "pred_int"), "validation")
})

test_that("quantiles come in the forms of older and newer parsnip, those that the fit has", {
  skip_without_torch()
  parsnip <- local_standin()
  levels <- c(0.1, 0.5, 0.9)
  own <- two_layer(mpg ~ ., mtcars,
    loss = "quantile", quantile_levels = levels, epochs = 3, seed = 1
  )
  values <- unname(as.matrix(predict(own, mtcars, type = "quantile")))
  fit <- parsnip$fit_spec("quantile regression", mpg ~ ., mtcars,
    epochs = 3, engine = list(seed = 1), quantile_levels = levels
  )
  expect_identical(
    parsnip$predict_spec(fit, mtcars, "quantile"), list(x = values, levels = levels),
    ignore_attr = TRUE
  )
  fit <- parsnip$fit_spec("regression", mpg ~ ., mtcars,
    epochs = 3, engine = list(seed = 1, loss = "quantile", quantile_levels = levels)
  )
  older <- parsnip$predict_spec(fit, mtcars, "quantile", quantile = c(0.9, 0.1))$.pred
  expect_identical(older[[2]]$.pred, values[2, c(3, 1)])
  expect_identical(older[[2]]$.quantile, c(0.9, 0.1))
  newer <- parsnip$predict_spec(fit, mtcars, "quantile", quantile_levels = 0.9)
  expect_identical(unname(newer$x[, 1]), values[, 3])
  expect_refused(parsnip$predict_spec(fit, mtcars, "quantile"), "0.1, 0.5, 0.9")
  plain <- parsnip$fit_spec("regression", mpg ~ ., mtcars, epochs = 3)
  expect_refused(parsnip$predict_spec(plain, mtcars, "quantile"), "`loss = \"quantile\"`")
})

test_that("a mode that this parsnip lacks is left out, and all arguments are tunable by dials", {
  parsnip <- local_standin()
  arguments <- parsnip$record$argument
  expect_true(all(vapply(arguments, function(own) own$func$pkg == "dials", NA)))
  unloadNamespace("parsnip")
  older <- sub(', "quantile regression"', "", standin, fixed = TRUE)
  loaded <- loadNamespace("parsnip", lib.loc = local_package("parsnip", older))
  modes <- vapply(loaded$record$engine, function(own) own$mode, "")
  expect_identical(modes, c("regression", "classification"))
})

# The real one, where it is installed: with R's library, one of some releases of parsnip.
mlp_spec <- function(mode, ...) {
  skip_without_torch()
  skip_if_not_installed("parsnip")
  skip_if_not("mlp_fit" %in% names(parsnip::get_model_env()), "parsnip itself, not a stand-in")
  spec <- parsnip::set_mode(parsnip::mlp(epochs = 3, hidden_units = 4), mode)
  parsnip::set_engine(spec, "pytwolayer", seed = 1, ...)
}

own_fit <- function(...) two_layer(..., epochs = 3, hidden_units = 4, seed = 1)

test_that("parsnip's own fit() and fit_xy() give the bits of two_layer()", {
  spec <- mlp_spec("regression")
  own <- own_fit(mpg ~ ., mtcars)
  for (fit in list(
    parsnip::fit(spec, mpg ~ ., mtcars), parsnip::fit_xy(spec, mtcars[-1], mtcars$mpg),
    parsnip::fit_xy(spec, as.matrix(mtcars[-1]), mtcars$mpg)
  )) {
    expect_identical(predict(fit, mtcars), predict(own, mtcars))
  }
  without <- own_fit(mpg ~ . - wt + disp:hp, mtcars)
  fit <- parsnip::fit(spec, mpg ~ . - wt + disp:hp, mtcars)
  expect_identical(predict(fit, mtcars), predict(without, mtcars))
  both <- own_fit(cbind(mpg, qsec) ~ ., mtcars)
  fit <- parsnip::fit_xy(spec, mtcars[-c(1, 7)], mtcars[c("mpg", "qsec")])
  expect_identical(names(predict(fit, mtcars)), c(".pred_mpg", ".pred_qsec"))
  expect_identical(predict(fit, mtcars), predict(both, mtcars))
})

test_that("parsnip's case weights, of both kinds, are two_layer()'s", {
  spec <- mlp_spec("regression")
  data <- transform(mtcars, weights = 1)
  counts <- rep(1:4, 8)
  for (given in list(hardhat::frequency_weights(counts), hardhat::importance_weights(counts))) {
    own <- own_fit(mpg ~ ., data, case_weights = given)
    fit <- parsnip::fit(spec, mpg ~ ., data, case_weights = given)
    expect_identical(predict(fit, data), predict(own, data))
    fit <- parsnip::fit_xy(spec, data[-1], data$mpg, case_weights = given)
    expect_identical(predict(fit, data), predict(own, data))
  }
})

test_that("parsnip's prediction types of classes and of ensembles", {
  spec <- mlp_spec("classification")
  fit <- parsnip::fit(spec, Species ~ ., iris[1:100, ]) # without the third class
  own <- own_fit(Species ~ ., iris[1:100, ])
  for (type in c("class", "prob", "raw")) {
    expect_identical(predict(fit, iris, type = type), predict(own, iris, type = type))
  }
  fits <- parsnip::fit(mlp_spec("regression", n_models = 4, bootstrap = TRUE), mpg ~ ., mtcars)
  own <- own_fit(mpg ~ ., mtcars, n_models = 4, bootstrap = TRUE)
  interval <- predict(fits, mtcars, type = "conf_int", level = 0.8, std_error = TRUE)
  expected <- cbind(
    predict(own, mtcars, type = "conf_int", level = 0.8), predict(own, mtcars, type = "std_error")
  )
  expect_equal(interval, expected, ignore_attr = TRUE)
  fit <- parsnip::fit(mlp_spec("regression", validation = 0.25), mpg ~ ., mtcars)
  own <- own_fit(mpg ~ ., mtcars, validation = 0.25)
  interval <- predict(fit, mtcars, type = "pred_int", level = 0.8)
  expect_identical(attr(interval, "level"), 0.8)
  expected <- predict(own, mtcars, type = "pred_int", level = 0.8)
  expect_identical(interval, expected, ignore_attr = TRUE)
})

test_that("the mode quantile regression of parsnip gives the quantiles of the loss", {
  mlp_spec("regression")
  skip_if_not("quantile regression" %in% parsnip::get_from_env("mlp_modes"), "a mode of parsnip")
  spec <- parsnip::mlp(epochs = 3, hidden_units = 4, engine = "pytwolayer")
  spec <- parsnip::set_mode(spec, "quantile regression", quantile_levels = c(0.1, 0.9))
  set.seed(1)
  fit <- parsnip::fit(spec, mpg ~ ., mtcars)
  set.seed(1)
  own <- two_layer(mpg ~ ., mtcars,
    epochs = 3, hidden_units = 4, loss = "quantile", quantile_levels = c(0.1, 0.9)
  )
  new <- mtcars[1:3, ]
  new$wt[2] <- NA
  values <- as.matrix(predict(fit, new)$.pred_quantile)
  expect_identical(unname(values), unname(as.matrix(predict(own, new, type = "quantile"))))
})

test_that("with parsnip odd rows are missing, in their places, and odd names do no harm", {
  spec <- mlp_spec("regression")
  data <- data.frame(
    `a b` = mtcars$wt, size = factor(mtcars$cyl), `y out` = mtcars$mpg, check.names = FALSE
  )
  names(data)[2] <- "Gr\u00f6\u00dfe"
  data[[1]][3] <- NA
  suppressMessages({
    own <- own_fit(`y out` ~ ., data)
    fits <- list(
      parsnip::fit(spec, `y out` ~ ., data), parsnip::fit_xy(spec, data[-3], data[["y out"]])
    )
  })
  new <- data[1:4, ]
  new[[2]] <- factor(c("4", "5", "6", "8"))
  for (fit in fits) {
    expect_warning(
      predicted <- predict(fit, new),
      class = "pytwolayer_warning_unseen_level"
    )
    expect_identical(is.na(predicted$.pred), c(FALSE, TRUE, TRUE, FALSE))
    expect_identical(predicted$.pred[c(1, 4)], predict(own, new[c(1, 4), ])$.pred)
    expect_identical(dim(predict(fit, new[0, ])), 0:1)
    expect_identical(dim(predict(fit, new[1, ])), c(1L, 1L))
    expect_error(predict(fit, new[-1])) # of fit_xy() parsnip's own
  }
  expect_error(parsnip::fit(spec, mpg ~ ., mtcars[0, ]), "at least one row")
})

test_that("parsnip passes the arguments of set_engine(), those that can be tuned too", {
  spec <- mlp_spec("regression",
    batch_size = 8, activation = "tanh", validation = 0.2, patience = 2
  )
  fit <- parsnip::extract_fit_engine(parsnip::fit(spec, mpg ~ ., mtcars))
  settings <- fit$settings[c("batch_size", "activation", "patience")]
  expect_equal(unname(settings), list(8, "tanh", 2))
  expect_named(fit$history, c("epoch", "loss", "valid_loss"))
  skip_if(utils::packageVersion("parsnip") < "1.2.0", "mlp(activation = ) of an engine of another")
  spec <- stats::update(mlp_spec("regression"), activation = "gelu")
  fit <- parsnip::extract_fit_engine(parsnip::fit(spec, mpg ~ ., mtcars))
  expect_identical(fit$settings$activation, "gelu")
})

test_that("tune() finds a range for each argument that can be tuned", {
  spec <- mlp_spec("regression")
  skip_if_not_installed("dials")
  rows <- generics::tunable(spec)
  expect_identical(setdiff(names(pytwolayer:::parsnip_arguments), rows$name), character())
  for (info in rows$call_info) {
    if (isTRUE(info$fun %in% getNamespaceExports("dials"))) { # of older ones not all
      how <- info[setdiff(names(info), c("pkg", "fun"))]
      parameter <- do.call(getExportedValue("dials", info$fun), how)
      expect_length(dials::value_seq(parameter, 3), 3)
    }
  }
})

test_that("a workflow is tuned, and its winner has the bits of two_layer() with these settings", {
  mlp_spec("regression")
  withr::local_envvar(TZ = "UTC") # what these load asks the system for it
  for (name in c("workflows", "tune", "rsample", "yardstick")) skip_if_not_installed(name)
  spec <- parsnip::mlp("regression", hidden_units = hardhat::tune(), epochs = 3)
  spec <- parsnip::set_engine(spec, "pytwolayer", batch_size = hardhat::tune(), seed = 1)
  flow <- workflows::add_formula(workflows::add_model(workflows::workflow(), spec), mpg ~ .)
  folds <- rsample::manual_rset(
    list(rsample::make_splits(list(analysis = 1:20, assessment = 21:32), mtcars)), "only"
  )
  found <- tune::tune_grid(flow, folds,
    grid = data.frame(hidden_units = c(2, 8), batch_size = c(8, 32)),
    metrics = yardstick::metric_set(yardstick::rmse)
  )
  expect_identical(nrow(tune::collect_notes(found)), 0L)
  own <- lapply(list(c(2, 8), c(8, 32)), function(both) {
    fit <- two_layer(mtcars[1:20, -1], mtcars$mpg[1:20],
      hidden_units = both[1], batch_size = both[2], epochs = 3, seed = 1
    )
    sqrt(mean((predict(fit, mtcars[21:32, ])$.pred - mtcars$mpg[21:32])^2))
  })
  expect_equal(tune::collect_metrics(found)$mean, unlist(own))
  best <- tune::select_best(found, metric = "rmse")
  final <- generics::fit(tune::finalize_workflow(flow, best), mtcars)
  fit <- two_layer(mpg ~ ., mtcars,
    hidden_units = best$hidden_units, batch_size = best$batch_size, epochs = 3, seed = 1
  )
  expect_identical(predict(final, mtcars), predict(fit, mtcars))
})

# The ways to parsnip's fits, with what they predict of odd_data's rows by two_layer() itself.
ways_of_fitting <- function(spec, data) {
  named <- function(name, ...) if (requireNamespace(name, quietly = TRUE)) list(...)
  flow <- function() workflows::add_model(workflows::workflow(), spec)
  x <- data[names(data) != "y"]
  c(
    list(formula = parsnip::fit(spec, y ~ ., data), tables = parsnip::fit_xy(spec, x, data$y)),
    named("workflows",
      variables = generics::fit(
        workflows::add_variables(flow(), "y", dplyr::everything()), data
      ),
      recipe = generics::fit(workflows::add_recipe(flow(), recipes::recipe(y ~ ., data)), data)
    )
  )
}

test_that("with parsnip and workflows each row has its own prediction, whatever table it is in", {
  spec <- mlp_spec("regression")
  withr::local_envvar(TZ = "UTC")
  truth <- predict(own_fit(y ~ ., odd_data), odd_data)$.pred
  fits <- ways_of_fitting(spec, odd_data)
  level <- "an unseen level" # of an ordered factor workflows has an error of its own, by hardhat
  for (fit in fits) {
    refuses <- inherits(fit, "workflow")
    cases <- odd_new_data(setdiff(names(odd_new_data()), if (refuses) level))
    expect_rows_in_place(function(new) predict(fit, new)$.pred, truth, cases)
    unseen <- odd_new_data(level)[[1]]$new
    if (refuses) expect_error(predict(fit, unseen), class = "vctrs_error_cast")
    expect_error(predict(fit, odd_data[-1]))
    expect_error(predict(fit, transform_column(odd_data, "count", as.character)))
  }
  gaps <- odd_data
  gaps[["a b"]][3] <- gaps$y[7] <- NA
  suppressMessages({
    own <- own_fit(y ~ ., gaps)
    fits <- ways_of_fitting(spec, gaps)
  })
  truth <- predict(own, odd_data)$.pred
  for (fit in fits) {
    expect_identical(parsnip::extract_fit_engine(fit)$rows, 22L)
    expect_equal(predict(fit, odd_data)$.pred, truth)
  }
})

test_that("with parsnip a class without rows has its column, and what is no outcome is refused", {
  spec <- mlp_spec("classification")
  withr::local_envvar(TZ = "UTC")
  data <- transform(odd_data[c("count", "y")], y = factor(rep(c("p", "q", "r"), 8)))
  for (fit in ways_of_fitting(spec, data[data$y != "q", ])) {
    expect_named(predict(fit, data, type = "prob"), c(".pred_p", ".pred_q", ".pred_r"))
    expect_identical(levels(predict(fit, data)$.pred_class), c("p", "q", "r"))
  }
  expect_error(parsnip::fit(spec, y ~ ., transform(data, y = as.numeric(y))), "factor")
  expect_error(parsnip::fit(spec, y ~ ., data[data$y == "p", ]), "two classes")
  listed <- tibble::tibble(y = odd_data$y, x = as.list(1:24))
  expect_refused(parsnip::fit(mlp_spec("regression"), y ~ ., listed), "a list in column")
})

test_that("what fit_resamples() and last_fit() keep is what the rows' own fit predicts", {
  spec <- mlp_spec("regression")
  withr::local_envvar(TZ = "UTC")
  for (name in c("workflows", "tune", "rsample", "yardstick")) skip_if_not_installed(name)
  data <- transform(odd_data[c("count", "y")], text = odd_data[[2]])
  data$text[3] <- "once" # a level that one fold alone has
  data$count[5] <- NA
  data$text <- factor(data$text)
  flow <- workflows::add_formula(workflows::add_model(workflows::workflow(), spec), y ~ .)
  first <- list(analysis = 1:12, assessment = 13:24)
  second <- list(analysis = 13:24, assessment = 1:12)
  splits <- lapply(list(first, second), rsample::make_splits, data = data)
  control <- tune::control_resamples(save_pred = TRUE, extract = parsnip::extract_fit_engine)
  found <- suppressMessages(suppressWarnings(tune::fit_resamples(
    flow, rsample::manual_rset(splits, c("a", "b")), control = control
  )))
  kept <- tune::collect_predictions(found)
  expect_setequal(kept$.row, 1:24)
  expect_setequal(kept$.row[is.na(kept$.pred)], c(3, 5))
  fit <- generics::fit(flow, data[13:24, ])
  own <- suppressWarnings(predict(fit, data[kept$.row[kept$id == "b"], ]))
  expect_identical(kept$.pred[kept$id == "b"], own$.pred)
  second$assessment <- 6:12
  last <- tune::last_fit(flow, rsample::make_splits(second, data))
  kept <- tune::collect_predictions(last)
  expect_identical(kept$.pred, predict(fit, data[kept$.row, ])$.pred)
  expect_s3_class(parsnip::extract_fit_engine(workflows::extract_fit_parsnip(fit)), "two_layer")
  expect_identical(generics::tidy(fit), generics::tidy(parsnip::extract_fit_engine(fit)))
  expect_identical(generics::glance(fit), generics::glance(parsnip::extract_fit_engine(fit)))
  shown <- generics::augment(fit, data[6:8, ])
  expect_identical(shown$.pred, predict(fit, data[6:8, ])$.pred)
})

test_that("workers that are forked from a session with Python give the session's bits", {
  spec <- mlp_spec("regression")
  skip_on_os("windows")
  fit <- parsnip::fit(spec, mpg ~ ., mtcars) # which starts Python, and its threads
  truth <- predict(fit, mtcars)
  made <- parallel::mclapply(1:2, function(number) {
    list(predict(fit, mtcars), predict(parsnip::fit(spec, mpg ~ ., mtcars), mtcars))
  }, mc.cores = 2)
  expect_identical(made, rep(list(list(truth, truth)), 2))
})
