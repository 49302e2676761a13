# Real Python, real torch: without them a test has nothing to test, and says so.
skip_without_torch <- function() {
  skip_if_not(pytwolayer:::has_torch(), "a Python with torch, numpy, pandas and safetensors")
}

expect_refused <- function(call, ..., kind = "argument") {
  cnd <- expect_error(call, class = paste0("pytwolayer_error_", kind))
  expect_s3_class(cnd, "pytwolayer_error")
  for (text in c(...)) {
    expect_match(conditionMessage(cnd), text, fixed = TRUE)
  }
  expect_false(grepl("Traceback|File \"", conditionMessage(cnd)))
  invisible(cnd)
}

# A fit of a moment.
quick <- function(x = mtcars[-1], y = mtcars$mpg, ..., epochs = 5, seed = 1) {
  two_layer(x, y, ..., epochs = epochs, seed = seed)
}

quick_formula <- function(formula, data, ..., epochs = 5, seed = 1) {
  two_layer(formula, data, ..., epochs = epochs, seed = seed)
}
