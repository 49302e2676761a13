cars <- transform(mtcars, cyl = factor(cyl))

test_that("vetiver is told what a fit is, and which columns it needs", {
  skip_without_torch()
  fit <- two_layer(mpg ~ log(disp) + hp + cyl, cars, epochs = 5, seed = 1)
  described <- vetiver_create_description.two_layer(fit)
  expect_identical(described, "A two-layer neural network (regression, 5-64-1)")
  prototype <- vetiver_ptype.two_layer(fit)
  expect_identical(prototype, tibble::as_tibble(cars[0, c("disp", "hp", "cyl")]))
  plain <- quick(iris[1:3], iris$Species, n_models = 2)
  described <- vetiver_create_description.two_layer_ensemble(plain)
  expect_match(described, "2 of: .*classification, 3-64-3")
  expect_identical(vetiver_ptype.two_layer(plain), tibble::as_tibble(iris[0, 1:3]))
})

test_that("types that a formula hides are taken from rows that are given", {
  skip_without_torch()
  fit <- local({
    gone <- cars
    two_layer(mpg ~ log(disp), gone, epochs = 5, seed = 1)
  })
  cnd <- expect_error(vetiver_ptype.two_layer(fit), class = "pytwolayer_error_argument")
  expect_match(conditionMessage(cnd), "prototype_data")
  given <- vetiver_ptype.two_layer(fit, prototype_data = cars)
  expect_identical(given, tibble::as_tibble(cars[0, "disp", drop = FALSE]))
})

test_that("a fit is served over the web by R alone", {
  skip_without_torch()
  for (package in c("plumber", "vetiver", "butcher", "callr", "pins")) {
    skip_if_not_installed(package)
  }
  withr::local_envvar(TZ = "UTC")
  fit <- two_layer(mpg ~ log(disp) + hp + cyl, cars, epochs = 5, seed = 1)
  model <- vetiver::vetiver_model(fit, "cars")
  board <- pins::board_temp()
  suppressMessages(vetiver::vetiver_pin_write(board, model))
  model <- vetiver::vetiver_pin_read(board, "cars")
  port <- httpuv::randomPort()
  server <- callr::r_bg(function(model, port) {
    library(pytwolayer) # its methods are not known before
    Sys.setenv(RETICULATE_PYTHON = "/nowhere/python")
    api <- vetiver::vetiver_api(plumber::pr(), model)
    plumber::pr_run(api, port = port, docs = FALSE, quiet = TRUE)
  }, list(model, port))
  withr::defer(server$kill())
  address <- sprintf("http://127.0.0.1:%d", port)
  for (attempt in 1:100) {
    answer <- tryCatch(httr::GET(paste0(address, "/ping")), error = function(cnd) NULL)
    up <- !is.null(answer) && httr::status_code(answer) == 200
    if (up) break
    Sys.sleep(0.2)
  }
  expect_true(up)
  new <- transform(cars[c(3, 1, 2), c("cyl", "hp", "disp")], hp = c(93, NA, 110))
  answer <- predict(vetiver::vetiver_endpoint(paste0(address, "/predict")), new)
  expect_equal(as.numeric(answer$.pred), predict(fit, new, engine = "r")$.pred, tolerance = 1e-4)
  expect_true(is.na(answer$.pred[[2]]))
  expect_error(predict(vetiver::vetiver_endpoint(paste0(address, "/predict")), new["hp"]))
})
