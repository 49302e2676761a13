arrays_cross <- function() {
  packageVersion("reticulate") >= "1.38" || package_version(np[["__version__"]]) < "2"
}

in_new_r <- function(...) {
  code <- paste(c(...), collapse = "\n")
  file <- withr::local_tempfile(fileext = ".R", lines = code)
  command <- file.path(R.home("bin"), "Rscript")
  arguments <- c("--no-init-file", shQuote(file))
  suppressWarnings(system2(command, arguments, stdout = TRUE, stderr = TRUE))
}

test_that("reticulate's functions are its own, and attaching it as well says nothing", {
  said <- in_new_r(
    "suppressMessages(library(pytwolayer))",
    "cat(isNamespaceLoaded('reticulate'), '\n')",
    "library(reticulate)",
    "own <- setdiff(pytwolayer:::reticulate_own, 'py')",
    "same <- vapply(own, function(name) identical(",
    "  getExportedValue('pytwolayer', name), getExportedValue('reticulate', name)), NA)",
    "cat(own[!same], all(same), is.null(pytwolayer::py), '\n')",
    "x <- py_run_string('a = 3'); cat(pytwolayer::py$a, identical(pytwolayer::py, reticulate::py))"
  )
  expect_identical(trimws(said), c("FALSE", "TRUE TRUE", "3 TRUE"))
})

test_that("NumPy loads when it is first used", {
  if (arrays_cross()) {
    expect_identical(np$transpose(matrix(1:6, 2)), t(matrix(1:6, 2)))
    expect_identical(dim(np$zeros(shape(2, 3))), c(2L, 3L))
  }
  said <- in_new_r(
    "library(pytwolayer); a <- np; cat(reticulate::py_available(), '\n')",
    "cat(a$isscalar(3), '\n'); print(a)"
  )
  expect_match(paste(said, collapse = "\n"), "FALSE *\nTRUE *\n.*Module\\(numpy\\)")
})

test_that("a torchvision that is not installed is an error that names it", {
  skip_if(reticulate::py_module_available("torchvision"))
  problem <- expect_error(torchvision$datasets, class = "pytwolayer_error_python")
  expect_match(conditionMessage(problem), "has no torchvision")
  said <- in_new_r(
    "library(pytwolayer)",
    "r <- tryCatch(torchvision$datasets, pytwolayer_error_python = function(e) 7)",
    "cat(r, tryCatch(print(torchvision), pytwolayer_error_python = function(e) 8))"
  )
  expect_match(said[[length(said)]], "^7 8$")
})

test_that("products of vectors and matrices have rTorch's names", {
  x <- as_tensor(c(1, 2, 3), dtype = torch$float64)
  m <- as_tensor(matrix(1:6, 2), dtype = torch$float64)
  expect_identical(as.numeric(x %.*% c(4, 5, 6)), 32)
  expect_identical(as.numeric(c(4, 5, 6) %.*% x), 32)
  expect_null(dim(x %.*% x))
  expect_identical(as.array(m %**% t(m)), matrix(1:6, 2) %*% t(matrix(1:6, 2)))
  expect_identical(as.numeric(m %**% x), c(22, 28))
  expect_error(m %.*% x, "two vectors", class = "pytwolayer_error_tensor")
  expect_error(x %.*% 1:2, class = "pytwolayer_error_tensor")
  expect_error(1:3 %.*% 1:3, class = "pytwolayer_error_tensor")
})

test_that("make_copy() shares nothing with what it copies", {
  x <- torch$zeros(3L)
  y <- make_copy(x)
  y$fill_(1)
  expect_identical(as.numeric(x), c(0, 0, 0))
  w <- torch$ones(2L, requires_grad = TRUE)
  sum(make_copy(w) * 3)$backward()
  expect_identical(as.numeric(w$grad), c(3, 3))
  expect_identical(reticulate::py_to_r(make_copy(list(1, 2))), c(1, 2))
  expect_equal(is.na(reticulate::py_to_r(make_copy(c(1L, NA)))), c(FALSE, TRUE))
  expect_identical(reticulate::py_to_r(make_copy(5)), 5)
  expect_error(make_copy(x, deep = TRUE), class = "pytwolayer_error")
  skip_if_not(arrays_cross())
  m <- matrix(c(1, 2, 3, 4), 2)
  copied <- make_copy(m)
  expect_s3_class(copied, "numpy.ndarray")
  torch$as_tensor(copied)$fill_(0)
  expect_identical(m, matrix(c(1, 2, 3, 4), 2))
  a <- reticulate::r_to_py(m)
  torch$as_tensor(make_copy(a))$fill_(0)
  expect_identical(reticulate::py_to_r(a), m)
})

test_that("as_boolean() is TRUE but for zero", {
  expected <- c(FALSE, TRUE, TRUE)
  for (x in list(
    c(0, 1, -2), c(0L, 1L, 2L), expected, torch$tensor(c(0, 1, 2)),
    if (arrays_cross()) np_array(c(0, 3, 4)) else 0:2
  )) {
    found <- as_boolean(x)
    expect_identical(reticulate::py_str(found$dtype), "torch.bool")
    expect_identical(as.logical(found), expected)
  }
  expect_identical(dim(as_boolean(diag(3))), c(3L, 3L))
  for (x in list(NA, c(1, NA), torch$tensor(c(1, NaN)))) {
    expect_error(as_boolean(x), "missing", class = "pytwolayer_error_tensor")
  }
})

test_that("is_tensor() knows tensors", {
  expect_true(is_tensor(torch$ones(1L)))
  expect_true(is_tensor(torch$nn$Linear(1L, 1L)$weight))
  for (x in list(1, NULL, torch, torch$float32, list(1), torch$Size(list(1L)))) {
    expect_false(is_tensor(x))
  }
})

test_that("shape() is a list of whole numbers", {
  expect_identical(shape(2, 3L, NULL), list(2L, 3L, NULL))
  expect_identical(shape(), list())
  expect_identical(dim(torch$ones(shape(2, 3))), c(2L, 3L))
  for (x in list(2.5, NA, "a", torch$ones(2L))) {
    expect_error(shape(x), class = "pytwolayer_error_tensor")
  }
})

test_that("torch_size() gives integers", {
  x <- torch$ones(2L, 3L)
  expect_identical(torch_size(x), c(2L, 3L))
  expect_identical(torch_size(x$shape), c(2L, 3L))
  expect_identical(torch_size(x$size()), c(2L, 3L))
  expect_identical(torch_size(torch$tensor(1)), integer())
  expect_error(torch_size(matrix(1)), class = "pytwolayer_error_tensor")
})

test_that("the version is one that package_version() takes", {
  expect_true(package_version(torch_version()) >= "2.0")
  config <- torch_config()
  expect_true(config$available)
  expect_output(print(config), "PyTorch .*\nPython .*\nNumPy ")
})
