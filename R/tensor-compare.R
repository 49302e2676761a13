# Comparing whole tensors: identical(), and testthat's expectations.

# By type, shape and values; the device and whether a gradient is required do not count.
identical_tensors <- function(x, y, ...) {
  if (!is_tensor(x) || !is_tensor(y)) {
    return(FALSE)
  }
  check_alive(y, call("identical"))
  tensor_value("same", x, y)
}

# testthat's third edition compares with waldo, which compares and prints this list.
#' @exportS3Method waldo::compare_proxy torch.Tensor
compare_proxy.torch.Tensor <- function(x, path = "x") { # nolint: object_name_linter.
  object <- list(
    type = reticulate::py_str(x$dtype), shape = tensor_shape(x),
    values = as_r_values(x, check = FALSE)
  )
  if (utils::packageVersion("waldo") >= "0.3.0") list(object = object, path = path) else object
}
