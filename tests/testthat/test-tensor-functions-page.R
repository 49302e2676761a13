test_that("what the page says to write gives R's values, and what it warns of does not", {
  torch <- torch_or_skip()
  setting <- function() {
    list2env(list(
      x = torch$tensor(c(1, 2, 3)), s = torch$tensor(2L), b = torch$tensor(c(TRUE, FALSE)),
      w = torch$tensor(c(1, 4, 2), requires_grad = TRUE), r = c(5, 6),
      m = torch$ones(2L, 2L, requires_grad = TRUE), torch = torch
    ))
  }
  plain <- function(x) {
    if (inherits(x, "torch.Tensor")) as.array(x) else x
  }
  rows <- pytwolayer:::instead_of_rows()
  for (k in seq_len(nrow(rows))) {
    expected <- eval(str2lang(rows$gives[[k]]))
    found <- plain(eval(str2lang(rows$write[[k]]), setting()))
    expect_equal(
      found, expected,
      ignore_attr = c("dim", "class"), tolerance = 1e-6, label = rows$write[[k]]
    )
    other <- tryCatch(
      suppressWarnings(eval(str2lang(rows$not[[k]]), setting())),
      error = function(cnd) "an error"
    )
    expect_false(isTRUE(all.equal(plain(other), expected)), label = rows$not[[k]])
  }
})

test_that("the page names every mask", {
  exported <- getNamespaceExports("pytwolayer")
  expect_true(all(pytwolayer:::mask_names() %in% exported))
})
