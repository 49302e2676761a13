#' R's functions that also take tensors
#'
#' These functions are R's own, extended to tensors: see [tensor-functions]. Without a tensor among
#' their arguments they do the same as R's.
#'
#' @name tensor-masks
#' @eval paste(c("@aliases", mask_names()), collapse = " ")
#' @keywords internal
#' @evalNamespace sprintf("export(\"%s\")", mask_names())
NULL

# R's functions that are not generic, exported under their own names.
#
# Each has the arguments, body and environment of R's own function, with one test at the beginning:
# is an argument a tensor? So all else is as in R, missing arguments and messages included.

# Rows of the table: for each name the arguments to look at (`...` for all of them), and what
# answers: one of the ways in `answer_mask()`, or the name of a function.
masks <- function(names, arguments, answer, by_name = FALSE) {
  rows <- rep(list(list(arguments = arguments, answer = answer, by_name = by_name)), length(names))
  stats::setNames(rows, names)
}

# The function that is named makes the one that answers.
masks_by_name <- function(names, arguments, answer) masks(names, arguments, answer, by_name = TRUE)

# By package and function. Made when the package is installed, as all constants are.
mask_table <- list(
  base = c(
    masks("ifelse", c("test", "yes where TRUE", "no where FALSE"), "ifelse_tensors"),
    masks("identical", c("x", "y"), "identical_tensors"),
    masks("unlist", "x in a list", "unlist_tensors"),
    masks("append", c("x", "values"), "append_tensors"),
    masks(c("outer", "%o%"), c("X", "Y"), "outer_tensors"),
    masks("sweep", c("x", "STATS"), "sweep_tensors"),
    masks(c("prop.table", "proportions"), "x", "proportions_of"),
    masks(c("marginSums", "margin.table"), "x", "margin_sums"),
    masks("diag", "x", "diagonal_tensor"),
    masks_by_name(c("cbind", "rbind"), "...", "bind_tensors"),
    masks_by_name(c("rowSums", "colSums", "rowMeans", "colMeans"), "x", "margin_tensors"),
    masks_by_name(c("crossprod", "tcrossprod"), c("x", "y"), "cross_tensors"),
    masks_by_name(c("pmax", "pmin"), "...", "extreme_tensors"),
    masks_by_name("atan2", c("y", "x"), "two_way_tensors"),
    masks_by_name(c("beta", "lbeta"), c("a", "b"), "two_way_tensors"),
    masks(c("drop", "rep.int", "rep_len"), "x", "positions"),
    masks(c("matrix", "array"), "data", "positions"),
    masks(
      c(
        "which", "which.max", "which.min", "rank", "norm", "chol2inv", "factor", "nchar",
        "formatC", "rle", "zapsmall"
      ),
      "x", "converted"
    ),
    masks(c("table", "sprintf", "cat", "interaction"), "...", "converted"),
    masks(c("match", "%in%"), c("x", "table"), "converted"),
    masks("tabulate", "bin", "converted"),
    masks("findInterval", c("x", "vec"), "converted"),
    masks("choose", c("n", "k"), "converted"),
    masks("tapply", c("X", "INDEX"), "converted")
  ),
  stats = c(
    masks_by_name(c("var", "cov", "cor"), c("x", "y"), "covariance_tensors"),
    masks("sd", "x", "deviation_tensor"),
    masks("mad", "x", "absolute_deviation"),
    masks("IQR", "x", "interquartile_tensor"),
    masks("complete.cases", "...", "converted"),
    masks(c("embed", "ecdf"), "x", "converted"),
    masks("fft", "z", "converted"),
    masks("dnorm", c("x", "mean", "sd"), "converted"),
    masks("pnorm", c("q", "mean", "sd"), "converted"),
    masks("qnorm", c("p", "mean", "sd"), "converted"),
    masks("plogis", "q", "converted"),
    masks("qlogis", "p", "converted")
  ),
  utils = masks("combn", "x", "converted")
)

# Each mask is made when it is first used: to make all of them would take longer than all else
# that loading this package does. What makes them calls no mask, which may be in the making.
delay_masks <- function(own) {
  for (package in names(mask_table)) {
    for (name in names(mask_table[[package]])) delay_mask(package, name, own)
  }
  delayedAssign("sapply", sapply_mask(), assign.env = own)
  delayedAssign("mapply", mapply_mask(), assign.env = own)
  delayedAssign("%*%", matrix_product_mask(), assign.env = own)
}

delay_mask <- function(package, name, own) {
  force(package)
  force(name)
  delayedAssign(name, mask_of(package, name), assign.env = own)
}

mask_home <- function(name) {
  Find(function(package) utils::hasName(mask_table[[package]], name), names(mask_table))
}

mask_of <- function(package, name) {
  original <- get(name, envir = asNamespace(package))
  if (is.primitive(original)) {
    return(original)
  }
  asked <- lapply(mask_table[[package]][[name]]$arguments, tensor_test)
  condition <- Reduce(function(a, b) call("||", a, b), asked)
  answer <- bquote(return(.(answer_mask)(.(name), environment())))
  body(original) <- call("{", call("if", condition, answer), wrapped_body(name, original))
  attr(original, "srcref") <- NULL
  original
}

