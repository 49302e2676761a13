# lintr over all R code here, or over the files given; exit status 1 if it has anything to say.
# Folders are linted one by one because lint_package() leaves some out.
files <- commandArgs(trailingOnly = TRUE)
folders <- Filter(dir.exists, c("R", "tests", "vignettes", "benchmarks", "scripts", "pytwolayer"))

# What object_usage_linter cannot know: R binds .Generic in group methods, and
# testthat attaches itself and the helper files to each test.
is_mistaken <- function(lint) {
  lint$linter == "object_usage_linter" &&
    (grepl(".Generic", lint$message, fixed = TRUE) || grepl("/tests/", lint$filename, fixed = TRUE))
}

lint_of <- function(path) {
  found <- if (length(files)) lintr::lint(path) else lintr::lint_dir(path, relative_path = FALSE)
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
