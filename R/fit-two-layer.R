#' Fit a two-layer neural network
#'
#' Fits a network with one hidden layer to a table: regression for numeric outcomes,
#' classification for factors, text and logicals. Give the predictors as they are: numbers are
#' standardised, and factors and text are coded, by the fit itself.
#'
#' @param x Predictors: a data frame (tibble, data.table) or a matrix, one row per observation,
#'   also a sparse one of the package Matrix; or a recipe, see [recipes::recipe()]. With `outcome`,
#'   a table that has the outcome too, or the path of one, see the section "Files".
#' @param formula Outcome and predictors: `y ~ .`, `log(y) ~ a + b`, `cbind(y1, y2) ~ .`.
#'   Each term is a column as it is, so factors need no dummies. Interactions (`a:b`, `a * b`,
#'   `a %in% b`) of numbers are their products; that of a factor (or text) and a number is one
#'   column for each level, with the number in the rows of this level and 0 in others; that of
#'   factors is one factor of the pairs that occur. `offset(o)` is a known part of the prediction:
#'   it is added to the network's, and with the losses `"poisson"` and `"gamma"` the prediction is
#'   multiplied by `exp(o)`, as in [stats::glm()]: `y ~ x + offset(log(n))` for rates of counts `y`
#'   in `n`. New data need it too. Functions such as [stats::poly()] and [base::scale()] keep their
#'   values of training in prediction.
#' @param data A data frame or a matrix with the columns of the formula or of the recipe. For a
#'   formula that only names columns also the path of a table, see the section "Files".
#' @param y Outcome: a vector, a factor, or a data frame or matrix with one numeric column per
#'   outcome.
#' @param ... For a formula, a matrix and a recipe, the arguments below; else empty. For a formula
#'   also `subset`: which rows of `data` to fit to, as in [stats::lm()]. `subset` and `case_weights`
#'   may use columns of `data`: `subset = cyl > 4`, `case_weights = wt`. Row numbers of
#'   `validation` are those of the subset.
#' @param outcome Names of the columns of `x` that are the outcome, instead of `y`.
#' @param hidden_units Width of the hidden layer.
#' @param activation `"relu"`, `"leaky_relu"`, `"elu"`, `"silu"`, `"gelu"`, `"softplus"`,
#'   `"tanh"`, `"sigmoid"` or `"identity"`.
#' @param epochs Number of passes over the data; `"auto"`: more where all rows are one batch.
#' @param batch_size Largest number of rows for an update; `NULL`: all rows; `"auto"`: all rows if
#'   there are few, else a number that grows with the rows. Every epoch draws new batches.
#' @param optimizer `"sgd"`, `"adam"`, `"adamw"`, `"rmsprop"` or `"lbfgs"` (strong Wolfe, all
#'   rows at once).
#' @param learning_rate Step size; `"auto"`: a usual one for the optimiser, larger where
#'   `weight_decay = "auto"` finds that this fits better.
#' @param momentum Momentum of `"sgd"` and `"rmsprop"`, from 0 to below 1.
#' @param nesterov Whether the momentum of `"sgd"` is Nesterov's.
#' @param schedule How the learning rate changes from its first value: `"constant"`, `"cosine"`
#'   (down to nearly 0), `"step"` (a tenth after each third of the epochs) or `"plateau"`
#'   (halved after ten epochs without a lower loss); `"auto"`: `"cosine"`, or `"constant"` for
#'   `"lbfgs"`.
#' @param weight_decay L2 penalty, `weight_decay / 2 * sum(weights^2)`, on the weights but not the
#'   biases; decoupled with `"adamw"`. `"auto"`: chosen, together with `encoding`, by
#'   cross-validation within the training rows, see the section below.
#' @param dropout Share of hidden units left out at random in training, from 0 to below 1.
#' @param gradient_clip Largest norm of the gradient, or `NULL`.
#' @param input_clip Numbers that are further from the mean than this many standard deviations are
#'   set to that distance, in training and in prediction, so that a mistyped number does no harm;
#'   `NULL`: no limit.
#' @param encoding How numbers are encoded. `"linear"`: standardised, one input for each column.
#'   `"piecewise"`: one input for each interval (piece) between quantiles of the column, which rises
#'   along its piece and is constant elsewhere; a column with fewer than 5 different numbers is
#'   encoded as with `"linear"`. `"auto"`: chosen with `weight_decay`; `"linear"` if that is given.
#' @param pieces Largest number of pieces of a column with `"piecewise"`, from 2 to 64; there are
#'   fewer where quantiles are equal.
#' @param loss The loss to minimise; `"auto"`: `"mse"` or `"cross_entropy"`. How each is computed is
#'   in a section below.
#'   * `"mse"`, `"mae"`, `"huber"`: for numbers;
#'   * `"normal"`: for numbers whose standard deviation is estimated too (see `type = "sd"` of
#'     [predict()][predict.two_layer]);
#'   * `"quantile"`: for quantiles of a number;
#'   * `"poisson"`, `"negative_binomial"`: for counts;
#'   * `"gamma"`: for numbers above 0;
#'   * `"binomial"`: for two columns, successes and failures (`cbind(successes, failures) ~ .`), or
#'     for shares from 0 to 1 (whose numbers of trials are `case_weights`);
#'   * `"cross_entropy"`: for classes;
#'   * `"binary_cross_entropy"`: for several labels at once, columns of two values each, such as
#'     logicals (`cbind(a, b) ~ .`);
#'   * a function of the network's output and the outcome (standardised numbers, or 1 for each row's
#'     class and 0 for others), both tensors of shape (rows, outputs). It returns a tensor: a loss
#'     per element, per row, or for all rows together. R's operators and functions work on tensors,
#'     see [tensor-generics].
#' @param quantile_levels For the loss `"quantile"`, which takes one outcome: the share of outcomes
#'   below each predicted quantile, ascending, above 0 and below 1; `NULL`: 0.05, 0.5 and 0.95.
#'   `predict(type = "quantile")` gives all quantiles, [predict()][predict.two_layer] alone the one
#'   nearest to the median.
#' @param reduction `"mean"`, `"sum"`, or `"elementwise_mean"`, PyTorch's old name of `"mean"`.
#' @param validation Rows held out to measure `valid_loss`: a share from 0 to below 1 (the same for
#'   each class), row numbers, or `TRUE` and `FALSE` for each row. Or data of your own: for a
#'   formula, a recipe and `outcome` a table like that of training (or a path, if the data are
#'   one), else `list(x, y)` or `list(x = , y = , case_weights = )`. The fit is the same as if
#'   these rows were among the others and held out; terms such as `poly()` and recipes are fitted
#'   to the training rows alone. The fit has the weights of the best epoch.
#' @param patience Stop after this many epochs without a lower loss (`valid_loss` if there is one),
#'   or `NULL`. The fit has the weights with the lowest loss; without held-out rows these are the
#'   weights with which the best epoch began.
#' @param n_models Number of networks. Several are trained together, which takes little more time
#'   than one if they are small, and make a `two_layer_ensemble`. It predicts their mean, with
#'   intervals, see [predict.two_layer_ensemble()]. Except for rounding, each network is what it
#'   would be if trained alone with its own seed; that of the first is `seed`. The search of
#'   `weight_decay = "auto"` is done for the first network, and its result used for all.
#' @param bootstrap Whether each of several networks is trained on a bootstrap resample of the
#'   rows: the same number, drawn with replacement (for classes within each class).
#' @param case_weights A number of at least 0 for each row, or `NULL`. Losses, means and
#'   standard deviations are weighted. Or the name of a column, `case_weights = "w"`, which then is
#'   no predictor unless the formula names it. A recipe has a role for weights instead.
#' @param weight_type What `case_weights` means. `"importance"`: proportions, whose scale does not
#'   matter. `"frequency"`: whole numbers; a row with weight 3 counts as three rows.
#'   [hardhat::frequency_weights()] and [hardhat::importance_weights()] set the type themselves,
#'   also as a column of a recipe.
#' @param class_weights A number above 0 for each class, with the classes as names, by which
#'   its rows' weights are multiplied; `"balanced"` gives all classes the same sum of weights.
#' @param na_action `"omit"` leaves rows with missing values out, with a message that counts
#'   them; `"fail"` refuses them.
#' @param device Where to compute, see [select_device()]. With several `workers`, `"cuda"` gives
#'   each a GPU of its own, and `"auto"` does so if there are enough for all, else uses the CPU.
#' @param shards Number of parts of the rows, each with random numbers of its own, whose gradients
#'   are added up in a fixed order in every update. Like `seed`, it chooses the random numbers, and
#'   otherwise changes the fit by rounding only; the number of `workers` does not change it. With
#'   several shards each process computes with one thread.
#' @param workers Number of processes that train the network together on this machine, each with
#'   one thread. It has to be a divisor of `shards`. The fit is the same to the bit with any number,
#'   on CPUs, and on GPUs of one kind. If a process is killed, all are restarted. They are
#'   processes of Python, so a `loss` that is a function of R needs `workers = 1`.
#' @param checkpoint A folder, made if it does not exist, in which the state of the run is kept.
#'   The same call resumes the run from there, with a message that says so. A run that was killed or
#'   interrupted ends with the same bits as one that was not; the fit of a finished run is
#'   returned at once. Another device or number of threads may change the last bits. Data and
#'   settings have to be the same; with `seed = NULL` the run's seed is used. The newest three
#'   checkpoints are kept, each written whole or not at all. Python can resume the run too.
#' @param checkpoint_every Epochs from one checkpoint to the next; `"auto"`: ten seconds or more
#'   of training. There is always one after the last epoch, and one where Ctrl-C ends the run,
#'   which first finishes its epoch.
#' @param cache A folder, made if it does not exist, in which the encoded rows are kept. Another fit
#'   to the same data finds them there, from Python too. They are read as batches need them, so that
#'   they need not fit into memory. `NULL`: they are in memory or, if they do not fit there, in a
#'   temporary file, with a message that says so.
#' @param on_epoch A function of the epoch (1, 2, ...) and its loss that is called after every
#'   epoch; training stops if it returns `FALSE`.
#' @param verbose Whether a progress bar may be shown, after a second and only in a terminal. It
#'   has a first part for the search of `"auto"`.
#' @param seed Seed of initial weights, held-out rows, order of rows and dropout. `NULL` draws
#'   one from R's own generator, so that [set.seed()] makes a fit reproducible.
#'
#' @section Files:
#' `two_layer("folder/", outcome = "y")` and `two_layer(y ~ ., data = "folder/")` fit to
#'
#' * a Parquet file, several, `c("a.parquet", "b.parquet")`, or a folder of them (subfolders such as
#'   `year=2024` give columns too);
#' * a file of comma- or tab-separated values.
#'
#' Python reads them in blocks of rows; for Parquet it needs its package pyarrow. The fit is the
#' same, to the bit, as that of the same table in R. A formula can only name columns here: `.`,
#' names, and `- name`.
#'
#' Arrays and streams of the package nanoarrow are read from memory in the same way (a stream is
#' then used up). `arrow::open_dataset()` of Parquet files is read from its files; other objects of
#' the package arrow become data frames.
#'
#' R keeps none of the rows that Python reads. For [fitted()], [residuals()], [summary()],
#' [glance()] and similar functions Python reads and predicts the rows again, if they have not
#' changed; R then holds a few numbers for each row. [model.frame()] and [model.matrix()] are
#' errors. [continue_training()] and [update()] read the path again.
#'
#' @section What `weight_decay = "auto"` chooses:
#' The candidates are 6 values of weight decay, from 0.03 to 10 times 3 divided by the number of
#' rows, with the encoding `"linear"`, and 2 with `"piecewise"`. Their networks are trained side by
#' side on two thirds of the training rows, for a third of the epochs, or of those of `"auto"` if
#' these are fewer. The other rows measure the loss: each third in turn, or with more than 1,000
#' rows one third only.
#'
#' The candidate with the lowest mean loss is chosen, except that the usual one (3 divided by the
#' number of rows, `"linear"`) is kept unless another is 2 % better. If the smallest weight decay is
#' the best and `learning_rate` is `"auto"`, a learning rate 5 times as large is tried too, with
#' less weight decay. The result is in the fit's `tuning` and `settings`. The fit is, to the bit,
#' that of the same call with these values of `weight_decay`, `encoding` and `learning_rate`.
#'
#' There is no search with fewer than 30 rows or 100,000 or more, with fewer than 500 updates, with
#' `"lbfgs"`, `"adamw"`, the schedule `"plateau"` or a loss function of yours. `weight_decay` is
#' then 3 divided by the number of rows (for successes and failures, of trials), 3 with a summed
#' loss, and 0.01 with `"adamw"`. With more than 20,000 rows the search uses 20,000, drawn at
#' random. It tries `"piecewise"` only if that makes no more than 264 inputs, or with the larger
#' learning rate no more than 128.
#'
#' @return An object of class `two_layer`, or with several `n_models` a `two_layer_ensemble`. It
#'   holds plain R data and no pointer into Python, so [saveRDS()] keeps all of it. What it keeps of
#'   your data are copies, so that later changes to the data do not affect it. Among its elements:
#'   \describe{
#'     \item{`history`}{Data frame of `epoch` (integer), `loss` and, with `validation`,
#'       `valid_loss`.}
#'     \item{`best_epoch`}{The epoch whose weights the fit has; `NULL` if it is the last.}
#'     \item{`settings`}{The arguments of the fit, with the values chosen for `"auto"` and the seed
#'       that was used.}
#'     \item{`tuning`}{The results of the search for `"auto"`: a data frame with the `valid_loss` of
#'       the held-out rows for each `encoding`, `learning_rate`, `weight_decay` and `fold`, the
#'       number of a part of the rows; `NULL` without a search.}
#'     \item{`device`}{The device it was trained on.}
#'     \item{`rows`, `sizes`, `parameters`}{Numbers of rows it was fitted to; of inputs, hidden
#'       units and outputs; of weights and biases together.}
#'     \item{`stopped`}{Why training ended: `"epochs"` (all done), `"patience"`, `"on_epoch"`,
#'       `"interrupt"` or `"divergence"`.}
#'   }
#' @seealso [predict.two_layer()], [predict.two_layer_ensemble()], [summary.two_layer()],
#'   [plot.two_layer()], [coef()][two_layer-methods] and other methods, [tidy.two_layer()],
#'   [continue_training()], [save_two_layer()]
#' @examplesIf pytwolayer:::has_torch()
#' fit <- two_layer(mpg ~ ., mtcars, epochs = 100, seed = 1)
#' fit
#' head(fit$history)
#' predict(fit, head(mtcars))
#'
#' # Classes, some rows held out
#' flowers <- two_layer(Species ~ ., iris, validation = 0.2, epochs = 50, seed = 1)
#' predict(flowers, iris[c(1, 51, 101), ], type = "prob")
#'
#' # Tables instead of a formula
#' two_layer(mtcars[-1], mtcars$mpg, epochs = 20)
#' two_layer(mtcars, outcome = c("mpg", "qsec"), epochs = 20)
#'
#' # A loss of one's own
#' two_layer(mpg ~ ., mtcars, epochs = 20, loss = function(output, y) abs(output - y)^1.5)
#' @export
two_layer <- function(x, ...) {
  UseMethod("two_layer")
}

