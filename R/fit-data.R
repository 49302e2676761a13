#' @section Odd data:
#' The same in R and in Python:
#' \tabular{lll}{
#'   **what** \tab **in training** \tab **in new data** \cr
#'   a missing value (`NA`, `NaN`) \tab left out, with a message \tab the prediction is `NA` \cr
#'   the same, with `na_action = "fail"` \tab an error \tab \cr
#'   missing values in every row \tab an error \tab all predictions are `NA` \cr
#'   an infinite number \tab an error that names the column \tab the same \cr
#'   a number far from the mean \tab counts as `input_clip` standard deviations \tab the same \cr
#'   the same, with `encoding = "piecewise"` \tab stretches the first or last piece \tab that piece
#'     goes on as far as `input_clip` says \cr
#'   fewer than 5 different numbers, or 3 quantiles, then \tab as with `"linear"` \tab the same \cr
#'   a level that training did not see \tab \tab `NA`, with a warning that names it \cr
#'   a pair of levels, in `f:g`, that no training row has \tab \tab the same \cr
#'   a level or class of held-out rows alone \tab left out, with a warning \tab as above \cr
#'   missing columns \tab \tab an error that names them \cr
#'   further columns, another order \tab fine \tab fine: columns are found by name \cr
#'   a matrix without column names \tab fine \tab by position; their number must be right \cr
#'   two columns of the same name \tab an error that names them \tab an error if they matter \cr
#'   names and levels beyond ASCII \tab fine \tab fine \cr
#'   a constant column \tab fed as zeros \tab ignored \cr
#'   a constant outcome \tab predicted \tab \cr
#'   text where training had numbers, or the reverse \tab \tab an error that names it \cr
#'   a factor where training had text, or the reverse \tab \tab fine \cr
#'   integer64, labelled (haven, Hmisc) \tab the numbers or factors that they are \tab the same \cr
#'   time spans (difftime) \tab seconds, whatever the unit; no outcome \tab the same \cr
#'   a factor's level `NA`, see [addNA()] \tab a level, named `"NA"` \tab the same \cr
#'   dates, lists, complex numbers \tab an error that names the column \tab the same \cr
#'   no rows \tab an error \tab no predictions \cr
#'   one row \tab a fit, if the outcome is numeric \tab one prediction \cr
#'   one class only \tab an error \tab \cr
#'   a weight of 0 \tab the row is left out \tab \cr
#'   weights that are all equal \tab as no weights \tab \cr
#'   a frequency that is no whole number \tab an error \tab \cr
#'   a negative or missing weight \tab an error \tab
#' }
#' @section How a loss is computed:
#' The loss of an epoch is that of its batches, each taken before its update and with dropout
#' as in training. `valid_loss` is taken on the held-out rows after the epoch's updates,
#' without dropout. Weight decay is in neither.
#'
#' * `"mse"`, `"mae"`, `"huber"`: squared error, absolute error, and half the squared error that
#'   is linear beyond 1, of the *standardised* outcome; mean over rows and outcomes. So a
#'   `"mse"` of 1 is what predicting the mean gives, and 1 minus it is R squared.
#' * `"cross_entropy"`: minus the natural logarithm of the probability of the row's class; mean
#'   over rows. Two classes are treated as many are: guessing among k classes alike in size
#'   gives log(k), 0.693 for two.
#' * `"quantile"`: the larger one of `level * e` and `(level - 1) * e`, where e is the standardised
#'   outcome minus the quantile; mean over rows and levels;
#' * `"poisson"`: rate - y * log(rate), where y is the outcome divided by its mean; mean over
#'   rows and outcomes. 1 is what predicting the mean gives.
#' * `"gamma"`: log(mean) + y / mean, likewise.
#' * `"binomial"`: -y * log(share) - (1 - y) * log(1 - share), where y is the share of the row's
#'   trials that succeeded and their number a weight of the row; mean over trials.
#' * `"binary_cross_entropy"`: the same of labels, where y is 1 if they are present, else 0; mean
#'   over rows and labels.
#' * `"normal"`: log(sd) + ((y - mean) / sd)^2 / 2, where y is the standardised outcome and the
#'   network gives mean and log(sd), which is at least a thousandth; mean over rows and outcomes.
#' * `"negative_binomial"`: minus the log of the probability of the count, where the network gives
#'   the logarithm of the mean. One theta is estimated for all rows, with the weights, as that which
#'   makes the counts most probable; their variance is mean + mean^2 / theta, as with
#'   [MASS::glm.nb()]. Mean over rows and outcomes.
#' * a function of yours: the mean of what it gives.
#'
#' With weights each row counts by its weight, divided by the mean weight; with
#' `weight_type = "frequency"` it counts as so many rows. `reduction = "sum"` gives sums instead of
#' means.
#' @section Errors, warnings, messages:
#' * An argument or data that are not what they must be: an error of class
#'   `pytwolayer_error_argument` (`pytwolayer_error_device` for a device) that names the
#'   argument, says what was expected and what came.
#' * A loss that is no longer finite: an error of class `pytwolayer_error_diverged`. Its `fit`
#'   is the fit with the last good weights and the history:
#'   `tryCatch(two_layer(...), pytwolayer_error_diverged = function(cnd) cnd$fit)`.
#' * Memory that runs out, the device's or the machine's: an error of class
#'   `pytwolayer_error_memory` that says how much more was needed (`needed`, in bytes, where that
#'   is known) on which `device`, and what to change. In training its `fit` is the fit so far.
#' * One of several `workers` that fails, is killed again and again or hangs: an error of class
#'   `pytwolayer_error_worker`. Its `fit` is what was trained at the newest checkpoint, if there was
#'   one.
#' * An error in `on_epoch` or in a `loss` function comes out as it is; its `fit` has the fit
#'   so far.
#' * Ctrl-C (Esc): the fit so far comes back, with a warning of class
#'   `pytwolayer_warning_interrupted`.
#' * Text that looks like numbers, dates or identifiers, such as a column of numbers with one `"?"`:
#'   one warning of class `pytwolayer_warning_suspect_column` that names the columns. Each of their
#'   levels is an input; a factor says that this is meant.
#' * Rows left out since values are missing, a run that continues from a checkpoint, and encoded
#'   rows that are on disk: a message of class `pytwolayer_message`.
#' * A checkpoint that cannot be written, or is damaged and passed over: a warning of class
#'   `pytwolayer_warning_checkpoint`.
#' @rdname two_layer
#' @name two_layer
NULL
