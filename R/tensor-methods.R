# Methods of R's generics for tensors that are registered from tables.

# By package: generics, and the names of their methods.
named_methods <- list(
  base = c(
    c = "combine_tensors", rep = "repeat_tensor", rev = "reverse_tensor", sort = "sort_tensor",
    aperm = "aperm_tensor", unique = "unique_tensor", split = "split_tensor",
    subset = "subset_tensor", diff = "difference_tensor", scale = "scale_tensor",
    solve = "solve_tensors", chol = "chol_tensor", determinant = "determinant_tensor",
    summary = "summary_tensor", as.list = "as_list_of_numbers",
    as.character = "numbers_as_character", toString = "numbers_in_line",
    as.complex = "numbers_as_complex", is.numeric = "is_numeric_tensor",
    is.matrix = "is_matrix_tensor", is.array = "is_array_tensor"
  ),
  stats = c(
    median = "median_tensor", quantile = "quantile_tensor", weighted.mean = "weighted_tensor"
  )
)

# By package: generics, and the functions that make a method of the generic's name.
made_methods <- list(
  base = c(
    cbind = "bind_tensors", rbind = "bind_tensors",
    crossprod = "cross_tensors", tcrossprod = "cross_tensors"
  )
)

numbers_as_character <- function(x, ...) as.character(as_r_values(x))
numbers_in_line <- function(x, ...) toString(as.character(as_r_values(x)), ...)
numbers_as_complex <- function(x, ...) as.complex(as_r_values(x, "as.complex"))
is_numeric_tensor <- function(x) tensor_value("kind_of_numbers", x) == "numeric"
is_matrix_tensor <- function(x) length(dim(x)) == 2
is_array_tensor <- function(x) length(dim(x)) > 0

# Generics that get R's numbers. Results of those in the second list have no gradient anyway.
converted_generics <- list(
  base = c("pretty", "by", "rowsum", "as.Date", "as.POSIXct", "as.POSIXlt", "qr", "kappa"),
  stats = c(
    "aggregate", "density", "t.test", "wilcox.test", "var.test", "ks.test", "cor.test",
    "na.omit", "as.ts", "prcomp", "princomp", "ar", "as.dist", "qqnorm", "shapiro.test"
  )
)
shown_generics <- list(
  base = c("duplicated", "anyDuplicated", "cut"),
  graphics = c(
    "plot", "hist", "barplot", "boxplot", "lines", "points", "text", "image", "pairs", "persp",
    "stripchart"
  )
)

# Straight into R's table of methods, as register_no_answers() does, which is much faster; each
# method is made when R first looks for it.
register_tensor_methods <- function() {
  for (package in c("base", "stats", "graphics")) {
    home <- asNamespace(package)
    generics <- c(
      names(named_methods[[package]]), names(made_methods[[package]]),
      converted_generics[[package]], shown_generics[[package]]
    )
    for (generic in generics) delay_method(generic, package, home)
  }
}

delay_method <- function(name, package, home) {
  force(name)
  force(package)
  generic <- get0(name, envir = home)
  if (is.null(generic)) {
    return() # not in this version of R
  }
  home <- if (is.primitive(generic)) baseenv() else environment(generic)
  table <- home[[".__S3MethodsTable__."]]
  if (is.null(table)) table <- topenv(home)[[".__S3MethodsTable__."]]
  delayedAssign(paste0(name, ".torch.Tensor"), method_for(name, package), assign.env = table)
}

method_for <- function(name, package) {
  named <- named_methods[[package]]
  made <- made_methods[[package]]
  if (utils::hasName(named, name)) {
    get(named[[name]])
  } else if (utils::hasName(made, name)) {
    get(made[[name]])(name)
  } else {
    converting(name, package, keeps_gradient = name %in% converted_generics[[package]])
  }
}

converting <- function(name, package, keeps_gradient) {
  generic <- get(name, envir = asNamespace(package))
  force(keeps_gradient)
  function(...) {
    arguments <- lapply(list(...), plain_values, if (keeps_gradient) name)
    do.call(generic, arguments, quote = TRUE, envir = parent.frame())
  }
}