#' @rdname two_layer
#' @export
two_layer.default <- function(x, ...) {
  if (missing(x)) {
    abort_expected("x", x_expected, "missing")
  }
  received <- paste0(describe_value(x), " (data.frame() makes a table of columns)")
  abort_expected("x", x_expected, received)
}

x_expected <- "a formula, a data frame, a matrix, a recipe or a path"

#' @rdname two_layer
#' @export
two_layer.formula <- function(formula, data, ...) {
  call <- rlang::current_env()
  given <- rlang::enquos(...)
  home <- environment(formula)
  if (!missing(data)) {
    data <- as_table(data)
  }
  if (!missing(data) && is_source(data)) {
    refuse_subset(rlang::names2(given), call)
    source <- open_source("data", data, call)
    on.exit(close_source(source))
    settings <- read_settings(given, c("formula", "data", "subset"), call, source, home)
    input <- mold_source_formula(formula, source, settings$case_weights, call)
    matched <- match.call()
    matched$formula <- formula_in_call(formula, input$how$formula, environment(input$how$terms))
    return(fit_molded(input, settings, matched, call))
  }
  masked <- if (!missing(data)) data
  of_rows <- rlang::names2(given) == "subset"
  subset <- evaluated_arguments(given[of_rows], call, masked, home)$subset
  given <- given[!of_rows]
  settings <- read_settings(given, c("formula", "data", "subset"), call, masked, home)
  if (!is.null(subset)) {
    parts <- c(settings[c("case_weights", "validation")], list(data = data, subset = subset))
    parts <- take_subset(parts, call)
    settings[c("case_weights", "validation")] <- parts[c("case_weights", "validation")]
    data <- parts$data
  }
  input <- with_decimal_point(mold_weighted_formula(formula, data, settings$case_weights, call))
  matched <- match.call()
  matched$formula <- formula_in_call(formula, input$how$formula, environment(input$how$terms))
  fit_molded(input, settings, matched, call)
}

