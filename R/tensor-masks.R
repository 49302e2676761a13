# Functions that R does not let packages extend: exported under their own names.
#
# Each is R's own function, arguments, body and environment, with one question before: is an
# argument a tensor? So for everything else it is R's own, missing arguments and messages included.

# By package and function: the arguments to look at (`...` for all of them) and what answers.
# A text is one of the ways in `answer_mask()`.
mask_table <- function() {
  list(
    base = list(
      ifelse = list(c("test", "yes where TRUE", "no where FALSE"), ifelse_tensors),
      which = list("x", "converted"),
      which.max = list("x", "converted"),
      which.min = list("x", "converted"),
      match = list(c("x", "table"), "converted"),
      `%in%` = list(c("x", "table"), "converted"),
      identical = list(c("x", "y"), identical_tensors),
      rank = list("x", "converted"),
      tabulate = list("bin", "converted"),
      table = list("...", "converted"),
      findInterval = list(c("x", "vec"), "converted"),
      drop = list("x", "positions"),
      matrix = list("data", "positions"),
      array = list("data", "positions"),
      rep.int = list("x", "positions"),
      rep_len = list("x", "positions"),
      unlist = list("x in a list", unlist_tensors),
      cbind = list("...", bind_tensors("cbind")),
      rbind = list("...", bind_tensors("rbind")),
      outer = list(c("X", "Y"), outer_tensors),
      `%o%` = list(c("X", "Y"), outer_tensors),
      sweep = list(c("x", "STATS"), sweep_tensors),
      prop.table = list("x", proportions_of),
      proportions = list("x", proportions_of),
      marginSums = list("x", margin_sums),
      margin.table = list("x", margin_sums),
      diag = list("x", diagonal_tensor),
      norm = list("x", "converted"),
      chol2inv = list("x", "converted"),
      rowSums = list("x", margin_tensors("rowSums")),
      colSums = list("x", margin_tensors("colSums")),
      rowMeans = list("x", margin_tensors("rowMeans")),
      colMeans = list("x", margin_tensors("colMeans")),
      crossprod = list(c("x", "y"), cross_tensors("crossprod")),
      tcrossprod = list(c("x", "y"), cross_tensors("tcrossprod")),
      pmax = list("...", extreme_tensors("pmax")),
      pmin = list("...", extreme_tensors("pmin")),
      atan2 = list(c("y", "x"), function(y, x) two_way_tensors("atan2")(y, x)),
      beta = list(c("a", "b"), function(a, b) two_way_tensors("beta")(a, b)),
      lbeta = list(c("a", "b"), function(a, b) two_way_tensors("lbeta")(a, b)),
      choose = list(c("n", "k"), "converted"),
      factor = list("x", "converted"),
      nchar = list("x", "converted"),
      sprintf = list("...", "converted"),
      cat = list("...", "converted"),
      formatC = list("x", "converted"),
      rle = list("x", "converted"),
      zapsmall = list("x", "converted"),
      tapply = list(c("X", "INDEX"), "converted"),
      interaction = list("...", "converted")
    ),
    stats = list(
      var = list(c("x", "y"), covariance_tensors("var")),
      cov = list(c("x", "y"), covariance_tensors("cov")),
      cor = list(c("x", "y"), covariance_tensors("cor")),
      sd = list("x", deviation_tensor),
      mad = list("x", absolute_deviation),
      IQR = list("x", interquartile_tensor),
      complete.cases = list("...", "converted"),
      embed = list("x", "converted"),
      ecdf = list("x", "converted"),
      fft = list("z", "converted"),
      dnorm = list(c("x", "mean", "sd"), "converted"),
      pnorm = list(c("q", "mean", "sd"), "converted"),
      qnorm = list(c("p", "mean", "sd"), "converted"),
      plogis = list("q", "converted"),
      qlogis = list("p", "converted")
    ),
    utils = list(combn = list("x", "converted"))
  )
}

make_masks <- function(own) {
  table <- mask_table()
  for (package in names(table)) {
    from <- asNamespace(package)
    for (name in names(table[[package]])) {
      original <- get(name, envir = from)
      assign(name, mask_of(original, name, table[[package]][[name]][[1]]), envir = own)
    }
  }
  # In sapply() and mapply() results that are tensors are joined: simplify2array() is ours there.
  within <- new.env(parent = baseenv())
  within$simplify2array <- simplify_tensors
  joining <- base::sapply
  environment(joining) <- within
  assign("sapply", joining, envir = own)
  assign("mapply", mapply_mask(within), envir = own)
  assign("%*%", matrix_product_mask(), envir = own)
  session$masks <- do.call(c, unname(table))
  session$mask_homes <- rep(names(table), lengths(table))
  names(session$mask_homes) <- names(session$masks)
}

