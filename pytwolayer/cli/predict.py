"""The command ``pytwolayer predict``: predictions of a saved fit for a table in a file."""

import argparse
import sys

from pytwolayer.cli.common import (
    missing_marks,
    plain_warnings,
    prediction_table,
)
from pytwolayer.errors import named_as
from pytwolayer.files.atomic_write import output_path, write_csv
from pytwolayer.files.column_types import ColumnTypes
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.table_reader import read_table_file
from pytwolayer.models.ensemble import models_of
from pytwolayer.models.load import load

_OPTIONS = {"x": "data", "file": "model"}


def predict_file(given: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    file = None if given.predictions is None else output_path("predictions", given.predictions)
    with plain_warnings(), named_as(_OPTIONS):
        options = FileOptions.from_arguments(given)
        fit = load(given.model)
        types = ColumnTypes.from_encoders([model.inputs for model in models_of(fit)])
        options = options.also_missing(missing_marks(fit))
        predictions = prediction_table(fit, read_table_file("data", given.data, options, types))
    if file is None:
        predictions.to_csv(sys.stdout, index=False)
    else:
        write_csv(predictions, file)
    return 0
