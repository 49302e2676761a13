# R's functions that compute with R's numbers: an error where a gradient would be lost.

#' A tensor's values for a function of R's: a vector or an array
#'
#' @param name The function that takes them, for the error where the tensor requires a gradient.
#' @noRd
as_r_values <- function(x, name = NULL, check = !is.null(name), call = rlang::caller_env()) {
  if (check) check_gradient(x, name, call)
  values <- as_r_array(tensor_value("to_r", x, call = call))
  if (length(dim(values)) == 1) as.vector(values) else values
}

plain_values <- function(x, name = NULL) {
  if (is_tensor(x)) {
    as_r_values(x, name)
  } else if (is.list(x) && !is.object(x) && some_tensor(x)) {
    lapply(x, plain_values, name)
  } else {
    x
  }
}

check_gradient <- function(x, name, call) {
  if (!tensor_value("needs_gradient", x, call = call)) {
    return(invisible())
  }
  abort_tensor(
    c(
      sprintf("`%s()` takes R's numbers, and the tensor's gradient would be lost.", name),
      i = paste(
        "Where the gradient counts, use `torch$...`, a method of the tensor, or what",
        "`?tensor-functions` lists; where it does not, `x$detach()` or `as.numeric(x)`."
      )
    ),
    call
  )
}

# R's packages that compute, those that display, and functions whose results have no gradient.
converting_packages <- c("base", "stats")
showing_packages <- c("graphics", "grDevices", "utils")
without_gradient <- c(
  "order", "rank", "max.col", "findInterval", "tabulate", "table", "factor", "as.factor",
  "is.unsorted", "format", "print", "summary", "cat", "paste", "paste0", "toString", "sprintf",
  "identical", "all.equal", "duplicated", "unique", "cut", "as.list.function",
  "which", "match", "%in%", "nchar", "formatC", "prettyNum", "hist", "seq_len", "is.na"
)

#' Refuse a conversion that R's own code asks for where a gradient would be lost
#'
#' `as.numeric(w)` of the user's own is fine. R's `sapply(w, f)` and `svd(w)` convert within. In
#' `lapply(weights, as.numeric)` it is the user's, although R's code calls it.
#'
#' @param frame The frame that a method is called from.
#' @param listing Whether the method is that of `as.list()`, which lapply() calls by itself.
#' @noRd
check_caller <- function(x, frame, listing = FALSE) {
  if (!package_of(frame) %in% converting_packages || !listing && is_loop(frame)) {
    return(invisible())
  }
  if (!tensor_value("needs_gradient", x)) {
    return(invisible())
  }
  names <- callers(frame)
  if (!any(names %in% without_gradient)) {
    check_gradient(x, names[[length(names)]], NULL)
  }
}

# The names of R's functions that called a frame, innermost first; "print" where R displays it.
callers <- function(frame) {
  frames <- sys.frames()
  parents <- sys.parents()
  names <- character()
  k <- frame_number(frame)
  while (k > 0) {
    package <- package_of(frames[[k]])
    if (package %in% showing_packages) {
      return(c(names, "print"))
    }
    if (!package %in% converting_packages) break
    called <- sys.call(k)[[1]]
    if (is.name(called)) {
      names <- c(names, sub("\\.(default|data\\.frame)$", "", called))
    }
    k <- parents[[k]]
  }
  if (length(names)) names else "R's function"
}

# These call the user's functions; what they convert themselves they convert with as.list().
loop_functions <- c("lapply", "vapply", "mapply", "Map", "rapply", "Reduce")

is_loop <- function(frame) {
  k <- frame_number(frame)
  if (k == 0) {
    return(FALSE)
  }
  is_calling <- function(name) identical(sys.function(k), get(name, envir = baseenv()))
  any(vapply(loop_functions, is_calling, TRUE))
}

# The same frame may be listed twice by sys.frames(); the first time is the function's own.
frame_number <- function(frame) {
  Position(function(each) identical(each, frame), sys.frames(), nomatch = 0L)
}

frame_above <- function(frame) {
  k <- frame_number(frame)
  if (k == 0) globalenv() else sys.frame(sys.parents()[[k]])
}

package_of <- function(frame) {
  top <- topenv(frame)
  if (isNamespace(top)) {
    getNamespaceName(top)[[1]]
  } else {
    if (identical(top, baseenv())) "base" else ""
  }
}
