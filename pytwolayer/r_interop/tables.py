"""R's tables as the core reads them: numbers, or codes with levels, column by column.

R codes factors and text itself. The core's columns are made of these codes, not of data frames.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.column import CodedColumn, Column
from pytwolayer.preprocessing.column_blocks import blocks_of, take_rows
from pytwolayer.preprocessing.row_source import (
    Doubles,
    Mask,
    RowChoice,
    SelectedColumns,
    SourceColumn,
    SourcedTable,
    StoredArray,
    is_one_block,
)
from pytwolayer.preprocessing.sparse_columns import SparseColumns
from pytwolayer.preprocessing.table import RawTable, Table, read_table
from pytwolayer.r_interop.shared_memory import MISSING, sent_vectors

_VECTOR = ".outcome"  # what R names an outcome that came as a vector
_ROWS = 2048  # turned to columns at a time: what a processor's own cache holds


class SentColumn(TypedDict):
    """What R says of a column; its numbers, or its codes from 1, are among the vectors."""

    levels: Sequence[str] | None
    text: bool
    logical: bool


class SentMatrix(TypedDict):
    """What R says of a matrix of numbers, which is one vector, or three if it is sparse.

    ``places`` are those of the columns that are meant, as bytes of doubles.
    """

    columns: float
    places: bytes
    sparse: bool
    logical: bool


class SentTable(TypedDict):
    """A table as ``to_core()`` in R sends it; of a matrix there is ``matrix`` and no ``columns``.

    Its vectors are an attribute of ``holder``, an R function, or in ``values`` as bytes of
    doubles; see ``shared_memory.py``. Predictors may have an ``offset``, bytes too; of outcomes
    ``vector`` says whether they came as a vector.
    """

    names: Sequence[str] | None
    columns: NotRequired[Sequence[SentColumn]]
    matrix: NotRequired[SentMatrix]
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


def read_sent_table(sent: SentTable) -> RawTable | SourcedTable:
    """Make the core's table of what R sent."""
    if "matrix" in sent:
        return _read_matrix(sent, sent["matrix"])
    pairs = zip(sent["columns"], sent_vectors(sent), strict=True)
    # What is an outcome is needed as a whole, more than once; of predictors blocks are read.
    whole = "vector" in sent
    columns = [_column(column, values, whole=whole) for column, values in pairs]
    names = None if sent["names"] is None else list(sent["names"])
    if sent.get("vector", False):
        return RawTable(None if names == [_VECTOR] else names, (int(sent["rows"]),), [*columns])
    return RawTable(names, (int(sent["rows"]), len(columns)), [*columns])


def _column(
    column: SentColumn, values: NDArray[Any], *, whole: bool = False
) -> NDArray[Any] | StoredArray | CodedColumn:
    """Make a column of numbers or codes that stay where R has them.

    A ``whole`` column of doubles is read as it is, any other copied each time that all of its
    values are wanted.
    """
    missing = None if values.dtype == np.float64 else MISSING
    if column["logical"]:
        return CodedColumn("logical", StoredArray(values, missing))
    if column["levels"] is None:
        small = missing is None and (whole or is_one_block(len(values)))
        return values if small else StoredArray(values, missing)
    kind: Literal["text", "factor"] = "text" if column["text"] else "factor"
    return CodedColumn(kind, StoredArray(values, missing, first=1), tuple(column["levels"]))


def _read_matrix(sent: SentTable, matrix: SentMatrix) -> RawTable | SourcedTable:
    names = None if sent["names"] is None else list(sent["names"])
    places = np.frombuffer(matrix["places"]).astype(np.intp).tolist()
    shape = int(sent["rows"]), len(places)
    if matrix["sparse"]:
        data, rows, starts = sent_vectors(sent)
        source = SparseColumns(data, _whole(rows), _whole(starts), shape[0])
        kinds = [SourceColumn("number")] * len(places)
        return SourcedTable(names, shape, kinds, SelectedColumns(source, places), source.size)
    (values,) = sent_vectors(sent)
    lines = values.reshape(int(matrix["columns"]), shape[0])
    described: SentColumn = {"levels": None, "text": False, "logical": matrix["logical"]}
    return RawTable(names, shape, [_column(described, lines[place]) for place in places])


def _whole(numbers: NDArray[Any]) -> NDArray[np.integer[Any]]:
    """Give whole numbers that may have come as doubles."""
    return numbers.astype(np.intp) if numbers.dtype == np.float64 else numbers


def read_rows(data: Any) -> Table:
    """Read training data again, for what R is to know of their rows."""
    return read_table("x", data, vector=True)


def chosen_rows(table: Table, rows: Mask) -> SourcedTable:
    """Choose rows of a table; its values stay where they are."""
    return as_source(table.take(rows))


def as_source(table: Table) -> SourcedTable:
    """Make a table of one that was read; its values stay where they are."""
    columns = [_source_column(column) for column in table.columns]
    names = None if table.names is None else list(table.names)
    return SourcedTable(names, (table.rows, len(columns)), columns, _TableRows(table))


def _source_column(column: Column) -> SourceColumn:
    kind = "number" if column.kind == "missing" else column.kind
    return SourceColumn(kind, column.levels, column.labels)


class _TableRows:
    """The rows of a table as a source."""

    def __init__(self, table: Table) -> None:
        self._table, self.rows = table, table.rows

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        wanted = [self._table.columns[place] for place in columns]
        if isinstance(rows, range):
            return blocks_of(wanted, rows)
        return blocks_of(wanted if rows is None else take_rows(wanted, rows))


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
