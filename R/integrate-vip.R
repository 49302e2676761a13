# vip's importance of a network's inputs by its weights, which it computes by another package for
# nnet's networks. A factor has an input for each level; `importance()` is by the user's columns.

vi_model.two_layer <- function(object, type = c("olden", "garson"), ...) { # nolint
  rlang::check_dots_empty()
  type <- rlang::arg_match(type)
  weight_importance(list(object), type)
}

# The mean of the networks' importances.
vi_model.two_layer_ensemble <- function(object, type = c("olden", "garson"), ...) { # nolint
  rlang::check_dots_empty()
  type <- rlang::arg_match(type)
  inputs <- unique(lapply(object$models, `[[`, "inputs"))
  if (length(inputs) > 1) {
    received <- "one in which each has inputs of its own"
    abort_expected("object", "a fit whose networks have the same inputs", received)
  }
  weight_importance(object$models, type)
}

weight_importance <- function(models, type) {
  each <- vapply(models, weights_of_inputs, numeric(length(models[[1]]$inputs)), type)
  importance <- rowMeans(matrix(each, ncol = length(models)))
  structure(
    tibble::tibble(Variable = models[[1]]$inputs, Importance = importance),
    type = type, class = c("vi", "tbl_df", "tbl", "data.frame")
  )
}

# Olden, Joy and Death (2004): sums over the hidden units of the products of the weights to and from
# them, with their sign where there is one output or two classes. Garson (1991): shares of a hidden
# unit's weights, times its share of the output's.
weights_of_inputs <- function(model, type) {
  first <- model$weights[["0.weight"]]
  last <- model$weights[["2.weight"]]
  if (length(model$levels) == 2) { # the output of the second class over that of the first
    last <- last[2, , drop = FALSE] - last[1, , drop = FALSE]
  }
  if (type == "olden") {
    products <- last %*% first
    return(if (nrow(products) == 1) as.vector(products) else colSums(abs(products)))
  }
  shares <- abs(first) / pmax(rowSums(abs(first)), .Machine$double.xmin)
  found <- colSums(abs(last)) %*% shares
  as.vector(found / max(sum(found), .Machine$double.xmin))
}

get_feature_names.two_layer <- function(object, ...) training_columns(object) # nolint
