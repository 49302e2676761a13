"""Checksums of the data of a fit, to check whether other data are the same."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import TrainingData

WEIGHTS, FREQUENCIES, HELD_OUT = "weights", "frequencies", "held_out"
PREDICTOR, OUTCOME = "x.", "y."


def checksums(data: TrainingData, held_out: TrainingData | None) -> Mapping[str, int]:
    """Compute a checksum of each column as the user gave it, without the rows left out.

    ``held_out`` are the held-out rows of ``data``.

    Returns
    -------
    dict
        ``x.<column>`` and ``y.<outcome>``, with numbers from 1 in the place of missing names;
        ``weights`` and ``frequencies`` if rows have any; ``held_out``: of the numbers of the
        held-out rows, or of the validation data.
    """
    sums = _checksum_table(PREDICTOR, data.predictors) | _checksum_table(OUTCOME, data.outcomes)
    if data.weights is not None:
        sums[WEIGHTS] = _checksum_values(data.weights)
    if data.counts is not None:
        sums[FREQUENCIES] = _checksum_values(data.counts)
    if data.validation is not None:
        sums[HELD_OUT] = zlib.crc32(json.dumps(checksums(data.validation, None)).encode())
    elif held_out is not None:
        sums[HELD_OUT] = _checksum_values(held_out.row_numbers)
    return sums


def _checksum_table(prefix: str, table: Table) -> dict[str, int]:
    names = table.names or [str(number + 1) for number in range(len(table.columns))]
    pairs = zip(names, table.summaries(), strict=True)
    return {prefix + name: summary.checksum for name, summary in pairs}


def _checksum_values(values: Any) -> int:
    return zlib.crc32(values.data.cast("B"))
