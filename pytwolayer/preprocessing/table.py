"""The user's table, of any kind, as checked columns of doubles.

Numbers stay in double precision and levels become codes, so that the memory layout of the table
does not change a bit of the result. A large table stays where it is and is read in blocks of rows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.checks import describe, quote_some, those_there
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import CodedColumn, Column
from pytwolayer.preprocessing.column_blocks import blocks_of, number_taken, take_rows
from pytwolayer.preprocessing.column_reading import convert_column, convert_sourced
from pytwolayer.preprocessing.divided_passes import read_together
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.row_source import (
    ArrayRows,
    Doubles,
    Mask,
    RowNumbers,
    SelectedColumns,
    SourceColumn,
    SourcedTable,
    StoredArray,
    is_one_block,
)
from pytwolayer.preprocessing.sparse_table import (
    is_sparse,
    sparse_table,
    warn_if_dense_is_large,
)
from pytwolayer.preprocessing.summary import (
    ColumnSummary,
    Counts,
    count_levels,
    summarise,
    survey,
)
from pytwolayer.runtime.torch_loading import torch

EVERY_COLUMN = "a table with every column seen in training"


@dataclass(frozen=True)
class Table:
    """A checked table.

    Attributes
    ----------
    names : tuple of str or None
        Column names, if the table has any.
    columns : list of Column
        All of one length.
    rows : int
        Number of rows.
    vector : bool
        Whether it was given as a vector and not as a table.
    incomplete : array of bool or None
        Which rows have a missing value; None: none has.
    division : Division or None
        How passes over the rows are divided among processes; None: this one makes them alone.
    """

    names: tuple[str, ...] | None
    columns: list[Column]
    rows: int
    vector: bool = False
    incomplete: Mask | None = None
    division: Division | None = None
    _summaries: list[ColumnSummary] = field(default_factory=list, compare=False, repr=False)

    def complete(self) -> Mask:
        """Tell which rows have no missing value."""
        if self.incomplete is None:
            return np.ones(self.rows, dtype=np.bool_)
        return ~self.incomplete

    def blocks(self) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block, one column after the other; see ``RowSource``."""
        return blocks_of(self.columns)

    def parts(self) -> "Iterator[Table]":
        """Yield each block as a table in memory, without what is known of missing values."""
        for block in self.blocks():
            values = [np.array(line) for line in block]
            pairs = zip(self.columns, values, strict=True)
            columns = [column.with_data(data) for column, data in pairs]
            yield Table(self.names, columns, len(values[0]), self.vector)

    def summaries(self, weights: Doubles | None = None) -> list[ColumnSummary]:
        """Summarise the columns of a table without missing values.

        Without weights that takes a pass at the first call only.
        """
        if weights is not None:
            return summarise(self.columns, weights, self.division)
        if not self._summaries:
            self._summaries.extend(summarise(self.columns, division=self.division))
        return self._summaries

    @property
    def is_summarised(self) -> bool:
        """Whether ``summaries()`` would take no pass."""
        return bool(self._summaries)

    def level_counts(self) -> list[Counts | None]:
        """Count the rows of each level, for each column that has levels."""
        if self._summaries:
            return [summary.counts for summary in self._summaries]
        some = [column for column in self.columns if column.has_levels]
        counts = iter(count_levels(some, self.division))
        return [next(counts) if column.has_levels else None for column in self.columns]

    def take(self, rows: RowNumbers | Mask | slice) -> "Table":
        """Take some of the rows."""
        rows = rows if isinstance(rows, slice) else np.asarray(rows)  # type: ignore[assignment]
        number = number_taken(rows, self.rows)
        incomplete = None if self.incomplete is None else self.incomplete[rows]
        if incomplete is not None and not incomplete.any():
            incomplete = None
        # What processes divide stays in its files: each reads its own rows of it.
        columns = take_rows(self.columns, rows, reads=self.division is None)
        how = self.vector, incomplete, self.division
        return Table(self.names, columns, number, *how)

    def undivided(self) -> "Table":
        """Return the same table, over which this process makes passes alone."""
        return self if self.division is None else replace(self, division=None)


