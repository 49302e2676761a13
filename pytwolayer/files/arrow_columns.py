"""Columns of Arrow arrays: what kind each is, and its values as doubles.

pyarrow is imported where it is needed: it is optional.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError, first_line
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.row_source import series_doubles

# "missing": without a type of its own, as all of its values are missing.
ArrowKind = Literal["number", "logical", "span", "factor", "text", "missing"]
EXPECTED = "numbers, logicals, factors or text"
_DATES = " (convert them to numbers: `.dt.month` and the like, or the days since a fixed date)"


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


@contextmanager
def readable_values(argument: str, name: str, where: str = "") -> Iterator[None]:
    """Have the error of a value that cannot be read, such as text in no encoding, name its column.

    ``where`` says what the column is in.
    """
    try:
        yield
    except ArgumentError:
        raise
    except (ValueError, IndexError, OverflowError, NotImplementedError) as problem:
        reason = first_line(problem).rstrip(".")
        received = f"those{in_column(name)}{where}: {reason}"
        raise ArgumentError(argument, "values that can be read", received) from problem


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
