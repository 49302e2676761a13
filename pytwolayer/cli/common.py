"""Functions that the commands on tables in files share."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pytwolayer.errors import PytwolayerWarning, SuspectColumnWarning
from pytwolayer.models.ensemble import TwoLayerEnsemble, models_of
from pytwolayer.models.prediction_table import Fitted
from pytwolayer.models.two_layer import TwoLayer

_NOTE = "file"
# Advice that the command line adds to a warning.
_ADVICE: dict[type[Warning], str] = {
    SuspectColumnWarning: " `--na` names what is missing, `--dec` the decimal mark, `--ignore` "
    "what to leave out.",
}


def fitted(fit: TwoLayer | TwoLayerEnsemble) -> Fitted:
    """Return a fit, or an ensemble, as those want it that write predictions."""
    return Fitted(models_of(fit), isinstance(fit, TwoLayerEnsemble), fit.calibration)


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