@dataclass(frozen=True)
class RawTable:
    """The columns of a table, not yet checked.

    It is accepted wherever a data frame is, so that a caller with columns need not make one.

    Attributes
    ----------
    names : list of str or None
    shape : tuple of int
        ``(rows, columns)``, or ``(rows,)`` of a vector.
    columns : list
        Series, arrays of numbers, ``StoredArray``, or ``CodedColumn``.
    """

    names: list[str] | None
    shape: tuple[int, ...]
    columns: "list[pd.Series[Any] | NDArray[Any] | StoredArray | CodedColumn]"

    def __len__(self) -> int:
        return self.shape[0]


def read_table(
    argument: str,
    data: Any,
    *,
    vector: bool = False,
    outcome: bool = False,
    like: tuple[tuple[str, ...] | None, int] | None = None,
    summarise: bool = False,
    whole: bool = False,
) -> Table:
    """Check a table and convert its columns.

    Parameters
    ----------
    argument : str
        Its name in error messages.
    data : DataFrame, Series, array, tensor, nested sequence, RawTable or SourcedTable
        Shape ``(rows, columns)``, or ``(rows,)`` where ``vector`` allows it. An object with a
        method ``to_pandas`` is converted by it.
    vector : bool
        Whether a vector is accepted.
    outcome : bool
        Whether it is the outcome, see ``read_column()``.
    like : pair, optional
        Names (or None) and number of the columns of training. Only these are read, in that
        order: by name if both tables have names, else by position.
    summarise : bool
        Whether ``Table.summaries()`` will be wanted of all rows: they are then made in the pass
        that checks the values.
    whole : bool
        Whether the values of all rows are needed at once: processes that divide passes read a part
        each, and give it to the others.

    Raises
    ------
    ArgumentError
        If it has no rows or columns, lacks columns, or has a column that is neither
        numbers nor levels, or that holds an infinite number.
    """
    parts = _take_apart(argument, data)
    if summarise:
        warn_if_dense_is_large(parts)
    if len(parts.shape) != 2 and not (vector and len(parts.shape) == 1):
        expected = "a table with rows and columns" + (" or a vector" if vector else "")
        received = f"data of shape {parts.shape}" if parts.shape else describe(data)
        raise ArgumentError(argument, expected, received + _how_to_make_a_table(data))
    if 0 in parts.shape[1:] or (like is None and 0 in parts.shape):
        expected = "a table of at least one row and one column"
        raise ArgumentError(argument, expected, f"data of shape {parts.shape}")
    if like is not None:
        parts = _select(argument, parts, *like)
    _refuse_duplicates(argument, parts.names)
    if len(parts.shape) == 1:
        labels: list[str | None] = [parts.names[0] if parts.names else None]
    else:
        labels = [*(parts.names or [str(number + 1) for number in range(len(parts.columns))])]
    if isinstance(parts, SourcedTable):
        columns = convert_sourced(argument, [str(label) for label in labels], parts)
    else:
        pairs = zip(labels, parts.columns, strict=True)
        columns = [convert_column(argument, label, each, outcome=outcome) for label, each in pairs]
    division = parts.division if isinstance(parts, SourcedTable) else None
    if division is not None and is_one_block(parts.shape[0]):  # which was read
        division = None
    if division is not None and whole:
        columns, division = read_together(columns, division), None
    found = survey(argument, columns, summarise=summarise, division=division)
    names = tuple(parts.names) if parts.names else None
    vector = len(parts.shape) == 1
    table = Table(names, found.columns, parts.shape[0], vector, found.incomplete, division)
    table._summaries.extend(found.summaries or [])
    return table


def read_vector(argument: str, data: Any, rows: int) -> Column:
    """Check a vector, or a table of one column, of ``rows`` values; see ``read_table()``."""
    table = read_table(argument, data, vector=True, whole=True)
    if not table.vector and len(table.columns) != 1:
        raise ArgumentError(argument, "a vector", "a table")
    if table.rows != rows:
        raise ArgumentError(argument, f"as long as `x` ({rows} rows)", f"{table.rows} rows long")
    return table.columns[0]


