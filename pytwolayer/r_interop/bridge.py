"""What the R package calls: plain values in, plain values out.

R speaks to the core through these functions alone. Numbers travel as raw bytes, which every
reticulate hands over unharmed whatever NumPy or pandas is installed; errors and warnings
come back as data, so that R can raise them as its own conditions.
"""

import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd

import pytwolayer
from pytwolayer.errors import (
    ArgumentError,
    DeviceMemoryError,
    MissingRowsWarning,
    PytwolayerError,
    PytwolayerWarning,
)
from pytwolayer.r_interop import shared_memory

Answer = dict[str, Any]
_ROWS = 2048  # turned to columns at a time: what a processor's own cache holds
_VECTOR = ".outcome"  # what R names an outcome that came as a vector


def _answer(function: Callable[..., Any]) -> Callable[..., Answer]:
    """Have ``function`` give its value, warnings and error as one dictionary."""

    @wraps(function)
    def answered(*args: Any, **kwargs: Any) -> Answer:
        from pytwolayer.runtime.memory import FEWER_DATA, guard_memory

        value, error = None, None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            try:
                with guard_memory("cpu", "data between R and Python", FEWER_DATA):
                    value = function(*args, **kwargs)
            except Exception as problem:  # noqa: BLE001 - each one becomes an R condition
                error = _described(problem)
        return {
            "value": value,
            "warnings": [
                {"kind": warning.category.__name__, "message": str(warning.message)}
                for warning in caught
            ],
            "error": error,
        }

    return answered


