"""The command ``pytwolayer predict``: what a saved fit predicts of a table in a file."""

import argparse
import sys

from pytwolayer.file_command import named_as_options, plain_warnings, prediction_table
from pytwolayer.file_output import output_path, write_csv
from pytwolayer.model_file import load
from pytwolayer.table_file import read_table_file

_OPTIONS = {"x": "data", "file": "model"}


def predict_file(given: argparse.Namespace) -> int:
    """Do what the command was told; give its exit status."""
    file = None if given.predictions is None else output_path("predictions", given.predictions)
    with plain_warnings(), named_as_options(_OPTIONS):
        predictions = prediction_table(load(given.model), read_table_file("data", given.data))
    if file is None:
        predictions.to_csv(sys.stdout, index=False)
    else:
        write_csv(predictions, file)
    return 0
