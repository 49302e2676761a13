# Generics that have no answer for a fit: each is an error with the reason, and what to use instead.
# Their default methods would take the fit for a list, and give whatever that comes to.

# Why, and what to use instead.
reasons <- list(
  covariance = c(
    "its weights have no standard errors, as many other weights predict the same",
    paste(
      "Predictions of several networks (`n_models`) have intervals:",
      "`predict(fit, new_data, type = \"conf_int\")`."
    )
  ),
  likelihood = c(
    paste(
      "training ends before a likelihood is largest, and a network has no number of free",
      "parameters that could be held against it"
    ),
    paste(
      "Compare fits by the loss of rows held out alike: `validation` and `seed` in `two_layer()`,",
      "then `glance(fit)$valid_loss`. See also `deviance()`."
    )
  ),
  terms = c(
    "it has no likelihood and no AIC by which terms could be added or dropped",
    paste(
      "Fit again without one, `update(fit, . ~ . - x)`, and compare the loss of rows held out",
      "alike: `validation` and `seed` in `two_layer()`, then `glance(fit)$valid_loss`."
    )
  ),
  influence = c(
    "its fitted values are no linear function of the outcome, so that rows have no leverage",
    "There are `residuals()` and `fitted()`. To see what a row does, fit again without it."
  ),
  linear = c(
    "it is no linear model",
    "There are `coef()`, `predict()`, `fitted()` and `residuals()`."
  ),
  family = c("it has a loss and no family of distributions", "See `fit$settings$loss`."),
  simulate = c(
    "no distribution of single outcomes is fitted",
    "There are `predict()` and `residuals()`."
  ),
  profile = c("there is no likelihood to profile", "There is the history of losses, `plot(fit)`."),
  data = c(
    "it is no data",
    "There are `predict()`, `fitted()`, `residuals()`, `coef()`, and `fit$history`."
  )
)

no_answers <- list(
  stats = list(
    covariance = c("vcov", "confint"),
    likelihood = c("logLik", "AIC", "BIC", "df.residual", "anova"),
    terms = c("add1", "drop1", "extractAIC"),
    influence = c(
      "influence", "hatvalues", "cooks.distance", "rstandard", "rstudent", "dfbeta", "dfbetas"
    ),
    linear = c(
      "alias", "proj", "dummy.coef", "model.tables", "se.contrast", "TukeyHSD", "SSD",
      "estVar", "mauchly.test", "biplot", "screeplot", "getInitial", "knots", "preplot"
    ),
    family = "family",
    simulate = "simulate",
    profile = "profile",
    data = c(
      "aggregate", "ansari.test", "ar.burg", "ar.yw", "as.dendrogram", "as.dist", "as.hclust",
      "as.stepfun", "as.ts", "bartlett.test", "cophenetic", "cor.test", "cycle", "deltat",
      "density", "deriv", "deriv3", "diffinv", "end", "fligner.test", "frequency", "friedman.test",
      "ftable", "kernapply", "kruskal.test", "ks.test", "lag", "makepredictcall", "median",
      "monthplot", "mood.test", "na.contiguous", "na.exclude", "na.fail", "na.omit", "napredict",
      "naprint", "naresid", "NLSstAsymptotic", "NLSstClosestX", "NLSstLfAsymptote",
      "NLSstRtAsymptote", "pacf", "ppr", "prcomp", "princomp", "qqnorm", "quade.test", "quantile",
      "relevel", "reorder", "selfStart", "sortedXyData", "start", "t.test", "time", "tsdiag",
      "tsSmooth", "var.test", "weighted.mean", "wilcox.test", "window", "window<-"
    )
  ),
  base = list(
    linear = c("qr", "kappa", "chol", "solve", "determinant"),
    data = c(
      "Math", "Ops", "Summary", "Complex", "anyDuplicated", "aperm", "as.array", "as.double",
      "as.function", "as.integer", "as.logical", "as.matrix", "as.table", "by", "c", "cut", "diff",
      "droplevels", "duplicated", "is.na<-", "mean", "merge", "mtfrm", "pretty", "rep",
      "rev", "rowsum", "scale", "seq", "sort", "split", "split<-", "subset", "t", "transform",
      "unique", "within", "xtfrm"
    )
  ),
  utils = list(data = c("head", "tail", "stack", "unstack", "type.convert")),
  graphics = list(
    data = c(
      "barplot", "boxplot", "hist", "image", "lines", "pairs", "persp", "points", "stripchart",
      "text"
    )
  )
)

# At loading, and not in NAMESPACE, which would list hundreds of methods. One method for all of them
# is written to the tables in which R looks up methods, since registerS3method() checks so much for
# each that loading the package would take three times as long.
register_no_answers <- function() {
  for (package in names(no_answers)) {
    table <- asNamespace(package)[[".__S3MethodsTable__."]]
    generics <- base::unlist(no_answers[[package]], use.names = FALSE)
    names <- c(paste0(generics, ".two_layer"), paste0(generics, ".two_layer_ensemble"))
    list2env(stats::setNames(rep(list(no_answer), length(names)), names), envir = table)
  }
}

# R tells a method which generic called it.
no_answer <- function(...) {
  generic <- get0(".Generic", inherits = FALSE, ifnotfound = deparse1(sys.call()[[1]]))[[1]]
  text <- reasons[[why_no_answer(generic)]]
  rlang::abort(
    c(
      sprintf("`%s()` has no answer for a fitted network: %s.", generic, text[[1]]),
      i = text[[2]]
    ),
    class = c("pytwolayer_error_argument", "pytwolayer_error"), call = rlang::current_env()
  )
}

# What the table does not have is of a group, as `+` and `max` are.
why_no_answer <- function(generic) {
  for (rows in no_answers) {
    for (reason in names(rows)) {
      if (generic %in% rows[[reason]]) {
        return(reason)
      }
    }
  }
  "data"
}

#' @export
format.two_layer <- function(x, ...) {
  sprintf("<two_layer %s>", paste(x$sizes, collapse = "-"))
}

#' @export
format.two_layer_ensemble <- function(x, ...) {
  sizes <- x$models[[1]]$sizes
  sprintf("<two_layer_ensemble of %d, %s>", length(x$models), paste(sizes, collapse = "-"))
}

#' @export
toString.two_layer <- function(x, ...) format(x) # nolint: object_name_linter.

#' @export
toString.two_layer_ensemble <- toString.two_layer # nolint: object_name_linter.

#' @export
as.character.two_layer <- function(x, ...) format(x)

#' @export
as.character.two_layer_ensemble <- as.character.two_layer
