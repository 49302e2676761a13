"""The rows that are explained: complete ones, and rows in which columns have chosen values."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.errors import ArgumentError, UnseenLevelWarning
from pytwolayer.explain.networks import Explained
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.row_source import Doubles, Mask, RowNumbers
from pytwolayer.preprocessing.table import Table, read_table
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch

MOST_ROWS = 100_000  # of a file, where rows have to be in memory together

# The place of a column, and a column of one row that has its value.
Setting = Mapping[int, Column]


def sampled(rows: int) -> RowNumbers | None:
    """Choose rows of a table that is not in memory: one of each of equally long stretches.

    The same ones for the same number of rows; None where there are so few that all are taken.
    """
    if rows <= MOST_ROWS:
        return None
    ends = np.arange(MOST_ROWS + 1, dtype=np.int64) * rows // MOST_ROWS
    shares = torch.rand(MOST_ROWS, generator=cpu_generator(0), dtype=torch.float64).numpy()
    numbers: RowNumbers = (ends[:-1] + np.floor(shares * np.diff(ends))).astype(np.intp)
    return numbers


def complete_rows(models: Sequence[Explained], part: Table) -> list[tuple[Table, Mask]]:
    """Return for each model the rows that it can predict, recoded, and which they are.

    ``part`` is of a table of which it was warned.
    """
    known: dict[Encoder, tuple[Table, Mask]] = {}
    for encoder in dict.fromkeys(model.inputs for model in models):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnseenLevelWarning)
            recoded = encoder.recode("x", part)
        complete = np.ones(part.rows, dtype=np.bool_)
        for column in recoded.columns:
            complete &= ~np.isnan(column.values)
        whole = Table(recoded.names, recoded.columns, recoded.rows)
        known[encoder] = whole if complete.all() else whole.take(complete), complete
    return [known[model.inputs] for model in models]


def with_setting(part: Table, setting: Setting | None) -> Table:
    """Give the columns of a setting its values in all rows."""
    if not setting:
        return part
    columns = list(part.columns)
    for place, column in setting.items():
        columns[place] = column.with_data(np.full(part.rows, column.values[0]))
    return replace(part, columns=columns)


def read_settings(encoder: Encoder, names: Sequence[str], at: Any) -> tuple[Table, list[Setting]]:
    """Read chosen values: a frame, of which each row is a setting.

    Raises
    ------
    ArgumentError
        If it names other columns than those of the fit, or lacks values.
    """
    table = read_table("at", at)
    given = table.names or ()
    if not given or not set(given) <= set(names):
        others = ", ".join(f'"{name}"' for name in given if name not in names)
        expected = "a mapping or a data frame whose names are columns of the fit"
        raise ArgumentError("at", expected, f"one with {others}" if others else "one without names")
    if not table.complete().all():
        raise ArgumentError("at", "without missing values", "some")
    places = [names.index(name) for name in given]
    own = Encoder(given, tuple(encoder.codings[place] for place in places))
    own.check("at", table)
    return table, [
        {p: c.take(slice(row, row + 1)) for p, c in zip(places, table.columns, strict=True)}
        for row in range(table.rows)
    ]


def as_frame(at: Any) -> Any:
    """Make a frame of a mapping of values, or of several of one length."""
    if not isinstance(at, Mapping):
        return at
    lists = {name: v if _is_several(v) else [v] for name, v in at.items()}
    longest = max((len(value) for value in lists.values()), default=0)
    lists = {n: [*v] * longest if len(v) == 1 else v for n, v in lists.items()}
    if any(len(value) != longest for value in lists.values()):
        expected = "one value for each name, or equally many where there are several"
        raise ArgumentError("at", expected, "values of different lengths")
    return pd.DataFrame(lists)


def _is_several(value: Any) -> bool:
    return isinstance(value, (list, tuple, np.ndarray, pd.Series, pd.Categorical))


def describe_setting(table: Table, row: int) -> str:
    """Describe a setting, as ``wt = 3, cyl = 6``."""
    texts = [_value(column, float(column.values[row])) for column in table.columns]
    pairs = zip(table.names or (), texts, strict=True)
    return ", ".join(f"{name} = {text}" for name, text in pairs)


def _value(column: Column, value: float) -> str:
    if column.has_levels:
        return column.levels[int(value)]
    if column.kind == "logical":
        return "TRUE" if value else "FALSE"
    return f"{value:.7g}"


def spread_of(values: Doubles, weights: Doubles | None) -> float:
    """Return the standard deviation of the values that are there."""
    there = ~np.isnan(values)
    own = None if weights is None else weights[there]
    if not there.any() or (own is not None and not own.any()):
        return 0.0
    mean = np.average(values[there], weights=own)
    return float(np.sqrt(np.average((values[there] - mean) ** 2, weights=own)))