mask_of <- function(original, name, arguments) {
  if (is.primitive(original)) {
    return(original)
  }
  asked <- lapply(arguments, question)
  condition <- Reduce(function(a, b) call("||", a, b), asked)
  answer <- bquote(return(.(answer_mask)(.(name), environment())))
  body(original) <- call("{", call("if", condition, answer), body_of(name, original))
  attr(original, "srcref") <- NULL
  original
}

# R's body; but a call of R's function where the body calls .Internal(), which is for R's own
# functions alone.
body_of <- function(name, original) {
  if (".Internal" %in% all.names(body(original))) {
    bquote(.(pass_on)(.(name), environment()))
  } else {
    body(original)
  }
}

# With what was given alone, so that an argument that is missing here is missing there.
pass_on <- function(name, frame) {
  names <- given_names(frame, name)
  passed <- lapply(names, as.name)
  names(passed) <- sub("...", "", names, fixed = TRUE)
  eval(as.call(c(as.name(name), passed)), frame)
}

# A mask's arguments that are not missing, and `...`.
given_names <- function(frame, name) {
  names <- names(formals(get(name, envir = topenv())))
  Filter(function(each) {
    each == "..." || !eval(call("missing", as.name(each)), frame)
  }, names)
}

# R's own but for what joins the results.
mapply_mask <- function(within) {
  mask <- base::mapply
  body(mask) <- quote({
    FUN <- match.fun(FUN) # nolint: object_name_linter.
    answer <- mapply(
      FUN = FUN, ..., MoreArgs = MoreArgs, SIMPLIFY = FALSE, USE.NAMES = USE.NAMES
    )
    if (isFALSE(SIMPLIFY)) answer else simplify2array(answer, higher = (SIMPLIFY == "array"))
  })
  environment(mask) <- within
  attr(mask, "srcref") <- NULL
  mask
}

# Questions that look at more than an argument's class.
special_questions <- list(
  "x in a list" = quote(holds_tensors(x)),
  "yes where TRUE" = quote(chooses_tensor(test, TRUE, yes)),
  "no where FALSE" = quote(chooses_tensor(test, FALSE, no))
)

holds_tensors <- function(x) {
  !missing(x) && is.list(x) && length(x) > 0L && is_tensor(.subset2(x, 1L))
}

# ifelse() looks at an alternative only if it is wanted.
chooses_tensor <- function(test, at, chosen) {
  !missing(test) && is.logical(test) && any(test == at, na.rm = TRUE) && !missing(chosen) &&
    is_tensor(chosen)
}

question <- function(argument) {
  if (argument == "...") {
    return(bquote(.(has_tensor)(...)))
  }
  if (argument %in% names(special_questions)) {
    asked <- special_questions[[argument]]
    # The function itself, since R's environment knows none of this package's.
    asked[[1]] <- get(as.character(asked[[1]]), envir = topenv())
    return(asked)
  }
  bquote(!missing(.(as.name(argument))) && inherits(.(as.name(argument)), "torch.Tensor"))
}

#' What a mask gives for tensors
#'
#' @param frame The mask's frame, which has its arguments.
#' @noRd
answer_mask <- function(name, frame) {
  answer <- session$masks[[name]][[2]]
  arguments <- given_arguments(frame, name)
  if (name == "cbind") arguments <- named_columns(arguments, frame)
  if (is.function(answer)) {
    return(do.call(answer, arguments, quote = TRUE))
  }
  original <- get(name, envir = asNamespace(session$mask_homes[[name]]))
  if (answer == "converted") {
    exempt <- name %in% c(without_gradient, "which.max", "which.min")
    return(do.call(original, lapply(arguments, plain_values, if (!exempt) name), quote = TRUE))
  }
  x <- arguments[[1]]
  arguments <- lapply(arguments[-1], plain_values, name)
  gathered(x, do.call(original, c(list(positions_in(x)), arguments), quote = TRUE), call(name))
}

# A tensor beside a data frame is called as the variable that holds it.
named_columns <- function(arguments, frame) {
  written <- as.list(eval(quote(substitute(list(...))), frame))[-1]
  called <- rlang::names2(arguments)
  for (k in seq_along(written)) {
    if (called[[k]] == "" && is.name(written[[k]]) && is_tensor(arguments[[k]])) {
      called[[k]] <- as.character(written[[k]])
    }
  }
  stats::setNames(arguments, called)
}

# What the caller gave, by name; the defaults are the original's.
given_arguments <- function(frame, name) {
  given <- list()
  for (each in given_names(frame, name)) {
    if (each == "...") {
      given <- c(given, eval(quote(list(...)), frame))
    } else {
      given[each] <- list(get(each, envir = frame))
    }
  }
  given
}

matrix_product_mask <- function() {
  if (getRversion() >= "4.3.0") {
    return(base::`%*%`)
  }
  mask <- function(x, y) {
    if (inherits(x, "torch.Tensor") || inherits(y, "torch.Tensor")) {
      return(pytwolayer::`%@%`(x, y))
    }
    x %*% y
  }
  environment(mask) <- baseenv()
  attr(mask, "srcref") <- NULL
  mask
}
