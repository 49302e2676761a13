test_that("what waits for a package runs when that is loaded, or at once if it is", {
  code <- "when_loaded <- pytwolayer:::when_loaded
    when_loaded('stats4', function() cat('hook '))
    cat('before '); invisible(loadNamespace('stats4')); cat('after ')
    when_loaded('stats4', function() cat('at once'))"
  expect_identical(in_new_session(code), "before hook after at once")
})

test_that("each row of the table runs for its own package", {
  code <- "register <- pytwolayer:::register_integrations
    home <- new.env(parent = environment(register))
    say <- function(name) { force(name); function() cat(name, '') }
    rows <- list(stats4 = say('four'), tcltk = say('tcl'), stats = say('now'))
    home$integrations <- function() rows
    environment(register) <- home
    register(); invisible(loadNamespace('stats4'))"
  expect_identical(in_new_session(code), "now four ")
})

test_that("a registration that fails leaves both packages loaded, with a warning that says which", {
  fails <- pytwolayer:::guarded("stats", function() stop("no such argument"))
  expect_warning(fails(), "could not set itself up for stats .*: no such argument",
    class = "pytwolayer_warning_integration"
  )
})

test_that("a method serves fits, and ensembles that have none of their own", {
  library <- local_package("standin", c(
    "first <- function(x) UseMethod('first')", "second <- function(x) UseMethod('second')"
  ))
  code <- "methods_of <- pytwolayer:::methods_of
    methods <- new.env(parent = environment(methods_of))
    methods$first.two_layer <- function(x) 'fit'
    methods$second.two_layer <- function(x) 'fit'
    methods$second.two_layer_ensemble <- function(x) 'fits'
    environment(methods_of) <- methods
    methods_of('standin', c('first', 'second', 'third'))()
    fit <- structure(list(), class = 'two_layer')
    fits <- structure(list(), class = 'two_layer_ensemble')
    cat(standin::first(fit), standin::first(fits), standin::second(fit), standin::second(fits))"
  expect_identical(in_new_session(code, library), "fit fit fit fits")
})

test_that("each package of the table is named in DESCRIPTION, and none is loaded by this one", {
  description <- utils::packageDescription("pytwolayer")
  named <- strsplit(paste(description$Suggests, description$Enhances, sep = ", "), ",\\s*")[[1]]
  named <- gsub("\\s.*", "", named)
  expect_identical(setdiff(c("ggplot2", names(pytwolayer:::integrations())), named), character())
  code <- "before <- loadedNamespaces(); library(pytwolayer)
    cat(setdiff(names(pytwolayer:::integrations()), before) %in% loadedNamespaces())"
  expect_no_match(c("", in_new_session(code)), "TRUE")
})
