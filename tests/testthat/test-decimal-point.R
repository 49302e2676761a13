# What is computed, kept and read again does not depend on the session's decimal mark.

ways <- c("locale", "OutDec")

# Its terms and levels are named after numbers.
with_cuts <- mpg ~ I(wt * 0.5) + cut(disp, c(0, 150.5, 300.25, 1e3)) + factor(gear / 4) +
  log(hp + 0.5)

whole_round <- function(formula = with_cuts) {
  fit <- quick_formula(
    formula, mtcars,
    learning_rate = 0.05, dropout = 0.25, weight_decay = 0.001, validation = 0.25
  )
  file <- withr::local_tempfile(fileext = ".safetensors")
  save_two_layer(fit, file)
  loaded <- load_two_layer(file)
  folder <- withr::local_tempdir()
  kept <- function(epochs) quick_formula(mpg ~ ., mtcars, epochs = epochs, checkpoint = folder)
  kept(3)
  fits <- list(
    fit, loaded, unserialize(serialize(fit, NULL)),
    continue_training(fit, 2, formula = formula, data = mtcars),
    quick(n_models = 2, learning_rate = 0.02), quick(as.matrix(mtcars[-1]), learning_rate = 0.02),
    kept(3)
  )
  list(
    bytes = readBin(file, "raw", 1e6),
    fits = lapply(fits, function(fit) fit[c("history", "settings", "weights", "inputs")]),
    predictions = lapply(fits, function(fit) {
      lapply(c("python", "r"), function(engine) predict(fit, mtcars, engine = engine))
    }),
    augmented = augment(fit, mtcars), glanced = glance(fit), chapter = chapter_losses(steps = 3)
  )
}

for (way in ways) {
  test_that(paste("a whole round gives what it gives with a decimal point:", way), {
    skip_without_torch()
    usual <- whole_round()
    local_comma(way)
    expect_identical(whole_round(), usual)
    expect_identical(format(0.5), "0,5") # as it was set
  })

  test_that(paste("what was fitted with a point works with a comma, and the other way:", way), {
    skip_without_torch()
    fit <- quick_formula(with_cuts, mtcars)
    file <- withr::local_tempfile(fileext = ".safetensors")
    usual <- predict(fit, mtcars)
    local({
      local_comma(way)
      expect_silent(there <- predict(fit, mtcars))
      expect_identical(there, usual)
      save_two_layer(quick_formula(with_cuts, mtcars), file)
    })
    for (engine in engines) {
      of_file <- predict(load_two_layer(file), mtcars, engine = engine)
      expect_identical(of_file, predict(fit, mtcars, engine = engine))
    }
  })

  test_that(paste("the data of a fit come back as they were:", way), {
    skip_without_torch()
    fit <- two_layer(with_cuts, mtcars, epochs = 3, seed = 1)
    frame <- stats::model.frame(fit)
    labels <- attr(stats::terms(fit), "term.labels")
    longer <- predict(continue_training(fit, 1))
    local_comma(way)
    expect_identical(stats::model.frame(fit), frame)
    expect_identical(attr(stats::terms(fit), "term.labels"), labels)
    expect_identical(predict(continue_training(fit, 1)), longer)
  })

  test_that(paste("a recipe's steps too:", way), {
    skip_without_torch()
    skip_if_not_installed("recipes")
    made <- function() {
      rec <- recipes::recipe(mpg ~ disp + wt, mtcars)
      rec <- recipes::step_mutate(rec, cut = cut(disp, c(0, 150.5, 300.25, 1e3)))
      two_layer(rec, mtcars, epochs = 3, seed = 1)
    }
    usual <- made()
    predictions <- predict(usual, mtcars)
    local_comma(way)
    expect_identical(made()$inputs, usual$inputs)
    expect_silent(there <- predict(usual, mtcars))
    expect_identical(there, predictions)
  })

  test_that(paste("what is printed has commas throughout, where R's own has:", way), {
    skip_without_torch()
    fits <- list(
      quick(learning_rate = 0.05), quick(validation = 0.25, n_models = 2, learning_rate = 0.05)
    )
    pages <- function() unlist(lapply(fits, function(fit) capture.output(print(fit))))
    usual <- pages()
    summarised <- capture.output(summary(fits[[1]]))
    local_comma(way)
    there <- pages()
    expect_match(there, "learning rate 0,05", fixed = TRUE, all = FALSE)
    expect_identical(gsub("[.,]", "#", there), gsub("[.,]", "#", usual))
    expect_false(any(grepl("[0-9][.][0-9]", there)))
    of_summary <- capture.output(summary(fits[[1]]))
    expect_identical(gsub("[.,]", "#", of_summary), gsub("[.,]", "#", summarised))
    told <- of_summary[!grepl("two_layer\\(|learning_rate = ", of_summary)] # the call is code
    expect_false(any(grepl("[0-9][.][0-9]", told)))
    expect_match(of_summary, "0.05", fixed = TRUE, all = FALSE)
  })

  test_that(paste("plots have the marks of R's own plots:", way), {
    skip_without_torch()
    skip_if_not_installed("ggplot2")
    fit <- quick(learning_rate = 0.002)
    local_comma(way)
    built <- ggplot2::ggplot_build(ggplot2::autoplot(fit))$layout$panel_params[[1]]
    labels <- stats::na.omit(built$y$get_labels())
    expect_true(any(grepl(",", labels, fixed = TRUE)))
    expect_false(any(grepl(".", labels, fixed = TRUE)))
  })

  test_that(paste("the progress bar too:", way), {
    withr::local_options(cli.progress_show_after = 0, cli.dynamic = TRUE, cli.num_colors = 1)
    local_comma(way)
    show <- progress_bar(verbose = TRUE, visible = TRUE)
    drawn <- capture.output(
      {
        show(30, 0.25, 100)
        invisible(show(0, 0, 100))
      },
      type = "message"
    )
    expect_match(paste(drawn, collapse = ""), "loss 0,25", fixed = TRUE)
  })

  test_that(paste("messages show values as code has them:", way), {
    skip_without_torch()
    fit <- quick()
    local_comma(way)
    expect_refused(quick(dropout = 1.5), "not 1.5 (did you mean 0.015?).")
    expect_refused(quick(validation = c(1.5, 2)), "not 1.5 to 2.")
    expect_refused(predict(fit, mtcars, type = 0.5), "not 0.5.")
  })
}

test_that("the session's decimal mark is as before, also after an error", {
  local_comma_locale()
  withr::local_options(OutDec = ";")
  locale <- Sys.getlocale("LC_NUMERIC")
  expect_identical(with_decimal_point(c(sprintf("%.1f", 0.5), format(0.5))), c("0.5", "0.5"))
  expect_silent(with_decimal_point(1))
  expect_error(with_decimal_point(stop("no")), "no")
  expect_identical(Sys.getlocale("LC_NUMERIC"), locale)
  expect_identical(getOption("OutDec"), ";")
})

test_that("numbers are told as before where the mark is a point", {
  for (value in c(0, 0.003, 1e-5, 1e-4, 123456.5, 1e6, 100, 1 / 3, Inf, NaN, -0.25)) {
    expect_identical(format_number(value, 4), sprintf("%.4g", value))
    expect_identical(format_number(value), sprintf("%g", value))
  }
})
