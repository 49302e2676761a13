# A fit as a search would have made it, whose losses are known: of each candidate those of 3 folds.
with_search <- function(fit, losses = candidate_losses, encoding = "piecewise", multiple = 1,
                        folds = 3, encodings = c("linear", "piecewise")) {
  usual <- 3 / fit$rows
  multiples <- c(0.1, 1, 10, 1, 3)
  own <- t(losses[, seq_len(folds), drop = FALSE])
  table <- data.frame(
    encoding = rep(c("linear", "piecewise"), c(3, 2) * folds),
    learning_rate = fit$settings$learning_rate,
    weight_decay = rep(multiples * usual, each = folds),
    fold = rep(seq_len(folds), 5), valid_loss = as.vector(own)
  )
  fit$tuning <- table[table$encoding %in% encodings, ]
  row.names(fit$tuning) <- NULL
  fit$settings[c("encoding", "weight_decay")] <- list(encoding, multiple * usual)
  fit
}

candidate_losses <- rbind(
  c(0.5, 0.6, 0.7), c(0.3, 0.4, 0.5), c(0.9, 0.9, 1.2), c(0.2, 0.3, 0.25), c(0.4, 0.3, 0.5)
)

# One candidate diverged in a fold, and one in all.
diverged_losses <- replace(candidate_losses, cbind(c(2, 5, 5, 5), c(2, 1, 2, 3)), Inf)

# One that also tried a larger learning rate, of which one candidate is the best.
with_larger_steps <- function(fit) {
  fit <- with_search(fit)
  more <- with_search(fit, rbind(0, 0, 0, c(0.1, 0.2, 0.1), 0.2)[, 1:3], encodings = "piecewise")
  more$tuning$learning_rate <- 0.03
  more$tuning$weight_decay <- more$tuning$weight_decay * 0.1
  fit$tuning <- rbind(fit$tuning, more$tuning)
  fit$settings[c("learning_rate", "weight_decay")] <- list(0.03, more$tuning$weight_decay[[1]])
  fit
}