# R's body; or, where that calls .Internal(), which packages may not, a call of R's function. Which
# arguments are missing is asked in the mask's own frame, and each call made once: such functions
# are called everywhere, with little to do. So the usual call, of no argument that has a default,
# stands there itself.
wrapped_body <- function(name, original) {
  if (!any(all.names(body(original)) == ".Internal")) {
    return(body(original))
  }
  names <- names(formals(original))
  asked <- function(names) lapply(names, function(each) call("missing", as.name(each)))
  calls <- list2env(list(name = name, names = names, made = list()), parent = emptyenv())
  is_missing <- as.call(c(quote(c), asked(setdiff(names, "..."))))
  any_call <- bquote(.(call_original)(environment(), .(calls), .(is_missing)))
  has_default <- !vapply(formals(original), base::identical, NA, quote(expr = )) # nolint
  usual <- original_call(name, names[!has_default], FALSE)
  if (!any(has_default)) {
    return(usual)
  }
  unasked <- Reduce(function(a, b) call("&&", a, b), asked(names[has_default]))
  call("if", unasked, usual, any_call)
}

# Passes only what was given, so that an argument that is missing here is missing there.
call_original <- function(frame, calls, is_missing) {
  place <- 1 + sum(is_missing * 2^(seq_along(is_missing) - 1))
  if (length(calls$made) < place || is.null(calls$made[[place]])) {
    calls$made[[place]] <- original_call(calls$name, calls$names, is_missing)
  }
  eval(calls$made[[place]], frame)
}

original_call <- function(name, names, is_missing) {
  names <- base::setdiff(names, base::setdiff(names, "...")[is_missing])
  passed <- lapply(names, as.name)
  names(passed) <- sub("...", "", names, fixed = TRUE)
  as.call(c(as.name(name), passed))
}

# A mask's arguments that are not missing, and `...`.
given_names <- function(frame, name) {
  names <- names(formals(get(name, envir = topenv())))
  Filter(function(each) {
    each == "..." || !eval(call("missing", as.name(each)), frame)
  }, names)
}

# sapply() and mapply() join tensors because they find our simplify2array() before R's.
sapply_mask <- function() {
  mask <- base::sapply
  environment(mask) <- joining_environment()
  mask
}

joining_environment <- function() {
  list2env(list(simplify2array = simplify_tensors), parent = baseenv())
}

# R's own, except for the function that joins the results.
mapply_mask <- function() {
  mask <- base::mapply
  body(mask) <- quote({
    FUN <- match.fun(FUN) # nolint: object_name_linter.
    answer <- mapply(
      FUN = FUN, ..., MoreArgs = MoreArgs, SIMPLIFY = FALSE, USE.NAMES = USE.NAMES
    )
    if (isFALSE(SIMPLIFY)) answer else simplify2array(answer, higher = (SIMPLIFY == "array"))
  })
  environment(mask) <- joining_environment()
  attr(mask, "srcref") <- NULL
  mask
}

# Tests of more than an argument's class.
special_tests <- list(
  "x in a list" = quote(holds_tensors(x)),
  "yes where TRUE" = quote(chooses_tensor(test, TRUE, yes)),
  "no where FALSE" = quote(chooses_tensor(test, FALSE, no))
)

holds_tensors <- function(x) {
  !missing(x) && is.list(x) && length(x) > 0L && is_tensor(.subset2(x, 1L))
}

# ifelse() evaluates an alternative only if it is chosen.
chooses_tensor <- function(test, at, value) {
  !missing(test) && is.logical(test) && any(test == at, na.rm = TRUE) && !missing(value) &&
    is_tensor(value)
}

tensor_test <- function(argument) {
  if (argument == "...") {
    return(bquote(.(has_tensor)(...)))
  }
  asked <- special_tests[[argument]]
  if (!is.null(asked)) {
    # The function itself, since its name cannot be found from the environment of R's function.
    asked[[1]] <- get(as.character(asked[[1]]), envir = topenv())
    return(asked)
  }
  name <- as.name(argument)
  bquote(!missing(.(name)) && is.object(.(name)) && inherits(.(name), "torch.Tensor"))
}

#' What a mask gives for tensors
#'
#' @param frame The mask's frame, which has its arguments.
#' @noRd
answer_mask <- function(name, frame) {
  home <- mask_home(name)
  row <- mask_table[[home]][[name]]
  arguments <- given_arguments(frame, name)
  if (name == "cbind") arguments <- named_columns(arguments, frame)
  answer <- row$answer
  if (!base::`%in%`(answer, c("converted", "positions"))) {
    answer <- get(answer, envir = topenv(), mode = "function")
    if (row$by_name) answer <- answer(name)
    return(do.call(answer, arguments, quote = TRUE))
  }
  original <- get(name, envir = asNamespace(home))
  if (answer == "converted") {
    exempt <- name %in% c(without_gradient, "which.max", "which.min")
    return(do.call(original, lapply(arguments, plain_values, if (!exempt) name), quote = TRUE))
  }
  x <- arguments[[1]]
  arguments <- lapply(arguments[-1], plain_values, name)
  positions <- do.call(original, c(list(positions_of(x)), arguments), quote = TRUE)
  gather_elements(x, positions, call(name))
}

# A tensor beside a data frame becomes a column with the name of its variable.
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
