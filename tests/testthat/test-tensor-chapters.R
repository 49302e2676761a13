# What the chapters that this project grew out of do with tensors, in few steps, against R's own
# arithmetic.

doubles <- function(x) as_tensor(x, dtype = torch$float64)

parameter <- function(x) doubles(x)$requires_grad_(TRUE)

line_data <- function() {
  x <- seq(-1, 1, length.out = 20)
  list(x = cbind(1, x), y = 2 - 3 * x + sin(7 * x) / 10)
}

test_that("linear regression by hand finds what lm() finds", {
  data <- line_data()
  x <- doubles(data$x)
  y <- doubles(data$y)
  w <- parameter(c(0, 0))
  for (step in 1:200) {
    loss <- mean((x %@% w - y)^2)
    loss$backward()
    with(torch$no_grad(), {
      w$sub_(w$grad * 0.5)
      w$grad$zero_()
    })
  }
  expect_equal(as.numeric(w), unname(coef(lm(data$y ~ data$x[, 2]))), tolerance = 1e-6)
})

test_that("a step by hand through `$data` is R's step", {
  data <- line_data()
  w <- parameter(c(1, 1))
  loss <- sum((doubles(data$x) %@% w - data$y)^2)
  loss$backward()
  gradient <- 2 * crossprod(data$x, data$x %*% c(1, 1) - data$y)
  expect_equal(as.numeric(w$grad), c(gradient))
  w$data <- w$data - 0.01 * w$grad
  expect_equal(as.numeric(w), c(1 - 0.01 * gradient))
  expect_true(w$requires_grad)
})

test_that("an optimiser trains a linear layer to the same line", {
  data <- line_data()
  layer <- torch$nn$Linear(1L, 1L)$double()
  optimiser <- torch$optim$SGD(layer$parameters(), lr = 0.5)
  measure <- torch$nn$MSELoss()
  for (step in 1:200) {
    loss <- measure(layer(doubles(data$x[, 2, drop = FALSE])), doubles(matrix(data$y)))
    optimiser$zero_grad()
    loss$backward()
    optimiser$step()
  }
  line <- unname(coef(lm(data$y ~ data$x[, 2])))
  expect_equal(c(layer$bias$item(), layer$weight$item()), line, tolerance = 1e-6)
})

test_that("logistic regression by hand lowers its loss and finds both classes", {
  x <- cbind(1, seq(-2, 2, length.out = 30))
  y <- as.numeric(x[, 2] > 0.1)
  w <- parameter(c(0, 0))
  losses <- numeric()
  for (step in 1:50) {
    p <- torch$sigmoid(doubles(x) %@% w)
    loss <- -mean(y * log(p) + (1 - y) * log(1 - p))
    losses[step] <- as.numeric(loss)
    loss$backward()
    with(torch$no_grad(), w$sub_(2 * w$grad))
    w$grad$zero_()
  }
  expect_equal(losses[[1]], log(2))
  expect_true(all(diff(losses) < 0))
  guessed <- as.logical(doubles(x) %@% w > 0)
  expect_gt(mean(guessed == (y == 1)), 0.9)
})

test_that("a network with one hidden layer by hand has the gradients of R's own algebra", {
  set.seed(1)
  x <- matrix(rnorm(12), 4)
  y <- matrix(rnorm(8), 4)
  first <- matrix(rnorm(15), 3)
  second <- matrix(rnorm(10), 5)
  w1 <- parameter(first)
  w2 <- parameter(second)
  loss <- sum((torch$relu(doubles(x) %@% w1) %@% w2 - y)^2)
  loss$backward()
  hidden <- x %*% first
  active <- pmax(hidden, 0)
  error <- 2 * (active %*% second - y)
  expect_equal(as.numeric(loss), sum((error / 2)^2))
  expect_equal(as.matrix(w2$grad), crossprod(active, error))
  expect_equal(as.matrix(w1$grad), crossprod(x, (error %*% t(second)) * (hidden > 0)))
})

test_that("modules hold parameters by name, and take values of R's under no_grad", {
  net <- torch$nn$Sequential(torch$nn$Linear(2L, 3L), torch$nn$ReLU(), torch$nn$Linear(3L, 1L))
  expect_length(iterate(net$parameters()), 4)
  expect_identical(dim(net[[0]]$weight), c(3L, 2L))
  with(torch$no_grad(), {
    net[[0]]$weight[1, ] <- 0
    net[[0]]$bias[2] <- 7
    net[[2]]$weight$fill_(1)
  })
  expect_identical(as.numeric(net[[0]]$weight[1, ]), c(0, 0))
  expect_identical(as.numeric(net[[0]]$bias[2]), 7)
  expect_identical(as.numeric(net[[2]]$weight), c(1, 1, 1))
  expect_identical(dim(net(torch$zeros(5L, 2L))), c(5L, 1L))
})

test_that("a class of Python's is trained from R", {
  py_run_string("
import torch
class Quadratic(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.tensor(3.0))
    def forward(self, x):
        return self.a * x ** 2
")
  model <- py$Quadratic()
  optimiser <- torch$optim$SGD(model$parameters(), lr = 0.1)
  x <- torch$tensor(c(1, -1))
  losses <- vapply(1:3, function(step) {
    optimiser$zero_grad()
    loss <- sum((model(x) - 1)^2)
    loss$backward()
    optimiser$step()
    as.numeric(loss)
  }, 1)
  expect_equal(losses, c(8, 8 * 0.36, 8 * 0.36^2), tolerance = 1e-6)
})

test_that("gradients add up until they are set to zero, and stop where they are told to", {
  w <- parameter(c(1, 2))
  sum(w)$backward()
  sum(w * 2)$backward()
  expect_identical(as.numeric(w$grad), c(3, 3))
  w$grad$zero_()
  sum(w$detach() * w)$backward()
  expect_identical(as.numeric(w$grad), c(1, 2))
  expect_false(with(torch$no_grad(), w * 2)$requires_grad)
})

test_that("tensors are made, folded and selected as the chapters do", {
  v <- torch$arange(9L)$view(3L, 3L)
  expect_identical(as.matrix(v), matrix(0:8, 3, byrow = TRUE))
  v[2, ]$fill_(0L)
  expect_identical(as.integer(v[2, ]), c(0L, 0L, 0L))
  expect_identical(as.integer(v[, 3]), c(2L, 0L, 8L))
  image <- torch$zeros(3L, 4L, 5L)
  expect_identical(dim(image[1, , ]), 4:5)
  expect_identical(dim(image$transpose(0L, 2L)), c(5L, 4L, 3L))
  expect_identical(dim(torch$cat(list(image, image), dim = 1L)), c(3L, 8L, 5L))
  expect_true(torch$equal(torch$ones(2L) + 1, torch$full(list(2L), 2)))
})
