"""What the R package calls: plain values in, plain values out.

R calls the core through these functions alone. Vectors are read in R's own memory where that is
possible (see ``shared_memory``), else they come as raw bytes, which every reticulate hands over
unharmed whatever NumPy is installed; predictions return as raw bytes. Errors and warnings return
as data, so that R can raise them as its own conditions.
"""

import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

import pytwolayer
from pytwolayer.errors import (
    ArgumentError,
    DeviceMemoryError,
    MissingRowsWarning,
    PytwolayerError,
    PytwolayerWarning,
    Vocabulary,
)
from pytwolayer.preprocessing.row_source import Doubles, SourcedTable
from pytwolayer.preprocessing.table import RawTable
from pytwolayer.r_interop import opened_tables, shared_memory
from pytwolayer.r_interop.opened_tables import OpenedTable, SentSource, is_source
from pytwolayer.r_interop.tables import (
    SentTable,
    chosen_rows,
    read_rows,
    read_sent_table,
    send_doubles,
    sent_numbers,
)

if TYPE_CHECKING:
    from pytwolayer.export.expressions import Expression
    from pytwolayer.fitting.two_layer import FitResult
    from pytwolayer.models.ensemble import TwoLayerEnsemble
    from pytwolayer.models.two_layer import TwoLayer
    from pytwolayer.training.progress import Progress

Fitted: TypeAlias = "TwoLayer | TwoLayerEnsemble"
_WORTH_EPOCHS = 40  # after so many the predictions of the rows take less than a fiftieth more
# How R writes values.
_VALUES = {"None": "NULL", "nan": "NaN", "inf": "Inf", "-inf": "-Inf"}
_VALUES |= {"True": "TRUE", "False": "FALSE", "true": "TRUE", "false": "FALSE"}


class SentWarning(TypedDict):
    """A warning, with its class."""

    kind: str
    message: str


class Answer(TypedDict):
    """What each function gives R: its value, or the error in its place."""

    value: Any
    warnings: list[SentWarning]
    error: dict[str, Any] | None


class SentFit(TypedDict):
    """A fit: its bytes, the numbers of the rows left out from 1, and predictions of the others.

    The latter are None of a table that Python reads; ``quantiles`` also of other losses.
    """

    model: bytearray
    omitted: bytearray | None
    fitted: bytearray | None
    quantiles: bytearray | None


class SentRows(TypedDict):
    """The rows of a fit that Python has read again; ``fitted`` and ``omitted`` as in ``SentFit``.

    ``outcomes`` are a column each: numbers, or codes of ``levels`` from 0 if it has any.
    """

    omitted: bytearray
    fitted: bytearray
    quantiles: bytearray | None
    outcomes: list[bytearray]
    levels: list[list[str]]
    weights: bytearray | None


class _TrainingError(Exception):
    """Training failed, for its cause; ``fit`` is what R gets of it, or None."""

    def __init__(self, fit: SentFit | None) -> None:
        self.fit = fit


def _answer(function: Callable[..., Any]) -> Callable[..., Answer]:
    """Have ``function`` give its value, warnings and error as one dictionary.

    It has one more argument: ``words``, what R calls arguments of the core.
    """

    @wraps(function)
    def answered(*args: Any, words: Mapping[str, str] | None = None) -> Answer:
        from pytwolayer.runtime.memory import FEWER_DATA, guard_memory

        value, error = None, None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            try:
                with guard_memory("cpu", "data between R and Python", FEWER_DATA):
                    value = function(*args)
            except Exception as problem:  # noqa: BLE001 - each one becomes an R condition
                error = _describe_error(problem, Vocabulary(words or {}, _VALUES))
        return {
            "value": value,
            "warnings": [
                {"kind": warning.category.__name__, "message": str(warning.message)}
                for warning in caught
            ],
            "error": error,
        }

    del answered.__dict__["__wrapped__"]  # reticulate would give R its arguments alone
    return answered