def _described(problem: Exception) -> dict[str, Any]:
    known = isinstance(problem, PytwolayerError)
    described = {
        "kind": type(problem).__name__,
        "known": known,
        "message": str(problem) if known else f"{type(problem).__name__}: {problem}",
        "traceback": "".join(traceback.format_exception(problem)),
        "fit": getattr(problem, "fit_for_r", None),
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


def _doubles(values: Any) -> bytearray:
    """Numbers as the bytes of doubles in R's order, columns one after another."""
    numbers = np.asarray(values)
    sent = bytearray(8 * numbers.size)
    columns = np.frombuffer(sent, dtype=np.float64).reshape(numbers.shape[::-1])
    for start in range(0, len(numbers), _ROWS):
        columns[..., start : start + _ROWS] = numbers[start : start + _ROWS].T
    return sent


def can_share(holder: Any, library: str) -> bool:
    """Whether vectors of R can be seen where they are; see ``shared_memory.py``."""
    try:
        (numbers,) = shared_memory.vectors_of(holder, library)
    except shared_memory.UnsharedError:
        return False
    return bool(np.array_equal(numbers, [1.0, 2.0, 3.0]))


def _frame(table: dict[str, Any]) -> pd.DataFrame:
    """Make the data frame that R sent: columns of numbers, or codes with levels."""
    values = [shared_memory.as_doubles(vector) for vector in shared_memory.sent_vectors(table)]
    pairs = zip(table["columns"], values, strict=True)
    columns = {number: _column(*pair) for number, pair in enumerate(pairs)}
    frame = pd.DataFrame(columns, index=range(int(table["rows"])), copy=False)
    names = table["names"]
    frame.columns = pd.Index(range(len(columns)) if names is None else names, dtype=object)
    return frame


def _given(frame: pd.DataFrame, table: dict[str, Any]) -> Any:
    """Give the data frame, or of a matrix without column names an array."""
    return frame.to_numpy() if table["names"] is None else frame


def _column(column: dict[str, Any], values: Any) -> Any:
    if column["logical"]:
        return pd.arrays.BooleanArray(values != 0, np.isnan(values))
    if column["levels"] is None:
        return values
    codes = np.where(np.isnan(values), 0, values).astype(np.int64) - 1
    categories = pd.Categorical.from_codes(codes, categories=column["levels"])
    return pd.Series(categories).astype(object) if column["text"] else categories


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
    return _doubles(pytwolayer.chapter_losses(**arguments)["loss"])


@_answer
def fit(
    x: dict[str, Any], y: dict[str, Any], arguments: dict[str, Any], show: Any
) -> dict[str, Any]:
    """Fit a network: its bytes, with what R keeps in them, and what R needs of the data.

    ``x`` and ``y`` are tables as R sends them, ``y`` with a flag of whether it is a vector;
    ``arguments`` are those of ``two_layer()``, its vectors as raw bytes of doubles, and
    ``loss_name`` of a loss that is an R function, ``seed_is_drawn``, and what R keeps in the
    model: ``formula`` and ``notes``, both of which may be missing. ``show``, an R function of
    the epoch, its loss and the number of epochs, is called now and then while the fit goes on,
    and once with epoch 0 after it was; or None.
    """
    from pytwolayer.checkpoints.folder import has_checkpoints

    if arguments.pop("seed_is_drawn") and has_checkpoints(arguments["checkpoint"]):
        arguments["seed"] = None
    kept = {"formula": arguments.pop("formula", None)}
    notes = arguments.pop("notes", None)
    if notes:
        kept["notes"] = {"r": notes}
    return _trained(pytwolayer.two_layer, x, y, arguments, show, kept)


@_answer
def continue_training(
    x: dict[str, Any], y: dict[str, Any], arguments: dict[str, Any], show: Any
) -> dict[str, Any]:
    """Train a fit for more epochs; as ``fit()``.

    ``arguments`` are those of ``continue_training()``, with the model's bytes as ``fit``, and
    ``loss_name``.
    """
    from pytwolayer.models.load import from_bytes

    fit = arguments["fit"] = from_bytes(arguments["fit"])
    own_loss = fit.settings.loss
    return _trained(pytwolayer.continue_training, x, y, arguments, show, {}, own_loss)


@_answer
def refuse_other_data(
    model: bytearray,
    several: bool,
    x: dict[str, Any],
    y: dict[str, Any],
    weights: Any,
    weight_type: str,
) -> None:
    """Check that these are the tables that a fit, or an ensemble, was fitted to."""
    from pytwolayer.checkpoints.compatibility import refuse_other_tables
    from pytwolayer.fitting.ensemble import data_of_each
    from pytwolayer.models.load import ensemble_from_bytes, from_bytes
    from pytwolayer.preprocessing.reading import read_training_data

    weights = None if weights is None else np.frombuffer(weights, dtype=np.float64)
    fits: Any = ensemble_from_bytes(model) if several else from_bytes(model)
    loss = _one_of(fits).settings.loss
    outcomes, weights = _without_offset(_outcomes(y), weights, x, loss, weight_type)
    given = _given(outcomes, y) if isinstance(outcomes, pd.DataFrame) else outcomes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)  # the fit has told of them
        data = read_training_data(
            _given(_frame(x), x), given, weights=weights, weight_type=weight_type
        )
    pairs = data_of_each(fits, data) if several else [(fits, data)]
    for fit, own in pairs:
        refuse_other_tables(fit, own)


