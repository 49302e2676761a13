# lintr over all R code here, or over the files given; exit status 1 if it has anything to say.
# Folders are linted one by one because lint_package() leaves some out.
files <- commandArgs(trailingOnly = TRUE)
folders <- Filter(dir.exists, c("R", "tests", "vignettes", "benchmarks", "scripts", "pytwolayer"))

# What object_usage_linter cannot know: R binds .Generic in group methods.
is_mistaken <- function(lint) {
  lint$linter == "object_usage_linter" && grepl(".Generic", lint$message, fixed = TRUE)
}

usual <- eval(parse(text = read.dcf(".lintr", "linters")[[1]]), asNamespace("lintr"))

# Two of them would take most of lintr's time, nearly all of it for code that they have no word for.
only_where <- function(concerns, linter) {
  force(linter) # which is about to be replaced where it comes from
  lintr::Linter(name = attr(linter, "name"), function(source_expression) {
    if (concerns(source_expression)) linter(source_expression) else list()
  })
}

# With so few of these words nothing is as complex as what cyclocomp_linter reports: three loops,
# one in the condition of the other, come to 10, and 15 are let pass.
branching <- c("IF", "FOR", "WHILE", "REPEAT", "BREAK", "NEXT", "AND2", "OR2")
may_be_complex <- function(source_expression) {
  parsed <- source_expression$parsed_content # NULL for a file as a whole
  sum(parsed$token %in% branching, parsed$text == "return") > 3
}
usual$cyclocomp_linter <- only_where(may_be_complex, usual$cyclocomp_linter)

has_tabs <- function(source_expression) any(grepl("\t", source_expression$lines, fixed = TRUE))
usual$no_tab_linter <- only_where(has_tabs, usual$no_tab_linter)

# testthat attaches itself and the helper files to each test, which object_usage_linter cannot know.
linters_for <- function(path) {
  in_tests <- startsWith(paste0(normalizePath(path), "/"), paste0(normalizePath("tests"), "/"))
  if (in_tests) usual[names(usual) != "object_usage_linter"] else usual
}

lint_of <- function(path) {
  linters <- linters_for(path)
  found <- if (length(files)) {
    lintr::lint(path, linters = linters)
  } else {
    lintr::lint_dir(path, linters = linters, relative_path = FALSE)
  }
  Filter(Negate(is_mistaken), unclass(found))
}

if (length(files)) {
  files <- normalizePath(files)
  pkgload::load_all(".", helpers = FALSE, quiet = TRUE) # what is installed may be older
}
lints <- unlist(lapply(if (length(files)) files else folders, lint_of), recursive = FALSE)
for (lint in lints) print(lint)
cat(length(lints), "lints by lintr", as.character(packageVersion("lintr")), "\n")
quit(status = as.integer(length(lints) > 0))
