"""One column of the user's table: numbers, logicals, a factor or text, as doubles."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import quote
from pytwolayer.errors import ArgumentError

Doubles = NDArray[np.float64]
# "missing": all values are missing, so it can stand for a column of any kind.
ColumnKind = Literal["number", "logical", "factor", "text", "missing"]


@dataclass(frozen=True)
class Column:
    """A checked column.

    Attributes
    ----------
    label : str or None
        Its name in messages, or its number from 1; None for a vector without a name.
    kind : str
        "number", "logical", "factor", "text", or "missing" if all values are missing.
    values : array of double
        Numbers, or the codes of levels from 0; NaN where missing.
    levels : tuple of str
        Those of a factor in its order, those of text sorted by code point; else empty.
    labels : tuple
        The levels as the user has them, before they were converted to text.
    complete : bool
        True only if it has no missing value; False does not mean that it has one.
    """

    label: str | None
    kind: ColumnKind
    values: Doubles
    levels: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    complete: bool = False

    @property
    def has_levels(self) -> bool:
        """Whether the values are codes of levels."""
        return self.kind in ("factor", "text")

    @property
    def is_classes(self) -> bool:
        """Whether it is classes as an outcome: levels, or logicals."""
        return self.has_levels or self.kind == "logical"

    def take(self, rows: Any) -> "Column":
        """Select some of the rows."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True)
class CodedColumn:
    """A column that comes as codes, nothing of it checked yet.

    Attributes
    ----------
    kind : str
        "factor", "text", or "logical", whose codes are 0 and 1.
    codes : array of double
        Places of the levels, from 0; NaN where missing.
    levels : tuple of str
        Of text those that the column has, in any order.
    """

    kind: Literal["factor", "text", "logical"]
    codes: Doubles
    levels: tuple[str, ...] = ()

    def take(self, rows: Any) -> "CodedColumn":
        """Take some of the rows."""
        return replace(self, codes=self.codes[rows])


def in_column(label: str | None) -> str:
    """Return the part of a message that names the column, if it has a name or a number."""
    return "" if label is None else f" in column {quote(label)}"


def read_column(
    argument: str,
    label: str | None,
    series: "pd.Series[Any] | Doubles | CodedColumn",
    *,
    outcome: bool = False,
) -> Column:
    """Check a column and convert it to doubles.

    An array holds doubles already. Time spans become seconds; as an outcome they are refused, since
    predictions would be without their unit.

    Raises
    ------
    ArgumentError
        If it is neither numbers, logicals, a factor nor text, or holds an infinite number.
    """
    if isinstance(series, np.ndarray):
        return _number_column(argument, label, series)
    if isinstance(series, CodedColumn):
        return _coded_column(argument, label, series)
    dtype = series.dtype
    if isinstance(dtype, pd.ArrowDtype) and str(dtype).startswith(("dictionary", "null")):
        series = pd.Series(series.array.__arrow_array__().to_pandas())
        dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _factor_column(argument, label, series)
    if pd.api.types.is_bool_dtype(dtype):
        values = _doubles(series)
        return Column(label, "missing" if np.isnan(values).all() else "logical", values)
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return _number_column(argument, label, _doubles(series))
    if pd.api.types.is_timedelta64_dtype(dtype) and not outcome:
        return _number_column(argument, label, _doubles(series.dt.total_seconds()))
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        return _object_column(argument, label, series)
    raise _unsupported(argument, label, *_describe_dtype(dtype))


def _number_column(argument: str, label: str | None, values: Doubles) -> Column:
    with np.errstate(over="ignore", invalid="ignore"):
        # A finite sum has only finite terms: one pass checks most columns.
        if math.isfinite(values.sum()):
            return Column(label, "number" if len(values) else "missing", values, complete=True)
    infinite = int(np.count_nonzero(np.isinf(values)))
    if infinite:
        received = f"infinite{in_column(label)} ({infinite} of {values.size} values)"
        raise ArgumentError(argument, "finite", received)
    everything_missing = bool(np.isnan(values).all())
    return Column(label, "missing" if everything_missing else "number", values)


