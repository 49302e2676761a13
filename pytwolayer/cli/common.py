"""Functions that the commands on tables in files share."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pandas as pd

from pytwolayer.errors import ArgumentError, PytwolayerWarning, SuspectColumnWarning
from pytwolayer.models.ensemble import TwoLayerEnsemble, models_of
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.outcome import Classes

_NOTE = "file"
# Advice that the command line adds to a warning.
_ADVICE: dict[type[Warning], str] = {
    SuspectColumnWarning: " `--na` names what is missing, `--dec` the decimal mark, `--ignore` "
    "what to leave out.",
}


def prediction_table(fit: TwoLayer | TwoLayerEnsemble, data: pd.DataFrame) -> pd.DataFrame:
    """Predict; the columns have the names of R's predictions. An ensemble adds intervals."""
    if models_of(fit)[0].offset:
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
    names = [f".pred_{name}" for name in fit.outcome.outputs]
    if isinstance(fit.outcome, Classes):
        table = pd.DataFrame(fit.predict_proba(data)).set_axis(names, axis=1)
        table.insert(0, ".pred_class", fit.predict(data))
        return table
    table = pd.DataFrame(fit.predict(data))
    return table.set_axis([".pred"] if len(names) == 1 else names, axis=1)


def with_missing_marks(
    fit: TwoLayer | TwoLayerEnsemble, marks: Sequence[str]
) -> TwoLayer | TwoLayerEnsemble:
    """Store the marks for missing values of the data's file in a fit, for files of new data."""
    if not marks:
        return fit
    models = [
        replace(model, notes={**model.notes, _NOTE: {"missing": [*marks]}})
        for model in models_of(fit)
    ]
    return replace(fit, models=tuple(models)) if isinstance(fit, TwoLayerEnsemble) else models[0]


def missing_marks(fit: TwoLayer | TwoLayerEnsemble) -> list[Any]:
    """Return the marks that a fit has stored."""
    note = models_of(fit)[0].notes.get(_NOTE)
    marks = note.get("missing") if isinstance(note, dict) else None
    return marks if isinstance(marks, list) else []


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print each warning of this package once, as one line without source code."""
    with warnings.catch_warnings():
        usual, printed = warnings.showwarning, set[str]()

        def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, PytwolayerWarning):
                if str(message) not in printed:
                    printed.add(str(message))
                    print(f"pytwolayer: {message}{_ADVICE.get(category, '')}", file=sys.stderr)
            else:
                usual(message, category, *where, **more)

        warnings.simplefilter("always", PytwolayerWarning)
        warnings.showwarning = show
        yield