def column_names(argument: str, data: Any) -> list[str]:
    """Return the column names of a data frame.

    Raises
    ------
    ArgumentError
        If ``data`` is no data frame, or has columns of the same name.
    """
    frame = as_pandas(data)
    is_frame = isinstance(frame, pd.DataFrame)
    columns = frame.columns if is_frame else _names_of_source(frame)
    if columns is None:
        raise ArgumentError(argument, "a data frame where `outcome` names columns", describe(data))
    names = [str(name) for name in columns]
    _refuse_duplicates(argument, names)
    return names


def _names_of_source(data: Any) -> list[str] | None:
    return data.names if isinstance(data, (RawTable, SourcedTable)) else None


def columns_at(data: Any, positions: Sequence[int]) -> Any:
    """Select columns of a data frame by position."""
    if isinstance(data, (RawTable, SourcedTable)):
        return columns_of(data, positions)
    return as_pandas(data).iloc[:, list(positions)]


def columns_of(parts: RawTable | SourcedTable, positions: Sequence[int]) -> RawTable | SourcedTable:
    """Select columns by position."""
    names = None if parts.names is None else [parts.names[place] for place in positions]
    shape = (parts.shape[0], len(positions)) if len(parts.shape) == 2 else parts.shape
    if isinstance(parts, RawTable):
        return RawTable(names, shape, [parts.columns[place] for place in positions])
    columns = [parts.columns[place] for place in positions]
    source = SelectedColumns(parts.source, positions)
    return replace(parts, names=names, shape=shape, columns=columns, source=source)


def select_columns(data: Any, names: Collection[str]) -> Any:
    """Select the columns of a data frame by name; data of another kind are returned unchanged."""
    if isinstance(data, (RawTable, SourcedTable)) and data.names is not None:
        wanted = [place for place, name in enumerate(data.names) if name in names]
        return columns_of(data, wanted)
    frame = as_pandas(data)
    if not isinstance(frame, pd.DataFrame):
        return data
    return frame.loc[:, [str(name) in names for name in frame.columns]]


def as_pandas(data: Any) -> Any:
    """Convert data frames of other libraries to pandas; other data are returned unchanged."""
    if hasattr(data, "to_pandas") and not isinstance(data, (pd.DataFrame, pd.Series)):
        return data.to_pandas()
    return data


def _take_apart(argument: str, data: Any) -> RawTable | SourcedTable:
    if isinstance(data, (RawTable, SourcedTable)):
        return data
    if is_sparse(data):
        return sparse_table(data)
    data = as_pandas(data)
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        if _is_row_major(data):
            return _array_table(names, data.to_numpy())
        return RawTable(names, data.shape, [column for _, column in data.items()])
    vectors = (pd.Series, pd.Categorical, pd.Index)
    if isinstance(data, vectors) and not isinstance(data, pd.MultiIndex):
        series = pd.Series(data)
        return RawTable(None if series.name is None else [str(series.name)], series.shape, [series])
    array = _array(argument, data)
    if array.ndim == 2 and array.dtype.kind in "fiu":
        return _array_table(None, array)
    columns = [array] if array.ndim == 1 else list(array.T) if array.ndim == 2 else []
    return RawTable(None, array.shape, [pd.Series(column) for column in columns])


def _how_to_make_a_table(data: Any) -> str:
    """Say how to make a table of what is none, where that is likely what was wanted."""
    if isinstance(data, pd.Series):
        return ' (a row of a data frame is a table by `.iloc[[0]]`, a column by `[["name"]]`)'
    if isinstance(data, Mapping):
        is_row = all(isinstance(value, str) or np.ndim(value) == 0 for value in data.values())
        return f" (`pandas.DataFrame({'[x]' if is_row else 'x'})` makes a table of it)"
    if getattr(data, "ndim", 0) == 1:
        return " (`.reshape(1, -1)` makes a row of it, `.reshape(-1, 1)` a column)"
    return ""


