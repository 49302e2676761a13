"""Rows of Arrow arrays in blocks of doubles, of a fixed number of rows whatever the arrays'."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.files.arrow_columns import numbers, readable_values
from pytwolayer.files.arrow_levels import LevelReader
from pytwolayer.preprocessing import row_source
from pytwolayer.preprocessing.row_source import Doubles, RowChoice, SourceColumn

# An Arrow array; doubles that are in the form of the block already; or one value for all rows.
Values = Any


@dataclass(frozen=True)
class Batch:
    """Some consecutive rows.

    Attributes
    ----------
    start : int
        Number of the first row.
    rows : int
    columns : list
        For each column its values: an Arrow array, an array of doubles, or a double.
    where : str
        What error messages say of where they are, such as the name of a file.
    """

    start: int
    rows: int
    columns: list[Values]
    where: str = ""


class Batches(Protocol):
    """A table that is read in batches of any size, in order, any number of times."""

    @property
    def rows(self) -> int:
        """Number of rows."""

    def read(self, columns: Sequence[int], wanted: RowChoice | None) -> Iterator[Batch]:
        """Yield the batches; those without a row that is wanted may be left out."""


class ArrowRows:
    """A source of rows, see ``RowSource``.

    Parameters
    ----------
    batches : Batches
    columns : list of SourceColumn
        Of all columns of ``batches``.
    problems : mapping of int to ArgumentError
        Errors to raise where a column is read: of those whose type is none for a network.
    argument : str
        Its name in error messages.
    names : list of str
        Of the columns, for these.
    """

    def __init__(
        self,
        batches: Batches,
        columns: Sequence[SourceColumn],
        problems: Mapping[int, ArgumentError],
        argument: str = "x",
        names: Sequence[str] = (),
    ) -> None:
        self._batches, self._columns, self._problems = batches, columns, problems
        self._argument, self._names = argument, names

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self._batches.rows

    @property
    def columns_at_once(self) -> int | None:
        """See ``columns_at_once()``."""
        number: int | None = getattr(self._batches, "columns_at_once", None)
        return number

    @property
    def batches(self) -> Batches:
        """The batches that it is made of."""
        return self._batches

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[list[Doubles]]:
        """Yield the columns' values block by block; see ``RowSource``."""
        readers = [self._reader(column) for column in columns]
        left = self.rows if rows is None else len(rows)
        block, filled = np.empty((len(columns), min(left, row_source.BLOCK_ROWS))), 0
        batches = self._batches.read(columns, rows)
        for batch in batches:
            chosen = _chosen(batch, rows)
            if not len(chosen):
                continue
            values = [
                value
                if isinstance(value, (float, np.ndarray))
                else self._read(n, read, value, batch)
                for n, read, value in zip(columns, readers, batch.columns, strict=True)
            ]
            done = 0
            while done < len(chosen):
                number = min(block.shape[1] - filled, len(chosen) - done)
                part = _part(chosen, done, number)
                for target, value in zip(block, values, strict=True):
                    target[filled : filled + number] = (
                        value if isinstance(value, float) else value[part]
                    )
                done, filled, left = done + number, filled + number, left - number
                if filled == block.shape[1] and left:
                    yield list(block)
                    filled = 0
        # The batches are at their end, where files are checked, before the last block is used.
        if filled:
            yield [target[:filled] for target in block]

    def _read(
        self, place: int, read: Callable[[Any], NDArray[Any]], value: Any, batch: Batch
    ) -> NDArray[Any]:
        with readable_values(self._argument, self._names[place], batch.where):
            return read(value)

    def _reader(self, place: int) -> Callable[[Any], NDArray[Any]]:
        problem = self._problems.get(place)
        if problem is not None:
            raise problem
        column = self._columns[place]
        if column.kind in ("factor", "text"):
            return LevelReader(column.levels).read
        return numbers


def _chosen(batch: Batch, rows: RowChoice | None) -> range | NDArray[np.intp]:
    """Return the chosen rows of a batch, counted from its first."""
    if rows is None:
        return range(batch.rows)
    if isinstance(rows, range):
        first, last = (
            min(max(end - batch.start, 0), batch.rows) for end in (rows.start, rows.stop)
        )
        return range(first, last)
    first, last = np.searchsorted(rows, [batch.start, batch.start + batch.rows])
    return rows[first:last] - batch.start


def _part(chosen: range | NDArray[np.intp], start: int, number: int) -> slice | NDArray[np.intp]:
    if isinstance(chosen, range):
        return slice(chosen.start + start, chosen.start + start + number)
    return chosen[start : start + number]


def any_wanted(wanted: RowChoice | None, start: int, stop: int) -> bool:
    """Tell whether one of these rows is wanted."""
    if wanted is None:
        return True
    if isinstance(wanted, range):
        return max(start, wanted.start) < min(stop, wanted.stop)
    first, last = np.searchsorted(wanted, [start, stop])
    return bool(last > first)
