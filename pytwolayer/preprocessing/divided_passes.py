"""Passes over rows that several processes divide.

Each goes through a stretch of consecutive blocks. Put together in the order of the blocks, what
they found has the bits of a pass of one process.
"""

from collections.abc import Sequence

import numpy as np

from pytwolayer.preprocessing import row_source
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.column_blocks import read_columns, rows_of
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.row_source import Mask


def own_rows(division: Division | None, rows: int, rank: int | None = None) -> range:
    """Return which of so many rows a process goes through, whole blocks of them."""
    if division is None:
        return range(rows)
    blocks = division.part_of(-(-rows // row_source.BLOCK_ROWS), rank)
    first, last = (min(rows, end * row_source.BLOCK_ROWS) for end in (blocks.start, blocks.stop))
    return range(first, last)


def read_together(columns: Sequence[Column], division: Division) -> list[Column]:
    """Read columns of equal length into memory: each process some rows, for all."""
    own = read_columns(columns, own_rows(division, rows_of(columns)))
    parts = [division.gather(column.values) for column in own]
    pairs = zip(columns, parts, strict=True)
    return [column.with_data(np.concatenate(of_column)) for column, of_column in pairs]


def join_masks(own: Mask | None, rows: int, division: Division) -> Mask | None:
    """Return the mask of all rows, of which each process has that of its own; None: none is set."""
    found = division.gather(None if own is None else np.packbits(own))
    if all(each is None for each in found):
        return None
    mask = np.zeros(rows, dtype=np.bool_)
    for rank, each in enumerate(found):
        part = own_rows(division, rows, rank)
        if each is not None:
            mask[part.start : part.stop] = np.unpackbits(each, count=len(part))
    return mask
