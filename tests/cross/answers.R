# What R gets, for comparison with Python: one line each of a name and values, numbers to
# the last bit. Run in Rscript and in an R inside Python.
file <- commandArgs(TRUE)[[1]]
python_was_started <- reticulate::py_available()
suppressPackageStartupMessages(library(pytwolayer))

lines <- character()
say <- function(name, values) {
  if (is.double(values)) {
    values <- sprintf("%a", values)
  }
  lines <<- c(lines, paste(c(name, values), collapse = "\t"))
}
problem <- function(name, call) {
  condition <- tryCatch(call, error = identity)
  message <- conditionMessage(condition)
  stopifnot(inherits(condition, "pytwolayer_error"), !grepl("Traceback", message))
  say(paste0("error/", name), strsplit(message, "\n")[[1]][[1]])
}
# The warnings of a call, with the class that tells them apart.
warned <- function(name, call) {
  messages <- character()
  withCallingHandlers(suppressMessages(call), pytwolayer_warning = function(cnd) {
    messages <<- c(messages, class(cnd)[[1]], conditionMessage(cnd))
    invokeRestart("muffleWarning")
  })
  say(paste0("warning/", name), messages)
}

# `library()` starts no Python.
stopifnot(identical(reticulate::py_available(), python_was_started))

say("chapter/default", chapter_losses()$loss)
say("chapter/mean", chapter_losses(50, 0.1, reduction = "mean")$loss)
say("chapter/elementwise_mean", chapter_losses(50, 0.1, reduction = "elementwise_mean")$loss)
say("chapter/mae", chapter_losses(50, 1e-4, loss = "mae")$loss)
small <- chapter_losses(50, n = 7, d_in = 3, hidden_units = 5, d_out = 2, seed = 9)
say("chapter/small", small$loss)

# The chapter's loop, as an R user types it.
invisible(torch$manual_seed(0L))
x <- torch$randn(64L, 1000L)
y <- torch$randn(64L, 10L)
model <- torch$nn$Sequential(
  torch$nn$Linear(1000L, 100L), torch$nn$ReLU(), torch$nn$Linear(100L, 10L)
)
loss_fn <- torch$nn$MSELoss(reduction = "sum")
losses <- double(500)
for (t in 1:500) {
  loss <- loss_fn(model(x), y)
  losses[t] <- loss$item()
  model$zero_grad()
  loss$backward()
  with(torch$no_grad(), {
    iterate(model$parameters(), function(param) {
      param$data <- param$data - param$grad * 1e-4
    })
  })
}
say("chapter/loop", losses)

fits <- list(
  plain = list(seed = 1),
  sgd = list(seed = 2, optimizer = "sgd", learning_rate = 0.05, epochs = 60),
  huber = list(seed = 2^40, loss = "huber", activation = "tanh", hidden_units = 5, epochs = 60),
  sum = list(seed = 3, reduction = "sum", activation = "gelu", learning_rate = 1e-3, epochs = 60)
)
for (name in names(fits)) {
  fit <- do.call(two_layer, c(list(mtcars[-1], mtcars$mpg), fits[[name]]))
  stopifnot(identical(fit$history$epoch, seq_along(fit$history$loss)))
  say(paste0("history/", name), fit$history$loss)
  say(paste0("predictions/", name), predict(fit, rev(mtcars))$.pred)
}
both <- two_layer(as.matrix(mtcars[-(1:2)]), as.matrix(mtcars[1:2]), seed = 1, epochs = 60)
say("history/both", both$history$loss)
say("predictions/both", as.double(as.matrix(predict(both, mtcars))))
mixed <- two_layer(data.frame(a = 1:6, b = c(TRUE, FALSE)), 1:6, seed = 1, epochs = 60)
say("history/mixed", mixed$history$loss)

holes <- replace(mtcars, 2, NA)
cars <- function(...) two_layer(mtcars[-1], mtcars$mpg, ...)
flowers <- function(...) two_layer(iris, outcome = "Species", ...)
problem("steps", chapter_losses(500.5))
problem("steps zero", chapter_losses(0))
problem("steps negative", chapter_losses(-3))
problem("learning rate", chapter_losses(learning_rate = NaN))
problem("learning rate infinite", chapter_losses(learning_rate = Inf))
problem("loss", chapter_losses(loss = "mes"))
problem("reduction", chapter_losses(reduction = "median"))
problem("seed", chapter_losses(seed = -1))
problem("device unknown", select_device("gpu"))
problem("device absent", cars(device = "cuda:7"))
problem("optimizer", cars(optimizer = "Adam"))
problem("activation", cars(activation = "softmax"))
problem("epochs", cars(epochs = 2.5))
problem("batch size", cars(batch_size = 0))
problem("dropout", cars(dropout = 1))
problem("momentum", cars(momentum = 0.9))
problem("nesterov", cars(nesterov = TRUE))
problem("lbfgs in batches", cars(optimizer = "lbfgs", batch_size = 8))
problem("schedule", cars(schedule = "cosinus"))
problem("weight decay", cars(weight_decay = -1))
problem("gradient clip", cars(gradient_clip = 0))
problem("input clip", cars(input_clip = -5))
problem("patience", cars(patience = 0))
problem("validation share", cars(validation = 1))
problem("validation too small", cars(validation = 0.01))
problem("na action", cars(na_action = "drop"))
problem("loss of numbers", cars(loss = "cross_entropy"))
problem("loss of classes", flowers(loss = "mse"))
problem("class weights of numbers", cars(class_weights = "balanced"))
problem("class weights", flowers(class_weights = c(setosa = 1, versicolor = 2, virginia = 1)))
problem("weights too few", cars(case_weights = 1:3))
problem("weights negative", cars(case_weights = rep(-1, 32)))
problem("weights zero", cars(case_weights = rep(0, 32)))
problem("lengths", two_layer(mtcars[-1], 1:3))
problem("no rows", two_layer(mtcars[0, -1], double()))
problem("no columns", two_layer(mtcars[, 0], mtcars$mpg))
problem("missing", two_layer(holes[-1], mtcars$mpg))
problem("missing refused", two_layer(airquality, outcome = "Ozone", na_action = "fail"))
problem("infinite", two_layer(mtcars[-1], mtcars$mpg / 0))
problem("infinite in a column", two_layer(replace(mtcars, 3, 1 / 0), outcome = "mpg"))
problem("one class", two_layer(iris[1:50, ], outcome = "Species"))
problem("classes and numbers", two_layer(iris, outcome = c("Species", "Sepal.Length")))
problem("outcome absent", two_layer(mtcars, outcome = c("mpg", "mgp", "pmg")))
problem("dates", two_layer(data.frame(a = as.Date("2024-01-01") + 0:1), 1:2))
problem("counts", two_layer(mtcars[-1], -mtcars$mpg, loss = "poisson"))

