"""Columns of doubles into a matrix of floats, standardised on the way."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.column import Column
from pytwolayer.runtime.torch_loading import torch

# Numbers that are worked on at a time, what a processor's cache holds; but some rows at least.
_BLOCK, _ROWS = 2**19, 4096


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
    rows = len(into)
    step = max(1, min(rows, max(_ROWS, _BLOCK // len(columns))))
    line, block = np.empty(step), np.empty((len(columns), step), dtype=np.float32)
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
                centered = np.subtract(values, scaling.center, out=line[:size])
                standardized[:] = np.divide(centered, scaling.scale, out=centered)
            # Rounding to floats keeps the order, so what is cut may be cut after it.
            np.clip(lines, -limits, limits, out=lines)
            _transpose(lines, into[start : start + size])


def _limits(scalings: Sequence[Scaling]) -> NDArray[np.float32]:
    limits = [[np.inf if each.limit is None else each.limit] for each in scalings]
    return np.array(limits).astype(np.float32)


def _transpose(lines: NDArray[np.float32], into: NDArray[np.float32]) -> None:
    torch.from_numpy(into).copy_(torch.from_numpy(lines).t())  # several times as fast as NumPy
