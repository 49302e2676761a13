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
problem("steps", chapter_losses(500.5))
problem("steps zero", chapter_losses(0))
problem("steps negative", chapter_losses(-3))
problem("learning rate", chapter_losses(learning_rate = NaN))
problem("learning rate infinite", chapter_losses(learning_rate = Inf))
problem("loss", chapter_losses(loss = "mes"))
problem("reduction", chapter_losses(reduction = "median"))
problem("seed", chapter_losses(seed = -1))
problem("device unknown", select_device("gpu"))
problem("device absent", two_layer(mtcars[-1], mtcars$mpg, device = "cuda:7"))
problem("optimizer", two_layer(mtcars[-1], mtcars$mpg, optimizer = "Adam"))
problem("activation", two_layer(mtcars[-1], mtcars$mpg, activation = "softmax"))
problem("lengths", two_layer(mtcars[-1], 1:3))
problem("no rows", two_layer(mtcars[0, -1], double()))
problem("no columns", two_layer(mtcars[, 0], mtcars$mpg))
problem("missing", two_layer(holes[-1], mtcars$mpg))
problem("infinite", two_layer(mtcars[-1], mtcars$mpg / 0))
problem("factor", two_layer(iris, iris$Sepal.Length))
problem("text", two_layer(data.frame(a = letters), 1:26))

for (name in c("two_layer.data.frame", "chapter_losses", "select_device")) {
  arguments <- formals(utils::getAnywhere(name)$objs[[1]])
  arguments <- arguments[names(arguments) != "..."]
  defaults <- vapply(arguments, deparse, "")
  say(paste0("signature/", name), paste(names(arguments), defaults, sep = "="))
}

core <- reticulate::import("pytwolayer")
say("core", core[["__file__"]])
say("threads", torch$get_num_threads())
say("torch_blas", pytwolayer:::torch_blas()[[1]])
say("reticulate", as.character(packageVersion("reticulate")))
invisible(gc())
writeLines(enc2utf8(lines), file)
