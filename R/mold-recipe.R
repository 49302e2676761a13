# Molding of recipes, by hardhat's blueprint of them.

#' Mold a recipe
#'
#' @noRd
mold_recipe <- function(recipe, data, call) {
  data <- plain_frame(check_data(data, call))
  blueprint <- hardhat::default_recipe_blueprint(allow_novel_levels = TRUE)
  made <- tryCatch(
    hardhat::mold(recipe, data, blueprint = blueprint),
    error = function(cnd) abort_recipe("cannot be prepared with these data", cnd, call)
  )
  refuse_reordered_rows(made$blueprint$recipe, call)
  outcomes <- plain_frame(made$outcomes)
  if (!ncol(outcomes)) {
    abort_expected("x", "a recipe with an outcome", "one without", call)
  }
  new_mold(
    plain_frame(made$predictors), outcomes,
    vector = ncol(outcomes) == 1, words = c(x = "data", y = "data"), call = call,
    blueprint = made$blueprint, how = list(kind = "recipe"),
    case_weights = made$extras$roles$case_weights[[1]]
  )
}

# Predictions, weights and residuals belong to the rows by position.
refuse_reordered_rows <- function(recipe, call) {
  for (step in recipe$steps) {
    kind <- class(step)[[1]]
    chooses <- kind %in% c("step_slice", "step_sample") && !isTRUE(step$skip)
    if (kind == "step_arrange" || chooses) {
      expected <- "a recipe that leaves the rows where they are"
      abort_expected("x", expected, sprintf("one with `%s()`", kind), call)
    }
  }
}

#' Skipped steps of a recipe, without those that select rows
#'
#' Such steps usually transform the outcome, which new data need not have. Since hardhat leaves
#' them out with new data, an outcome there is not on the scale that training had.
#'
#' @param recipe A recipe, prepared or not.
#' @return Classes of the steps, such as "step_log".
#' @noRd
skipped_steps <- function(recipe) {
  skipped <- Filter(function(step) isTRUE(step$skip), recipe$steps)
  kinds <- vapply(skipped, function(step) class(step)[[1]], "")
  kinds[!kinds %in% paste0("step_", row_steps)]
}

row_steps <- c(
  "naomit", "filter", "filter_missing", "sample", "slice", "upsample", "downsample", "smote",
  "smotenc", "rose", "adasyn", "bsmote", "nearmiss", "tomek"
)

abort_recipe <- function(problem, cnd, call) {
  abort_caused(paste("The recipe", problem), "x", cnd, call)
}
