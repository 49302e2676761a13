skip_without_torch()

# Of both engines: values or the error, and the warnings.
both <- function(fit, new_data, type) {
  lapply(c("python", "r"), function(engine) {
    warned <- character()
    value <- tryCatch(
      withCallingHandlers(
        predict(fit, new_data, type = type, engine = engine),
        pytwolayer_warning = function(cnd) {
          warned <<- c(warned, conditionMessage(cnd))
          invokeRestart("muffleWarning")
        }
      ),
      pytwolayer_error = function(cnd) {
        list(conditionMessage(cnd), class(cnd), cnd$argument, cnd$expected, cnd$received)
      }
    )
    list(value = value, warned = warned)
  })
}

expect_alike <- function(fit, new_data) {
  types <- if (is.null(fit$levels)) c("numeric", "raw") else c("class", "prob", "raw")
  for (type in types) {
    found <- both(fit, new_data, type)
    expect_equal(found[[2]], found[[1]], tolerance = 1e-6)
  }
  invisible(found[[1]])
}

test_that("all activations and losses give the core's numbers", {
  x <- data.frame(a = c(-40, seq(-3, 3, length.out = 30), 40), b = rep(c("u", "v"), 16))
  y <- sin(x$a)
  for (activation in names(r_activations)) {
    fit <- quick(x, y, activation = activation, learning_rate = 0.3, epochs = 20, input_clip = NULL)
    expect_alike(fit, rbind(x, data.frame(a = c(1e4, -1e4), b = "u")))
  }
  for (loss in c("mse", "mae", "huber", "poisson", "gamma")) {
    expect_alike(quick(x, abs(y), loss = loss), x)
  }
  expect_alike(quick(x, data.frame(u = y, v = 1000 * y)), x)
  expect_alike(quick(x, data.frame(only = y)), x)
  expect_alike(quick(x, y > 0), x)
  expect_alike(quick(x, factor(rep(letters[1:4], 8), levels = letters[5:1])), x)
})

test_that("all odd data behave as with the core", {
  data <- data.frame(
    number = c(1.5, 2, 8, 3), whole = c(1L, 4L, 2L, 9L), kind = factor(c("p", "q", "p", "q")),
    text = c("ä", "b", "b", "ä"), yes = c(TRUE, FALSE, TRUE, TRUE), same = 7
  )
  put <- function(...) {
    new <- data
    new[...names()] <- list(...)
    new
  }
  frames <- list(
    data, data[6:1], cbind(data, more = I(list(1, 2, 3, 4))), data[0, ], data[1, ], data[-1],
    data[c("same", "yes")], put(number = c(NA, 1, NaN, 2)), put(number = NA), put(kind = NA),
    put(number = Inf), put(number = c("a", "b", "c", "d")), put(kind = 1:4), put(yes = 0:3),
    put(kind = c("q", "new", "alt", NA)),
    put(text = factor(c("z", "b", "y", "b"), c("z", "y", "b"))),
    put(kind = "new", number = "text"), put(number = 1e300), put(number = -1e9), put(same = 1e5),
    put(number = c(TRUE, NA, FALSE, TRUE)), put(number = as.Date("2020-01-01") + 0:3),
    put(number = 1:4 + 0i), stats::setNames(data, c("number", "number", names(data)[3:6])),
    put(text = "\xff"), as.matrix(data[c(1, 2)]), 3, NULL, data[integer(), -1]
  )
  fits <- list(
    quick(data, c(1, 5, 2, 9)), quick(data, c(1, 5, 2, 9), input_clip = NULL),
    quick(data, c(1, 5, 2, 9), loss = "poisson", input_clip = NULL),
    quick(data, c("u", "v", "v", "u"))
  )
  for (fit in fits) {
    for (frame in frames) {
      expect_alike(fit, frame)
    }
  }
})

