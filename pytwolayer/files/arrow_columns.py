"""Columns of Arrow arrays: what kind each is, and its values as doubles.

pyarrow is imported where it is needed: it is optional.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.column_reading import level_name
from pytwolayer.preprocessing.row_source import Doubles, series_doubles

# "missing": without a type of its own, as all of its values are missing.
ArrowKind = Literal["number", "logical", "span", "factor", "text", "missing"]
EXPECTED = "numbers, logicals, factors or text"
_DATES = " (`.dt.month` and its like make numbers of them, as do days since one of them)"


def arrow_kind(dtype: Any) -> ArrowKind | None:
    """Return the kind of a column of an Arrow type; None for types that no column can have."""
    from pyarrow import types

    if types.is_null(dtype):
        return "missing"
    if types.is_boolean(dtype):
        return "logical"
    if types.is_integer(dtype) or types.is_floating(dtype) or types.is_decimal(dtype):
        return "number"
    if types.is_duration(dtype):
        return "span"
    if types.is_dictionary(dtype):
        simple = arrow_kind(dtype.value_type) is not None or _is_date(dtype.value_type)
        return "factor" if simple and not types.is_dictionary(dtype.value_type) else None
    return "text" if is_text(dtype) else None


def is_text(dtype: Any) -> bool:
    """Tell whether an Arrow type is text."""
    from pyarrow import types

    is_view = getattr(types, "is_string_view", None)  # new in pyarrow 16
    text = types.is_string(dtype) or types.is_large_string(dtype)
    return bool(text or (is_view is not None and is_view(dtype)))


def _is_date(dtype: Any) -> bool:
    from pyarrow import types

    return bool(types.is_date(dtype) or types.is_timestamp(dtype))


def refuse_type(argument: str, name: str, dtype: Any, where: str = "") -> ArgumentError:
    """Make the error that a column's type is not one that a network can use."""
    if _is_date(dtype):
        return ArgumentError(argument, EXPECTED, f"dates{in_column(name)}{where}{_DATES}")
    return ArgumentError(argument, EXPECTED, f"{dtype} values{in_column(name)}{where}")


def numbers(array: Any) -> NDArray[Any]:
    """Return numbers, logicals (0 and 1) or time spans (seconds) of an Arrow array.

    They are doubles with NaN where missing, or a view of other numbers without missing ones.
    """
    import pyarrow as pa

    dtype = array.type
    if pa.types.is_null(dtype):
        return np.full(len(array), np.nan)
    if pa.types.is_boolean(dtype):
        array = array.cast(pa.uint8())
    elif pa.types.is_decimal(dtype):
        # By text: Arrow's own conversion is not always to the nearest double.
        array = array.cast(pa.string()).cast(pa.float64())
    elif pa.types.is_duration(dtype):
        # As of a series: pandas rounds the last digits in a way of its own.
        return series_doubles(array.to_pandas().dt.total_seconds())
    values: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values


class LevelReader:
    """Reads the codes of a column of levels.

    Parameters
    ----------
    levels : sequence of str
        All levels of the column, in the order of their codes.
    """

    def __init__(self, levels: Sequence[str]) -> None:
        self._codes = {level: float(code) for code, level in enumerate(levels)}
        self._dictionary: Any = None
        self._mapped: Doubles = np.empty(0)

    def read(self, array: Any) -> Doubles:
        """Return the codes of an array; NaN where missing."""
        import pyarrow as pa

        if pa.types.is_null(array.type):
            return np.full(len(array), np.nan)
        array = as_dictionary(array)
        dictionary = array.dictionary
        # Arrays of one row group share theirs.
        if self._dictionary is None or not dictionary.equals(self._dictionary):
            names = level_names(level_labels(dictionary))
            codes = [np.nan if name is None else self._codes[name] for name in names]
            # The code of a missing value comes last.
            self._mapped = np.array([*codes, np.nan], dtype=np.float64)
            self._dictionary = dictionary
        codes_of_rows: Doubles = self._mapped[_places(array)]
        return codes_of_rows


