"""R's tables as the core reads them: numbers, or codes with levels, column by column.

R codes factors and text itself. The core's columns are made of these codes, not of data frames.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.column import CodedColumn
from pytwolayer.preprocessing.row_source import Doubles, Mask, StoredArray
from pytwolayer.preprocessing.table import RawTable
from pytwolayer.r_interop.shared_memory import as_doubles, sent_vectors

_VECTOR = ".outcome"  # what R names an outcome that came as a vector
_ROWS = 2048  # turned to columns at a time: what a processor's own cache holds


class SentColumn(TypedDict):
    """What R says of a column; its numbers, or its codes from 1, are among the vectors."""

    levels: Sequence[str] | None
    text: bool
    logical: bool


class SentTable(TypedDict):
    """A table as ``to_core()`` in R sends it.

    Its vectors are an attribute of ``holder``, an R function, or in ``values`` as bytes of
    doubles; see ``shared_memory.py``. Predictors may have an ``offset``, bytes too; of outcomes
    ``vector`` says whether they came as a vector.
    """

    names: Sequence[str] | None
    columns: Sequence[SentColumn]
    rows: float
    holder: Callable[..., Any] | None
    library: str | None
    values: Sequence[bytes] | None
    offset: NotRequired[bytes | None]
    vector: NotRequired[bool]


class SentValidation(TypedDict):
    """Validation data of the user's own; ``weights`` are bytes of doubles."""

    x: SentTable
    y: SentTable
    weights: bytes | None


def read_sent_table(sent: SentTable) -> RawTable:
    """Make the core's table of what R sent."""
    vectors = [as_doubles(vector) for vector in sent_vectors(sent)]
    pairs = zip(sent["columns"], vectors, strict=True)
    columns = [_column(column, values) for column, values in pairs]
    names = None if sent["names"] is None else list(sent["names"])
    if sent.get("vector", False):
        return RawTable(None if names == [_VECTOR] else names, (int(sent["rows"]),), [*columns])
    return RawTable(names, (int(sent["rows"]), len(columns)), [*columns])


def _column(column: SentColumn, values: Doubles) -> Doubles | CodedColumn:
    if column["logical"]:
        return CodedColumn("logical", np.where(np.isnan(values), np.nan, values != 0))
    if column["levels"] is None:
        return values
    kind: Literal["text", "factor"] = "text" if column["text"] else "factor"
    with np.errstate(invalid="ignore"):  # R's missing value is a signalling NaN
        codes = values - 1
    return CodedColumn(kind, codes, tuple(column["levels"]))


def complete_rows(*tables: RawTable) -> Mask:
    """Tell which rows have no missing value in any of these tables."""
    complete = np.ones(len(tables[0]), dtype=np.bool_)
    for table in tables:
        for column in table.columns:
            values: Any = column.codes if isinstance(column, CodedColumn) else column
            values = values.read() if isinstance(values, StoredArray) else values
            complete &= ~np.isnan(values)
    return complete


def take_rows(table: RawTable, rows: Mask) -> RawTable:
    """Take the rows of a table for which ``rows`` is true."""

    def taken(column: Any) -> Any:
        return column[rows] if isinstance(column, np.ndarray) else column.take(rows)

    columns = [taken(column) for column in table.columns]
    return RawTable(table.names, (int(rows.sum()), *table.shape[1:]), columns)


def sent_numbers(sent: bytes | bytearray | None) -> NDArray[np.float64] | None:
    """Give the doubles that R sent as bytes, or None."""
    return None if sent is None else np.frombuffer(sent, dtype=np.float64)


def send_doubles(values: Any) -> bytearray:
    """Give numbers as the bytes of doubles in R's order, columns one after another."""
    numbers = np.asarray(values)
    sent = bytearray(8 * numbers.size)
    columns = np.frombuffer(sent, dtype=np.float64).reshape(numbers.shape[::-1])
    for start in range(0, len(numbers), _ROWS):
        columns[..., start : start + _ROWS] = numbers[start : start + _ROWS].T
    return sent