def _describe_error(problem: BaseException, words: Vocabulary) -> dict[str, Any]:
    fit = None
    if isinstance(problem, _TrainingError) and problem.__cause__ is not None:
        fit, problem = problem.fit, problem.__cause__
    trace = "".join(traceback.format_exception(problem))
    if isinstance(problem, ArgumentError):
        problem = problem.translated(words)
    known = isinstance(problem, PytwolayerError)
    described = {
        "kind": type(problem).__name__,
        "known": known,
        "message": str(problem) if known else f"{type(problem).__name__}: {problem}",
        "traceback": trace,
        "fit": fit,
    }
    if isinstance(problem, ArgumentError):
        described |= {
            "argument": problem.argument,
            "expected": problem.expected,
            "received": problem.received,
        }
    if isinstance(problem, DeviceMemoryError):
        needed = problem.needed
        described |= {
            "device": problem.device,
            "needed": None if needed is None else float(needed),
        }
    return described


def can_share(holder: Any, library: str) -> bool:
    """Whether vectors of R can be seen where they are; see ``shared_memory.py``."""
    try:
        (numbers,) = shared_memory.vectors_of(holder, library)
    except shared_memory.UnsharedError:
        return False
    return bool(np.array_equal(numbers, [1.0, 2.0, 3.0]))


@_answer
def doctor_page(facts: dict[str, str]) -> dict[str, Any]:
    """Doctor's page for this process, with what R says of itself."""
    from pytwolayer.r_interop.doctor import page, python_findings, r_findings, torch_findings

    text, healthy = page(
        {"Python": python_findings(), "torch": torch_findings(), "R": r_findings(facts)}
    )
    return {"page": text, "healthy": healthy}


@_answer
def torch_blas() -> list[str]:
    """Which BLAS torch uses in this process: "own", "linked" or "foreign", and its path."""
    from pytwolayer.runtime import blas

    used = blas.torch_blas()
    return [used.kind, used.path or "unknown"]


@_answer
def available_devices() -> list[str]:
    """Names of the devices, best first."""
    return pytwolayer.available_devices()


@_answer
def select_device(device: Any) -> str:
    """Name of the device chosen."""
    return str(pytwolayer.select_device(device))


@_answer
def chapter_losses(arguments: dict[str, Any]) -> bytearray:
    """Losses of the chapter's network."""
    return send_doubles(pytwolayer.chapter_losses(**arguments)["loss"])


@_answer
def open_table(argument: str, source: SentSource) -> OpenedTable:
    """Open a table that Python is to read: its key, and what R needs to know of it."""
    return opened_tables.open_source(argument, source)


@_answer
def close_table(key: float) -> None:
    """Let go of a table that was opened."""
    opened_tables.close_source(key)


@_answer
def fit(
    x: SentTable | SentSource,
    y: SentTable | None,
    arguments: dict[str, Any],
    show: Callable[..., Any] | None,
) -> SentFit:
    """Fit a network: its bytes, with what R keeps in them, and what R needs of the data.

    ``arguments`` are those of ``two_layer()``, its vectors as raw bytes of doubles, and
    ``loss_name`` of a loss that is an R function, ``seed_is_drawn``, ``fitted_can_wait``, whether
    R can have the predictions later, and what R keeps in the model: ``formula`` and ``notes``. The
    latter three may be missing. ``show``, an R function of the epoch, its loss and the number of
    epochs, is called now and then during the fit, and once with epoch 0 after it; or None.
    """
    from pytwolayer.checkpoints.folder import has_checkpoints
    from pytwolayer.fitting.two_layer import fit_two_layer

    if arguments.pop("seed_is_drawn") and has_checkpoints(arguments["checkpoint"]):
        arguments["seed"] = None
    fitted_can_wait = arguments.pop("fitted_can_wait", False)
    kept = {"formula": arguments.pop("formula", None)}
    notes = arguments.pop("notes", None)
    if notes:
        kept["notes"] = {"r": notes}
    loss = arguments["loss"]
    arguments = _core_arguments(pytwolayer.two_layer, x, y, arguments, loss, show)
    return _train(fit_two_layer, x, arguments, kept, fitted_can_wait=fitted_can_wait)