#' @rdname two_layer
#' @export
two_layer.data.frame <- function(x, y = NULL, ..., outcome = NULL, hidden_units = 64,
                                 activation = "relu", epochs = "auto", batch_size = "auto",
                                 optimizer = "adam", learning_rate = "auto", momentum = 0,
                                 nesterov = FALSE, schedule = "auto", weight_decay = "auto",
                                 dropout = 0, gradient_clip = NULL, input_clip = 5,
                                 encoding = "auto", pieces = 8, loss = "auto",
                                 quantile_levels = NULL, reduction = "mean", validation = 0,
                                 patience = NULL, n_models = 1, bootstrap = FALSE,
                                 case_weights = NULL,
                                 weight_type = "importance", class_weights = NULL,
                                 na_action = "omit", device = "cpu", shards = 1, workers = 1,
                                 checkpoint = NULL, checkpoint_every = "auto", cache = NULL,
                                 on_epoch = NULL, verbose = TRUE, seed = NULL) {
  call <- rlang::current_env()
  check_dots(two_layer.data.frame, ...)
  settings <- settings_in(call)
  input <- mold_weighted_table(x, y, outcome, settings$case_weights, call)
  fit_molded(input, settings, match.call(), call)
}

#' @rdname two_layer
#' @export
two_layer.matrix <- function(x, y = NULL, ..., outcome = NULL) {
  call <- rlang::current_env()
  settings <- read_settings(rlang::enquos(...), c("x", "y", "outcome"), call)
  input <- mold_weighted_table(x, y, outcome, settings$case_weights, call)
  fit_molded(input, settings, match.call(), call)
}