fit <- two_layer(mtcars, outcome = "mpg", epochs = 2, seed = 1)
problem("new columns missing", predict(fit, mtcars[c("cyl", "disp", "drat")]))
problem("new text", predict(fit, replace(mtcars, 2, "four")))
problem("new infinite", predict(fit, replace(mtcars, 2, 1 / 0)))

# Names in messages: few of many, and none that is huge.
huge <- strrep("h", 10000)
wide <- as.data.frame(matrix(as.double(1:4), 4, 20, dimnames = list(NULL, paste0("c", 0:19))))
wide <- cbind(g = c("a", "b"), wide, stringsAsFactors = FALSE)
many <- wide[rep(1:4, 1000), ]
many$g <- sprintf("new%04d", 0:3999)
of_wide <- two_layer(wide, c("p", "q", "p", "q"), epochs = 2, seed = 1)
numbered <- paste0("n", 0:98)
problem("new columns many", predict(of_wide, wide["g"]))
problem("new column huge", predict(
  two_layer(stats::setNames(wide[1:2], c("g", huge)), 1:4, epochs = 2, seed = 1), wide["g"]
))
problem("outcomes absent", two_layer(wide, outcome = numbered))
problem("columns twice", two_layer(cbind(wide, wide), 1:4))
problem("empty columns", two_layer(replace(wide, 2:20, NA_real_), outcome = "c19"))
problem("empty outcome", two_layer(wide, rep(NA_real_, 4)))
problem("no empty column", two_layer(data.frame(a = c(1, NA), b = c(NA, 1)), 1:2))
problem("class weights many", two_layer(
  wide, c("p", "q", "p", "q"),
  class_weights = stats::setNames(rep(1, 99), numbered)
))
for (engine in c("python", "r")) {
  warned(paste("many levels,", engine), predict(of_wide, many, engine = engine))
  warned(paste("huge level,", engine), predict(of_wide, replace(wide, 1, huge), engine = engine))
}


# Text that its reader most likely did not mean.
marked <- data.frame(
  a = c("?", sprintf("%.1f", 1:29)), day = format(as.Date("2024-01-03") + 0:29),
  id = sprintf("x%02d", 1:30), f = factor(c("-", sprintf("%d", 1:29))),
  fine = c("4", "6", "8"), size = as.double(1:30), stringsAsFactors = FALSE
)
quick <- function(...) two_layer(..., epochs = 1, hidden_units = 2, seed = 1)
warned("suspect, x/y", quick(marked, 0:29))
warned("suspect, formula", quick(size1 ~ ., cbind(marked, size1 = 0:29)))
warned("suspect outcome, x/y", quick(marked["size"], marked$a))
warned("suspect outcome, ensemble", quick(marked["size"], marked$a, n_models = 2))
warned("suspect named outcome, formula", quick(a ~ size, marked))
warned("suspect named outcome, names", quick(marked[c("size", "a")], outcome = "a"))
warned("nothing suspect", quick(marked[c("fine", "size")], 0:29))
warned("outcome left there, x/y", quick(marked["size"], marked$size))

for (name in c("two_layer.data.frame", "chapter_losses", "select_device", "to_sql", "save_onnx")) {
  arguments <- formals(utils::getAnywhere(name)$objs[[1]])
  arguments <- arguments[names(arguments) != "..."]
  defaults <- vapply(arguments, deparse, "")
  say(paste0("signature/", name), paste(names(arguments), defaults, sep = "="))
}
say("kept settings", names(pytwolayer:::setting_checks))
peers <- pytwolayer:::argument_aliases
say("names of peers", paste(unlist(peers), rep(names(peers), lengths(peers)), sep = "="))

core <- reticulate::import("pytwolayer")
say("core", core[["__file__"]])
say("threads", torch$get_num_threads())
say("torch_blas", pytwolayer:::torch_blas()[[1]])
say("reticulate", as.character(packageVersion("reticulate")))
invisible(gc())
writeLines(enc2utf8(lines), file)