@_answer
def continue_training(
    x: SentTable | SentSource,
    y: SentTable | None,
    arguments: dict[str, Any],
    show: Callable[..., Any] | None,
) -> SentFit:
    """Train a fit for more epochs; as ``fit()``.

    ``arguments`` are those of ``continue_training()``, with the model's bytes as ``fit``, and
    ``loss_name``.
    """
    from pytwolayer.fitting.continue_training import fit_more_epochs
    from pytwolayer.models.load import from_bytes

    fit = arguments["fit"] = from_bytes(arguments["fit"])
    loss = fit.settings.loss
    arguments = _core_arguments(pytwolayer.continue_training, x, y, arguments, loss, show)
    return _train(fit_more_epochs, x, arguments, {})


@_answer
def refuse_other_data(
    model: bytearray,
    several: bool,
    x: SentTable,
    y: SentTable,
    weights: bytes | None,
    weight_type: str,
) -> None:
    """Check that these are the tables that a fit, or an ensemble, was fitted to."""
    from pytwolayer.models.load import ensemble_from_bytes, from_bytes
    from pytwolayer.preprocessing.reading import read_training_data
    from pytwolayer.r_interop.training_rows import refuse_other_rows

    fits: Any = ensemble_from_bytes(model) if several else from_bytes(model)
    loss = _first_model(fits).settings.loss
    predictors, outcomes, numbers = _read_data(x, y, weights, loss, weight_type)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)  # the fit warned of them
        data = read_training_data(predictors, outcomes, weights=numbers, weight_type=weight_type)
        refuse_other_rows(fits, data)


@_answer
def training_rows(
    model: bytearray, several: bool, x: SentSource, weights: bytes | None, weight_type: str
) -> SentRows:
    """Read the rows of a fit, or an ensemble, to a table that Python reads, and predict them."""
    from pytwolayer.models.load import ensemble_from_bytes, from_bytes
    from pytwolayer.r_interop.training_rows import read_again

    fits: Fitted = ensemble_from_bytes(model) if several else from_bytes(model)
    data = _source_data(x, weights)
    rows = read_again(fits, data["x"], data["outcome"], data["sample_weight"], weight_type)
    outcomes = rows.outcomes.columns
    return {
        "omitted": send_doubles(rows.omitted),
        "fitted": send_doubles(_fitted_values(fits, rows.predictors, None, None)),
        "quantiles": _fitted_quantiles(fits, rows.predictors, None),
        "outcomes": [send_doubles(column.values) for column in outcomes],
        "levels": [[*column.levels] for column in outcomes],
        "weights": None if rows.weights is None else send_doubles(rows.weights),
    }


def _core_arguments(
    function: Callable[..., Any],
    x: SentTable | SentSource,
    y: SentTable | None,
    sent: dict[str, Any],
    loss: Any,
    show: Callable[..., Any] | None,
) -> dict[str, Any]:
    """Make all arguments of a function of the core of those that R sent."""
    weight_type = sent["weight_type"] or "importance"
    loss_name = sent.pop("loss_name")
    if callable(sent["loss"]):  # a function of R's has no name of its own
        sent["loss"].__name__ = loss_name
    if is_source(x):
        sent |= _source_data(x, sent["sample_weight"])
    else:
        tables = cast("SentTable", x), cast("SentTable", y)
        read = _read_data(*tables, sent["sample_weight"], loss, weight_type)
        sent["x"], sent["y"], sent["sample_weight"] = read
    sent["validation"] = _validation(sent["validation"], loss, weight_type)
    sent["verbose"] = _progress_of(show)
    if sent["on_epoch"] is not None:
        sent["on_epoch"] = _ending(sent["on_epoch"])
    return {**_defaults(function), **sent}


