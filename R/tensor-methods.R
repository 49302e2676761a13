# Methods of R's generics for tensors that are registered from tables.

# By package: generics and their methods.
method_table <- function() {
  list(
    base = list(
      c = combine_tensors, cbind = bind_tensors("cbind"), rbind = bind_tensors("rbind"),
      rep = repeat_tensor, rev = reverse_tensor, sort = sort_tensor, aperm = aperm_tensor,
      unique = unique_tensor, split = split_tensor, subset = subset_tensor,
      diff = difference_tensor, scale = scale_tensor, solve = solve_tensors, chol = chol_tensor,
      determinant = determinant_tensor, summary = summary_tensor, as.list = as_list_of_numbers,
      as.character = function(x, ...) as.character(as_r_values(x)),
      toString = function(x, ...) toString(as.character(as_r_values(x)), ...),
      as.complex = function(x, ...) as.complex(as_r_values(x, "as.complex")),
      is.numeric = function(x) tensor_value("kind_of_numbers", x) == "numeric",
      is.matrix = function(x) length(dim(x)) == 2,
      is.array = function(x) length(dim(x)) > 0,
      crossprod = cross_tensors("crossprod"), tcrossprod = cross_tensors("tcrossprod")
    ),
    stats = list(
      median = median_tensor, quantile = quantile_tensor, weighted.mean = weighted_tensor
    )
  )
}

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

register_tensor_methods <- function() {
  by_package <- method_table()
  for (package in c("base", "stats", "graphics")) {
    home <- asNamespace(package)
    by_package[[package]] <- c(
      by_package[[package]], converting(converted_generics[[package]], home),
      converting(shown_generics[[package]], home, keeps_gradient = FALSE)
    )
  }
  for (package in names(by_package)) {
    home <- asNamespace(package)
    for (name in names(by_package[[package]])) {
      if (exists(name, envir = home)) register(name, by_package[[package]][[name]], home)
    }
  }
}

# Straight into R's table of methods, as register_no_answers() does, which is much faster.
register <- function(name, method, home) {
  generic <- get(name, envir = home)
  home <- if (is.primitive(generic)) baseenv() else environment(generic)
  if (!exists(".__S3MethodsTable__.", envir = home, inherits = FALSE)) home <- topenv(home)
  table <- get(".__S3MethodsTable__.", envir = home, inherits = FALSE)
  assign(paste0(name, ".torch.Tensor"), method, envir = table)
}

converting <- function(names, home, keeps_gradient = TRUE) {
  methods <- lapply(names, function(name) {
    generic <- get0(name, envir = home)
    function(...) {
      arguments <- lapply(list(...), plain_values, if (keeps_gradient) name)
      do.call(generic, arguments, quote = TRUE, envir = parent.frame())
    }
  })
  stats::setNames(methods, names)
}
