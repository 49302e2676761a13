# Facts of the R session, and which BLAS torch uses in it: a line of name and value each.
folder <- commandArgs(TRUE)[[1]]
facts <- source(file.path(folder, "facts.R"))$value
if (nzchar(facts$package)) {
  used <- tryCatch(pytwolayer:::torch_blas(), error = function(cnd) conditionMessage(cnd))
  facts$torch_blas <- paste(used, collapse = " ")
}
for (name in names(facts)) {
  writeLines(paste0("fact\t", name, "\t", gsub("[\t\n]", " ", facts[[name]])))
}
