"""Checksums of the data of a fit, by which they are known again."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import TrainingData

WEIGHTS, FREQUENCIES, HELD_OUT = "weights", "frequencies", "held_out"
PREDICTOR, OUTCOME = "x.", "y."


def checksums(data: TrainingData, held_out: TrainingData | None) -> Mapping[str, int]:
    """Give a checksum of each column, as it was given, without the rows that are left out.

    ``held_out`` is the part of the data that is held out.

    Returns
    -------
    dict
        ``x.<column>`` and ``y.<outcome>``, with numbers from 1 for names where there are
        none; ``weights`` where rows or classes have any, ``frequencies`` where rows count
        several times, and ``held_out`` of the numbers of the held-out rows, or of
        validation data given apart.
    """
    sums = _of_table(PREDICTOR, data.predictors) | _of_table(OUTCOME, data.outcomes)
    if data.weights is not None:
        sums[WEIGHTS] = _of_values(data.weights)
    if data.counts is not None:
        sums[FREQUENCIES] = _of_values(data.counts)
    if data.validation is not None:
        sums[HELD_OUT] = zlib.crc32(json.dumps(checksums(data.validation, None)).encode())
    elif held_out is not None:
        sums[HELD_OUT] = _of_values(held_out.kept)
    return sums


def _of_table(prefix: str, table: Table) -> dict[str, int]:
    names = table.names or [str(number + 1) for number in range(len(table.columns))]
    pairs = zip(names, table.columns, strict=True)
    return {prefix + name: _of_column(column) for name, column in pairs}


def _of_column(column: Column) -> int:
    meaning = [column.is_classes, *column.levels]
    return _of_values(column.values, zlib.crc32(json.dumps(meaning).encode()))


def _of_values(values: Any, before: int = 0) -> int:
    return zlib.crc32(values.data.cast("B"), before)
