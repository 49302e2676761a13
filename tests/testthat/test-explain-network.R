skip_without_torch()

test_that("a small network is drawn unit by unit, a large one as a map", {
  small <- quick(hidden_units = 4, encoding = "linear")
  drawn <- network_lines(small)
  expect_identical(nrow(drawn$lines), 10L * 4L + 4L)
  weights <- coef(small)$hidden_weight
  expect_equal(drawn$lines$size[1:40], as.vector(abs(weights)) / max(abs(weights)))
  expect_identical(drawn$lines$sign[1:40] == "positive", as.vector(weights) > 0)
  expect_identical(drawn$units$label[c(1:10, 15)], c(small$inputs, small$outputs))
  large <- quick(hidden_units = 21, encoding = "linear")
  map <- network_map(large)
  expect_identical(abs(map$last[, 1]), sort(abs(map$last[, 1]), decreasing = TRUE))
  expect_identical(weight_shades(3), c("#FFFFFF", "#808080", "#000000"))
  file <- withr::local_tempfile(fileext = ".png")
  grDevices::png(file)
  for (fit in list(small, large)) {
    expect_identical(expect_invisible(plot(fit, what = "network")), fit)
    if (requireNamespace("ggplot2", quietly = TRUE)) {
      expect_s3_class(ggplot2::ggplot_build(
        ggplot2::autoplot(fit, what = "network")
      ), "ggplot_built")
    }
  }
  grDevices::dev.off()
  several <- quick(n_models = 2)
  expect_refused(plot(several, what = "network"), "`what` must be one of")
})