def _places(array: Any) -> NDArray[Any]:
    """Return the places in the dictionary; that of missing values is the dictionary's length."""
    indices = array.indices
    if indices.null_count:
        import pyarrow as pa

        indices = indices.cast(pa.int64()).fill_null(len(array.dictionary))
    places: NDArray[Any] = indices.to_numpy(zero_copy_only=False)
    return places


def as_dictionary(array: Any) -> Any:
    """Return an array of text as one with a dictionary."""
    import pyarrow as pa

    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def level_labels(dictionary: Any) -> list[Any]:
    """Return the values of a dictionary as Python has them; None for a missing one."""
    import pyarrow as pa

    if is_text(dictionary.type) or pa.types.is_boolean(dictionary.type):
        labels: list[Any] = dictionary.to_pylist()
        return labels
    values = pd.Index(dictionary.to_pandas())
    gaps = values.isna()
    return [None if gap else v for v, gap in zip(values.tolist(), gaps, strict=True)]


def level_names(labels: Sequence[Any]) -> list[str | None]:
    """Return the levels' names; None for a missing one."""
    return [None if label is None else level_name(label) for label in labels]


class LevelScan:
    """Collects the levels of a column from its arrays."""

    def __init__(self, kind: Literal["factor", "text"]) -> None:
        self._kind = kind
        self._labels: dict[str, Any] = {}
        self._dictionary: Any = None
        self._seen: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)

    def add(self, array: Any) -> None:
        """Add the levels of an array."""
        import pyarrow as pa

        if pa.types.is_null(array.type):
            return
        array = as_dictionary(array)
        if self._dictionary is None or not array.dictionary.equals(self._dictionary):
            self._flush()
            self._dictionary = array.dictionary
            self._seen = np.zeros(len(self._dictionary) + 1, dtype=np.bool_)
        if self._kind == "text":  # of a factor all levels count
            self._seen[_places(array)] = True

    def _flush(self) -> None:
        if self._dictionary is None:
            return
        labels = level_labels(self._dictionary)
        for name, label, seen in zip(level_names(labels), labels, self._seen[:-1], strict=True):
            if name is not None and (seen or self._kind == "factor"):
                self._labels.setdefault(name, label)

    def labels(self) -> dict[str, Any]:
        """Return the levels and what the user has for them; text sorted by code point."""
        self._flush()
        self._dictionary = None
        if self._kind == "text":
            return {name: name for name in sorted(self._labels)}
        return self._labels


class LevelCoder:
    """Gives the levels of a column codes in the order in which they come."""

    def __init__(self, kind: ArrowKind) -> None:
        self._kind = kind
        self._codes: dict[str, float] = {}
        self._labels: dict[str, Any] = {}

    def read(self, array: Any) -> Doubles:
        """Return the codes of an array; NaN where missing."""
        import pyarrow as pa

        if pa.types.is_null(array.type):
            return np.full(len(array), np.nan)
        array = as_dictionary(array)
        labels = level_labels(array.dictionary)
        names = level_names(labels)
        for name, label in zip(names, labels, strict=True):
            if name is not None:
                self._codes.setdefault(name, float(len(self._codes)))
                self._labels.setdefault(name, label)
        codes = [np.nan if name is None else self._codes[name] for name in names]
        mapped: Doubles = np.array([*codes, np.nan], dtype=np.float64)[_places(array)]
        return mapped

    def sorted(self) -> tuple[dict[str, Any], Doubles]:
        """Return the levels in their order, with their labels, and the new code of each code."""
        order = sorted(self._codes) if self._kind == "text" else [*self._codes]
        place = {name: float(number) for number, name in enumerate(order)}
        recoding = np.array([place[name] for name in self._codes], dtype=np.float64)
        return {name: self._labels[name] for name in order}, recoding
