#' The network as a method of caret
#'
#' `caret_two_layer()` returns what `caret::train(method = )` needs to fit the network, for
#' regression and classification. caret tunes `hidden_units` and `weight_decay`; pass all other
#' arguments of [two_layer()], such as `epochs` and `seed`, to `train()`. With `x` and `y`, factors
#' stay factors; with a formula, caret itself turns them into indicators. Case weights and class
#' probabilities are supported.
#'
#' With `tuneLength = 3` the grid has 16, 32 and 64 hidden units, and weight decays of 0.1, 1 and 10
#' times 3 divided by the number of rows; with `tuneLength = 1` it has 64 hidden units and the
#' middle weight decay. To let [two_layer()] choose the weight decay itself, within the training
#' rows of each resample, use `tuneGrid = data.frame(hidden_units = 64, weight_decay = "auto")`.
#'
#' @return A list for the argument `method` of `caret::train()`.
#' @seealso [two_layer()]
#' @examplesIf requireNamespace("caret", quietly = TRUE) && pytwolayer:::has_torch()
#' fit <- caret::train(mtcars[-1], mtcars$mpg,
#'   method = caret_two_layer(), epochs = 20, seed = 1,
#'   tuneGrid = data.frame(hidden_units = c(8, 16), weight_decay = 0.1),
#'   trControl = caret::trainControl("cv", number = 2)
#' )
#' predict(fit, head(mtcars))
#' @export
caret_two_layer <- function() {
  list(
    label = "Two-Layer Neural Network",
    library = "pytwolayer",
    loop = NULL,
    type = c("Regression", "Classification"),
    parameters = data.frame(
      parameter = c("hidden_units", "weight_decay"),
      class = "numeric",
      label = c("#Hidden Units", "Weight Decay")
    ),
    grid = caret_grid,
    fit = caret_fit,
    predict = caret_predict,
    prob = caret_prob,
    predictors = function(x, ...) x$xNames,
    levels = function(x) x$obsLevels,
    sort = caret_sort,
    tags = c("Neural Network", "L2 Regularization", "Accepts Case Weights")
  )
}

# The simplest first: among equals caret takes that.
caret_sort <- function(x) {
  simplest <- order(x$hidden_units, x$weight_decay, decreasing = c(FALSE, TRUE), method = "radix")
  x[simplest, ]
}

caret_grid <- function(x, y, len = NULL, search = "grid") {
  usual <- 3 / nrow(x)
  if (search == "random") {
    return(data.frame(
      hidden_units = sample(8:64, len, replace = TRUE),
      weight_decay = usual * 10^stats::runif(len, -1.5, 1)
    ))
  }
  strengths <- if (len == 1) 0 else seq(-1, 1, length.out = len)
  expand.grid(
    hidden_units = sort(unique(pmax(round(64 / 2^(seq_len(len) - 1)), 1))),
    weight_decay = usual * 10^strengths
  )
}

# Values of the grid are numbers or "auto", which a data frame of R before 4.0 has as a factor.
caret_fit <- function(x, y, wts, param, lev, last, classProbs, ...) { # nolint: object_name_linter.
  decay <- param$weight_decay
  two_layer(x, y,
    hidden_units = param$hidden_units, weight_decay = if (is.factor(decay)) paste(decay) else decay,
    case_weights = wts, verbose = FALSE, ...
  )
}

caret_predict <- function(modelFit, newdata, submodels = NULL) { # nolint: object_name_linter.
  predicted <- stats::predict(modelFit, newdata)[[1]]
  if (is.factor(predicted)) as.character(predicted) else predicted
}

caret_prob <- function(modelFit, newdata, submodels = NULL) { # nolint: object_name_linter.
  predicted <- as.data.frame(stats::predict(modelFit, newdata, type = "prob"))
  stats::setNames(predicted, modelFit$levels)
}
