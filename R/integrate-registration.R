#' What is set up for other packages, once they are loaded
#'
#' A row per package: what to run once its namespace is loaded. This package neither imports nor
#' loads any of them, and packages that are not installed are never asked for.
#'
#' @noRd
integrations <- function() {
  list(
    butcher = methods_of(
      "butcher", c("axe_call", "axe_ctrl", "axe_data", "axe_env", "axe_fitted")
    ),
    DALEX = register_dalex,
    ggeffects = methods_of("ggeffects", "get_predictions"), # of 2.0 and later
    insight = register_insight,
    marginaleffects = register_marginaleffects,
    parsnip = register_parsnip,
    torch = warn_of_other_torch,
    vetiver = methods_of(
      "vetiver", c(
        "vetiver_create_description", "vetiver_create_meta", "vetiver_ptype",
        "vetiver_prepare_model", "handler_startup", "handler_predict"
      )
    ),
    vip = methods_of("vip", c("vi_model", "get_feature_names"))
  )
}

register_integrations <- function() {
  rows <- integrations()
  for (package in names(rows)) when_loaded(package, guarded(package, rows[[package]]))
}

# At once, or as soon as somebody loads the package: in either order of the two.
when_loaded <- function(package, run) {
  force(run) # before a loop that this is called in goes on
  if (isNamespaceLoaded(package)) {
    run()
  } else {
    setHook(packageEvent(package, "onLoad"), function(...) run())
  }
}

# Another release of a package must not keep it, nor this one, from being loaded.
guarded <- function(package, run) {
  force(package)
  force(run)
  function() {
    tryCatch(run(), error = function(cnd) {
      rlang::warn(
        sprintf(
          "pytwolayer could not set itself up for %s %s: %s",
          package, getNamespaceVersion(package), conditionMessage(cnd)
        ),
        class = c("pytwolayer_warning_integration", "pytwolayer_warning")
      )
    })
    invisible()
  }
}

#' A registration of methods of another package's generics, for fits and ensembles
#'
#' The methods are this package's functions `<generic>.two_layer` and, where there is one of that
#' name, `<generic>.two_layer_ensemble`; else the former serves both.
#'
#' @noRd
methods_of <- function(package, generics) {
  force(package)
  force(generics)
  function() {
    home <- asNamespace(package)
    for (generic in intersect(generics, names(home))) {
      single <- get(paste0(generic, ".two_layer"))
      several <- get0(paste0(generic, ".two_layer_ensemble"), ifnotfound = single)
      registerS3method(generic, "two_layer", single, envir = home)
      registerS3method(generic, "two_layer_ensemble", several, envir = home)
    }
  }
}
