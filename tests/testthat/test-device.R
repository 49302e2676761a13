test_that("there is a CPU, and it is the last resort of the list", {
  skip_without_torch()
  devices <- available_devices()
  expect_type(devices, "character")
  expect_identical(devices[length(devices)], "cpu")
})

test_that("\"auto\" takes the best device and says which", {
  skip_without_torch()
  expect_identical(select_device(), available_devices()[[1]])
  expect_identical(select_device("cpu"), "cpu")
})

test_that("a device that is unknown or absent is an error that says what is there", {
  skip_without_torch()
  expect_refused(select_device("gpu"), "`device`", "\"mps\"", "\"gpu\"", kind = "device")
  expect_refused(select_device("cpu:1"), "`device`", kind = "device")
  expect_refused(select_device(NULL), "`device`", "NULL", kind = "device")
  expect_refused(select_device(1), "`device`", kind = "device")
  expect_refused(select_device(c("cpu", "mps")), "`device`", "a single value")
  expect_refused(
    select_device("cuda:99"), "`device`", "\"cpu\"", "\"cuda:99\"",
    kind = "device"
  )
})

test_that("a tensor can be made on the device chosen", {
  skip_without_torch()
  x <- torch$ones(2L, device = select_device("cpu"))
  expect_identical(as.character(x$device$type), "cpu")
})

test_that("a model of a device that is not here prints and predicts", {
  skip_without_torch()
  skip_if("cuda:0" %in% available_devices(), "there is a CUDA GPU here")
  fit <- quick()
  files <- pytwolayer:::import_own("pytwolayer.models.model_file")
  models <- pytwolayer:::import_own("pytwolayer.models.load")
  replace <- reticulate::import("dataclasses")$replace
  there <- fit
  there$model <- files$to_bytes(replace(models$from_bytes(fit$model), device = "cuda:0"))
  there$device <- "cuda:0"
  expect_output(print(there), "5 epochs on cuda:0", fixed = TRUE)
  expect_identical(predict(there, mtcars), predict(fit, mtcars))
  expect_identical(models$from_bytes(there$model)$device, "cuda:0")
  expect_identical(coef(there), coef(fit))
})