@cache
def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the arguments of a function that may be left out; to look takes as long as an epoch."""
    given = signature(function).parameters.values()
    return {each.name: each.default for each in given if each.default is not each.empty}


def _read_data(
    x: SentTable, y: SentTable, weights: bytes | None, loss: Any, weight_type: str
) -> tuple[RawTable | SourcedTable, RawTable | SourcedTable, Any]:
    """Make predictors, outcomes and weights, as ``remove_offset()`` does where there is one."""
    from pytwolayer.preprocessing.offset import remove_offset

    outcomes, numbers, offset = read_sent_table(y), sent_numbers(weights), _offset_of(x)
    if offset is not None:
        outcomes, numbers = remove_offset(outcomes, numbers, offset, loss, weight_type)
    return read_sent_table(x), outcomes, numbers


def _source_data(x: SentSource, weights: bytes | None) -> dict[str, Any]:
    """Make the arguments of a fit to a table that Python reads, as a user of Python gives them."""
    numbers = opened_tables.source_weights(x)
    outcome = [*x["outcome"]]
    return {
        "x": opened_tables.source_table(x),
        "outcome": outcome[0] if x["vector"] else outcome,
        "sample_weight": sent_numbers(weights) if numbers is None else numbers,
    }


def _validation(sent: Any, loss: Any, weight_type: str) -> Any:
    """Make ``validation``: data of the user's own, or true and false for each row, or a share.

    Those of the user are ``SentValidation``, or a table that has the outcome too.
    """
    if is_source(sent) or (isinstance(sent, dict) and "holder" in sent):
        return _predictors(cast("Any", sent))
    if isinstance(sent, dict):
        return _read_data(sent["x"], sent["y"], sent["weights"], loss, weight_type)
    return np.frombuffer(sent) != 0 if isinstance(sent, (bytes, bytearray)) else sent


def _train(
    train: "Callable[[Mapping[str, Any]], FitResult[Any]]",
    sent: SentTable | SentSource,
    arguments: dict[str, Any],
    kept: dict[str, Any],
    *,
    fitted_can_wait: bool = False,
) -> SentFit:
    """Have a function of the core train; ``kept`` are more fields of the fit."""
    from pytwolayer.models.two_layer import TwoLayer
    from pytwolayer.runtime.torch_settings import default_torch_settings

    if _offset_of(sent) is not None:
        kept = {**kept, "offset": True}
    try:
        result = train(arguments)
    except Exception as problem:
        so_far = getattr(problem, "fit", None)
        if not isinstance(so_far, (TwoLayer, pytwolayer.TwoLayerEnsemble)):
            raise
        with default_torch_settings():
            described = _describe_fit(_with_fields(so_far, kept), sent, arguments, None)
        raise _TrainingError(described) from problem
    with default_torch_settings():
        fit = _with_fields(result.fit, kept)
        return _describe_fit(fit, sent, arguments, result, fitted_can_wait=fitted_can_wait)


def _predictors(x: SentTable | SentSource) -> Any:
    """Read the predictors that R sent, or give the path or the opened table that it names."""
    if is_source(x):
        return opened_tables.source_table(x) if "key" in x else opened_tables.given_source("x", x)
    return read_sent_table(cast("SentTable", x))


def _offset_of(x: SentTable | SentSource) -> Doubles | None:
    """Give the offset that came with the predictors, or None."""
    return None if is_source(x) else sent_numbers(cast("SentTable", x).get("offset"))


def _with_fields(fitted: Fitted, fields: dict[str, Any]) -> Fitted:
    """Give a fit, or an ensemble of fits, with these fields."""
    if isinstance(fitted, pytwolayer.TwoLayerEnsemble):
        return replace(fitted, models=tuple(replace(model, **fields) for model in fitted.models))
    return replace(fitted, **fields)


def _progress_of(show: Callable[..., Any] | None) -> Any:
    from pytwolayer.training.progress import Displays, Progress, Timed

    if show is None:
        return False
    display = _ending(show)

    def run(epochs: int) -> Progress:
        return Timed(lambda epoch, loss: display(epoch, loss, epochs), lambda: show(0, 0.0, epochs))

    def search(epochs: int) -> Progress:  # which has no loss to show
        return Timed(
            lambda epoch, loss: display(epoch, None, epochs), lambda: show(0, None, epochs)
        )

    return Displays(run, search, partial(_rows_display, show, "Reading"))


def _rows_display(show: Callable[..., Any], what: str, rows: int) -> "Progress":
    """Make a display of rows; R tells by the text in the place of a loss what is done to them."""
    from pytwolayer.training.progress import Timed

    display = _ending(show)
    return Timed(lambda done, loss: display(done, what, rows), lambda: show(0, what, rows))


def _ending(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function of R's that was interrupted, or that failed, end the fit as one here."""

    def called(*args: Any) -> Any:
        answer = function(*args)
        if answer == "interrupt":
            raise KeyboardInterrupt
        if answer == "failed":
            raise RuntimeError("a function of R's failed; R has the error")
        return answer

    return called


