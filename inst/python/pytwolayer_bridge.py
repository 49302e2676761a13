"""What the R package calls: plain values in, plain values out.

R speaks to the core through these functions alone. Numbers travel as raw bytes, which every
reticulate hands over unharmed whatever NumPy or pandas is installed; errors and warnings
come back as data, so that R can raise them as its own conditions.
"""

import traceback
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd

import pytwolayer
from pytwolayer.errors import ArgumentError, PytwolayerError

Answer = dict[str, Any]


def _answer(function: Callable[..., Any]) -> Callable[..., Answer]:
    """Have ``function`` give its value, warnings and error as one dictionary."""

    @wraps(function)
    def answered(*args: Any, **kwargs: Any) -> Answer:
        value, error = None, None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            try:
                value = function(*args, **kwargs)
            except Exception as problem:  # noqa: BLE001 - each one becomes an R condition
                error = _described(problem)
        return {
            "value": value,
            "warnings": [str(warning.message) for warning in caught],
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
    }
    if isinstance(problem, ArgumentError):
        described |= {
            "argument": problem.argument,
            "expected": problem.expected,
            "received": problem.received,
        }
    return described


def _doubles(values: Any) -> bytearray:
    """Numbers as the bytes of doubles in R's order, columns one after another."""
    return bytearray(np.asarray(values, dtype=np.float64).tobytes(order="F"))


def _frame(table: dict[str, Any]) -> pd.DataFrame:
    """Make the data frame that R sent: raw columns of doubles, or codes with levels."""
    columns = [_column(column) for column in table["columns"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(int(table["rows"])))
    frame.columns = pd.Index(table["names"], dtype=object)
    return frame


def _column(column: dict[str, Any]) -> "pd.Series[Any]":
    values = np.frombuffer(column["values"], dtype=np.float64)
    if column["levels"] is None:
        return pd.Series(values)
    codes = np.where(np.isnan(values), 0, values).astype(np.int64) - 1
    categories = pd.Series(pd.Categorical.from_codes(codes, categories=column["levels"]))
    return categories.astype(object) if column["text"] else categories


@_answer
def doctor_page(facts: dict[str, str]) -> dict[str, Any]:
    """Doctor's page for this process, with what R says of itself."""
    from pytwolayer.doctor import page, python_findings, r_findings, torch_findings

    text, healthy = page(
        {"Python": python_findings(), "torch": torch_findings(), "R": r_findings(facts)}
    )
    return {"page": text, "healthy": healthy}


@_answer
def torch_blas() -> list[str]:
    """Which BLAS torch uses in this process: "own" or "foreign", and its path."""
    from pytwolayer.blas import blas_in_use, foreign_blas

    foreign = foreign_blas()
    return ["foreign", foreign] if foreign else ["own", blas_in_use() or "unknown"]


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
def fit(x: dict[str, Any], y: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Fit a network; its bytes, its history and what R shows of it."""
    from pytwolayer.model_file import to_bytes

    outcomes = _frame(y)
    vector = y["names"] == [".outcome"]
    fitted = pytwolayer.two_layer(
        _frame(x), outcomes[".outcome"] if vector else outcomes, **arguments
    )
    settings = fitted.settings
    return {
        "model": bytearray(to_bytes(fitted)),
        "loss": _doubles(fitted.history["loss"]),
        "device": fitted.device,
        "parameters": fitted.n_parameters,
        "seed": float(settings.seed),
        "sizes": [len(fitted.inputs.center), settings.hidden_units, len(fitted.outputs.center)],
    }


@_answer
def predict(model: bytearray, x: dict[str, Any]) -> bytearray:
    """Predictions of a fitted network, one column per outcome."""
    from pytwolayer.model_file import from_bytes

    try:
        return _doubles(from_bytes(model).predict(_frame(x)))
    except ArgumentError as problem:  # in R its name is another
        raise ArgumentError("new_data", problem.expected, problem.received) from problem
