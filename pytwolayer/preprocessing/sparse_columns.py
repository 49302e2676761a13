"""A sparse matrix as a source of rows, without any of its rows dense but those of a block."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.row_source import Doubles, RowChoice, RowNumbers, block_slices


class SparseColumns:
    """A sparse matrix whose entries are stored by columns, and in a column by rows.

    Parameters
    ----------
    values : array
        The entries that are stored; others are 0.
    row_numbers : array
        The row of each, ascending within a column.
    starts : array
        Place of each column's first entry, and the number of all.
    rows : int
        Number of rows.

    Attributes
    ----------
    size : int
        Memory that the arrays take, in bytes.
    """

    def __init__(
        self,
        values: NDArray[Any],
        row_numbers: NDArray[np.integer[Any]],
        starts: NDArray[np.integer[Any]],
        rows: int,
    ) -> None:
        self._values, self._row_numbers, self.rows = values, row_numbers, rows
        self._starts: list[int] = starts.tolist()
        self.size = values.nbytes + row_numbers.nbytes + starts.nbytes

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterator[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        for part in block_slices(self.rows if rows is None else len(rows)):
            if rows is None:
                yield self._lines(columns, part.start, part.stop, None)
            else:
                chosen = np.asarray(rows[part])
                first, last = int(chosen[0]), int(chosen[-1])
                yield self._lines(columns, first, last + 1, chosen - first)

    def _lines(
        self, columns: Sequence[int], first: int, stop: int, chosen: RowNumbers | None
    ) -> Iterator[Doubles]:
        """Yield rows from ``first`` to before ``stop``, or those ``chosen`` of them."""
        for column in columns:
            begin, end = self._starts[column], self._starts[column + 1]
            there = self._row_numbers[begin:end]
            low, high = np.searchsorted(there, (first, stop)).tolist()
            line = np.zeros(stop - first)
            line[there[low:high] - first] = self._values[begin + low : begin + high]
            yield line if chosen is None else line[chosen]