def _describe_fit(
    fitted: Fitted,
    sent: SentTable | SentSource,
    arguments: Mapping[str, Any],
    result: "FitResult[Any] | None",
    *,
    fitted_can_wait: bool = False,
) -> SentFit:
    """Describe a fit, or an ensemble, to R; ``result`` has its encoded rows, if it has ended."""
    if is_source(sent):  # R keeps nothing of its rows
        model = bytearray(_bytes_of(fitted))
        return {"model": model, "omitted": None, "fitted": None, "quantiles": None}
    waits = fitted_can_wait and len(_first_model(fitted).history) < _WORTH_EPOCHS
    x, offset = arguments["x"], _offset_of(sent)
    omitted: NDArray[Any] = np.empty(0)
    if _first_model(fitted).dropped:
        table = read_rows(x)
        complete = table.complete() & read_rows(arguments["y"]).complete()
        omitted = np.flatnonzero(~complete) + 1
        x, offset = chosen_rows(table, complete), None if offset is None else offset[complete]
    return {
        "model": bytearray(_bytes_of(fitted)),
        "omitted": send_doubles(omitted),
        "fitted": None if waits else send_doubles(_fitted_values(fitted, x, offset, result)),
        "quantiles": _fitted_quantiles(fitted, x, offset),
    }


def _fitted_quantiles(
    fitted: Fitted, x: RawTable | SourcedTable, offset: Doubles | None
) -> bytearray | None:
    levels = fitted.settings.quantile_levels
    if levels is None:
        return None
    try:
        return send_doubles(fitted.predict_quantiles(x, offset=offset).to_numpy())
    except MemoryError:  # of the fitted values a warning says so
        return send_doubles(np.full((len(x), len(levels)), np.nan))


def _first_model(fitted: Fitted) -> "TwoLayer":
    """Give the fit, or the first of an ensemble's."""
    from pytwolayer.models.ensemble import models_of

    return models_of(fitted)[0]


def _bytes_of(fitted: Fitted) -> bytes:
    from pytwolayer.models.ensemble_file import ensemble_to_bytes
    from pytwolayer.models.model_file import to_bytes

    is_ensemble = isinstance(fitted, pytwolayer.TwoLayerEnsemble)
    return ensemble_to_bytes(fitted) if is_ensemble else to_bytes(fitted)


def _fitted_values(
    fitted: Fitted,
    x: RawTable | SourcedTable,
    offset: Doubles | None,
    result: "FitResult[Any] | None",
) -> Doubles:
    """Predict the training rows; a fit for which there was memory is not lost over them."""
    from pytwolayer.models.two_layer import TwoLayer

    encoded = None if result is None else result.encoded
    try:
        if isinstance(fitted, TwoLayer) and encoded is not None and len(encoded) == len(x):
            assert result is not None
            values = fitted.outcome.inverse_transform(fitted.forward(encoded, result.pages))
            return fitted.with_offset(values, offset)
        kind = "numeric" if fitted.classes is None else "prob"
        return np.asarray(_values(fitted, x, kind, offset))
    except MemoryError:
        message = "Fitted values and residuals are missing: there was not enough memory for them."
        warnings.warn(message, PytwolayerWarning, stacklevel=2)
        return np.full((len(x), len(_first_model(fitted).outcome.predicted)), np.nan)


