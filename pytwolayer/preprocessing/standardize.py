"""Standardising columns of doubles into a matrix of float32."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.column import Column
from pytwolayer.runtime.torch_loading import torch

# Numbers in a block, which fits into a processor's cache, and least rows of a block.
_BLOCK, _ROWS = 2**19, 4096


class Scaling(Protocol):
    """How a column is standardised; see ``NumberCoding``."""

    @property
    def center(self) -> float:
        """Subtracted from each value."""

    @property
    def scale(self) -> float:
        """Divisor; 0 for a constant column, which becomes zeros."""

    @property
    def limit(self) -> float | None:
        """Largest absolute value of the results, or None."""


def write_standardized(
    scalings: Sequence[Scaling], columns: Sequence[Column], into: NDArray[np.float32]
) -> None:
    """Write the standardised columns into a matrix of shape ``(rows, columns)``, row by row.

    A column's values are far apart in such a matrix, so a block of rows is computed column by
    column in a buffer in the cache, and then transposed into its place. Each value is computed
    by itself (subtract, divide, round to float32, clip), so the block size changes no bit.
    """
    rows = len(into)
    step = max(1, min(rows, max(_ROWS, _BLOCK // len(columns))))
    doubles, block = np.empty(step), np.empty((len(columns), step), dtype=np.float32)
    with np.errstate(over="ignore"):
        limits = _limits(scalings)
        for start in range(0, rows, step):
            size = min(step, rows - start)
            lines = block[:, :size]
            for scaling, column, standardized in zip(scalings, columns, lines, strict=True):
                if scaling.scale == 0:
                    standardized[:] = 0
                    continue
                values = column.values[start : start + size]
                centered = np.subtract(values, scaling.center, out=doubles[:size])
                standardized[:] = np.divide(centered, scaling.scale, out=centered)
            # Rounding to float32 keeps the order of numbers, so they may be clipped after it.
            np.clip(lines, -limits, limits, out=lines)
            _transpose(lines, into[start : start + size])


def _limits(scalings: Sequence[Scaling]) -> NDArray[np.float32]:
    limits = [[np.inf if each.limit is None else each.limit] for each in scalings]
    return np.array(limits).astype(np.float32)


def _transpose(lines: NDArray[np.float32], into: NDArray[np.float32]) -> None:
    torch.from_numpy(into).copy_(torch.from_numpy(lines).t())  # several times as fast as NumPy
