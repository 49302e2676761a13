# Writes R's reference and articles with pkgdown, without the internet. Arguments: the folder of the
# package's source, which holds _pkgdown.yml, and the folder to write to.
arguments <- commandArgs(TRUE)
options(pkgdown.internet = FALSE)

# For the addresses of the pages of packages that are not installed CRAN would be asked: here it
# knows of none.
utils::assignInNamespace(
  "CRAN_urls", function() data.frame(Package = character(), URL = character()), "downlit"
)

site <- pkgdown::as_pkgdown(arguments[[1]], override = list(destination = arguments[[2]]))
pkgdown::init_site(site)
pkgdown::build_reference(site, lazy = FALSE, devel = FALSE, preview = FALSE)
pkgdown::build_articles(site, lazy = FALSE, preview = FALSE)