#' @rdname two_layer
#' @export
two_layer.Matrix <- two_layer.matrix

#' @rdname two_layer
#' @export
two_layer.character <- function(x, y = NULL, ..., outcome = NULL) {
  call <- rlang::current_env()
  if (missing(x)) { # R then looks at the first of the others
    abort_expected("x", x_expected, "missing", call)
  }
  settings <- read_settings(rlang::enquos(...), c("x", "y", "outcome"), call)
  x <- as_table(x)
  if (!is_source(x)) {
    if (!is_data(x)) {
      abort_argument("x", x_expected, x, call)
    }
    input <- mold_weighted_table(x, y, outcome, settings$case_weights, call)
    return(fit_molded(input, settings, match.call(), call))
  }
  source <- open_source("x", x, call)
  on.exit(close_source(source))
  input <- mold_source(source, y, outcome, settings$case_weights, call)
  fit_molded(input, settings, match.call(), call)
}

# Objects of the packages nanoarrow and arrow; see R/mold-arrow.R.
#' @export
two_layer.nanoarrow_array_stream <- two_layer.character
#' @export
two_layer.nanoarrow_array <- two_layer.character
#' @export
two_layer.nanoarrow_vctr <- two_layer.character
#' @export
two_layer.ArrowObject <- two_layer.character
#' @export
two_layer.arrow_dplyr_query <- two_layer.character

