"""One column of the user's table: numbers, logicals, a factor or text, as doubles."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import quoted
from pytwolayer.errors import ArgumentError

Doubles = NDArray[np.float64]
# "missing": nothing in it tells what it is.
ColumnKind = Literal["number", "logical", "factor", "text", "missing"]


@dataclass(frozen=True)
class Column:
    """A checked column.

    Attributes
    ----------
    label : str or None
        Its name, or its number from 1, in messages; None for a vector without a name.
    kind : str
        "number", "logical", "factor", "text", or "missing" where all is missing.
    values : array of double
        Numbers, or for levels their codes from 0; NaN where missing.
    levels : tuple of str
        Of a factor in its own order, of text sorted by code point; else empty.
    labels : tuple
        What the user's levels were before they became text.
    complete : bool
        Whether it is known to have no missing value.
    """

    label: str | None
    kind: ColumnKind
    values: Doubles
    levels: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()
    complete: bool = False

    @property
    def has_levels(self) -> bool:
        """Whether its values are codes of levels."""
        return self.kind in ("factor", "text")

    @property
    def is_classes(self) -> bool:
        """Whether it means classes as an outcome: levels, or logicals."""
        return self.has_levels or self.kind == "logical"

    def take(self, rows: Any) -> "Column":
        """Take some of the rows."""
        return replace(self, values=self.values[rows])


def in_column(label: str | None) -> str:
    """Say in which column, where it has a name or a number."""
    return "" if label is None else f" in column {quoted(label)}"


def read_column(
    argument: str,
    label: str | None,
    series: "pd.Series[Any] | Doubles",
    *,
    outcome: bool = False,
) -> Column:
    """Check a column and turn it into doubles, if it is not an array of them.

    Time spans become seconds; not those of an outcome, whose unit the predictions would lose.

    Raises
    ------
    ArgumentError
        If it is neither numbers, logicals, a factor nor text, or holds an infinite number.
    """
    if isinstance(series, np.ndarray):
        return _numbers(argument, label, series)
    kind = series.dtype
    if isinstance(kind, pd.ArrowDtype) and str(kind).startswith(("dictionary", "null")):
        series = pd.Series(series.array.__arrow_array__().to_pandas())
        kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _factor(argument, label, series)
    if pd.api.types.is_bool_dtype(kind):
        values = _doubles(series)
        return Column(label, "missing" if np.isnan(values).all() else "logical", values)
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return _numbers(argument, label, _doubles(series))
    if pd.api.types.is_timedelta64_dtype(kind) and not outcome:
        return _numbers(argument, label, _doubles(series.dt.total_seconds()))
    if pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
        return _objects(argument, label, series)
    raise _unsupported(argument, label, _description(kind), _advice(kind))


def _numbers(argument: str, label: str | None, values: Doubles) -> Column:
    with np.errstate(over="ignore", invalid="ignore"):
        if math.isfinite(values.sum()):  # one look tells of most columns that nothing is amiss
            return Column(label, "number" if len(values) else "missing", values, complete=True)
    infinite = int(np.count_nonzero(np.isinf(values)))
    if infinite:
        received = f"infinite{in_column(label)} ({infinite} of {values.size} values)"
        raise ArgumentError(argument, "finite", received)
    everything_missing = bool(np.isnan(values).all())
    return Column(label, "missing" if everything_missing else "number", values)


def _doubles(series: "pd.Series[Any]") -> Doubles:
    with np.errstate(over="ignore"):  # a longer float becomes infinite
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.ascontiguousarray(values)


def _factor(argument: str, label: str | None, series: "pd.Series[Any]") -> Column:
    codes: Doubles = series.cat.codes.to_numpy().astype(np.float64)
    codes[codes < 0] = np.nan
    labels = tuple(series.cat.categories.tolist())
    return _levels(argument, label, "factor", codes, labels)


def _objects(argument: str, label: str | None, series: "pd.Series[Any]") -> Column:
    try:
        there = ~pd.isna(series).to_numpy()
    except ArithmeticError:  # pandas cannot ask this decimal whether it is missing
        raise _unsupported(argument, label, "a signalling NaN") from None
    found = series.to_numpy(dtype=object)[there]
    if not len(found):
        return Column(label, "missing", np.full(len(series), np.nan))
    if all(isinstance(value, str) for value in found):
        labels = tuple(sorted(set(found)))
        code = {value: number for number, value in enumerate(labels)}
        return _levels(
            argument, label, "text", _spread(there, [code[value] for value in found]), labels
        )
    if all(isinstance(value, (bool, np.bool_)) for value in found):
        return Column(label, "logical", _spread(there, found))
    if all(_is_number(value) for value in found):
        return _numbers(argument, label, _spread(there, [_double(value) for value in found]))
    raise _unsupported(argument, label, "objects of several kinds or of another kind")


def _is_number(value: Any) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, (bool, np.bool_))


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # larger than any double
        return math.inf


def _spread(there: NDArray[np.bool_], found: Any) -> Doubles:
    values = np.full(len(there), np.nan)
    values[there] = np.asarray(found, dtype=np.float64)
    return values


def _levels(
    argument: str, label: str | None, kind: ColumnKind, codes: Doubles, labels: tuple[Any, ...]
) -> Column:
    levels = tuple(level_name(value) for value in labels)
    if len(set(levels)) < len(levels):
        raise _unsupported(argument, label, "a factor of which several levels read alike")
    if np.isnan(codes).all():
        return Column(label, "missing", codes)
    return Column(label, kind, codes, levels, labels)


def level_name(value: Any) -> str:
    """Write a level as text, as R does."""
    return str(value).upper() if isinstance(value, (bool, np.bool_)) else str(value)


def _unsupported(
    argument: str, label: str | None, received: str, advice: str = ""
) -> ArgumentError:
    expected = "numbers, logicals, factors or text"
    return ArgumentError(argument, expected, f"{received}{in_column(label)}{advice}")


def _advice(kind: Any) -> str:
    if pd.api.types.is_datetime64_any_dtype(kind):
        return " (`.dt.month` and its like make numbers of them, as do days since one of them)"
    if pd.api.types.is_timedelta64_dtype(kind):
        return " (`.dt.total_seconds()` makes numbers of them)"
    return ""


def _description(kind: Any) -> str:
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "dates"
    if pd.api.types.is_timedelta64_dtype(kind):
        return "time spans"
    return f"{kind} values"
