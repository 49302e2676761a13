"""The command ``pytwolayer predict``: what a saved fit predicts of a table in a file."""

import argparse
import sys

from pytwolayer.column_types import ColumnTypes
from pytwolayer.ensemble import TwoLayerEnsemble
from pytwolayer.file_command import (
    missing_marks,
    named_as_options,
    plain_warnings,
    prediction_table,
)
from pytwolayer.file_options import FileOptions
from pytwolayer.file_output import output_path, write_csv
from pytwolayer.model_file import load
from pytwolayer.table_file import read_table_file

_OPTIONS = {"x": "data", "file": "model"}


def predict_file(given: argparse.Namespace) -> int:
    """Do what the command was told; give its exit status."""
    file = None if given.predictions is None else output_path("predictions", given.predictions)
    with plain_warnings(), named_as_options(_OPTIONS):
        options = FileOptions.of(given)
        fit = load(given.model)
        models = fit.models if isinstance(fit, TwoLayerEnsemble) else [fit]
        types = ColumnTypes.of_model([model.inputs for model in models])
        options = options.also_missing(missing_marks(fit))
        predictions = prediction_table(fit, read_table_file("data", given.data, options, types))
    if file is None:
        predictions.to_csv(sys.stdout, index=False)
    else:
        write_csv(predictions, file)
    return 0
