"""Which columns a model has as numbers and which as levels, and a file's columns made so."""

import datetime
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.files.text_numbers import BOOLEANS, MissingMarks, refuse_text
from pytwolayer.preprocessing.column import level_name, read_column
from pytwolayer.preprocessing.encoder import Encoder, LevelCoding
from pytwolayer.preprocessing.text_patterns import is_missing_mark, parse_number

Levels = frozenset[str] | None  # None: numbers


@dataclass(frozen=True)
class ColumnTypes:
    """The columns that a model wants.

    Attributes
    ----------
    names : tuple of str or None
        None where they have none and are taken by their places.
    levels : tuple of (frozenset of str) or None
        Known levels of each, None for numbers.
    """

    names: tuple[str, ...] | None
    levels: tuple[Levels, ...]

    @classmethod
    def from_encoders(cls, encoders: Sequence[Encoder]) -> "ColumnTypes":
        """Take the types of a fit, or of the fits of an ensemble together."""
        columns = zip(*(encoder.codings for encoder in encoders), strict=True)
        levels = []
        for codings in columns:
            known = [one.levels for one in codings if isinstance(one, LevelCoding)]
            levels.append(frozenset().union(*known) if known else None)
        return cls(encoders[0].names, tuple(levels))

    @classmethod
    def from_table(cls, argument: str, table: pd.DataFrame) -> "ColumnTypes":
        """Take the types of the table that a model will be trained on."""
        names = tuple(str(name) for name in table)
        columns = [read_column(argument, name, table[name]) for name in names]
        return cls(names, tuple(frozenset(c.levels) if c.has_levels else None for c in columns))

    def by_name(self, names: Sequence[str]) -> dict[str, Levels]:
        """Give the type of each column of a file that is wanted."""
        if self.names is None:
            same = len(names) == len(self.levels)
            return dict(zip(names, self.levels, strict=True)) if same else {}
        there, pairs = set(names), zip(self.names, self.levels, strict=True)
        return {name: levels for name, levels in pairs if name in there}


def convert_columns(
    argument: str, table: pd.DataFrame, types: ColumnTypes, decimal: str, marks: MissingMarks
) -> pd.DataFrame:
    """Make the columns of a file what the model has them as.

    Raises
    ------
    ArgumentError
        If there is text where the model has numbers.
    """
    made = {str(name): column for name, column in table.items()}
    for name, levels in types.by_name([*made]).items():
        if levels is None:
            made[name] = _as_numbers(argument, made[name], decimal, marks)
        else:
            made[name] = _as_levels(made[name], levels)
    return pd.DataFrame(made, index=table.index, columns=pd.Index(made, dtype=object), copy=False)


def _as_numbers(
    argument: str, series: "pd.Series[Any]", decimal: str, marks: MissingMarks
) -> "pd.Series[Any]":
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if not (pd.api.types.is_object_dtype(series) or pd.api.types.is_string_dtype(series)):
        return series
    there = series.dropna()
    if not all(isinstance(value, str) for value in there):
        return series
    values: dict[str, float] = {}
    for text in there.unique():
        number = BOOLEANS.get(text.strip().casefold(), parse_number(text, decimal))
        if number is None and not is_missing_mark(text):
            refuse_text(argument, series, text, decimal)
        values[text] = np.nan if number is None else float(number)
    marks.count(series, [text for text, number in values.items() if np.isnan(number)])
    return series.astype(object).map(values).astype(np.float64)


def _as_levels(series: "pd.Series[Any]", known: Collection[str]) -> "pd.Series[Any]":
    values = series.to_numpy(dtype=object)
    missing = pd.isna(values)
    if not all(isinstance(value, Hashable) for value in values):
        return series  # lists, which the core refuses
    name = {value: _level(value, known) for value in dict.fromkeys(values[~missing])}
    texts = [None if gap else name[value] for value, gap in zip(values, missing, strict=True)]
    return pd.Series(texts, index=series.index, dtype=object)


def _level(value: Any, known: Collection[str]) -> str:
    """Write a value as the training data had it as text: what was text there may be typed here."""
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
