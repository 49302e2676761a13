"""Columns of equal length that are read together, block by block."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer.preprocessing.column import Column, StoredColumn, recode
from pytwolayer.preprocessing.row_source import (
    Doubles,
    Mask,
    RowNumbers,
    RowSource,
    StoredArray,
    block_slices,
    columns_at_once,
    is_one_block,
    select_rows,
)


def blocks_of(columns: Sequence[Column], rows: range | None = None) -> Iterator[Iterable[Doubles]]:
    """Yield the values of columns of equal length block by block, one column after the other.

    Columns of one source are read together. ``rows`` are the only ones that are wanted.
    """
    if rows is not None and len(rows) == rows_of(columns):
        rows = None
    columns = [_as_array(column) for column in columns]
    places: dict[int, list[int]] = {}
    sources: dict[int, RowSource] = {}
    of_source = 0
    for column in columns:
        data = column.data
        if isinstance(data, StoredColumn):
            sources[id(data.source)] = data.source
            places.setdefault(id(data.source), []).append(data.place)
            of_source += data.recoding is None
    if len(sources) == 1 and of_source == len(columns):  # its blocks as they are
        ((key, source),) = sources.items()
        yield from source.blocks(places[key], rows)
        return
    readers = {key: source.blocks(places[key], rows) for key, source in sources.items()}
    for part in slices_of(range(rows_of(columns)) if rows is None else rows):
        lines = {key: iter(next(reader)) for key, reader in readers.items()}
        yield _lines(columns, part, lines)


def _as_array(column: Column) -> Column:
    """Return a column of an array of doubles with the array, whose blocks are slices of it."""
    data = column.data
    if isinstance(data, StoredColumn) and isinstance(data.source, StoredArray):
        array = data.source.doubles
        if array is not None and data.recoding is None:
            return column.with_data(array)
    return column


def slices_of(rows: range) -> Iterator[slice]:
    """Yield the slices that cut consecutive rows into blocks."""
    for part in block_slices(len(rows)):
        yield slice(rows.start + part.start, rows.start + part.stop)


def passes_over(columns: Sequence[Column]) -> list[slice]:
    """Return which columns of equal length are read in a pass each, to take less memory."""
    data = [column.data for column in columns]
    sources = {id(each.source): each.source for each in data if isinstance(each, StoredColumn)}
    number = None
    if len(sources) == 1:
        number = columns_at_once(*sources.values())
    if number is None:
        return [slice(0, len(columns))]
    return [slice(start, start + number) for start in range(0, len(columns), number)]


def _lines(
    columns: Sequence[Column], part: slice, lines: dict[int, Iterator[Doubles]]
) -> Iterator[Doubles]:
    for column in columns:
        data = column.data
        if isinstance(data, StoredColumn):
            yield recode(next(lines[id(data.source)]), data.recoding)
        else:
            yield data[part]


def lines_in(column: Column) -> Iterator[Doubles]:
    """Yield the values of a column block by block."""
    for (values,) in blocks_of([column]):
        yield values


def rows_of(columns: Sequence[Column]) -> int:
    """Return the number of rows of columns of equal length."""
    data = columns[0].data
    return data.source.rows if isinstance(data, StoredColumn) else len(data)


def read_columns(columns: Sequence[Column], rows: range | None = None) -> list[Column]:
    """Read columns of equal length into memory, or consecutive rows of them."""
    if rows is None and not any(isinstance(column.data, StoredColumn) for column in columns):
        return [*columns]
    rows = range(rows_of(columns)) if rows is None else rows
    read = [np.empty(len(rows)) for _ in columns]
    for some in passes_over(columns):
        blocks = blocks_of(columns[some], rows)
        for part, block in zip(block_slices(len(rows)), blocks, strict=True):
            for values, line in zip(read[some], block, strict=True):
                values[part] = line
    return [column.with_data(data) for column, data in zip(columns, read, strict=True)]


def _numbers(rows: RowNumbers | Mask | slice, number: int) -> RowNumbers:
    """Return the numbers of rows out of so many."""
    if isinstance(rows, slice):
        return np.arange(*rows.indices(number))
    if rows.dtype == np.bool_:
        return np.flatnonzero(rows)
    numbers: Any = rows
    return numbers if numbers.dtype == np.intp and (rows >= 0).all() else np.arange(number)[rows]


def number_taken(rows: RowNumbers | Mask | slice, number: int) -> int:
    """Return how many rows a selection has, out of so many."""
    if isinstance(rows, slice):
        return len(range(*rows.indices(number)))
    return int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)


def take_rows(
    columns: Sequence[Column], rows: RowNumbers | Mask | slice, *, reads: bool = True
) -> list[Column]:
    """Select some rows of columns of equal length; a few are read into memory if it ``reads``."""
    if not any(isinstance(column.data, StoredColumn) for column in columns):
        return [column.take(rows) for column in columns]
    numbers = _numbers(rows, rows_of(columns))
    if (numbers[1:] < numbers[:-1]).any():  # sources are read from top to bottom
        return [column.take(numbers) for column in read_columns(columns)]
    sources: dict[int, RowSource] = {}
    taken = []
    for column in columns:
        data = column.data
        if isinstance(data, StoredColumn):  # those of one source are still read together
            key = id(data.source)
            if key not in sources:
                sources[key] = select_rows(data.source, numbers)
            taken.append(column.with_data(replace(data, source=sources[key])))
        else:
            taken.append(column.take(numbers))
    return read_columns(taken) if reads and is_one_block(len(numbers)) else taken
