test_that("Olden's and Garson's importances are those of the weights", {
  skip_without_torch()
  fit <- quick(mtcars[2:4], hidden_units = 5)
  first <- fit$weights[["0.weight"]]
  last <- fit$weights[["2.weight"]]
  found <- vi_model.two_layer(fit)
  expect_s3_class(found, "tbl_df")
  expect_identical(found$Variable, c("cyl", "disp", "hp"))
  expect_equal(found$Importance, as.vector(last %*% first))
  garson <- vi_model.two_layer(fit, "garson")$Importance
  by_hand <- colSums(abs(as.vector(last)) * abs(first) / rowSums(abs(first)))
  expect_equal(garson, by_hand / sum(by_hand), ignore_attr = TRUE)
  expect_equal(sum(garson), 1)
  expect_error(vi_model.two_layer(fit, "gedeon"), "olden")
})

test_that("of classes, several outcomes and several networks there is one importance an input", {
  skip_without_torch()
  two <- quick(mtcars[2:4], factor(mtcars$am))
  last <- two$weights[["2.weight"]]
  expected <- (last[2, ] - last[1, ]) %*% two$weights[["0.weight"]]
  expect_equal(vi_model.two_layer(two)$Importance, as.vector(expected))
  three <- quick(iris[c(1, 5)], iris$Petal.Width, n_models = 3)
  found <- vi_model.two_layer_ensemble(three)
  expect_identical(found$Variable, three$models[[1]]$inputs)
  each <- vapply(three$models, function(one) vi_model.two_layer(one)$Importance, numeric(4))
  expect_equal(found$Importance, rowMeans(each))
  many <- quick(iris[1:4], iris$Species)
  expect_true(all(vi_model.two_layer(many)$Importance >= 0))
  interaction <- quick_formula(mpg ~ log(disp):hp, mtcars)
  expect_identical(get_feature_names.two_layer(interaction), c("disp", "hp"))
})

test_that("vip's own functions take fits", {
  skip_without_torch()
  skip_if_not_installed("vip")
  withr::local_envvar(TZ = "UTC")
  fit <- quick(mtcars[2:4])
  found <- vip::vi(fit)
  expect_setequal(found$Variable, c("cyl", "disp", "hp"))
  expect_identical(sum(found$Importance), sum(vi_model.two_layer(fit)$Importance))
  expect_s3_class(vip::vip(fit), "ggplot")
})

test_that("vip has the inputs of odd names, and permutes the columns of all kinds", {
  skip_without_torch()
  fit <- quick_formula(y ~ ., odd_data)
  expect_setequal(vi_model.two_layer(fit)$Variable, fit$inputs)
  expect_identical(get_feature_names.two_layer(fit), names(odd_data)[1:5])
  skip_if_not_installed("vip")
  withr::local_envvar(TZ = "UTC")
  predicted <- function(object, newdata) predict(object, newdata)$.pred
  found <- vip::vi(fit,
    method = "permute", train = odd_data, target = "y", metric = "rmse", pred_wrapper = predicted
  )
  expect_setequal(found$Variable, names(odd_data)[1:5])
})
