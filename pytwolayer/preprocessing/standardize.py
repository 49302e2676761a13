"""Standardising columns of doubles into a matrix of float32."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Column, Doubles
from pytwolayer.runtime.torch_loading import torch

# A standard deviation below this share of the largest value is rounding error.
_ROUNDING = 10 * np.finfo(np.float64).eps
_TINY = 1e-140  # squares of smaller numbers are subnormal and lose digits
# Numbers in a block, which fits into a processor's cache, and least rows of a block.
_BLOCK, _ROWS = 2**19, 4096
Floats = NDArray[np.float32]


class StandardizedCoding(Protocol):
    """What ``write_standardized()`` writes: a column of numbers as one input or several."""

    @property
    def width(self) -> int:
        """Number of inputs."""

    @property
    def limit(self) -> float | None:
        """Standardised values are clipped to the range from ``-limit`` to ``limit``."""

    def write(self, values: Doubles, lines: Floats, scratch: Doubles) -> None:
        """Write standardised values, not yet clipped, into a line for each input.

        ``scratch`` is as long as ``values``, and may be overwritten.
        """


@dataclass(frozen=True)
class NumberCoding:
    """Standardises a column to mean 0 and standard deviation 1.

    Attributes
    ----------
    center, scale : float
        Weighted mean and population standard deviation. A constant column has the scale 0: it is
        encoded as zeros, also where new data hold other values.
    limit : float or None
        Standardised values are clipped to the range from ``-limit`` to ``limit``.
    """

    center: float
    scale: float
    limit: float | None = None

    @property
    def width(self) -> int:
        """Number of inputs."""
        return 1

    @classmethod
    def fit(
        cls,
        argument: str,
        values: Doubles,
        weights: Doubles | None,
        limit: float | None = None,
    ) -> "NumberCoding":
        """Learn mean and scale of a column without missing values.

        Raises
        ------
        ArgumentError
            If the numbers are too large for their standard deviation to be finite.
        """
        largest = max(float(values.max()), -float(values.min()))
        with np.errstate(over="ignore", invalid="ignore"):
            center, scale = _moments(values, weights)
            if scale < _TINY:
                # Scaled by a power of 2, which is exact, so that the squares are normal numbers.
                _, exponent = np.frexp(largest)
                scale = _moments(np.ldexp(values, -exponent), weights)[1]
                scale = float(np.ldexp(scale, exponent))
        if not np.isfinite(scale):
            received = f"numbers as large as {largest:.3g}"
            raise ArgumentError(argument, "of a size that can be standardised", received)
        # The computed standard deviation of a constant column can differ from 0 by rounding.
        return cls(center, 0.0 if scale <= _ROUNDING * largest else scale, limit)

    def write(self, values: Doubles, lines: Floats, scratch: Doubles) -> None:
        """Write the standardised values into the only line, rounded and not yet clipped."""
        standardize(values, self.center, self.scale, lines[0], scratch)


def standardize(
    values: Doubles, center: float, scale: float, into: Floats, scratch: Doubles
) -> None:
    """Write ``(values - center) / scale``, rounded to float32; zeros where ``scale`` is 0.

    ``scratch`` may be ``values``, which are overwritten then.
    """
    if scale == 0:
        into[:] = 0
    else:
        centered = np.subtract(values, center, out=scratch)
        into[:] = np.divide(centered, scale, out=centered)


def _moments(column: Doubles, weights: Doubles | None) -> tuple[float, float]:
    if weights is None:
        return float(np.mean(column)), float(np.std(column))
    center = float(np.average(column, weights=weights))
    return center, float(np.sqrt(np.average((column - center) ** 2, weights=weights)))


def write_standardized(
    codings: Sequence[StandardizedCoding], columns: Sequence[Column], into: Floats
) -> None:
    """Write the standardised columns into a matrix of shape ``(rows, inputs)``, row by row.

    A column's values are far apart in such a matrix, so a block of rows is computed column by
    column in a buffer in the cache, and then transposed into its place. Each value is computed
    by itself (subtract, divide, round to float32, clip), so the block size changes no bit.
    """
    rows = len(into)
    step = max(1, min(rows, max(_ROWS, _BLOCK // into.shape[1])))
    doubles, block = np.empty(step), np.empty((into.shape[1], step), dtype=np.float32)
    with np.errstate(over="ignore"):
        limits = _limits(codings)
        for start in range(0, rows, step):
            size = min(step, rows - start)
            lines, first = block[:, :size], 0
            for coding, column in zip(codings, columns, strict=True):
                last = first + coding.width
                values = column.values[start : start + size]
                coding.write(values, lines[first:last], doubles[:size])
                first = last
            # Rounding to float32 keeps the order of numbers, so they may be clipped after it.
            np.clip(lines, -limits, limits, out=lines)
            _transpose(lines, into[start : start + size])


def _limits(codings: Sequence[StandardizedCoding]) -> Floats:
    limits = [np.inf if each.limit is None else each.limit for each in codings]
    widths = [each.width for each in codings]
    return np.repeat(limits, widths)[:, None].astype(np.float32)


def _transpose(lines: Floats, into: Floats) -> None:
    torch.from_numpy(into).copy_(torch.from_numpy(lines).t())  # several times as fast as NumPy
