"""The data of the command ``pytwolayer fit``, which are read in blocks, and not held in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pytwolayer.files.masked_rows import mask_marks
from pytwolayer.files.new_data import separator_of
from pytwolayer.files.open_table import open_table
from pytwolayer.files.read_options import FileOptions
from pytwolayer.files.wanted_columns import Display
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.row_source import SourcedTable
from pytwolayer.preprocessing.table import column_names, columns_at, read_table


def open_file(
    argument: str,
    file: str,
    options: FileOptions,
    outcome: Sequence[str],
    display: Display | None = None,
    division: Division | None = None,
) -> Any:
    """Open a file or a folder, which has these columns as its outcome.

    ``display`` and ``division`` are as in ``open_table()``.
    """
    has_marks = bool(options.missing) and separator_of(file, options) is None
    how: dict[str, Any] = {"options": options, "display": display, "division": division}
    table = open_table(argument, file, outcome=outcome, **how)
    if has_marks and isinstance(table, SourcedTable):
        return mask_marks(table, options.missing)
    return table


def outcome_of(table: Any, names: Sequence[str], *, as_classes: bool = False) -> Any:
    """Take columns of a table: a single one as a vector; numbers may be taken as classes."""
    every = column_names("data", table)
    chosen = columns_at(table, [every.index(name) for name in names])
    if as_classes:
        frame = chosen if isinstance(chosen, pd.DataFrame) else _frame_of(chosen)
        # Whole numbers beside missing ones become integers, so that a class is "4", not "4.0".
        chosen = frame.convert_dtypes().astype("category")
    if len(names) > 1:
        return chosen
    if isinstance(chosen, SourcedTable):
        return replace(chosen, shape=chosen.shape[:1])
    return chosen.iloc[:, 0]


def _frame_of(table: SourcedTable) -> pd.DataFrame:
    read = read_table("data", table)
    return pd.DataFrame({column.label: _series(column) for column in read.columns})


def _series(column: Column) -> "pd.Series[Any]":
    values = pd.Series(column.values)
    if not column.has_levels:
        return values.astype("boolean") if column.kind == "logical" else values
    codes = values.fillna(-1).astype(int)
    labels: Any = list(column.labels or column.levels)
    classes = pd.Series(pd.Categorical.from_codes(codes, categories=labels))
    return classes if column.kind == "factor" else classes.astype(object)
