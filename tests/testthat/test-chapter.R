test_that("the chapter's losses come as a data frame of iter and loss", {
  skip_without_torch()
  losses <- chapter_losses()
  expect_identical(class(losses), "data.frame")
  expect_identical(names(losses), c("iter", "loss"))
  expect_identical(losses$iter, 1:500)
  expect_type(losses$loss, "double")
})

test_that("the first and the last printed rows come out", {
  skip_without_torch()
  losses <- chapter_losses()$loss
  expect_identical(signif(losses[c(1, 2, 3, 500)], 3), c(628, 585, 547, 1.46e-05))
})

test_that("whole doubles are counts, others are not", {
  skip_without_torch()
  expect_identical(chapter_losses(20), chapter_losses(20L))
  expect_refused(chapter_losses(500.5), "`steps`", "whole number", "500.5")
  expect_refused(chapter_losses(0), "`steps`", "at least 1", "not 0.")
  expect_refused(chapter_losses(-1), "`steps`", "not -1.")
  expect_refused(chapter_losses(n = 0.5), "`n`", "0.5")
  expect_refused(chapter_losses(d_in = 0), "`d_in`")
  expect_refused(chapter_losses(hidden_units = "many"), "`hidden_units`", "\"many\"")
  expect_refused(chapter_losses(d_out = NULL), "`d_out`", "NULL")
  expect_refused(chapter_losses(TRUE), "`steps`", "TRUE")
})

test_that("bad numbers, names and vectors are refused in R's words", {
  skip_without_torch()
  expect_refused(chapter_losses(learning_rate = NaN), "`learning_rate`", "finite", "not NaN.")
  expect_refused(chapter_losses(learning_rate = -Inf), "`learning_rate`", "not -Inf.")
  expect_refused(chapter_losses(learning_rate = 0), "`learning_rate`", "above 0")
  expect_refused(chapter_losses(steps = NA), "`steps`", "a single value", "not NA.")
  expect_refused(chapter_losses(steps = 1:2), "`steps`", "a single value", "length 2")
  expect_refused(chapter_losses(loss = NA_character_), "`loss`", "NA")
  expect_refused(chapter_losses(loss = "mes"), "`loss`", "\"mse\"", "\"mes\"", "did you mean")
  expect_refused(chapter_losses(reduction = 1), "`reduction`", "\"sum\"")
  expect_refused(chapter_losses(seed = -1), "`seed`")
  expect_refused(chapter_losses(seed = NULL), "`seed`", "NULL")
})

test_that("a misspelt or nameless argument is refused", {
  expect_refused(chapter_losses(stpes = 3), "`stpes`", "did you mean `steps`")
  expect_refused(chapter_losses(10, 1e-4, 64), "without a name")
})

test_that("a learning rate that is too large gives its losses all the same", {
  skip_without_torch()
  losses <- chapter_losses(50, learning_rate = 10)$loss
  expect_length(losses, 50)
  expect_false(all(is.finite(losses)))
})