def _values(fitted: Fitted, x: Any, kind: str, offset: Doubles | None = None) -> Any:
    if kind == "numeric":
        outcome = _first_model(fitted).outcome
        if fitted.classes is None and outcome.labels:
            return fitted.predict_proba(x)
        return fitted.predict(x, offset=offset)
    if kind == "sd":
        return fitted.predict_sd(x, offset=offset)
    if kind == "quantile":
        return fitted.predict_quantiles(x, offset=offset).to_numpy()
    if kind == "class":
        return fitted.predict_code(x) + 1
    return (fitted.predict_proba if kind == "prob" else fitted.predict_raw)(x)


@_answer
def predict(
    model: bytearray, x: SentTable | SentSource, kind: str, level: float = 0.95
) -> bytearray:
    """Predictions of a fitted network, one column after the other.

    ``kind`` is "numeric", "quantile", "pred_int" for the lower ends and then the upper ones of
    intervals of this level, "prob", "raw", or "class" for the classes' numbers from 1.
    """
    from pytwolayer.models.load import from_bytes
    from pytwolayer.r_interop.model_cache import models

    fit = models.read(model, from_bytes)
    if kind == "pred_int":
        return _send_intervals(fit, _predictors(x), level, _offset_of(x), kind="prediction")
    return send_doubles(_values(fit, _predictors(x), kind, _offset_of(x)))


def _send_intervals(
    fitted: Fitted, rows: Any, level: float, offset: Doubles | None, *, kind: str
) -> bytearray:
    ends = fitted.predict_interval(rows, level, kind=kind, offset=offset)
    return send_doubles(np.column_stack(ends))


@_answer
def predict_ensemble(
    model: bytearray, x: SentTable | SentSource, kind: str, level: float
) -> bytearray:
    """Predictions of an ensemble, one column after the other.

    ``kind`` is "numeric", "quantile", "prob", "class" for the classes' numbers from 1,
    "std_error", or "conf_int" and "pred_int" for the lower ends and then the upper ones of
    intervals.
    """
    from pytwolayer.models.load import ensemble_from_bytes
    from pytwolayer.r_interop.model_cache import models

    ensemble = models.read(model, ensemble_from_bytes)
    rows, offset = _predictors(x), _offset_of(x)
    if kind == "std_error":
        return send_doubles(ensemble.predict_spread(rows, offset=offset))
    if kind in ("conf_int", "pred_int"):
        of = "confidence" if kind == "conf_int" else "prediction"
        return _send_intervals(ensemble, rows, level, offset, kind=of)
    return send_doubles(_values(ensemble, rows, kind, offset))


@_answer
def predict_to_file(
    model: bytearray,
    x: SentTable | SentSource,
    kind: str | None,
    level: float,
    several: bool,
    output: str,
    columns: list[str],
    beside: SentTable | None,
    show: Callable[..., Any] | None,
) -> str:
    """Write predictions of a fit, or of an ensemble, to a file; give its path.

    ``show`` is as in ``fit()``. Columns of these names are copied: of
    ``beside``, or if it is None of ``x``.
    """
    from pytwolayer.files.table_writer import table_path
    from pytwolayer.models.ensemble import models_of
    from pytwolayer.models.predict_file import Asked, write_predictions
    from pytwolayer.models.prediction_table import Fitted as ModelsOfFit

    fit = _read_fit(model, several)
    display = False if show is None else partial(_rows_display, show, "Predicting")
    own = None if beside is None else read_sent_table(beside)
    asked = Asked(kind, columns, level, display, beside=own)
    fitted = ModelsOfFit(models_of(fit), several, fit.calibration)
    return str(write_predictions(fitted, _predictors(x), table_path("output", output), asked))


