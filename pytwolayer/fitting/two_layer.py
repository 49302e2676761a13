"""``two_layer()``: fit the network to the user's data."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pytwolayer import checks
from pytwolayer.checkpoints.folder import checkpoints_in
from pytwolayer.errors import named_as
from pytwolayer.files.row_file import read_folder
from pytwolayer.fitting.argument_hints import hints_at_names
from pytwolayer.fitting.data_reference import DataReference
from pytwolayer.fitting.data_sources import open_data
from pytwolayer.fitting.ensemble import fit_ensemble, read_n_models
from pytwolayer.fitting.own_part import OwnPart
from pytwolayer.fitting.prepare import Hooks, OnEpoch, PreparedFit, Train
from pytwolayer.fitting.shown_reading import show_reading
from pytwolayer.fitting.starting_point import Start
from pytwolayer.fitting.train_in_workers import WorkerTraining, read_workers, scratch_for
from pytwolayer.fitting.tuning import resumed, tune
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.batches import Pages
from pytwolayer.preprocessing.class_weights import apply_class_weights
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.outcome_range import suit_to_loss
from pytwolayer.preprocessing.reading import read_training_data, with_summaries
from pytwolayer.preprocessing.suspect_columns import warn_suspect_columns
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.memory import releases_gpu_memory
from pytwolayer.runtime.own_gpus import select_for_workers
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings
from pytwolayer.training.progress import READING, SEARCH, Displays, Progress, bar, rows_bar
from pytwolayer.training.settings import KEPT, Settings, checked

# The arguments that are data; continue_training() has them too.
DATA = ("x", "y", "outcome", "sample_weight", "weight_type", "class_weights", "validation")
_Fit = TypeVar("_Fit", bound=TwoLayer | TwoLayerEnsemble)


@dataclass(frozen=True)
class FitResult(Generic[_Fit]):
    """What a training gives.

    Attributes
    ----------
    fit : TwoLayer or TwoLayerEnsemble
    encoded : tensor or None
        The network's input for the rows of the data, in their order and on the CPU; where rows
        at the end were left out, for those before. None where others were left out or held
        out, where equal rows were merged, where sorted rows are on disk, and of several networks.
    pages : Pages or None
        Those of ``encoded``, if it is on disk.
    """

    fit: _Fit
    encoded: torch.Tensor | None = None
    pages: Pages | None = None


@hints_at_names
def two_layer(
    x: Any,
    y: Any = None,
    *,
    outcome: str | list[str] | None = None,
    hidden_units: int = 64,
    activation: str = "relu",
    epochs: int | str = "auto",
    batch_size: int | str | None = "auto",
    optimizer: str = "adam",
    learning_rate: float | str = "auto",
    momentum: float = 0.0,
    nesterov: bool = False,
    schedule: str = "auto",
    weight_decay: float | str = "auto",
    dropout: float = 0.0,
    gradient_clip: float | None = None,
    input_clip: float | None = 5.0,
    encoding: str = "auto",
    pieces: int = 8,
    loss: str | Callable[[torch.Tensor, torch.Tensor], Any] = "auto",
    quantile_levels: Sequence[float] | None = None,
    reduction: str = "mean",
    validation: Any = 0.0,
    patience: int | None = None,
    n_models: int = 1,
    bootstrap: bool = False,
    sample_weight: Any = None,
    weight_type: str = "importance",
    class_weights: Mapping[Any, float] | str | None = None,
    na_action: str = "omit",
    device: str | torch.device = "cpu",
    shards: int = 1,
    workers: int = 1,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | str = "auto",
    cache: str | Path | None = None,
    on_epoch: OnEpoch | None = None,
    verbose: bool | Callable[[int], Progress] = True,
    seed: int | None = None,
) -> Any:
    """Fit a two-layer network to a table: regression, or classification.

    Predictors are standardised and one-hot encoded inside, a numeric outcome is standardised,
    and predictions come back on the user's scale. A numeric outcome means regression; a
    categorical, text or logical one classification.

    Parameters
    ----------
    x : DataFrame, array, tensor, Arrow object, str, Path or list of paths
        Predictors, shape ``(rows, columns)``: numbers, logicals, categoricals or text. With
        ``outcome``, a table that has the outcome too. A path of a CSV or Parquet file, or of a
        folder of Parquet files, a list of paths of such files, or a table, dataset or stream of
        pyarrow or polars, is read in blocks of rows.
    y : vector, DataFrame, array or tensor, optional
        Outcome, shape ``(rows,)``; numeric ones also ``(rows, d_out)``.
    outcome : str or list of str, optional
        Names of the columns of ``x`` that are the outcome, instead of ``y``.
    hidden_units : int
        Width of the hidden layer.
    activation : str
        "relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "tanh", "sigmoid" or
        "identity".
    epochs : int or "auto"
        Passes over the data; "auto": 200, or 1000 where all rows are one batch.
    batch_size : int, None or "auto"
        Most rows of an update; None: all rows; "auto": all rows if there are no more than 128
        different ones, else the power of 2 from 32 to 256 that is nearest to a fortieth of
        them. Batches are drawn anew for every epoch.
    optimizer : str
        "sgd", "adam", "adamw", "rmsprop" or "lbfgs" (strong Wolfe, all rows at once).
    learning_rate : float or "auto"
        Step size; "auto": 0.003 for "adam" and "adamw", 0.05 for "sgd", 0.001 for "rmsprop",
        1 for "lbfgs"; more where ``weight_decay="auto"`` finds clean data, see the notes.
    momentum : float
        Of "sgd" and "rmsprop".
    nesterov : bool
        Nesterov's momentum, of "sgd".
    schedule : str
        How the learning rate changes from what is given: "constant", "cosine" (down to
        nearly 0), "step" (a tenth after each third of the epochs) or "plateau" (halved after
        ten epochs without a lower loss); "auto": "cosine", or "constant" for "lbfgs".
    weight_decay : float or "auto"
        L2 penalty ``weight_decay / 2 * sum(weights ** 2)`` of weights, not of biases; with
        "adamw" decoupled. The losses reported are without it. "auto": chosen, together with
        ``encoding``, by cross-validation within the training rows, see the notes. Where nothing
        is searched: 3 divided by the number of rows (with ``weight_type="frequency"`` by the
        sum of their frequencies, of successes and failures by the number of trials), or 3 with a
        summed loss; 0.01 for "adamw".
    dropout : float
        Share of hidden units left out at random in training.
    gradient_clip : float, optional
        Largest norm of the gradient.
    input_clip : float, optional
        Numbers further from the mean than so many standard deviations count as that far, in
        training and in prediction, so that a mistyped one does no harm; None: as they are.
    encoding : str
        How numbers are encoded. "linear": standardised, one input for each column. "piecewise":
        in pieces between quantiles of the column, an input for each, which rises along its
        piece and is constant elsewhere; a column of fewer than 5 different numbers stays as
        with "linear". "auto": chosen with ``weight_decay``; "linear" where that is given.
    pieces : int
        Most pieces of a column with "piecewise", from 2 to 64: there are fewer where quantiles
        are equal.
    loss : str or callable
        "mse", "mae" or "huber" for numbers, "normal" for numbers whose standard deviation is
        estimated too, "quantile" for quantiles of a number, "poisson" or "negative_binomial" for
        counts, "gamma" for numbers above 0, "binomial" for two columns, successes and failures, or
        for shares from 0 to 1, "cross_entropy" for classes, "binary_cross_entropy" for several
        labels at once: columns of two values each, such as logicals, whose predictions are labels,
        and in ``predict_proba()`` the probability of each; "auto" is "mse" or "cross_entropy". Or a
        function of the network's output and the (standardised or 0/1) outcome, both of shape
        ``(rows, d_out)``, that gives a tensor: a loss per element, per row, or for all rows
        together.
    quantile_levels : sequence of float, optional
        Of the loss "quantile", for one outcome: the share of outcomes that lies below each
        predicted quantile, ascending, above 0 and below 1; None: 0.05, 0.5 and 0.95.
        ``predict_quantiles()`` gives them all, ``predict()`` the one nearest to the median.
    reduction : str
        "mean", "sum", or "elementwise_mean", the mean's old name.
    validation : float, vector, tuple, table or path
        Rows held out to measure ``valid_loss``: a share (of each class alike), the rows'
        numbers from 0, or true and false for each row. Or data of your own, ``(X, y)`` or
        ``(X, y, weights)``, or where ``outcome`` names columns a table with these or its path:
        the fit is what it would be if they were among ``x`` and held out. The weights of the
        best epoch come back.
    patience : int, optional
        Stop after so many epochs without a lower loss (``valid_loss`` where there is one).
        The weights that had it come back; without held-out rows they are those with which
        the best epoch began.
    n_models : int
        Number of networks. Several are trained together, for little more than one where they
        are small, and give a ``TwoLayerEnsemble``: predictions are their mean, with their spread.
        Each is what it would be alone with its own seed, of which the first is ``seed``, but
        for rounding; what ``weight_decay="auto"`` finds for the first is that of all.
    bootstrap : bool
        Whether each of several networks is trained on a bootstrap resample of the rows (of each
        class alike): as many, drawn with replacement.
    sample_weight : vector or str, optional
        A number of at least 0 for each row, or the name of the column of ``x`` that has them,
        which then is no predictor. Losses, means and standard deviations are weighted.
    weight_type : str
        What ``sample_weight`` means. "importance": proportions, whatever their scale.
        "frequency": whole numbers; a row of 3 is three rows, and the fit is that of the rows
        written out.
    class_weights : dict or "balanced", optional
        A number above 0 for each class, by which its rows' weights are multiplied. A key that
        equals a class stands for it: 0, 0.0 and False are the same.
    na_action : str
        "omit" leaves rows with missing values out, with a warning that counts them; "fail"
        refuses them.
    device : str or torch.device
        "cpu", "cuda", "cuda:1", "mps" or "auto" (the best there is). With several ``workers``
        "cpu", "cuda", which is a GPU of its own for each, or "auto", GPUs if there are enough for
        all, else the CPU.
    shards : int
        Number of parts of the rows, each with random numbers of its own, whose gradients are added
        up in a fixed order in every update. The fit depends on it as it does on ``seed``, and not
        on the number of ``workers``. With several a process computes with one thread.
    workers : int
        Number of processes that train the network together on this machine, each with one thread
        and as many of the ``shards``, of which it has to be a divisor. The fit is the same to the
        bit with any number, on CPUs, and on GPUs of one kind. One that is killed is started anew,
        with the others.
    checkpoint : str or Path, optional
        A folder, made if it is not there, in which the state of the run is saved. The same
        call again resumes the run from there, with a warning: a run that was killed or
        interrupted ends with the very bits of one that was not, and of one that has ended
        the fit comes back at once. Another device or number of threads may change the last
        bits. Data and settings have to be the same; a seed that is not given is that of the
        run. The newest three checkpoints stay, each there whole or not at all.
    checkpoint_every : int or "auto"
        Epochs from one checkpoint to the next; "auto": ten seconds or more of training. There
        is one after the last epoch in any case, and where Ctrl-C ends the run, which then
        ends its epoch first.
    cache : str or Path, optional
        A folder, made if it is not there, in which the encoded rows are kept, and found again by
        another fit to the same data. They are read from there as batches need them, so that memory
        need not hold them. None: they are in memory, or where that has no room for them in a
        temporary file, with a warning that says so.
    on_epoch : callable, optional
        ``on_epoch(epoch, loss)``, called after every epoch, counted from 1. Training stops
        where it gives False.
    verbose : bool or callable
        Whether a progress bar may be shown: after a second, and only in a terminal or a
        notebook. A function that, given the number of epochs, makes an object with
        ``update(epoch, loss)`` and ``close()`` shows it in another way. The bar has parts before
        where rows of files are read, and where "auto" is searched for; such a function is called
        for the training alone.
    seed : int, optional
        Seed of initial weights, held-out rows, order of rows and dropout; drawn, and kept in
        ``settings``, if not given.

    Returns
    -------
    TwoLayer or TwoLayerEnsemble
        The latter with ``n_models`` above 1.

    Raises
    ------
    ArgumentError, DeviceError
        If an argument is not what it must be, or differs from the run in ``checkpoint``.
    FileFormatError
        If the checkpoint is not of a run of this form.
    DivergenceError
        If the loss is no longer finite; its ``fit`` has the last good weights.
    DeviceMemoryError
        If the device's memory does not suffice; it says how much was needed and what to change.
        If it was in training, its ``fit`` has the fit so far.
    WorkerError
        If one of several ``workers`` fails, is killed again and again or hangs, or what started
        them is killed. Its ``fit`` has what was trained at the newest checkpoint, if there was one.

    Warns
    -----
    MissingRowsWarning
        If rows with missing values are left out.
    SuspectColumnWarning
        If text was taken as levels or classes that look like numbers or dates, or that are more
        than half as many as the rows.
    InterruptWarning
        If Ctrl-C ended the training; the fit so far comes back.
    ResumedWarning
        If training is resumed from a checkpoint.
    RowsOnDiskWarning
        If the encoded rows are on disk.
    CheckpointWarning
        If a checkpoint cannot be written, or is damaged and passed over.

    Notes
    -----
    The loss of an epoch is that of its batches, each taken before its update, with dropout;
    ``valid_loss`` is taken after the epoch, without. "mse", "mae" and "huber" are means over rows
    and outcomes of the standardised outcome, so an "mse" of 1 is what predicting the mean gives.
    "cross_entropy" is the mean over rows of ``-log(probability of the row's class)``, with two
    classes as with many. "poisson" is the mean of ``rate - y * log(rate)`` where ``y`` is the
    outcome divided by its mean, and "gamma" that of ``log(mean) + y / mean``, whose network gives
    the logarithm of ``mean``; both are 1 where that is the same for all rows. "binomial" is that of
    ``-y * log(share) - (1 - y) * log(1 - share)``, where ``y`` is the share of a row's trials that
    succeeded and the row's weight is multiplied with their number; "binary_cross_entropy" is the
    same of labels, 1 where they are present, over rows and labels. "quantile" is the mean over rows
    and levels of ``max(level * e, (level - 1) * e)`` where ``e`` is the standardised outcome minus
    the quantile. "normal" is the mean of ``log(sd) + ((y - mean) / sd) ** 2 / 2`` of the
    standardised outcome, where the network gives ``mean`` and ``log(sd)``, and "negative_binomial"
    that of minus the log of a count's probability, where it gives the logarithm of the mean, and
    one ``theta`` is estimated for all rows. With weights these are weighted means. "sum" gives sums
    instead.

    With ``weight_decay="auto"`` networks with 6 strengths of it, from 0.03 to 10 times 3 divided
    by the number of rows, and with "piecewise" encoding 2, are trained side by side on two thirds
    of the training rows for a third of the epochs, or of those of "auto" if these are fewer.
    The rest of the rows measures their loss: each third in turn, or of more than 1,000 rows one.
    The mean decides, in favour of 3 divided by the number of rows and "linear" unless another is
    2 % better. Where the least weight decay is the best, a ``learning_rate`` 5 times as large is
    tried too, with less weight decay, if that is "auto". What was found is in the fit's ``tuning``
    and ``settings``, and the fit is, to the bit, that of the same call with ``weight_decay``,
    ``encoding`` and ``learning_rate`` given so. Nothing is searched with fewer than 30 rows or
    100,000 or more, with fewer than 500 updates, with "lbfgs", "adamw", the schedule "plateau" or a
    loss function; of more than 20,000 rows so many are drawn for it. "piecewise" is tried by
    itself where it makes no more than 264 inputs, and with larger steps where no more than 128.

    Examples
    --------
    >>> import numpy as np
    >>> from pytwolayer import two_layer
    >>> x = np.random.default_rng(1).normal(size=(50, 3))
    >>> fit = two_layer(x, x.sum(axis=1), epochs=200, seed=1)
    >>> fit.predict(x).shape
    (50,)
    """
    return fit_two_layer(dict(locals()), encoded=False).fit


@with_default_torch_settings
@releases_gpu_memory
def fit_two_layer(
    arguments: Mapping[str, Any],
    *,
    encoded: bool = True,
    train: Train | None = None,
    part: OwnPart | None = None,
    tell_tuned: Callable[[Settings], object] = lambda settings: None,
) -> FitResult[Any]:
    """Fit as ``two_layer()`` does, of which these are all arguments.

    ``encoded`` says whether the encoded rows are wanted, which a GPU has to give back. ``train``
    trains the fit with other processes. Where these read the rows, too, ``part`` is what this one
    does of it, and ``tell_tuned()`` tells them the settings with which the fit is prepared; else
    they find its rows in a file.
    """
    division = None if part is None else part.division
    seed, checkpoint, bootstrap = (arguments[n] for n in ("seed", "checkpoint", "bootstrap"))
    drawn = secrets.randbits(31) if seed is None else seed
    settings = Settings(**{name: arguments[name] for name in KEPT} | {"seed": drawn})
    hooks = Hooks(checked("on_epoch", arguments["on_epoch"]), read_verbose(arguments["verbose"]))
    given = {name: arguments[name] for name in DATA}
    held_out = read_validation(arguments["validation"])
    n_models = read_n_models(arguments["n_models"], bootstrap, checkpoint)
    na_action, cache = arguments["na_action"], read_cache(arguments["cache"])
    workers = read_workers(arguments["workers"], settings, n_models)
    chosen = select_for_workers(arguments["device"], workers)
    if n_models > 1:
        data = read_data(given, held_out, na_action, hooks, loss=settings.loss)
        with _named_outcome(given):
            tuned = tune(data, settings, held_out[0], chosen, hooks)
        warn_suspect_columns(data)
        how = hooks, n_models, bootstrap, cache
        several = fit_ensemble(data, tuned, held_out[0], chosen, *how)
        return FitResult(several)
    with (
        checkpoints_in(checkpoint, arguments["checkpoint_every"]) as checkpoints,
        scratch_for(_readers(workers, train, division)) as scratch,
    ):
        if seed is None and checkpoints is not None and checkpoints.seed is not None:
            settings = replace(settings, seed=checkpoints.seed)
        data = read_data(given, held_out, na_action, hooks, loss=settings.loss, division=division)
        with _named_outcome(given):
            known = resumed(checkpoints, settings)
            tuned = known or tune(data.undivided(), settings, held_out[0], chosen, hooks)
        tell_tuned(tuned.settings)
        how_prepared = tuned.settings, held_out[0], chosen
        where: Any = {"cache": cache, "scratch": scratch, "part": part}
        prepared = prepare_fit(given, data, *how_prepared, **where)
        del data
        prepared.set_attributes(**tuned.attributes)
        # After an interrupted search no epoch is done, and the folder is left as it was.
        if checkpoints is not None and not tuned.interrupted:
            prepared.use_checkpoints(checkpoints, seed_given=seed is not None)
        if train is None and scratch is not None:
            train = WorkerTraining(workers, scratch, chosen)
        fit = prepared.train(hooks, interrupted=tuned.interrupted, how=train)
        return FitResult(fit, prepared.encoded_rows() if encoded else None, prepared.pages)


def _readers(workers: int, train: Train | None, division: Division | None) -> int:
    """Return how many processes read the same encoded rows."""
    if division is not None:
        return 1
    return workers if train is None else 2


def read_data(
    given: Mapping[str, Any],
    held_out: tuple[float, Any],
    na_action: str = "omit",
    hooks: Hooks | None = None,
    *,
    loss: Any,
    division: Division | None = None,
) -> TrainingData:
    """Read the data that ``two_layer()`` is given.

    Parameters
    ----------
    given : mapping
        ``x``, ``y``, ``outcome``, ``sample_weight``, ``weight_type``, ``class_weights`` and
        ``validation``.
    held_out : tuple
        What ``read_validation()`` returns for ``validation``.
    na_action : str
    hooks : Hooks, optional
    loss : str or callable
    division : Division, optional
        How processes, each of which calls this, divide passes over the rows.
    """
    with _named_outcome(given):
        displays = None if hooks is None else hooks.progress
        reading = displays.reading if isinstance(displays, Displays) else None
        sources = open_data(given, held_out[1], reading, division)
        data = read_training_data(
            show_reading(sources["x"], displays),
            sources["y"],
            given["outcome"],
            weights=sources["sample_weight"],
            weight_type=given["weight_type"],
            held_out=sources["validation"],
            na_action=na_action,
        )
        data = apply_class_weights(suit_to_loss(data, loss), given["class_weights"], loss)
        return data if division is None else with_summaries(data)


def prepare_fit(
    given: Mapping[str, Any],
    data: TrainingData,
    settings: Settings,
    share: float,
    device: torch.device,
    start: Start | None = None,
    *,
    cache: Path | None = None,
    scratch: Path | None = None,
    part: OwnPart | None = None,
) -> PreparedFit:
    """Prepare a fit to ``data``, what ``read_data()`` made of ``given``."""
    how = data, settings, share, device, start
    with _named_outcome(given):
        prepared = PreparedFit(*how, cache=cache, scratch=scratch, part=part)
    if start is None:
        warn_suspect_columns(data)
    prepared.set_attributes(_data_reference=DataReference(**given))
    return prepared


def _named_outcome(given: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Make errors about the outcome name the argument that contained it."""
    in_x = given["outcome"] is not None and given["y"] is None
    return named_as({"y": "x"} if in_x else {})


def read_cache(cache: Any) -> Path | None:
    """Check the folder of encoded rows; it is made if it is not there."""
    return None if cache is None else read_folder("cache", cache)


def read_verbose(verbose: Any) -> Callable[[int], Progress | None]:
    """Return the function that makes a run's progress display."""
    if callable(verbose):
        return cast("Callable[[int], Progress | None]", verbose)
    if not checks.flag("verbose", verbose):
        return lambda epochs: None
    return Displays(bar, lambda epochs: bar(epochs, SEARCH), lambda rows: rows_bar(rows, READING))


def read_validation(validation: Any) -> tuple[float, Any]:
    """Return ``validation`` as a share of held-out rows, or as the rows themselves."""
    if validation is None:
        return 0.0, None
    if not isinstance(validation, bool) and isinstance(validation, Real):
        return checks.share("validation", validation), None
    return 0.0, validation