test_that("numbers in pieces behave as with the core, odd data too", {
  data <- data.frame(
    number = c(1.5, 2, 8, 3, -4, 9, 2, 0.5), whole = c(1L, 4L, 2L, 9L, 7L, 3L, 5L, 5L),
    kind = factor(c("p", "q", "p", "q")), few = c(1, 2, 3, 4), same = 7, yes = c(TRUE, FALSE)
  )
  y <- c(1, 5, 2, 9, 0, 3, 4, 8)
  put <- function(...) {
    new <- data
    new[...names()] <- list(...)
    new
  }
  frames <- list(
    data, data[6:1], data[0, ], data[1, ], data[-1], put(number = c(NA, 1, NaN, 2)),
    put(number = NA), put(number = Inf), put(number = "a"), put(number = c(1e300, 1)),
    put(number = c(-1e9, 1e9)), put(whole = -1e308), put(same = 1e5), put(few = 1e5),
    put(number = c(TRUE, NA)), put(kind = "new")
  )
  fits <- list(
    quick(data, y, encoding = "piecewise"),
    quick(data, y, encoding = "piecewise", pieces = 3, input_clip = NULL),
    quick(data, rep(c("u", "v"), 4), encoding = "piecewise", pieces = 64, input_clip = 0.7)
  )
  for (fit in fits) {
    expect_identical(fit$settings$encoding, "piecewise")
    expect_true(all(c("number_2", "whole_3", "few", "same", "yes", "kind_p") %in% fit$inputs))
    for (frame in frames) {
      expect_alike(fit, frame)
    }
  }
  several <- quick(data, y, encoding = "piecewise", n_models = 3, bootstrap = TRUE)
  expect_equal(predict(several, data, engine = "r"), predict(several, data), tolerance = 1e-6)
  expect_alike(quick_formula(mpg ~ poly(hp, 2) + wt:disp, mtcars, encoding = "piecewise"), mtcars)
})

test_that("numbers in pieces have a column each in model.matrix() and in coef()", {
  fit <- quick_formula(mpg ~ hp + wt, mtcars, encoding = "piecewise", pieces = 3)
  inputs <- c(paste0("hp_", 1:3), paste0("wt_", 1:3))
  expect_identical(variable.names(fit), inputs)
  expect_identical(colnames(coef(fit)$hidden_weight), inputs)
  matrix <- model.matrix(fit, data = mtcars)
  expect_identical(dimnames(matrix), list(rownames(mtcars), inputs))
  expect_equal(unname(colMeans(matrix)), numeric(6), tolerance = 1e-6)
  hidden <- pmax(tcrossprod(matrix, coef(fit)$hidden_weight) +
    rep(coef(fit)$hidden_bias, each = 32), 0)
  output <- drop(tcrossprod(hidden, coef(fit)$output_weight)) + coef(fit)$output_bias
  expect_equal(unname(output), predict(fit, mtcars, type = "raw")[[1]], tolerance = 1e-6)
  # The first piece rises up to its end, and is constant behind it.
  ends <- sort(mtcars$hp)[c(1, 11, 22, 32)]
  expect_identical(fit$coding$inputs$codings[[1]]$knots, ends)
  expect_length(unique(matrix[mtcars$hp >= ends[[2]], "hp_1"]), 1)
  expect_length(unique(matrix[mtcars$hp <= ends[[2]], "hp_2"]), 1)
})

test_that("matrices without names behave as with the core", {
  x <- matrix(c(1, 2, 5, 3, 9, 4, 2, 2), 4)
  for (fit in list(quick(x, 1:4), quick(as.data.frame(x), 1:4))) {
    for (new in list(x, x[, 1, drop = FALSE], x > 2, x[0, ], x[, 0], matrix("a", 4, 2), x * NA)) {
      expect_alike(fit, new)
    }
  }
})

test_that("many rows come in blocks, and rows do not depend on one another", {
  fit <- quick(iris[-5], iris$Species)
  many <- iris[rep(seq_len(150), 20), ]
  expect_identical(
    predict(fit, many, type = "prob", engine = "r")[1:150, ],
    predict(fit, iris, type = "prob", engine = "r")
  )
  wide <- quick(iris[-5], iris$Species, hidden_units = 3000, epochs = 1)
  expect_alike(wide, many)
  pieces <- quick(iris[-5], iris$Species, hidden_units = 3000, epochs = 1, encoding = "piecewise")
  expect_alike(pieces, many)
})

