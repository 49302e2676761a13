# lintr over all R code here; exit status 1 if it has anything to say.
# Folders are linted one by one because lint_package() leaves some out.
folders <- Filter(dir.exists, c("R", "tests", "vignettes", "benchmarks", "scripts", "pytwolayer"))

# What object_usage_linter cannot know: R binds .Generic in group methods, and
# testthat attaches itself and the helper files to each test.
is_mistaken <- function(lint) {
  lint$linter == "object_usage_linter" &&
    (grepl(".Generic", lint$message, fixed = TRUE) || grepl("/tests/", lint$filename, fixed = TRUE))
}

lints <- unlist(lapply(folders, function(folder) {
  Filter(Negate(is_mistaken), unclass(lintr::lint_dir(folder, relative_path = FALSE)))
}), recursive = FALSE)
for (lint in lints) print(lint)
cat(length(lints), "lints by lintr", as.character(packageVersion("lintr")), "\n")
quit(status = as.integer(length(lints) > 0))
