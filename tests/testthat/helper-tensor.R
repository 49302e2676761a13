# torch, or a skip where there is none.
torch_or_skip <- function() {
  skip_without_torch() # nolint: object_usage_linter.
  reticulate::import("torch")
}

# What NumPy makes of an expression in tensors and numbers, as an R array. Its values come as a
# list, since old versions of reticulate do not take NumPy 2's arrays.
numpy_says <- function(code, ...) {
  python <- reticulate::py_run_string("
def evaluated(code, arguments):
    import numpy as np
    arrays = {k: v.detach().numpy() if hasattr(v, 'detach') else v for k, v in arguments.items()}
    found = np.asarray(eval(code, {'np': np}, arrays))
    return {'values': found.reshape(-1, order='F').tolist(), 'shape': list(found.shape)}
", local = TRUE)
  found <- python$evaluated(code, list(...))
  values <- unlist(found$values)
  if (length(found$shape)) array(values, unlist(found$shape)) else array(values)
}

# A tensor of doubles with an R array's values and shape.
tensor_of <- function(torch, x) {
  size <- if (is.null(dim(x))) length(x) else dim(x)
  by_row <- aperm(array(as.double(x), size))
  torch$tensor(as.list(as.vector(by_row)), dtype = torch$float64)$reshape(as.list(as.integer(size)))
}

# The same values and dimensions as R's own result.
expect_like_r <- function(tensor, r, ...) {
  testthat::expect_s3_class(tensor, "torch.Tensor")
  testthat::expect_equal(as.array(tensor), unname(as.array(r)), ...)
}

expect_tensor_error <- function(object, regexp) {
  condition <- testthat::expect_error(object, regexp, class = "pytwolayer_error_tensor")
  testthat::expect_no_match(conditionMessage(condition), "Traceback|py_last_error|site-packages")
  invisible(condition)
}
