"""Numbers in columns that were read as text, since a few of their rows have something else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Never

import numpy as np
import pandas as pd

from pytwolayer.checks import quote, quote_some
from pytwolayer.errors import ArgumentError, MissingMarkWarning, warn_user
from pytwolayer.preprocessing.text_patterns import is_missing_mark, number_format, parse_number

BOOLEANS = {"true": True, "false": False}
_NAMED = 5  # largest number of columns that a warning names
_Found = tuple[str, Sequence[str], int]  # name of a column, its marks, and rows with one


class MissingMarks:
    """Collects the marks that were read as missing, and those that were kept as text.

    ``hints`` tells whether messages name options of the command line.
    """

    def __init__(self, *, hints: bool) -> None:
        self.hints = hints
        self._missing: list[_Found] = []
        self._kept: list[_Found] = []

    def add_missing(self, name: str, marks: Sequence[str], rows: int) -> None:
        """Add marks of a column that were read as missing, and how many rows have them."""
        if marks:
            self._missing.append((name, marks, rows))

    def add_kept(self, name: str, marks: Sequence[str], rows: int) -> None:
        """Add marks that were kept as levels."""
        if marks:
            self._kept.append((name, marks, rows))

    def warn(self) -> None:
        """Warn of all marks: one warning for each of the two groups."""
        if self._missing:
            warn_user(f"Read as missing: {_few(self._missing)}.", MissingMarkWarning)
        if self._kept:
            mark = quote(self._kept[0][1][0])
            hint = f" `--na={mark}` would read it as missing." if self.hints else ""
            warn_user(f"Read as text: {_few(self._kept)}.{hint}", MissingMarkWarning)


def _few(found: Sequence[_Found]) -> str:
    more = f" and {len(found) - _NAMED:,} more columns" if len(found) > _NAMED else ""
    return ", ".join(_describe(*one) for one in found[:_NAMED]) + more


def _describe(name: str, marks: Sequence[str], rows: int) -> str:
    many = "s" if rows > 1 else ""
    return f"{quote_some(marks)} in column {quote(name)} ({rows:,} row{many})"


def rows_with(series: "pd.Series[Any]", marks: Sequence[str]) -> int:
    """Count the rows of a column that have one of some marks."""
    return int(series.isin(marks).sum()) if marks else 0


def is_text(series: "pd.Series[Any]") -> bool:
    """Tell whether a column can hold text."""
    return pd.api.types.is_object_dtype(series) or pd.api.types.is_string_dtype(series)


def parse_text_column(
    series: "pd.Series[Any]", decimal: str, marks: MissingMarks
) -> "pd.Series[Any]":
    """Convert a column of text to numbers or logicals, if all its values but marks are that.

    Other columns are returned unchanged: "-" or "None" may be levels there.
    """
    values = series.to_numpy(dtype=object)
    missing = pd.isna(values)
    texts = [*dict.fromkeys(values[~missing])]
    if not texts or not all(isinstance(text, str) for text in texts):
        return series
    name, found = str(series.name), read_texts(texts, decimal)
    if found.values is not None:
        marks.add_missing(name, found.marks, rows_with(series, found.marks))
        known = found.values
        pairs = zip(values, missing, strict=True)
        converted = [None if is_missing else known.get(text) for text, is_missing in pairs]
        dtype = object if found.logical else np.float64
        return pd.Series(converted, index=series.index, dtype=dtype, name=series.name)
    marks.add_kept(name, found.marks, rows_with(series, found.marks))
    return series


@dataclass(frozen=True)
class ReadTexts:
    """What the different values of a column of text are.

    Attributes
    ----------
    values : dict or None
        Numbers or logicals, of all but the marks; None: they are levels.
    marks : list of str
        Marks that are missing values; of levels those that may be.
    logical : bool
    """

    values: dict[str, Any] | None
    marks: list[str]
    logical: bool = False


def read_texts(texts: Sequence[str], decimal: str) -> ReadTexts:
    """Find out whether a column's different values are numbers or logicals, but for marks."""
    found = [text for text in texts if is_missing_mark(text)]
    rest = [text for text in texts if not is_missing_mark(text)]
    numbers, logicals = _numbers(rest, decimal), _logicals(rest)
    if numbers is not None or logicals is not None:
        return ReadTexts(numbers or logicals, found, numbers is None)
    return ReadTexts(None, [text for text in found if is_missing_mark(text, sure=True)])


def _numbers(texts: Sequence[str], decimal: str) -> dict[str, float] | None:
    values: dict[str, float] = {}
    for text in texts:
        number = parse_number(text, decimal)
        if number is None:
            return None
        values[text] = number
    return values or None


def _logicals(texts: Sequence[str]) -> dict[str, bool] | None:
    values = {text: BOOLEANS.get(text.strip().casefold()) for text in texts}
    known = {text: value for text, value in values.items() if value is not None}
    return known if known and len(known) == len(values) else None


def row_of(series: "pd.Series[Any]", text: str) -> int:
    """Return the number of the first row that has a text, from 1."""
    return int(np.flatnonzero((series == text).to_numpy(dtype=bool, na_value=False))[0]) + 1


def refuse_text(
    argument: str, name: str, row: int, text: str, decimal: str, *, hints: bool
) -> Never:
    """Raise the error about text in a column of numbers; it names the row and the remedy."""
    hint = ""
    if hints and decimal == "." and number_format(text) == "numbers with a decimal comma":
        hint = "; `--dec ,` reads decimal commas"
    received = f"{quote(text)} in column {quote(name)} (row {row:,}{hint})"
    raise ArgumentError(argument, "numbers where training had numbers", received)