@_answer
def onnx_file(model: bytearray, several: bool, computed: list[Any] | None) -> bytearray:
    """Give the bytes of the ONNX file of a fit, or of an ensemble.

    ``computed`` are the trees of columns that a formula computes, of ``read_expression()``.
    """
    from pytwolayer.export.onnx_model import onnx_bytes
    from pytwolayer.models.ensemble import models_of
    from pytwolayer.runtime.torch_settings import default_torch_settings

    with default_torch_settings():
        columns = _expressions(computed)
        return bytearray(onnx_bytes(models_of(_read_fit(model, several)), columns))


@_answer
def effects(
    model: bytearray,
    several: bool,
    x: SentTable | SentSource,
    variables: list[str],
    step: Any,
    weights: bytes | None,
    level: float,
    at: SentTable | None = None,
) -> dict[str, Any]:
    """Average effects of columns: names and, as bytes, numbers of a row for each.

    ``step`` is a number, one for each name, or None.
    """
    fit = _read_fit(model, several)
    asked = {"variables": list(variables), "step": step, "sample_weight": sent_numbers(weights)}
    asked["at"] = None if at is None else read_sent_table(at)
    if several:
        asked["level"] = level
    table = fit.effects(_predictors(x), offset=_offset_of(x), **asked)
    texts = ("input", "contrast", "outcome")
    sent: dict[str, Any] = {name: list(table[name]) for name in texts}
    sent |= {"rows": float(table.attrs["rows"]), "widths": table.attrs["widths"]}
    numbers = [str(name) for name in table if name not in (*texts, "at")]
    return sent | {name: send_doubles(table[name]) for name in numbers}


@_answer
def predict_each(model: bytearray, several: bool, x: SentTable) -> bytearray:
    """Predictions of each network: numbers, quantiles or probabilities, column after column."""
    from pytwolayer.models.ensemble import models_of
    from pytwolayer.models.explained_predictions import predictions_of_each
    from pytwolayer.runtime.torch_settings import default_torch_settings

    fits = models_of(_read_fit(model, several))
    with default_torch_settings():
        each = predictions_of_each(fits, _predictors(x), _offset_of(x))
    return send_doubles(np.moveaxis(each, 0, 2))


@_answer
def explain(what: str, *given: Any) -> Any:
    """Give what explains a fit by its predictions; see ``explaining``."""
    from pytwolayer.r_interop.explaining import FUNCTIONS

    return FUNCTIONS[what](*given)


@_answer
def feature_effects(
    model: bytearray,
    several: bool,
    x: SentTable | SentSource,
    asked: dict[str, Any],
    weights: bytes | None,
) -> dict[str, Any]:
    """Predictions along a column: values, and as bytes numbers of a row for each."""
    fit = _read_fit(model, several)
    table = fit.feature_effects(
        _predictors(x), offset=_offset_of(x), sample_weight=sent_numbers(weights), **asked
    )
    values = table["value"]
    sent: dict[str, Any] = {
        "value": send_doubles(values) if values.dtype == np.float64 else list(values),
        "outcome": list(table["outcome"]),
        "marks": send_doubles(table.attrs["marks"]),
        "rows": float(table.attrs["rows"]),
    }
    if "row" in table:
        sent["row"] = send_doubles(table["row"] + 1)
    wanted = [name for name in ("estimate", "lower", "upper") if name in table]
    return sent | {name: send_doubles(table[name]) for name in wanted}


