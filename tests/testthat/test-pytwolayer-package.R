test_that(".onLoad is short", {
  expect_lt(length(deparse(body(.onLoad))), 30)
})

test_that("loading the package loads none of those that take their time", {
  code <- "before <- loadedNamespaces(); library(pytwolayer)
    cat(setdiff(loadedNamespaces(), before))"
  expect_setequal(strsplit(in_new_session(code), " ")[[1]], c("pytwolayer", "generics"))
})

test_that("loading the package makes no function that is not used", {
  code <- "library(pytwolayer)
    made <- function(names, place) names[!rlang::env_binding_are_lazy(place, names)]
    ours <- asNamespace('pytwolayer')
    methods <- baseenv()[['.__S3MethodsTable__.']]
    masks <- pytwolayer:::mask_names()
    base::cat(c(length(masks) > 50, made(masks, ours), made('import', ours),
      made(c('c.torch.Tensor', 'by.torch.Tensor'), methods)))"
  expect_identical(in_new_session(code), "TRUE")
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