def _doubles(series: "pd.Series[Any]") -> Doubles:
    with np.errstate(over="ignore"):  # a long double may become infinite
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.ascontiguousarray(values)


def _coded_column(argument: str, label: str | None, column: CodedColumn) -> Column:
    codes, levels = column.codes, column.levels
    if column.kind == "logical":
        return Column(label, "missing" if np.isnan(codes).all() else "logical", codes)
    if column.kind == "text":
        levels = tuple(sorted(levels))
        place = {level: number for number, level in enumerate(levels)}
        there = ~np.isnan(codes)
        sorted_codes = np.array([place[level] for level in column.levels], dtype=np.float64)
        codes = _scatter(there, sorted_codes[codes[there].astype(np.intp)])
    return _level_column(argument, label, column.kind, codes, levels)


def _factor_column(argument: str, label: str | None, series: "pd.Series[Any]") -> Column:
    codes: Doubles = series.cat.codes.to_numpy().astype(np.float64)
    codes[codes < 0] = np.nan
    labels = tuple(series.cat.categories.tolist())
    return _level_column(argument, label, "factor", codes, labels)


def _object_column(argument: str, label: str | None, series: "pd.Series[Any]") -> Column:
    try:
        present = ~pd.isna(series).to_numpy()
    except ArithmeticError:  # raised by a signalling NaN of the decimal module
        raise _unsupported(argument, label, "a signalling NaN") from None
    found = series.to_numpy(dtype=object)[present]
    if not len(found):
        return Column(label, "missing", np.full(len(series), np.nan))
    if all(isinstance(value, str) for value in found):
        labels = tuple(sorted(set(found)))
        code = {value: number for number, value in enumerate(labels)}
        codes = _scatter(present, [code[value] for value in found])
        return _level_column(argument, label, "text", codes, labels)
    if all(isinstance(value, (bool, np.bool_)) for value in found):
        return Column(label, "logical", _scatter(present, found))
    if all(_is_number(value) for value in found):
        return _number_column(
            argument, label, _scatter(present, [_to_double(value) for value in found])
        )
    raise _unsupported(argument, label, "objects of several kinds or of another kind")


def _is_number(value: Any) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, (bool, np.bool_))


def _to_double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # larger than any double
        return math.inf


def _scatter(present: NDArray[np.bool_], found: Any) -> Doubles:
    """Put the values that are present at their rows, and NaN at the others."""
    values = np.full(len(present), np.nan)
    values[present] = np.asarray(found, dtype=np.float64)
    return values


def _level_column(
    argument: str, label: str | None, kind: ColumnKind, codes: Doubles, labels: tuple[Any, ...]
) -> Column:
    levels = tuple(level_name(value) for value in labels)
    if len(set(levels)) < len(levels):
        raise _unsupported(argument, label, "a factor of which several levels read alike")
    if np.isnan(codes).all():
        return Column(label, "missing", codes)
    return Column(label, kind, codes, levels, labels)


def level_name(value: Any) -> str:
    """Convert a level to text as R does: logicals in capitals."""
    return str(value).upper() if isinstance(value, (bool, np.bool_)) else str(value)


def _unsupported(
    argument: str, label: str | None, received: str, advice: str = ""
) -> ArgumentError:
    expected = "numbers, logicals, factors or text"
    return ArgumentError(argument, expected, f"{received}{in_column(label)}{advice}")


def _describe_dtype(dtype: Any) -> tuple[str, str]:
    """Return words for a type that is not supported, and advice."""
    if pd.api.types.is_datetime64_any_dtype(dtype):
        advice = " (`.dt.month` and its like make numbers of them, as do days since one of them)"
        return "dates", advice
    if pd.api.types.is_timedelta64_dtype(dtype):
        return "time spans", " (`.dt.total_seconds()` makes numbers of them)"
    return f"{dtype} values", ""