@_answer
def sql_query(
    model: bytearray,
    several: bool,
    table: list[str],
    dialect: str,
    columns: list[str],
    offset: str | None,
    computed: list[Any] | None,
) -> str:
    """Write a fit, or an ensemble, as a query; ``computed`` as in ``onnx_file()``."""
    from pytwolayer.export.sql_query import Columns
    from pytwolayer.export.sql_query import sql_query as write_query
    from pytwolayer.models.ensemble import models_of

    models = models_of(_read_fit(model, several))
    return write_query(models, dialect, Columns(table, columns, offset), _expressions(computed))


def _expressions(computed: list[Any] | None) -> "list[Expression] | None":
    from pytwolayer.export.expressions import read_expression

    return None if computed is None else [read_expression(tree) for tree in computed]


@_answer
def importance(
    model: bytearray,
    several: bool,
    x: SentTable | SentSource,
    y: SentTable | None,
    asked: dict[str, Any],
    weights: bytes | str | None,
) -> dict[str, Any]:
    """Names and, as bytes, numbers of a row for each column's importance; and its attributes."""
    fit = _read_fit(model, several)
    table = fit.importance(
        _predictors(x),
        None if y is None else read_sent_table(y),
        offset=_offset_of(x),
        sample_weight=weights if isinstance(weights, str) else sent_numbers(weights),
        **asked,
    )
    texts = ("input", "outcome")
    sent: dict[str, Any] = {name: list(table[name]) for name in texts}
    sent |= {str(name): send_doubles(table[name]) for name in table if name not in texts}
    facts = table.attrs
    sent["base"] = send_doubles(list(facts["base"].values()))
    return sent | {
        "each": send_doubles(np.reshape(facts["each"], (len(table), -1))),
        "training": facts["training"],
        "rows": float(facts["rows"]),
    }


@_answer
def importance_orders(rows: float, repeats: float, seed: float) -> bytearray:
    """Orders of rows, their numbers from 1, one after the other."""
    from pytwolayer.explain.importance import orders

    drawn = [order + 1 for order in orders(int(rows), int(repeats), int(seed))]
    return send_doubles(np.concatenate(drawn))


@_answer
def measure(
    model: bytearray,
    several: bool,
    x: SentTable,
    y: SentTable,
    measure: str,
    weights: bytes | None,
) -> dict[str, Any]:
    """Measure predictions: names, the numbers, and whether the rows are those of training."""
    from pytwolayer.models.ensemble import models_of
    from pytwolayer.models.explained_importance import fit_measure

    names, values, training = fit_measure(
        models_of(_read_fit(model, several)),
        _predictors(x),
        read_sent_table(y),
        measure=measure,
        sample_weight=sent_numbers(weights),
        offset=_offset_of(x),
    )
    return {"outcome": names, "value": send_doubles(values), "training": training}


@_answer
def figure(
    model: bytearray,
    several: bool,
    what: str,
    x: SentTable | SentSource,
    y: SentTable | None,
    weights: bytes | str | None,
) -> dict[str, Any]:
    """Give what a figure of new rows shows: its words, and for each panel words and numbers."""
    from pytwolayer.r_interop.figures import figure_of_new_rows

    outcomes = None if y is None else read_sent_table(y)
    own = weights if isinstance(weights, str) else sent_numbers(weights)
    fit = _read_fit(model, several)
    return figure_of_new_rows(fit, what, _predictors(x), outcomes, own, _offset_of(x))


@_answer
def figure_of_training(
    model: bytearray,
    several: bool,
    what: str,
    observed: bytes,
    predicted: bytes,
    weights: bytes | None,
) -> dict[str, Any]:
    """Give what a figure of the training rows shows, which R has with their predictions."""
    from pytwolayer.r_interop.figures import figure_of_training_rows

    fit = _read_fit(model, several)
    return figure_of_training_rows(fit, what, observed, predicted, sent_numbers(weights))


def _read_fit(model: bytearray, several: bool) -> Fitted:
    from pytwolayer.models.load import ensemble_from_bytes, from_bytes
    from pytwolayer.r_interop.model_cache import models

    if several:
        return models.read(model, ensemble_from_bytes)
    return models.read(model, from_bytes)
