"""The types of a model's columns, numbers or levels, and converting a file's columns to them."""

import datetime
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.files.text_numbers import (
    BOOLEANS,
    MissingMarks,
    is_text,
    refuse_text,
    row_of,
    rows_with,
)
from pytwolayer.preprocessing.block_writer import LevelCoding
from pytwolayer.preprocessing.column_reading import level_name, read_column
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.row_source import SourcedTable
from pytwolayer.preprocessing.text_patterns import is_missing_mark, parse_number

Levels = frozenset[str] | None  # None: numbers


@dataclass(frozen=True)
class ColumnTypes:
    """The columns that a model needs.

    Attributes
    ----------
    names : tuple of str or None
        None if the columns have no names and are taken by position.
    levels : tuple of (frozenset of str) or None
        For each column its known levels, or None for numbers.
    """

    names: tuple[str, ...] | None
    levels: tuple[Levels, ...]

    @classmethod
    def from_encoders(cls, encoders: Sequence[Encoder]) -> "ColumnTypes":
        """Return the types of a fit, or of the fits of an ensemble."""
        columns = zip(*(encoder.codings for encoder in encoders), strict=True)
        levels = []
        for codings in columns:
            known = [one.levels for one in codings if isinstance(one, LevelCoding)]
            levels.append(frozenset().union(*known) if known else None)
        return cls(encoders[0].names, tuple(levels))

    def and_also(self, others: Mapping[str, Levels]) -> "ColumnTypes":
        """Add columns by name, such as the outcome's."""
        if self.names is None:
            return self
        return ColumnTypes((*self.names, *others), (*self.levels, *others.values()))

    @classmethod
    def from_table(cls, argument: str, table: Any) -> "ColumnTypes":
        """Return the types of a table that a model will be trained on.

        It is a data frame, or one that ``open_table()`` has opened.
        """
        if isinstance(table, SourcedTable):
            found = [c.levels if c.kind in ("factor", "text") else None for c in table.columns]
            levels = [None if own is None else frozenset(own) for own in found]
            return cls(tuple(table.names or ()), tuple(levels))
        names = tuple(str(name) for name in table)
        columns = [read_column(argument, name, table[name]) for name in names]
        return cls(names, tuple(frozenset(c.levels) if c.has_levels else None for c in columns))

    def by_name(self, names: Sequence[str]) -> dict[str, Levels]:
        """Return the types of the columns of a file that the model needs."""
        if self.names is None:
            same = len(names) == len(self.levels)
            return dict(zip(names, self.levels, strict=True)) if same else {}
        there, pairs = set(names), zip(self.names, self.levels, strict=True)
        return {name: levels for name, levels in pairs if name in there}


def convert_columns(
    argument: str, table: pd.DataFrame, types: ColumnTypes, decimal: str, marks: MissingMarks
) -> pd.DataFrame:
    """Convert the columns of a file to the types of the model.

    Raises
    ------
    ArgumentError
        If a column of numbers has text.
    """
    columns = {str(name): column for name, column in table.items()}
    for name, levels in types.by_name([*columns]).items():
        if levels is None:
            columns[name] = _as_numbers(argument, columns[name], decimal, marks)
        else:
            columns[name] = _as_levels(columns[name], levels)
    return pd.DataFrame(
        columns, index=table.index, columns=pd.Index(columns, dtype=object), copy=False
    )


def _as_numbers(
    argument: str, series: "pd.Series[Any]", decimal: str, marks: MissingMarks
) -> "pd.Series[Any]":
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if not is_text(series):
        return series
    there = series.dropna()
    if not all(isinstance(value, str) for value in there):
        return series
    texts, name = [*there.unique()], str(series.name)
    values, unreadable = numbers_of(texts, decimal)
    if unreadable is not None:
        row = row_of(series, unreadable)
        refuse_text(argument, name, row, unreadable, decimal, hints=marks.hints)
    missing = [text for text, number in values.items() if np.isnan(number)]
    marks.add_missing(name, missing, rows_with(series, missing))
    return series.astype(object).map(values).astype(np.float64)


def numbers_of(texts: Sequence[str], decimal: str) -> tuple[dict[str, float], str | None]:
    """Convert texts to numbers, marks to NaN; also return the first that is neither."""
    values: dict[str, float] = {}
    for text in texts:
        number = BOOLEANS.get(text.strip().casefold(), parse_number(text, decimal))
        if number is None and not is_missing_mark(text):
            return values, text
        values[text] = np.nan if number is None else float(number)
    return values, None


def _as_levels(series: "pd.Series[Any]", known: Collection[str]) -> "pd.Series[Any]":
    values = series.to_numpy(dtype=object)
    missing = pd.isna(values)
    if not all(isinstance(value, Hashable) for value in values):
        return series  # such as lists, which the core refuses
    name = {value: known_level(value, known) for value in dict.fromkeys(values[~missing])}
    texts = [None if gap else name[value] for value, gap in zip(values, missing, strict=True)]
    return pd.Series(texts, index=series.index, dtype=object)


def known_level(value: Any, known: Collection[str]) -> str:
    """Convert a value to the text that it had in training: a file may be read as other types."""
    names = [level_name(value), *_other_names(value)]
    return next((name for name in names if name in known), names[0])


def _other_names(value: Any) -> list[str]:
    if isinstance(value, str):
        upper = value.upper()
        return [upper] if upper in ("TRUE", "FALSE") else []
    if isinstance(value, (bool, np.bool_)):
        return [str(value), str(value).lower()]
    if isinstance(value, (int, np.integer)):
        return [f"{value}.0"]
    if isinstance(value, (float, np.floating)):
        return [str(int(value))] if float(value).is_integer() else []
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return [value.isoformat(), *([value.date().isoformat()] if midnight else [])]
    return []