def _array_table(names: list[str] | None, array: NDArray[Any]) -> RawTable | SourcedTable:
    """Make a table of an array of numbers, without a copy of it."""
    if array.dtype == np.float64 and array.flags.f_contiguous:
        return RawTable(names, array.shape, list(array.T))
    columns = [SourceColumn("number")] * array.shape[1]
    return SourcedTable(names, array.shape, columns, ArrayRows(array))


def _is_row_major(frame: pd.DataFrame) -> bool:
    """Tell whether a frame is one array of numbers, stored row by row."""
    if not frame.shape[1]:
        return False
    # Before all columns' types are asked for, which takes part of the time of a prediction.
    first = next(column for _, column in frame.items())
    dtype = first.dtype
    if not isinstance(dtype, np.dtype) or dtype.kind not in "fiu":
        return False
    if first.to_numpy().strides[0] <= dtype.itemsize:
        return False
    return len(set(frame.dtypes)) == 1


def _array(argument: str, data: Any) -> NDArray[Any]:
    if isinstance(data, torch.Tensor):
        return _from_tensor(argument, data)
    if isinstance(data, np.ma.MaskedArray):
        return _from_masked(data)
    try:
        as_objects = isinstance(data, (list, tuple)) and _needs_objects(data)
        array = np.asarray(data, dtype=object if as_objects else None)
        if as_objects and array.ndim == 1 and any(isinstance(row, (list, tuple)) for row in data):
            raise ValueError
    except ValueError:
        received = f"a {type(data).__name__} with rows of different lengths"
        raise ArgumentError(argument, "a table or an array", received) from None
    if array.dtype.kind == "V":
        raise ArgumentError(argument, "a table or an array", "a structured array")
    return array


def _from_tensor(argument: str, data: torch.Tensor) -> NDArray[Any]:
    try:
        data = data.detach().cpu()
        data = data.to_dense() if data.layout != torch.strided else data
        data = data.double() if data.dtype == torch.bfloat16 else data
        return np.asarray(data.resolve_conj().resolve_neg())
    except (TypeError, RuntimeError):  # quantised tensors, or those on the meta device
        received = f"one of {data.dtype} on {data.device}"
        raise ArgumentError(argument, "a tensor of numbers", received) from None


def _from_masked(data: np.ma.MaskedArray[Any, Any]) -> NDArray[Any]:
    mask = np.ma.getmaskarray(data)
    if data.dtype.kind in "fiu":
        return np.where(mask, np.nan, data.data)
    values = data.data.astype(object)
    values[mask] = None
    return values


def _needs_objects(data: Sequence[Any]) -> bool:
    """Tell whether NumPy would convert values: None or numbers beside text, logicals to numbers."""
    inner = [value for row in data for value in (row if isinstance(row, (list, tuple)) else [row])]
    return any(value is None or isinstance(value, (str, bool)) for value in inner)


def _select(
    argument: str,
    parts: RawTable | SourcedTable,
    names: tuple[str, ...] | None,
    number: int,
) -> RawTable | SourcedTable:
    if names is None or parts.names is None:
        if len(parts.columns) != number:
            expected = f"a table of {number} columns"
            raise ArgumentError(argument, expected, f"one of {len(parts.columns)}")
        return parts
    there = {*parts.names}
    missing = [name for name in names if name not in there]
    if missing:
        hint = those_there(missing[0], parts.names, "there is {}")
        raise ArgumentError(argument, EVERY_COLUMN, f"one without {quote_some(missing)}{hint}")
    wanted = set(names)
    _refuse_duplicates(argument, [name for name in parts.names if name in wanted])
    place = {name: number for number, name in enumerate(parts.names)}
    return columns_of(parts, [place[name] for name in names])


def _refuse_duplicates(argument: str, names: Sequence[str] | None) -> None:
    if names and len(set(names)) < len(names):
        duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
        received = f"one with several columns {quote_some(duplicates)}"
        raise ArgumentError(argument, "a table whose column names differ", received)
