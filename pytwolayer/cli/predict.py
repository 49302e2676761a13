"""The command ``pytwolayer predict``: predictions of a saved fit for a table in a file."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pytwolayer.cli.common import fitted, missing_marks, plain_warnings
from pytwolayer.errors import named_as
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_writer import table_path, text_writer
from pytwolayer.models.ensemble import TwoLayerEnsemble
from pytwolayer.models.interval_kinds import read_level
from pytwolayer.models.load import load
from pytwolayer.models.predict_file import Asked, prediction_parts, write_predictions
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.calibration import has_intervals
from pytwolayer.preprocessing.outcome import Classes

_OPTIONS = {"x": "data", "file": "model", "output": "predictions", "kind": "type"}


def predict_file(given: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    with plain_warnings(), named_as(_OPTIONS):
        file = None
        if given.predictions is not None:
            file = table_path("predictions", given.predictions, any_text=True)
        options = FileOptions.from_arguments(given)
        fit = load(given.model)
        options = options.also_missing(missing_marks(fit))
        shown = file is not None
        asked = Asked(given.type, given.columns, read_level(given.level), shown, options)
        if file is None:
            _print(prediction_parts(fitted(fit), Path(given.data), asked))
        else:
            write_predictions(fitted(fit), Path(given.data), file, asked)
        _tell_what_intervals_are_of(fit, given.type)
    return 0


def _tell_what_intervals_are_of(fit: TwoLayer | TwoLayerEnsemble, kind: str | None) -> None:
    """Write to standard error that intervals of the mean are none of new outcomes."""
    outcome = fit.outcome
    if isinstance(fit, TwoLayer) or isinstance(outcome, Classes) or outcome.labels:
        return
    if kind in (None, "conf_int"):
        text = ".pred_lower and .pred_upper are an interval of the mean, not of new outcomes"
        if has_intervals(outcome):
            text += "; --type pred_int gives that"
        print(f"pytwolayer: {text}", file=sys.stderr)


def _print(parts: Iterable[pd.DataFrame]) -> None:
    write = text_writer(sys.stdout)
    for part in parts:
        write(part)
