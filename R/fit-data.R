#' @section Odd data:
#' Odd data are treated the same way in R and in Python:
#' \tabular{lll}{
#'   **what** \tab **in training** \tab **in new data** \cr
#'   a missing value (`NA`, `NaN`) \tab the row is left out, with a message \tab the prediction is
#'   `NA` \cr
#'   the same, with `na_action = "fail"` \tab an error \tab \cr
#'   missing values in every row \tab an error \tab all predictions are `NA` \cr
#'   an infinite number \tab an error that names the column \tab the same \cr
#'   a number far from the mean \tab counts as `input_clip` standard deviations from it \tab the
#'   same \cr
#'   the same, with `encoding = "piecewise"` \tab makes the first or the last piece longer \tab that
#'   piece goes on as far as `input_clip` allows \cr
#'   with `"piecewise"`, fewer than 5 different numbers or 3 different quantiles \tab encoded as
#'   with `"linear"` \tab the same \cr
#'   a level that training did not see \tab \tab `NA`, with a warning that names it \cr
#'   a pair of levels, in `f:g`, that no training row has \tab \tab the same \cr
#'   a level or class that only held-out rows have \tab the rows are left out, with a warning \tab
#'   as above \cr
#'   missing columns \tab \tab an error that names them \cr
#'   further columns, another order \tab fine \tab fine: columns are found by name \cr
#'   a matrix without column names \tab fine \tab taken by position; their number must be right \cr
#'   two columns of the same name \tab an error that names them \tab an error if the fit needs them
#'   \cr
#'   names and levels beyond ASCII \tab fine \tab fine \cr
#'   a constant column \tab an input that is always 0 \tab ignored \cr
#'   a constant outcome \tab predicted \tab \cr
#'   text where training had numbers, or the reverse \tab \tab an error that names the column \cr
#'   a factor where training had text, or the reverse \tab \tab fine \cr
#'   integer64, labelled (haven, Hmisc) \tab the numbers or factors that they are \tab the same \cr
#'   time spans (difftime) \tab seconds, whatever the unit; not as an outcome \tab the same \cr
#'   a factor's level `NA`, see [addNA()] \tab a level, named `"NA"` \tab the same \cr
#'   dates, lists, complex numbers \tab an error that names the column \tab the same \cr
#'   no rows \tab an error \tab no predictions \cr
#'   one row \tab a fit, if the outcome is numeric \tab one prediction \cr
#'   one class only \tab an error \tab \cr
#'   a weight of 0 \tab the row is left out \tab \cr
#'   weights that are all equal \tab the same as no weights \tab \cr
#'   a frequency that is not a whole number \tab an error \tab \cr
#'   a negative or missing weight \tab an error \tab
#' }
#' @section How a loss is computed:
#' The loss of an epoch is the loss over its batches, each computed before the batch's update and
#' with dropout as in training. `valid_loss` is computed on the held-out rows after the epoch's
#' updates, without dropout. Neither includes the penalty of the weight decay.
#'
#' * `"mse"`, `"mae"`, `"huber"`: the squared error, the absolute error, and half the squared error
#'   that becomes linear beyond 1, all of the *standardised* outcome; mean over rows and outcomes.
#'   So predicting the mean gives a `"mse"` of 1, and 1 minus the `"mse"` is R squared.
#' * `"cross_entropy"`: minus the natural logarithm of the probability of the row's class; mean over
#'   rows. Two classes are treated like more. Guessing among k classes of the same size gives
#'   log(k), which is 0.693 for two.
#' * `"quantile"`: the larger of `level * e` and `(level - 1) * e`, where e is the standardised
#'   outcome minus the quantile; mean over rows and levels.
#' * `"poisson"`: rate - y * log(rate), where y is the outcome divided by its mean; mean over rows
#'   and outcomes. Predicting the mean gives 1.
#' * `"gamma"`: log(mean) + y / mean, with the same y; mean over rows and outcomes. Predicting the
#'   mean gives 1.
#' * `"binomial"`: -y * log(share) - (1 - y) * log(1 - share), where y is the share of the row's
#'   trials that succeeded. The number of trials is the row's weight; mean over trials.
#' * `"binary_cross_entropy"`: the same for each label, where y is 1 if the row has the label and 0
#'   if not; mean over rows and labels.
#' * `"normal"`: log(sd) + ((y - mean) / sd)^2 / 2, where y is the standardised outcome. The network
#'   gives the mean and log(sd); sd is at least 0.001. Mean over rows and outcomes.
#' * `"negative_binomial"`: minus the logarithm of the probability of the count. The network gives
#'   the logarithm of the mean, and one theta is estimated for all rows as the value that makes the
#'   counts most probable, with the weights. The variance is mean + mean^2 / theta, as in
#'   [MASS::glm.nb()]. Mean over rows and outcomes.
#' * a function of yours: the mean of what it returns.
#'
#' With weights, each row counts by its weight divided by the mean weight; with
#' `weight_type = "frequency"` it counts as that number of rows. `reduction = "sum"` gives sums
#' instead of means.
#' @section Errors, warnings, messages:
#' * Invalid arguments or data: an error of class `pytwolayer_error_argument` (for a device,
#'   `pytwolayer_error_device`) that names the argument, what was expected and what was received.
#' * A loss that is no longer finite: an error of class `pytwolayer_error_diverged`. Its `fit` has
#'   the last good weights and the history:
#'   `tryCatch(two_layer(...), pytwolayer_error_diverged = function(cnd) cnd$fit)`.
#' * Out of memory, on the device or the machine: an error of class `pytwolayer_error_memory`. It
#'   says how much more was needed (`needed`, in bytes, if that is known) on which `device`, and
#'   what to change. In training, its `fit` is the fit so far.
#' * One of several `workers` that fails, hangs or is killed repeatedly: an error of class
#'   `pytwolayer_error_worker`. Its `fit` is the fit at the newest checkpoint, if there is one.
#' * An error in `on_epoch` or in a `loss` function is passed on unchanged; its `fit` is the fit so
#'   far.
#' * A jump out of `on_epoch` or a `loss` function, such as `callCC()`, reaches its target. One that
#'   cannot be followed is an error of class `pytwolayer_error_jump`; its `fit` is the fit so far.
#' * No folder for temporary files, or one with too little room: an error of class
#'   `pytwolayer_error_temporary_folder`. The environment variable `TMPDIR` chooses another folder.
#' * Ctrl-C (Esc): the fit so far is returned, with a warning of class
#'   `pytwolayer_warning_interrupted`.
#' * Text that looks like numbers, dates or identifiers, such as a column of numbers with one `"?"`:
#'   one warning of class `pytwolayer_warning_suspect_column` that names the columns. Each of their
#'   levels becomes an input; convert the column to a factor if that is what you want.
#' * A checkpoint that cannot be written, or that is damaged and therefore skipped: a warning of
#'   class `pytwolayer_warning_checkpoint`.
#' * Rows left out because of missing values, a run resumed from a checkpoint, and encoded rows that
#'   are kept on disk: a message of class `pytwolayer_message`.
#' @rdname two_layer
#' @name two_layer
NULL
