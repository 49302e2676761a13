rows <- 300
numbers <- matrix(round(sin(seq_len(rows * 4)), 3), rows, dimnames = list(NULL, letters[1:4]))
outcome <- cos(seq_len(rows))

test_that("a matrix gives the fit that its data frame gives, to the bit", {
  skip_without_torch()
  same <- function(matrix) {
    fit <- quick(matrix, outcome)
    frame <- quick(as.data.frame(matrix), outcome)
    expect_identical(fit$model, frame$model)
    expect_identical(fitted(fit), fitted(frame))
    expect_identical(fit$blueprint, frame$blueprint)
    expect_identical(predict(fit, matrix), predict(frame, as.data.frame(matrix)))
    expect_equal(predict(fit, matrix, engine = "r"), predict(fit, matrix), tolerance = 1e-6)
  }
  same(numbers)
  same(structure(numbers, dimnames = list(paste0("row", seq_len(rows)), letters[1:4])))
  same(round(numbers * 10))
  whole <- structure(as.integer(numbers * 10), dim = dim(numbers), dimnames = dimnames(numbers))
  same(whole)
  same(numbers > 0)
  holes <- whole
  holes[c(3, 500)] <- NA
  suppressMessages(same(holes))
})

test_that("columns of a matrix are found by name, and without names by position", {
  skip_without_torch()
  fit <- quick(numbers, outcome)
  expect_identical(predict(fit, numbers[, 4:1]), predict(fit, numbers))
  expect_identical(predict(fit, cbind(z = 0, numbers)), predict(fit, numbers))
  expect_identical(predict(fit, unname(numbers)), predict(fit, numbers))
  expect_identical(quick(unname(numbers), outcome)$weights, fit$weights)
  for (engine in engines) {
    ask <- function(...) predict(fit, ..., engine = engine)
    expect_refused(ask(numbers[, 1:3]), "`new_data`", "one without \"d\"")
    expect_refused(ask(unname(numbers[, 1:3])), "`new_data`", "4 columns", "3")
    far <- numbers
    far[7, 2] <- Inf
    expect_refused(ask(far), "`new_data`", "finite", "\"b\" (1 of 300 values)")
    expect_identical(nrow(ask(numbers[0, ])), 0L)
  }
  in_one <- quick(numbers, NULL, outcome = "b")
  expect_identical(in_one$model, quick(as.data.frame(numbers), NULL, outcome = "b")$model)
  expect_refused(quick(numbers[, c(1, 1)], outcome), "`x`", "several columns \"a\"")
})

test_that("R's engine predicts a matrix in blocks of rows", {
  skip_without_torch()
  fit <- quick(numbers, outcome)
  whole <- predict(fit, numbers, engine = "r")$.pred
  columns <- as_columns("new_data", plain_table(numbers))
  blocks <- r_predictions_of_matrix(fit, columns, "numeric", quote(f()), most_cells = 40)
  expect_equal(blocks[, 1], whole, tolerance = 1e-12)
})

test_that("a sparse matrix of any class is what it is when it is dense", {
  skip_without_torch()
  skip_if_not_installed("Matrix")
  dense <- round(numbers, 1) * (abs(numbers) > 0.7) + 0 # without -0
  sparse <- Matrix::Matrix(dense, sparse = TRUE)
  fit <- quick(sparse, outcome, validation = 0.2)
  expected <- quick(dense, outcome, validation = 0.2)
  expect_identical(fit$model, expected$model)
  expect_identical(fitted(fit), fitted(expected))
  predicted <- predict(expected, dense)
  for (class in c("CsparseMatrix", "TsparseMatrix", "RsparseMatrix")) {
    expect_identical(predict(fit, methods::as(sparse, class)), predicted)
  }
  expect_equal(predict(fit, sparse, engine = "r"), predicted, tolerance = 1e-6)
  square <- crossprod(dense)
  symmetric <- Matrix::crossprod(sparse)
  expect_identical(predict(fit, symmetric), predict(expected, square))
  pattern <- quick(methods::as(sparse, "nMatrix"), outcome)
  logical <- quick(methods::as(sparse, "lMatrix"), outcome)
  expect_identical(pattern$model, quick((dense != 0) + 0, outcome)$model)
  expect_identical(logical$model, pattern$model)
  diagonal <- Matrix::Diagonal(4)
  expect_identical(predict(fit, diagonal), predict(fit, diag(4)))
  expect_identical(predict(fit, Matrix::Matrix(dense, sparse = FALSE)), predicted)
})

test_that("a sparse matrix has missing values, rows for validation, and more epochs", {
  skip_without_torch()
  skip_if_not_installed("Matrix")
  dense <- numbers * (abs(numbers) > 0.7) + 0
  dense[2, 1] <- NA
  sparse <- Matrix::Matrix(dense, sparse = TRUE)
  fit <- suppressMessages(quick(sparse, NULL, outcome = "d", validation = sparse[9:20, ]))
  expected <- suppressMessages(quick(dense, NULL, outcome = "d", validation = dense[9:20, ]))
  expect_identical(fit$model, expected$model)
  expect_identical(fitted(fit), fitted(expected))
  expect_identical(is.na(predict(fit, sparse)$.pred), seq_len(rows) == 2)
  expect_identical(is.na(predict(fit, sparse, engine = "r")$.pred), seq_len(rows) == 2)
  continued <- function(fit, x) {
    held_out <- x[9:20, ]
    suppressMessages(continue_training(fit, 1, x = x, outcome = "d", validation = held_out))
  }
  expect_identical(continued(fit, sparse)$model, continued(expected, dense)$model)
  x <- sparse
  fit <- suppressMessages(two_layer(x, outcome = "d", epochs = 1, seed = 1))
  expect_identical(dim(suppressMessages(model.frame(fit))), c(299L, 4L))
  expect_refused(quick_formula(d ~ ., sparse), "`data`", "a data frame or a matrix")
})

test_that("a sparse matrix that becomes much larger is told of once, whichever columns are meant", {
  skip_without_torch()
  skip_if_not_installed("Matrix")
  sparse <- Matrix::Matrix(numbers * (abs(numbers) > 0.999), sparse = TRUE)
  told <- function(code) {
    said <- character()
    withCallingHandlers(code, pytwolayer_message = function(cnd) {
      said <<- c(said, conditionMessage(cnd))
      rlang::cnd_muffle(cnd)
    })
    grep("becomes dense", said, value = TRUE)
  }
  expect_length(told(quick(sparse, outcome)), 0)
  module <- reticulate::import("pytwolayer.preprocessing.sparse_table", convert = FALSE)
  large <- module$`_LARGE`
  on.exit(reticulate::py_set_attr(module, "_LARGE", large))
  reticulate::py_set_attr(module, "_LARGE", 100L)
  expect_match(told(quick(sparse, outcome)), "^The sparse matrix, of 0 MiB, becomes dense as")
  expect_length(told(quick(sparse, NULL, outcome = "d")), 1)
  expect_length(told(quick(numbers, outcome)), 0)
})