def _trained(
    train: Callable[..., Any],
    x: dict[str, Any],
    y: dict[str, Any],
    arguments: dict[str, Any],
    show: Any,
    kept: dict[str, Any],
    own_loss: Any = None,
) -> dict[str, Any]:
    """Have a function of the core train; ``kept`` is what the fit is to say besides.

    ``own_loss`` is that of a fit that goes on.
    """
    from pytwolayer.models.two_layer import TwoLayer
    from pytwolayer.runtime.torch_settings import default_torch_settings
    from pytwolayer.training.dataset import keep_encoded

    frame, outcomes = _frame(x), _outcomes(y)
    for name in ("sample_weight", "validation"):
        if isinstance(arguments.get(name), (bytes, bytearray)):
            arguments[name] = np.frombuffer(arguments[name], dtype=np.float64)
    loss = arguments["loss"] if own_loss is None else own_loss
    weight_type = arguments["weight_type"] or "importance"
    weights = arguments.get("sample_weight")
    outcomes, weights = _without_offset(outcomes, weights, x, loss, weight_type)
    if _offset_of(x) is not None:
        kept = {**kept, "offset": True}
        arguments["sample_weight"] = weights
    own = arguments["validation"]  # held here, since R's vectors are seen where they are
    if isinstance(own, dict):
        arguments["validation"] = _own_validation(own, loss, weight_type)
    elif isinstance(own, np.ndarray):
        arguments["validation"] = own != 0
    arguments["verbose"] = _progress_of(show)
    if arguments["on_epoch"] is not None:
        arguments["on_epoch"] = _ending(arguments["on_epoch"])
    loss_name = arguments.pop("loss_name")
    if callable(arguments["loss"]):  # a function of R's has no name of its own
        arguments["loss"].__name__ = loss_name
    given = _given(outcomes, y) if isinstance(outcomes, pd.DataFrame) else outcomes
    try:
        one = arguments.get("n_models", 1) == 1  # several would need memory for each
        with keep_encoded() if one else nullcontext(()) as encoded:
            fitted = train(x=_given(frame, x), y=given, **arguments)
    except Exception as problem:
        so_far = getattr(problem, "fit", None)
        if isinstance(so_far, (TwoLayer, pytwolayer.TwoLayerEnsemble)):
            with default_torch_settings():
                described = _described_fit(_saying(so_far, kept), frame, outcomes, _offset_of(x))
                problem.fit_for_r = described  # type: ignore[attr-defined]
        raise
    with default_torch_settings():
        return _described_fit(_saying(fitted, kept), frame, outcomes, _offset_of(x), encoded)


def _own_validation(own: dict[str, Any], loss: Any, weight_type: str) -> tuple[Any, Any, Any]:
    """Make the validation data that R sent: predictors, outcome and weights."""
    x, y, weights = own["x"], own["y"], own["weights"]
    weights = None if weights is None else np.frombuffer(weights, dtype=np.float64)
    outcomes, weights = _without_offset(_outcomes(y), weights, x, loss, weight_type)
    return (
        _given(_frame(x), x),
        _given(outcomes, y) if isinstance(outcomes, pd.DataFrame) else outcomes,
        weights,
    )


def _offset_of(x: dict[str, Any]) -> Any:
    """Give the offset that came with the predictors, or None."""
    offset = x.get("offset")
    return None if offset is None else np.frombuffer(offset, dtype=np.float64)


def _without_offset(
    outcomes: Any, weights: Any, x: dict[str, Any], loss: Any, weight_type: str
) -> tuple[Any, Any]:
    """Give outcome and weights that the network is fitted to, see the core's ``offset``."""
    from pytwolayer.preprocessing.offset import remove_offset

    offset = _offset_of(x)
    if offset is None:
        return outcomes, weights
    made: tuple[Any, Any] = remove_offset(outcomes, weights, offset, loss, weight_type)
    return made


def _saying(fitted: Any, kept: dict[str, Any]) -> Any:
    """Have a fit, or each of an ensemble's, say more of itself."""
    if isinstance(fitted, pytwolayer.TwoLayerEnsemble):
        return replace(fitted, models=tuple(replace(model, **kept) for model in fitted.models))
    return replace(fitted, **kept)


def _outcomes(y: dict[str, Any]) -> Any:
    frame = _frame(y)
    if not y["vector"]:
        return frame
    vector = frame.iloc[:, 0]
    return vector.rename(None) if y["names"] == [_VECTOR] else vector


def _progress_of(show: Any) -> Any:
    from pytwolayer.training.progress import Timed

    if show is None:
        return False
    shown = _ending(show)
    return lambda epochs: Timed(
        lambda epoch, loss: shown(epoch, loss, epochs), lambda: show(0, 0.0, epochs)
    )


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


def _described_fit(
    fitted: Any, frame: pd.DataFrame, outcomes: Any, offset: Any, encoded: Any = ()
) -> dict[str, Any]:
    """Describe a fit, or an ensemble; ``encoded`` is what ``keep_encoded()`` kept of it."""
    omitted: Any = []
    if _one_of(fitted).dropped:
        omitted = np.flatnonzero(~_complete(frame, outcomes)) + 1
    return {
        "model": bytearray(_bytes_of(fitted)),
        "omitted": _doubles(omitted),
        "fitted": _doubles(_fitted_values(fitted, frame, omitted, offset, encoded)),
    }


