test_that(".onLoad is short", {
  expect_lt(length(deparse(body(.onLoad))), 30)
})

test_that("loading the package loads none of those that take their time", {
  code <- "before <- loadedNamespaces(); library(pytwolayer)
    cat(setdiff(loadedNamespaces(), before))"
  expect_setequal(strsplit(in_new_session(code), " ")[[1]], c("pytwolayer", "generics"))
})

test_that("torch and reticulate's own are there all the same, whichever package comes first", {
  skip_without_torch()
  for (packages in c(
    "library(pytwolayer)", "library(pytwolayer); library(reticulate)",
    "library(reticulate); library(pytwolayer)"
  )) {
    code <- paste(packages, "; with(torch$no_grad() %as% g, cat(length(torch$ones(3L))));
      cat(identical(iterate, reticulate::iterate), pytwolayer:::torch_blas()[[1]])")
    expect_identical(in_new_session(code), "3TRUE own")
  }
})
