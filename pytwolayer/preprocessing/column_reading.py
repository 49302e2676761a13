"""Making a column of what the user has: a series of pandas, an array, or codes with levels."""

import math
from datetime import date
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import (
    CodedColumn,
    Column,
    ColumnKind,
    StoredColumn,
    in_column,
)
from pytwolayer.preprocessing.column_blocks import read_columns
from pytwolayer.preprocessing.row_source import (
    Doubles,
    Mask,
    SourceColumn,
    SourcedTable,
    StoredArray,
    StoredSeries,
    is_one_block,
    series_doubles,
)
from pytwolayer.preprocessing.summary import survey


def convert_column(
    argument: str,
    label: str | None,
    column: "pd.Series[Any] | NDArray[Any] | StoredArray | CodedColumn",
    *,
    outcome: bool = False,
) -> Column:
    """Make a column of doubles, or of what becomes doubles when it is read.

    Whether its numbers are finite, and whether any is missing, is not known yet. Time spans become
    seconds; as an outcome they are refused, since predictions would be without their unit.

    Raises
    ------
    ArgumentError
        If it is neither numbers, logicals, a factor nor text.
    """
    if isinstance(column, CodedColumn):
        return _coded_column(argument, label, column)
    if isinstance(column, (np.ndarray, StoredArray)):
        return Column(label, "number", _array_data(column))
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype) and str(dtype).startswith(("dictionary", "null")):
        column = pd.Series(column.array.__arrow_array__().to_pandas())
        dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        labels = tuple(column.cat.categories.tolist())
        codes = StoredArray(column.cat.codes.to_numpy(), missing=-1)
        return _level_column(argument, label, "factor", codes, labels)
    if pd.api.types.is_bool_dtype(dtype):
        return Column(label, "logical", _series_data(column))
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return Column(label, "number", _series_data(column))
    if pd.api.types.is_timedelta64_dtype(dtype) and not outcome:
        return Column(label, "number", series_doubles(column.dt.total_seconds()))
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        return _object_column(argument, label, column)
    raise _unsupported(argument, label, *_describe_dtype(dtype))


def read_column(
    argument: str,
    label: str | None,
    column: "pd.Series[Any] | NDArray[Any] | StoredArray | CodedColumn",
    *,
    outcome: bool = False,
) -> Column:
    """Make a column of what the user has, and check it; see ``convert_column()``.

    Raises
    ------
    ArgumentError
        If it is neither numbers, logicals, a factor nor text, or holds an infinite number.
    """
    converted = convert_column(argument, label, column, outcome=outcome)
    return survey(argument, [converted], summarise=False).columns[0]


def convert_sourced(argument: str, labels: list[str], table: SourcedTable) -> list[Column]:
    """Make columns of a table in a source; those of one block are read."""
    columns = []
    pairs = zip(labels, table.columns, strict=True)
    for place, (label, column) in enumerate(pairs):
        data = StoredColumn(table.source, place)
        columns.append(_sourced_column(argument, label, column, data))
    return read_columns(columns) if is_one_block(table.shape[0]) else columns


def _sourced_column(argument: str, label: str, column: SourceColumn, data: StoredColumn) -> Column:
    if column.kind in ("factor", "text"):
        labels = column.labels or column.levels
        return _level_column(argument, label, column.kind, data, labels)
    return Column(label, column.kind, data)


def _array_data(array: NDArray[Any] | StoredArray) -> Doubles | StoredColumn:
    """Return doubles, one after the other, as they are; a large array of others stays."""
    if isinstance(array, np.ndarray):
        if array.dtype == np.float64 and array.flags.c_contiguous:
            return array
        array = StoredArray(array)
    return array.read() if is_one_block(array.rows) else StoredColumn(array)


def _series_data(series: "pd.Series[Any]") -> Doubles | StoredColumn:
    if isinstance(series.dtype, np.dtype):
        return _array_data(series.to_numpy())
    return (
        series_doubles(series) if is_one_block(len(series)) else StoredColumn(StoredSeries(series))
    )


