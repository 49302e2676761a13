# What doctor shows of an R session: a list of strings, an empty one for what is not there.
# Base R only, since it must run where nothing else is installed.
local({
  version_of <- function(package) {
    tryCatch(as.character(utils::packageVersion(package)), error = function(cnd) "")
  }
  list(
    r = R.version.string,
    home = R.home(),
    reticulate = version_of("reticulate"),
    package = version_of("pytwolayer"),
    blas = extSoftVersion()[["BLAS"]]
  )
})
