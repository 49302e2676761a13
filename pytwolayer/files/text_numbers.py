"""Numbers that a reader left as text, since a few rows of the column have something else."""

from collections.abc import Sequence
from typing import Any, Never

import numpy as np
import pandas as pd

from pytwolayer.checks import listed, quoted
from pytwolayer.errors import ArgumentError, MissingMarkWarning, warn_user
from pytwolayer.preprocessing.text_patterns import is_missing_mark, number_format, parse_number

BOOLEANS = {"true": True, "false": False}
_TOLD = 5  # columns


_Found = tuple["pd.Series[Any]", Sequence[str]]


class MissingMarks:
    """Knows what was read as missing, or stayed text though it may be missing."""

    def __init__(self) -> None:
        self._missing: list[_Found] = []
        self._kept: list[_Found] = []

    def count(self, series: "pd.Series[Any]", marks: Sequence[str]) -> None:
        """Note marks that were read as missing."""
        if marks:
            self._missing.append((series, marks))

    def count_kept(self, series: "pd.Series[Any]", marks: Sequence[str]) -> None:
        """Note marks that stayed levels."""
        if marks:
            self._kept.append((series, marks))

    def tell(self) -> None:
        """Warn of them, once for each of the two."""
        if self._missing:
            warn_user(f"Read as missing: {_few(self._missing)}.", MissingMarkWarning)
        if self._kept:
            warn_user(
                f"Read as text: {_few(self._kept)}. "
                f"`--na={quoted(self._kept[0][1][0])}` would read it as missing.",
                MissingMarkWarning,
            )


def _few(found: Sequence[_Found]) -> str:
    more = f" and {len(found) - _TOLD:,} more columns" if len(found) > _TOLD else ""
    return ", ".join(_told(series, marks) for series, marks in found[:_TOLD]) + more


def _told(series: "pd.Series[Any]", marks: Sequence[str]) -> str:
    rows = int(series.isin(marks).sum())
    name = quoted(str(series.name))
    return f"{listed(marks)} in column {name} ({rows:,} row{'s' if rows > 1 else ''})"


def parse_text_column(
    series: "pd.Series[Any]", decimal: str, marks: MissingMarks
) -> "pd.Series[Any]":
    """Make numbers, or logicals, of a column of text that are all that, but for marks.

    Any other text stays as it is: a level that is called "-" or "None" may be meant.
    """
    values = series.to_numpy(dtype=object)
    missing = pd.isna(values)
    texts = [*dict.fromkeys(values[~missing])]
    if not texts or not all(isinstance(text, str) for text in texts):
        return series
    found = [text for text in texts if is_missing_mark(text)]
    rest = [text for text in texts if not is_missing_mark(text)]
    numbers, logicals = _numbers(rest, decimal), _logicals(rest)
    if numbers is not None or logicals is not None:
        marks.count(series, found)
        known: dict[str, Any] = numbers or logicals or {}
        pairs = zip(values, missing, strict=True)
        made = [None if gap else known.get(text) for text, gap in pairs]
        kind = object if numbers is None else np.float64
        return pd.Series(made, index=series.index, dtype=kind, name=series.name)
    marks.count_kept(series, [text for text in found if is_missing_mark(text, sure=True)])
    return series


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


def refuse_text(argument: str, series: "pd.Series[Any]", text: str, decimal: str) -> Never:
    """Say where there is text in a column of numbers, and what may make numbers of it."""
    row = int(np.flatnonzero((series == text).to_numpy(dtype=bool, na_value=False))[0]) + 1
    hint = ""
    if decimal == "." and number_format(text) == "numbers with a decimal comma":
        hint = "; `--dec ,` reads decimal commas"
    received = f"{quoted(text)} in column {quoted(series.name)} (row {row:,}{hint})"
    raise ArgumentError(argument, "numbers where training had numbers", received)