#' @rdname two_layer
#' @export
two_layer.recipe <- function(x, data, ...) {
  call <- rlang::current_env()
  settings <- read_settings(rlang::enquos(...), c("x", "data"), call)
  if (is.character(settings$case_weights)) {
    expected <- paste(
      "numbers of at least 0: a recipe knows its column of weights by the role \"case_weights\",",
      "which `hardhat::frequency_weights()` and `importance_weights()` give it"
    )
    abort_expected("case_weights", expected, "text", call)
  }
  fit_molded(with_decimal_point(mold_recipe(x, data, call)), settings, match.call(), call)
}

#' One call of the core, whatever the data came as
#'
#' @param input What one of the `mold_` functions returned.
#' @param matched The user's call.
#' @noRd
fit_molded <- function(input, settings, matched, call) {
  shows <- !isFALSE(settings$verbose) && cli::is_dynamic_tty()
  calls_back <- shows || is.function(settings$loss) || !is.null(settings$on_epoch)
  users <- new_callback_state(calls_back)
  written <- matched
  matched <- expand_dots(matched, caller_frame(call))
  weights <- unnamed_weights(settings$case_weights, input)
  settings["case_weights"] <- list(choose_weights(weights, input$case_weights, call))
  input$case_weights <- settings$case_weights
  said <- if ("weight_type" %in% names(matched)) settings$weight_type
  settings$weight_type <- resolve_weight_type(settings$case_weights, said, call)
  settings["validation"] <- list(mold_validation(settings$validation, input, call))
  on.exit(close_source(settings$validation))
  arguments <- core_arguments(settings, rows_of(input), users, call)
  arguments$loss_name <- loss_function_name(matched[["loss"]])
  input$workspace <- workspace_data(input, settings, written, caller_frame(call))
  arguments$fitted_can_wait <- !is.null(input$workspace)
  arguments$formula <- with_decimal_point(formula_text(input))
  arguments$notes <- with_decimal_point(notes_of(input))
  train_in_core("fit", input, arguments, settings$verbose, users, matched, call)
}

