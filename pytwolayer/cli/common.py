"""What the commands that work on tables in files share."""

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pandas as pd

from pytwolayer.errors import ArgumentError, PytwolayerWarning, SuspectColumnWarning
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.outcome import Classes

_NOTE = "file"
# What the command can do about a warning.
_WAYS_OUT: dict[type[Warning], str] = {
    SuspectColumnWarning: " `--na` names what is missing, `--dec` the decimal mark, `--ignore` "
    "what to leave out.",
}


@contextmanager
def named_as_options(options: Mapping[str, str]) -> Iterator[None]:
    """Have errors name an argument of the core as the command does."""
    try:
        yield
    except ArgumentError as problem:
        if problem.argument not in options:
            raise
        name = options[problem.argument]
        raise ArgumentError(name, problem.expected, problem.received) from problem


def prediction_table(fit: TwoLayer | TwoLayerEnsemble, data: pd.DataFrame) -> pd.DataFrame:
    """Predict, in columns named as R's predictions are; of an ensemble with intervals."""
    if (fit.models[0] if isinstance(fit, TwoLayerEnsemble) else fit).offset:
        expected = "one of a fit without an offset, which has to be given to predict()"
        raise ArgumentError("file", expected, "one of a fit with an offset")
    table = _predictions(fit, data)
    if isinstance(fit, TwoLayerEnsemble):
        names = [name for name in table if name != ".pred_class"]
        for end, values in zip(("lower", "upper"), fit.predict_interval(data), strict=True):
            for name, column in zip(names, values.reshape(len(table), -1).T, strict=True):
                table[str(name).replace(".pred", f".pred_{end}", 1)] = column
    return table


def _predictions(fit: TwoLayer | TwoLayerEnsemble, data: pd.DataFrame) -> pd.DataFrame:
    if isinstance(fit.outcome, Classes):
        chances = pd.DataFrame(fit.predict_proba(data))
        chances.columns = pd.Index([f".pred_{name}" for name in fit.outcome.outputs])
        chances.insert(0, ".pred_class", fit.predict(data))
        return chances
    numbers = pd.DataFrame(fit.predict(data))
    several = [f".pred_{name}" for name in fit.outcome.outputs]
    numbers.columns = pd.Index([".pred"] if len(several) == 1 else several)
    return numbers


def with_missing_marks(
    fit: TwoLayer | TwoLayerEnsemble, marks: Sequence[str]
) -> TwoLayer | TwoLayerEnsemble:
    """Have a fit keep what was a missing value in its file, for that of new data."""
    if not marks:
        return fit
    if isinstance(fit, TwoLayerEnsemble):
        return replace(fit, models=tuple(_noted(model, marks) for model in fit.models))
    return _noted(fit, marks)


def _noted(fit: TwoLayer, marks: Sequence[str]) -> TwoLayer:
    return replace(fit, notes={**fit.notes, _NOTE: {"missing": [*marks]}})


def missing_marks(fit: TwoLayer | TwoLayerEnsemble) -> list[Any]:
    """Give what a fit keeps of that."""
    note = (fit.models[0] if isinstance(fit, TwoLayerEnsemble) else fit).notes.get(_NOTE)
    marks = note.get("missing") if isinstance(note, dict) else None
    return marks if isinstance(marks, list) else []


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show each warning of ours once, as a line, and not as code."""
    with warnings.catch_warnings():
        usual, told = warnings.showwarning, set[str]()

        def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, PytwolayerWarning):
                if str(message) not in told:
                    told.add(str(message))
                    print(f"pytwolayer: {message}{_WAYS_OUT.get(category, '')}", file=sys.stderr)
            else:
                usual(message, category, *where, **more)

        warnings.simplefilter("always", PytwolayerWarning)
        warnings.showwarning = show
        yield