def _one_of(fitted: Any) -> Any:
    """Give the fit, or one of the ensemble's."""
    return fitted.models[0] if isinstance(fitted, pytwolayer.TwoLayerEnsemble) else fitted


def _bytes_of(fitted: Any) -> bytes:
    from pytwolayer.models.ensemble_file import ensemble_to_bytes
    from pytwolayer.models.model_file import to_bytes

    is_ensemble = isinstance(fitted, pytwolayer.TwoLayerEnsemble)
    return ensemble_to_bytes(fitted) if is_ensemble else to_bytes(fitted)


def _fitted_values(
    fitted: Any, frame: pd.DataFrame, omitted: Any, offset: Any, encoded: Any
) -> Any:
    """Predict the training rows; a fit for which there was memory is not lost over them."""
    try:
        if len(encoded) == 1 and np.array_equal(encoded[0][0], np.arange(len(frame))):
            output = fitted.forward(encoded[0][1])  # of all rows, in order
            values = fitted.outcome.inverse_transform(output)
            return fitted.with_offset(values, offset)
        rows = frame.drop(index=omitted - 1) if len(omitted) else frame  # else it is not copied
        if offset is not None and len(omitted):
            offset = np.delete(offset, omitted - 1)
        return _values(fitted, rows, _usual_type(fitted), offset)
    except MemoryError:
        message = "Fitted values and residuals are missing: there was no memory for them."
        warnings.warn(message, PytwolayerWarning, stacklevel=2)
        return np.full((len(frame) - len(omitted), _one_of(fitted).outcome.width), np.nan)


def _complete(frame: pd.DataFrame, outcomes: Any) -> Any:
    complete = ~frame.isna().any(axis=1)
    missing = outcomes.isna()
    return (complete & ~(missing if missing.ndim == 1 else missing.any(axis=1))).to_numpy()


def _usual_type(fitted: Any) -> str:
    return "numeric" if fitted.classes is None else "prob"


def _values(fitted: Any, frame: pd.DataFrame, kind: str, offset: Any = None) -> Any:
    if kind == "numeric":
        return fitted.predict(frame, offset=offset)
    if kind == "class":
        return fitted.predict_code(frame) + 1
    return (fitted.predict_proba if kind == "prob" else fitted.predict_raw)(frame)


@contextmanager
def _named_new_data() -> Iterator[None]:
    """Have errors about ``x`` name it as R does."""
    try:
        yield
    except ArgumentError as problem:  # in R its name is another
        if problem.argument != "x":
            raise
        raise ArgumentError("new_data", problem.expected, problem.received) from problem


@_answer
def predict(model: bytearray, x: dict[str, Any], kind: str) -> bytearray:
    """Predictions of a fitted network, one column after the other.

    ``kind`` is "numeric", "prob", "raw", or "class" for the classes' numbers from 1.
    """
    from pytwolayer.models.load import from_bytes

    with _named_new_data():
        return _doubles(_values(from_bytes(model), _given(_frame(x), x), kind, _offset_of(x)))


@_answer
def predict_ensemble(model: bytearray, x: dict[str, Any], kind: str, level: float) -> bytearray:
    """Predictions of an ensemble, one column after the other.

    ``kind`` is "numeric", "prob", "class" for the classes' numbers from 1, "std_error", or
    "conf_int" for the lower ends and then the upper ones of intervals.
    """
    from pytwolayer.models.load import ensemble_from_bytes

    with _named_new_data():
        ensemble, rows = ensemble_from_bytes(model), _given(_frame(x), x)
        return _doubles(_together(ensemble, rows, kind, level, _offset_of(x)))


def _together(ensemble: Any, x: Any, kind: str, level: float, offset: Any) -> Any:
    if kind == "std_error":
        return ensemble.predict_spread(x, offset=offset)
    if kind == "conf_int":
        ends = ensemble.predict_interval(x, level, offset=offset)
        return np.concatenate([end.reshape(len(end), -1) for end in ends], axis=1)
    return _values(ensemble, x, kind, offset)