rows_of <- function(input) {
  if (is.null(input$source)) nrow(input$predictors) else input$source$rows
}

#' Have the core train, and make a fit of what it gives
#'
#' @param name The bridge's function.
#' @param users Where an error in a function of the user's is kept, see [new_callback_state()].
#' @noRd
train_in_core <- function(name, input, arguments, verbose, users, matched, call) {
  on.exit(rm(list = names(users), envir = users)) # which Python may hold on to, with all frames
  input <- copy_kept_data(input, arguments)
  matched <- rlang::duplicate(matched) # do.call() puts data themselves into it
  as_fit <- function(fitted) new_two_layer(fitted, input, matched)
  fit <- tryCatch(
    as_fit(call_core(
      name, to_core(input$columns$x), to_core(input$columns$y), arguments,
      progress_bar(verbose, users),
      call = call, words = core_words(input), as_fit = as_fit
    )),
    # What the core says of a function of the user's that failed is not the user's to read.
    pytwolayer_error = function(cnd) {
      rethrow_callback_condition(users, cnd$fit, call)
      if (isTRUE(users$is_interrupted)) warn_interrupted_fit(cnd$fit) else stop(cnd)
    }
  )
  rethrow_callback_condition(users, fit, call)
  fit
}

# Fits hold copies: data.table changes vectors where they are, and so can Python. What is not kept
# is as good as copied once it was read, but where functions of the user's run in between.
copy_kept_data <- function(input, arguments) {
  kept <- intersect(c("outcomes", "how", "blueprint", "case_weights"), names(input))
  input[kept] <- rlang::duplicate(input[kept])
  if (!is.null(arguments$on_epoch) || is.function(arguments$loss)) {
    input$columns <- rlang::duplicate(input$columns)
  }
  input
}

# In a function with dots, `match.call()` gives `..1`, which means nothing elsewhere: it is replaced
# by what was given to the function.
expand_dots <- function(matched, caller) {
  parts <- as.list(matched)
  symbols <- which(vapply(parts, is.symbol, NA))
  places <- symbols[grepl("^[.][.][0-9]+$", vapply(parts[symbols], as.character, ""))]
  if (length(places)) {
    home <- home_of("...", caller) # a function inside another may pass on that one's dots
    given <- as.list(eval(quote(substitute(list(...))), home))[-1]
    numbers <- as.integer(substring(as.character(as.list(matched)[places]), 3))
    matched[places] <- unname(given[numbers])
  }
  matched
}

# Where a function was called from that is still running; `frame` is its environment.
caller_frame <- function(frame) {
  place <- Position(function(running) identical(running, frame), sys.frames(), right = TRUE)
  sys.frame(sys.parents()[[place]])
}

