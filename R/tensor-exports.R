#' Masks of R's functions
#'
#' See [tensor-functions].
#'
#' @name tensor-masks
#' @aliases %in% %o% array atan2 beta cat cbind chol2inv choose colMeans colSums combn
#'   complete.cases cor cov crossprod diag dnorm drop ecdf embed factor fft findInterval
#'   formatC identical ifelse interaction IQR lbeta mad mapply margin.table marginSums
#'   match matrix nchar norm outer plogis pmax pmin pnorm prop.table proportions qlogis
#'   qnorm rank rbind rep_len rep.int rle rowMeans rowSums sapply sd sprintf sweep table
#'   tabulate tapply tcrossprod unlist var which which.max which.min zapsmall %*%
#' @keywords internal
#' @rawNamespace
#' export("%in%", "%o%", array, atan2, beta, cat, cbind, chol2inv, choose, colMeans,
#'   colSums, combn, complete.cases, cor, cov, crossprod, diag, dnorm, drop, ecdf, embed,
#'   factor, fft, findInterval, formatC, identical, ifelse, interaction, IQR, lbeta, mad,
#'   mapply, margin.table, marginSums, match, matrix, nchar, norm, outer, plogis, pmax,
#'   pmin, pnorm, prop.table, proportions, qlogis, qnorm, rank, rbind, rep_len, rep.int,
#'   rle, rowMeans, rowSums, sapply, sd, sprintf, sweep, table, tabulate, tapply,
#'   tcrossprod, unlist, var, which, which.max, which.min, zapsmall, "%*%")
NULL
