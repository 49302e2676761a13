"""Sources of rows: tables that are read in blocks, wherever their values are.

A block is a fixed number of rows, and what is computed from blocks, such as means, is put together
in their order. So the bits of a result do not depend on where the rows come from: an array in any
layout, columns of any type, or files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.preprocessing.division import Division

BLOCK_ROWS = 8192
_LINE_ROWS = 512  # of an array are turned into columns at a time, so that both stay in the cache
_GROUP = 32  # columns of an array are turned at a time
Doubles = NDArray[np.float64]
RowNumbers = NDArray[np.intp]
RowChoice = RowNumbers | range
Mask = NDArray[np.bool_]


class RowSource(Protocol):
    """Rows that are read in blocks, any number of times and always in the same order."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield for each block the values of the columns, one column after the other.

        Parameters
        ----------
        columns : sequence of int
            Places of the columns, from 0.
        rows : array or range, optional
            Numbers of the rows that are wanted, ascending; one may come several times. A block is
            ``BLOCK_ROWS`` of these. A range has each from its first to its last.

        Yields
        ------
        iterable of array
            Of each column a contiguous array of doubles: numbers, or codes of levels from 0; NaN
            where missing. An array may be overwritten when the next one is asked for.
        """


def columns_at_once(source: RowSource) -> int | None:
    """Return how many columns of a source are best read in a pass; None: all.

    A file takes memory for each column that is read, whatever the number of rows.
    """
    number: int | None = getattr(source, "columns_at_once", None)
    return number


@dataclass(frozen=True)
class SourceColumn:
    """What a source says of a column; nothing of it is checked yet.

    Attributes
    ----------
    kind : str
        "number", "logical", "factor" or "text".
    levels : tuple of str
        Of a factor in its order; of text those that it has, sorted by code point.
    labels : tuple
        The levels as the user has them; empty: as in ``levels``.
    """

    kind: Literal["number", "logical", "factor", "text"]
    levels: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()


@dataclass(frozen=True)
class SourcedTable:
    """A table in a source; accepted wherever a data frame is.

    Attributes
    ----------
    names : list of str or None
    shape : tuple of int
        ``(rows, columns)``.
    columns : list of SourceColumn
    source : RowSource
    sparse_size : int or None
        Memory that the sparse matrix takes of which it is, in bytes; None: it is of none.
    division : Division or None
        How passes over the rows are divided among processes; None: each goes through all.
    """

    names: list[str] | None
    shape: tuple[int, ...]
    columns: list[SourceColumn]
    source: RowSource
    sparse_size: int | None = None
    division: Division | None = None

    def __len__(self) -> int:
        return self.shape[0]


class StoredArray:
    """A column in memory that becomes doubles when it is read, as a source of one column.

    Parameters
    ----------
    array : array
        Numbers, logicals or codes of any type, shape ``(rows,)``.
    missing : int, optional
        What stands for a missing value.
    first : int
        Code of the first level.
    """

    def __init__(self, array: NDArray[Any], missing: int | None = None, first: int = 0) -> None:
        self.array, self._missing, self._first = array, missing, first

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.array)

    @property
    def doubles(self) -> Doubles | None:
        """The array, if it is of doubles, one after the other, that are read as they are."""
        if self._missing is not None or self._first or self.array.dtype != np.float64:
            return None
        return self.array if self.array.flags.c_contiguous else None

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[list[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        for part in block_slices(self.rows if rows is None else len(rows)):
            yield [self._doubles(self.array[part if rows is None else rows[part]])] * len(columns)

    def take(self, rows: RowNumbers | Mask) -> "StoredArray":
        """Take some of the rows."""
        return StoredArray(self.array[rows], self._missing, self._first)

    def read(self) -> Doubles:
        """Return all values."""
        return self._doubles(self.array)

    def _doubles(self, part: NDArray[Any]) -> Doubles:
        # A long double may become infinite, and R's missing value is a signalling NaN.
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.ascontiguousarray(part, dtype=np.float64)
            if self._missing is not None or self._first:
                values = values - self._first  # a copy: a double's own memory stays as it is
        if self._missing is not None:
            values[part == self._missing] = np.nan
        return values


class StoredSeries:
    """A column of pandas with a type of its own, such as nullable numbers."""

    def __init__(self, series: "pd.Series[Any]") -> None:
        self._series = series

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._series)

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[list[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        for part in block_slices(self.rows if rows is None else len(rows)):
            chosen: Any = part if rows is None else rows[part]
            values = self._series.iloc[chosen]
            yield [series_doubles(values)] * len(columns)


def series_doubles(series: "pd.Series[Any]") -> Doubles:
    """Convert a column of pandas to doubles, NaN where it is missing."""
    with np.errstate(over="ignore"):  # a long double may become infinite
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.ascontiguousarray(values)


class ArrayRows:
    """The rows of an array of numbers, shape ``(rows, columns)``, in whatever layout."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._array)

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> "Iterator[MatrixBlock]":
        """Yield the values block by block; see ``RowSource``."""
        number = self.rows if rows is None else len(rows)
        everything = list(columns) == list(range(self._array.shape[1]))
        lines = np.empty((min(_GROUP, len(columns)), min(number, BLOCK_ROWS)))
        for part in block_slices(number):
            block = self._array[part if rows is None else rows[part]]
            yield MatrixBlock(block if everything else block[:, list(columns)], lines)