# As the user's code has it, if it is a name there.
loss_function_name <- function(expression) {
  name <- if (is.symbol(expression)) as.character(expression) else "function"
  if (startsWith(name, "..")) "function" else name
}

choose_weights <- function(given, recipes, call) {
  if (!is.null(given) && !is.null(recipes)) {
    abort_expected("case_weights", "left out where the recipe has some", "given too", call)
  }
  if (is.null(given)) recipes else given
}

#' What weights mean: as is said, or as hardhat's classes of weights have it
#'
#' @param said `weight_type`, or `NULL` where it was not given.
#' @noRd
resolve_weight_type <- function(weights, said, call) {
  types <- c(importance = "hardhat_importance_weights", frequency = "hardhat_frequency_weights")
  meant <- names(types)[vapply(types, function(type) inherits(weights, type), NA)]
  if (is.null(said)) {
    return(if (length(meant)) meant else "importance")
  }
  if (length(meant) && said %in% names(types) && !identical(said, meant)) {
    abort_expected(
      "weight_type", sprintf("\"%s\" with %s_weights()", meant, meant), describe_value(said), call
    )
  }
  said
}

# What R calls the core's arguments.
core_words <- function(input) {
  c(input$words, sample_weight = "case_weights")
}

# From the model's bytes, as load_two_layer() does, and what R keeps of the training data.
new_two_layer <- function(fitted, input, matched) {
  matched[[1]] <- quote(two_layer)
  bytes <- as.raw(fitted$model)
  read <- read_model(bytes)
  fit <- if (is.null(read$members)) {
    made_two_layer(bytes, read, input)
  } else {
    made_ensemble(bytes, read, function(bytes, model) made_two_layer(bytes, model, input))
  }
  fit$call <- matched
  if (!is.null(input$source)) { # whose rows are not here
    return(fit)
  }
  omitted <- read_doubles(fitted$omitted)
  if (is.null(fitted$fitted)) {
    fit$on_demand <- list2env(list(data = input$workspace), parent = emptyenv())
  } else {
    fit$fitted <- matrix(read_doubles(fitted$fitted), ncol = length(predicted_names(fit)))
  }
  if (has_quantiles(fit)) {
    fit$fitted_quantiles <- matrix(read_doubles(fitted$quantiles), ncol = length(fit$outputs))
  }
  if (length(omitted)) {
    fit$outcomes <- input$outcomes[-omitted, , drop = FALSE]
  }
  if (!is.null(input$case_weights)) {
    weights <- as.double(input$case_weights)
    fit$case_weights <- if (length(omitted)) weights[-omitted] else weights
  }
  fit$na.action <- omitted_rows(omitted, input$outcomes)
  fit
}

#' R's object of a model
#'
#' @param bytes,model The model's bytes, and what [read_model()] makes of them.
#' @param input A list of `outcomes`, `how` and `blueprint`.
#' @noRd
made_two_layer <- function(bytes, model, input) {
  new_hardhat_model(
    "two_layer", input$blueprint,
    model = bytes,
    history = model$history,
    settings = model$settings,
    own_loss = model$own_loss,
    device = model$device,
    sizes = c(length(model$inputs), model$settings$hidden_units, length(model$outputs)),
    parameters = sum(lengths(model$weights)),
    rows = model$rows,
    dropped = model$dropped,
    best_epoch = model$best_epoch,
    stopped = model$stopped,
    offset = model$offset,
    tuning = model$tuning,
    calibration = model$calibration,
    coding = model$coding,
    inputs = model$inputs,
    outputs = model$outputs,
    levels = if (model$coding$outcome$kind == "classes") model$outputs,
    weights = model$weights,
    outcomes = input$outcomes,
    how = input$how
  )
}

# As hardhat::new_model(), which looks at what is known to be good. None of the parts is left out
# for being NULL.
new_hardhat_model <- function(class, blueprint, ...) {
  structure(
    list(..., blueprint = blueprint),
    class = c(class, "hardhat_model", "hardhat_scalar")
  )
}

omitted_rows <- function(omitted, table) {
  if (length(omitted)) {
    structure(as.integer(omitted), names = row.names(table)[omitted], class = "omit")
  }
}
