"""Columns of doubles into a matrix of floats, standardised on the way."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytwolayer.column import Column

_BLOCK = 2**18  # numbers that are worked on at a time: what a processor's cache holds


class Scaling(Protocol):
    """How a column is centred and scaled; see ``NumberCoding``."""

    @property
    def center(self) -> float:
        """What is subtracted."""

    @property
    def scale(self) -> float:
        """What is divided by; 0 makes zeros of the column."""

    @property
    def limit(self) -> float | None:
        """What is further from 0 after that is cut to this."""


def write_standardized(
    scalings: Sequence[Scaling], columns: Sequence[Column], into: NDArray[np.float32]
) -> None:
    """Write the standardised columns, shape ``(rows, columns)``.

    Row after row of the matrix is far apart in memory for each column, so it is done in blocks
    of rows, in which both are near; the numbers do not depend on that.
    """
    center = np.array([[each.center] for each in scalings])
    scale = np.array([[each.scale or 1.0] for each in scalings])
    limit = np.array([[np.inf if each.limit is None else each.limit] for each in scalings])
    constant = scale[:, 0] != [each.scale for each in scalings]
    step = max(1, _BLOCK // len(columns))
    room = np.empty((len(columns), step))
    narrow = np.empty((len(columns), step), dtype=np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, len(into), step):
            block = into[start : start + step]
            part = room[:, : len(block)]
            for line, column in zip(part, columns, strict=True):
                line[:] = column.values[start : start + step]
            part -= center
            part /= scale
            np.clip(part, -limit, limit, out=part)
            part[constant] = 0
            narrow[:, : len(block)] = part  # and then turned: both at once takes longer
            block[:] = narrow[:, : len(block)].T