class MatrixBlock:
    """A block of an array, column after column or as it is.

    Parameters
    ----------
    matrix : array
        Numbers of any type, shape ``(rows, columns)``.
    lines : array
        Memory for some columns of doubles.
    """

    def __init__(self, matrix: NDArray[Any], lines: Doubles) -> None:
        self.matrix, self._buffer = matrix, lines

    @property
    def is_exact(self) -> bool:
        """Whether arithmetic of the numbers with doubles is that of doubles."""
        return self.matrix.dtype.itemsize <= 8

    def groups(self) -> Iterator[Doubles]:
        """Yield some columns at a time, each a line; the next overwrite them."""
        for first in range(0, self.matrix.shape[1], _GROUP):
            group = self.matrix[:, first : first + _GROUP]
            into = self._buffer[: group.shape[1], : len(group)]
            with np.errstate(over="ignore"):  # a long double may become infinite
                for start in range(0, len(group), _LINE_ROWS):
                    into[:, start : start + _LINE_ROWS] = group[start : start + _LINE_ROWS].T
            yield into

    def __iter__(self) -> Iterator[Doubles]:
        for group in self.groups():
            yield from group


class RowsThrough:
    """What sources have in common that read another one; ``blocks()`` is their own."""

    def __init__(self, source: RowSource) -> None:
        self._source = source

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self._source.rows

    @property
    def columns_at_once(self) -> int | None:
        """See ``columns_at_once()``."""
        return columns_at_once(self._source)


class SelectedRows(RowsThrough):
    """Some rows of a source, by their numbers, ascending."""

    def __init__(self, source: RowSource, numbers: RowNumbers) -> None:
        super().__init__(source)
        self._numbers = numbers

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._numbers)

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        numbers = self._numbers if rows is None else _numbers_at(self._numbers, rows)
        return self._source.blocks(columns, numbers)

    def take(self, rows: RowNumbers) -> "SelectedRows":
        """Take some of these rows."""
        return SelectedRows(self._source, self._numbers[rows])


class SelectedColumns(RowsThrough):
    """Some columns of a source, by their places."""

    def __init__(self, source: RowSource, places: Sequence[int]) -> None:
        super().__init__(source)
        self._places = places

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        return self._source.blocks([self._places[column] for column in columns], rows)


def select_rows(source: RowSource, numbers: RowNumbers) -> SelectedRows:
    """Select rows of a source by their numbers, ascending."""
    if isinstance(source, SelectedRows):
        return source.take(numbers)
    return SelectedRows(source, numbers)


def _numbers_at(numbers: RowNumbers, rows: RowChoice) -> RowNumbers:
    return numbers[rows.start : rows.stop] if isinstance(rows, range) else numbers[rows]


def block_slices(rows: int) -> Iterator[slice]:
    """Yield the slices that cut so many rows into blocks."""
    for start in range(0, rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, rows))


def are_in_order(numbers: RowNumbers, rows: int) -> bool:
    """Tell whether these are the numbers from 0 of so many rows."""
    if len(numbers) != rows:
        return False
    return all(np.array_equal(numbers[s], np.arange(s.start, s.stop)) for s in block_slices(rows))


def is_one_block(rows: int) -> bool:
    """Tell whether so many rows are a single block."""
    return rows <= BLOCK_ROWS