def _coded_column(argument: str, label: str | None, column: CodedColumn) -> Column:
    codes, levels = column.codes, column.levels
    if column.kind == "logical":
        return Column(label, "logical", _array_data(codes))
    if column.kind == "factor":
        return _level_column(argument, label, column.kind, codes, levels)
    levels = tuple(sorted(levels))
    place = {level: float(number) for number, level in enumerate(levels)}
    recoding = np.array([place[level] for level in column.levels])
    unsorted = Column(label, "text", _array_data(codes))
    return _level_column(argument, label, "text", unsorted.recoded(recoding, ()).data, levels)


def _object_column(argument: str, label: str | None, series: "pd.Series[Any]") -> Column:
    if pd.api.types.infer_dtype(series, skipna=True) == "string":
        return _text_column(argument, label, series)
    try:
        present = ~pd.isna(series).to_numpy()
    except ArithmeticError:  # raised by a signalling NaN of the decimal module
        raise _unsupported(argument, label, "a signalling NaN") from None
    found = series.to_numpy(dtype=object)[present]
    if not len(found):
        return Column(label, "missing", np.full(len(series), np.nan))
    if all(isinstance(value, (bool, np.bool_)) for value in found):
        return Column(label, "logical", _scatter(present, found))
    if all(_is_number(value) for value in found):
        numbers = [_to_double(value) for value in found]
        return Column(label, "number", _scatter(present, numbers))
    raise _unsupported(argument, label, *_describe_objects(found))


def _text_column(argument: str, label: str | None, series: "pd.Series[Any]") -> Column:
    codes, found = pd.factorize(series)
    labels = found.tolist()
    order = sorted(range(len(labels)), key=labels.__getitem__)
    place = np.full(len(labels) + 1, -1, dtype=np.int32)  # the last is for missing values, -1
    place[order] = np.arange(len(labels), dtype=np.int32)
    stored = StoredArray(place[codes], missing=-1)
    return _level_column(argument, label, "text", stored, tuple(labels[code] for code in order))


def _is_number(value: Any) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, (bool, np.bool_))


def _to_double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # larger than any double
        return math.inf


def _scatter(present: Mask, found: Any) -> Doubles:
    """Put the values that are present at their rows, and NaN at the others."""
    values = np.full(len(present), np.nan)
    values[present] = np.asarray(found, dtype=np.float64)
    return values


def _level_column(
    argument: str,
    label: str | None,
    kind: ColumnKind,
    codes: Doubles | StoredArray | StoredColumn,
    labels: tuple[Any, ...],
) -> Column:
    levels = tuple(level_name(value) for value in labels)
    if len(set(levels)) < len(levels):
        raise _unsupported(argument, label, "a factor with several levels that read alike")
    data = codes if isinstance(codes, StoredColumn) else _array_data(codes)
    return Column(label, kind, data, levels, labels)


def level_name(value: Any) -> str:
    """Convert a level to text as R does: logicals in capitals."""
    return str(value).upper() if isinstance(value, (bool, np.bool_)) else str(value)


def _unsupported(
    argument: str, label: str | None, received: str, advice: str = ""
) -> ArgumentError:
    expected = "numbers, logicals, factors or text"
    return ArgumentError(argument, expected, f"{received}{in_column(label)}{advice}")


def _describe_objects(found: NDArray[Any]) -> tuple[str, str]:
    """Return words for objects that are not supported, and advice."""
    if all(isinstance(value, date) for value in found):
        return "dates", _OF_DATES
    if all(isinstance(value, dict) for value in found):
        return "dictionaries", _OF_SEVERAL
    if all(isinstance(value, (list, tuple, set, np.ndarray)) for value in found):
        return "lists", _OF_SEVERAL
    if all(isinstance(value, str) or _is_number(value) for value in found):
        advice = " (`pandas.to_numeric` converts all to numbers, `.astype(str)` to text)"
        return "text and numbers", advice
    return "objects of several kinds or of another kind", ""


_OF_SEVERAL = " (give each of their values a column of its own)"
_OF_DATES = " (convert them to numbers: `.dt.month` and the like, or the days since a fixed date)"


def _describe_dtype(dtype: Any) -> tuple[str, str]:
    """Return words for a type that is not supported, and advice."""
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "dates", _OF_DATES
    if pd.api.types.is_timedelta64_dtype(dtype):
        return "time spans", " (`.dt.total_seconds()` converts them to numbers)"
    return f"{dtype} values", ""
