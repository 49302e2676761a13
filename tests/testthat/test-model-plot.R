test_that("plot draws the losses, also where they are not above zero", {
  skip_without_torch()
  fit <- quick(validation = 0.25)
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  expect_identical(plot(fit), fit)
  expect_true(graphics::par("ylog"))
  fit$history$loss[5] <- 0
  plot(fit, main = "mine")
  expect_false(graphics::par("ylog"))
  fit$history$loss[5] <- Inf
  expect_silent(plot(fit))
  expect_silent(plot(quick()))
})

test_that("plot marks the best epoch and tells the two losses apart", {
  skip_without_torch()
  drawn <- function(fit) {
    file <- withr::local_tempfile(fileext = ".svg")
    grDevices::pdf(NULL)
    grDevices::dev.control("enable")
    plot(fit)
    calls <- vapply(grDevices::recordPlot()[[1]], function(part) part[[2]][[1]]$name, "")
    grDevices::dev.off()
    calls
  }
  expect_true(all(c("C_abline", "C_text") %in% drawn(quick(validation = 0.25))))
  expect_false("C_abline" %in% drawn(quick()))
})

test_that("no line runs through the legend, wherever the best epoch is", {
  skip_without_torch()
  fit <- quick(validation = 0.25, epochs = 20)
  fit$best_epoch <- 19L
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  for (margin in c(4.1, 2, 1, 0)) {
    graphics::par(mar = c(4, 4, margin, 1))
    plot(fit, log = "")
    place <- name_losses(2, c("black", "red"), 1:2, "best epoch: 19, loss 1")$rect
    bottom <- place$top - place$h
    if (margin >= 2) {
      expect_gte(bottom, graphics::par("usr")[[4]] * (1 - 1e-9))
    } else { # no room above: on a ground of its own
      expect_lte(place$top, graphics::par("usr")[[4]] * (1 + 1e-9))
    }
  }
})

test_that("the legends above the plot do not overlap, also of a small one", {
  skip_without_torch()
  fit <- quick(validation = 0.25, epochs = 20)
  grDevices::pdf(NULL, width = 3.5, height = 3)
  withr::defer(grDevices::dev.off())
  plot(fit, log = "")
  placed <- name_losses(2, c("black", "red"), 1:2, "best epoch: 19, loss 0.00123")
  expect_lte(placed$mark$left + placed$mark$w, placed$rect$left)
})

test_that("one epoch is drawn as points", {
  skip_without_torch()
  fit <- quick(validation = 0.25, epochs = 1)
  expect_identical(usual_type(fit), "p")
  expect_identical(usual_type(quick()), "l")
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fit)$layers[[1]]$geom, "GeomPoint")
})

test_that("of several networks both losses of each are drawn, and each best epoch", {
  skip_without_torch()
  fits <- quick(validation = 0.25, n_models = 3)
  grDevices::pdf(NULL)
  grDevices::dev.control("enable")
  withr::defer(grDevices::dev.off())
  plot(fits)
  calls <- vapply(grDevices::recordPlot()[[1]], function(part) part[[2]][[1]]$name, "")
  expect_identical(sum(calls == "C_plotXY"), 9L) # frame, six curves, best epochs, legend
  best <- best_points(fits, c("loss", "valid_loss"))
  expect_identical(best$loss, vapply(fits$models, function(model) min(model$history$valid_loss), 0))
})

test_that("the axis names the loss, and the title what is seen", {
  skip_without_torch()
  expect_identical(loss_label(quick()), "Mean squared error (standardised)")
  summed <- quick(reduction = "sum")
  expect_identical(loss_label(summed), "Mean squared error (standardised, sum over the rows)")
  classes <- quick(iris[1:4], iris$Species, reduction = "sum")
  expect_identical(loss_label(classes), "Log loss (sum over the rows)")
  expect_identical(loss_title(quick()), "Training loss")
  expect_identical(loss_title(quick(validation = 0.25)), "Training and validation loss")
})

test_that("autoplot makes a ggplot of the same", {
  skip_without_torch()
  skip_if_not_installed("ggplot2")
  fit <- quick(validation = 0.25)
  plot <- ggplot2::autoplot(fit)
  expect_s3_class(plot, "ggplot")
  expect_identical(nrow(plot$data), 10L)
  expect_identical(length(plot$layers), 3L) # curves, the best epoch, its point
  expect_identical(length(ggplot2::autoplot(quick())$layers), 1L)
  expect_silent(ggplot2::ggplot_build(plot))
  expect_refused(ggplot2::autoplot(fit, colour = "red"), "`colour` is not an argument")
})
