cat(as.character(packageVersion("reticulate")))