# A factor of so many levels, two rows of each, and numbers before and after it.
many_levels <- function(levels) {
  row <- seq_len(2 * levels)
  kind <- factor(sprintf("level %05d", rep(rev(seq_len(levels)), 2)))
  data.frame(before = sin(row), kind = kind, after = cos(row), y = row %% 7)
}

# What a call takes at most, above what was there before, in MB.
peak_memory <- function(code) {
  before <- sum(gc(reset = TRUE, verbose = FALSE)[, 2])
  force(code)
  sum(gc(verbose = FALSE)[, 6]) - before
}

test_that("columns of many levels give the core's numbers, in few rows and in many", {
  data <- many_levels(300)
  odd <- rbind(data, transform(data[1:3, ], kind = c("level 00007", NA, "new")))
  for (columns in list(c("before", "kind", "after"), "kind")) {
    fit <- quick(data[columns], data$y)
    expect_alike(fit, odd[columns])
    expect_alike(fit, odd[602:603, columns, drop = FALSE])
    some <- odd[9:2, columns, drop = FALSE]
    expect_equal(
      predict(fit, some, type = "raw", engine = "r"),
      predict(fit, data[columns], type = "raw", engine = "r")[9:2, ],
      tolerance = 1e-12
    )
  }
})

test_that("many levels are predicted without a matrix of zeros and ones", {
  data <- many_levels(2000)
  fit <- quick(data[-4], data$y, epochs = 1)
  many <- data[rep(seq_len(4000), 10), -4]
  one_hot <- 40000 * 2000 * 8 / 2^20
  expect_lt(peak_memory(predict(fit, many, engine = "r")), one_hot / 4)
})

test_that("model.matrix() of many levels has a 1 in each row's own level", {
  data <- many_levels(2000)
  fit <- quick_formula(y ~ ., data, epochs = 1)
  inputs <- model.matrix(fit, data = data)
  expect_identical(fit$inputs[c(1, 2002)], c("before", "after"))
  chosen <- max.col(inputs[, 2:2001])
  expect_identical(fit$inputs[1 + chosen], paste0("kind_", data$kind))
  expect_identical(unname(rowSums(inputs[, 2:2001])), rep(1, 4000))
})

test_that("formulas and recipes work, and augment() takes the engine", {
  fit <- quick_formula(log(mpg) ~ poly(hp, 2) + wt:disp + factor(cyl), mtcars)
  expect_alike(fit, mtcars[3:1, ])
  expect_equal(augment(fit, mtcars, engine = "r"), augment(fit, mtcars), tolerance = 1e-6)
  skip_if_not_installed("recipes")
  recipe <- recipes::step_log(recipes::recipe(mpg ~ ., mtcars), disp)
  expect_alike(two_layer(recipe, mtcars, epochs = 3), mtcars[3:1, ])
})

test_that("rows that are all missing are missing whatever the loss", {
  gone <- data.frame(wt = c(NA_real_, NA_real_))
  shares <- quick_formula(vs ~ wt, transform(mtcars, vs = as.double(vs)), loss = "binomial")
  counts <- quick_formula(carb ~ wt, mtcars, loss = "poisson")
  for (fit in list(shares, counts)) {
    for (rows in list(gone, gone[1, , drop = FALSE], gone[0, , drop = FALSE])) {
      expect_identical(predict(fit, rows, engine = "r"), predict(fit, rows))
    }
  }
})

test_that("an engine that is none is refused", {
  fit <- quick()
  expect_refused(predict(fit, mtcars, engine = "R"), "`engine` must be one of \"python\", \"r\"")
  expect_refused(predict(fit, mtcars, engine = NULL), "`engine` must be")
})
