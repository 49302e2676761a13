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

test_that("types that a formula hides are those of training, also where the data are gone", {
  skip_without_torch()
  fit <- local({
    gone <- transform(cars, am = am == 1)
    two_layer(mpg ~ log(disp) + am + hp:cyl, gone, epochs = 5, seed = 1)
  })
  expected <- tibble::as_tibble(transform(cars, am = am == 1)[0, c("disp", "am", "hp", "cyl")])
  expect_identical(vetiver_ptype.two_layer(fit), expected)
  expect_identical(vetiver_ptype.two_layer(unserialize(serialize(fit, NULL))), expected)
  if (requireNamespace("butcher", quietly = TRUE)) {
    expect_identical(vetiver_ptype.two_layer(butcher::butcher(fit)), expected)
  }
  read <- load_two_layer(save_two_layer(fit, withr::local_tempfile(fileext = ".safetensors")))
  cnd <- expect_error(vetiver_ptype.two_layer(read), class = "pytwolayer_error_argument")
  expect_match(conditionMessage(cnd), "prototype_data")
  given <- vetiver_ptype.two_layer(read, prototype_data = transform(cars, am = am == 1))
  expect_identical(given, expected)
})

test_that("a fit is served over the web by R alone", {
  skip_without_torch()
  for (package in c("plumber", "vetiver", "butcher", "callr", "pins")) {
    skip_if_not_installed(package)
  }
  withr::local_envvar(TZ = "UTC")
  fit <- quick_formula(y ~ . - count + log(count), odd_data)
  model <- vetiver::vetiver_model(fit, "odd")
  board <- pins::board_temp()
  suppressMessages(vetiver::vetiver_pin_write(board, model))
  model <- vetiver::vetiver_pin_read(board, "odd")
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
  endpoint <- vetiver::vetiver_endpoint(paste0(address, "/predict"))
  truth <- predict(fit, odd_data, engine = "r")$.pred
  columns <- setdiff(names(odd_data), "y") # of others vetiver makes an error, as of any model
  answered <- function(new) {
    suppressWarnings(as.numeric(predict(endpoint, as.data.frame(new)[columns])$.pred))
  }
  refused <- c("an unseen level", "no rows") # by vetiver, before a model is asked
  empty <- "a column of missing values" # the answer's rows have no field then
  others <- setdiff(names(odd_new_data()), c(refused, "further columns", empty))
  cases <- odd_new_data(others)
  expect_rows_in_place(answered, truth, cases, tolerance = 1e-3)
  for (case in odd_new_data(refused)) expect_error(answered(case$new))
  expect_length(answered(odd_new_data(empty)[[1]]$new), 0)
  expect_error(predict(endpoint, odd_data[columns[-1]]))
})

test_that("what vetiver refuses of a fit it refuses of any model", {
  skip_without_torch()
  for (package in c("vetiver", "butcher", "pins")) skip_if_not_installed(package)
  withr::local_envvar(TZ = "UTC")
  models <- list(quick_formula(mpg ~ hp + cyl, cars), stats::lm(mpg ~ hp + cyl, cars))
  answers <- lapply(models, function(model) {
    handler <- vetiver::handler_predict(vetiver::vetiver_model(model, "cars"))
    answer <- function(new) {
      tryCatch(length(unlist(handler(list(body = new)))), error = function(cnd) class(cnd))
    }
    new <- data.frame(hp = 1:2, cyl = "4")
    list(
      answer(new), answer(new[0, ]), answer(cbind(new, z = 1)), answer(new["hp"]),
      answer(transform(new, cyl = c("4", "5"))), answer(data.frame())
    )
  })
  expect_identical(answers[[1]], answers[[2]])
  expect_identical(answers[[1]][1:2], list(2L, 0L))
})
