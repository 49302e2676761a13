"""Several labels at once: columns of two values each, for the loss "binary_cross_entropy"."""

from typing import Any

import numpy as np

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Column, in_column
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table

LABELS = "binary_cross_entropy"
Pair = tuple[Any, Any]  # what a label is called where it is absent, and where it is present


def pairs_of(table: Table) -> tuple[Pair, ...]:
    """Return the two values of each column.

    Raises
    ------
    ArgumentError
        If a column of levels has others than two.
    """
    return tuple(_pair(column) for column in table.columns)


def _pair(column: Column) -> Pair:
    if column.kind == "logical":
        return False, True
    if not column.has_levels:
        return 0, 1
    labels = column.labels
    if column.kind == "text":
        labels = tuple(labels[code] for code in np.unique(column.values).astype(np.intp))
    if len(labels) != 2:
        found = quote_some([level_name(label) for label in labels])
        received = f"{found}{in_column(column.label)}"
        expected = f'columns of two values each for the loss "{LABELS}"'
        raise ArgumentError("y", expected, received)
    return labels[0], labels[1]


def presence(table: Table, pairs: tuple[Pair, ...]) -> Doubles:
    """Return 1 where a label is present, 0 where it is absent, NaN for other values."""
    columns = [_codes(*both) for both in zip(table.columns, pairs, strict=True)]
    return np.column_stack(columns)


def _codes(column: Column, pair: Pair) -> Doubles:
    code = {level_name(label): float(number) for number, label in enumerate(pair)}
    if not column.is_classes:
        absent, present = (code.get(name, np.nan) for name in ("0", "1"))
        return np.where(column.values == 1, present, np.where(column.values == 0, absent, np.nan))
    names = column.levels if column.has_levels else ("FALSE", "TRUE")
    codes = np.array([code.get(name, np.nan) for name in names])
    found: Doubles = codes[column.values.astype(np.intp)]
    return found


def labelled(shares: Doubles, pairs: tuple[Pair, ...]) -> Any:
    """Return the more probable value of each label; None where a row is missing."""
    missing = np.isnan(shares)
    columns = [
        np.array(pair, dtype=_dtype(pair))[own]
        for pair, own in zip(pairs, (shares > 0.5).astype(np.intp).T, strict=True)
    ]
    same = len({column.dtype for column in columns}) == 1
    if same and not missing.any():
        return np.column_stack(columns)
    values = np.column_stack([column.astype(object) for column in columns])
    values[missing] = None
    return values


def _dtype(pair: Pair) -> Any:
    return None if all(isinstance(label, (bool, int)) for label in pair) else object
