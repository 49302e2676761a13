# The table is tensor-idioms.txt. Each line is an expression; what it must give follows `=>`, as an
# R expression or the class of an error; without, it is what R gives for its own arrays.

idiom_numbers <- list(
  x = c(0.5, -1.5, 2.5, 3), y = c(1, 2, 0.25, 4), i = c(2L, 1L, 2L, 3L),
  b = c(TRUE, FALSE, TRUE, TRUE), s = 2, m = matrix(c(1, 2, 3, 4, 5, 6.5), 2),
  m3 = matrix(c(1, 2, 4, 3, 5, 9), 3), a = array(1:24 + 0.5, 2:4),
  sq = matrix(c(2, 1, 1, 3), 2), v2 = c(1, 2)
)
idiom_others <- list(g = c("u", "v", "u", "v"), df = data.frame(k = 1:4))

read_idioms <- function() {
  lines <- readLines(testthat::test_path("tensor-idioms.txt"))
  lines <- lines[nzchar(trimws(lines)) & !startsWith(lines, "#")]
  parts <- strsplit(lines, " => ", fixed = TRUE)
  list(
    expression = vapply(parts, `[[`, "", 1),
    expected = vapply(parts, function(part) if (length(part) == 2) part[[2]] else "", "")
  )
}

# Tensors anew for each idiom; `w` is a parameter.
idiom_tensors <- function() {
  tensors <- lapply(idiom_numbers, function(value) {
    as_tensor(value, dtype = if (is.double(value)) torch$float64)
  })
  tensors$s <- tensors$s$reshape(list())
  tensors$w <- torch$tensor(list(1, 2, 3), dtype = torch$float64, requires_grad = TRUE)
  list2env(c(tensors, idiom_others), parent = globalenv())
}

# Values alone: tensors as R arrays, those with one dimension as vectors.
bare <- function(value) {
  if (is_tensor(value)) {
    value <- as.array(value)
  } else if (inherits(value, "tensor_logical")) {
    value <- as.logical(value)
  } else if (inherits(value, "torch.Size")) {
    value <- as.integer(value)
  }
  if (is.list(value)) {
    return(lapply(unname(unclass(value)), bare))
  }
  size <- attr(value, "dim") # of a "dist" a package that is loaded may say otherwise
  levels <- levels(value)
  attributes(value) <- NULL
  if (is.integer(value)) value <- if (is.null(levels)) as.double(value) else levels[value]
  if (length(size) > 1) dim(value) <- size
  value
}

evaluate <- function(text, where) {
  suppressWarnings(eval(parse(text = text), where))
}

test_that("R's idioms on tensors give what the table says", {
  idioms <- read_idioms()
  expect_gt(length(idioms$expression), 300)
  plain <- c(idiom_numbers, idiom_others)
  for (k in seq_along(idioms$expression)) {
    text <- idioms$expression[[k]]
    expected <- idioms$expected[[k]]
    tensors <- idiom_tensors()
    if (startsWith(expected, "error ")) {
      expect_error(evaluate(text, tensors), class = sub("error ", "", expected), label = text)
    } else {
      where <- list2env(plain, parent = globalenv())
      wanted <- bare(evaluate(if (nzchar(expected)) expected else text, where))
      found <- tryCatch(bare(evaluate(text, tensors)), error = identity)
      expect_equal(found, wanted, tolerance = 1e-6, label = text)
    }
  }
})
