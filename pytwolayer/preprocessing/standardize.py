"""Standardising columns of doubles into a matrix of float32."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Column, in_column
from pytwolayer.preprocessing.column_blocks import blocks_of
from pytwolayer.preprocessing.moments import Moments, lines_of, moments_of
from pytwolayer.preprocessing.row_source import Doubles, block_slices
from pytwolayer.runtime.torch_loading import torch

# A standard deviation below this share of the largest value is rounding error.
_ROUNDING = 10 * np.finfo(np.float64).eps
_GROUP = 128  # inputs whose lines are computed before they are transposed
_FEW = 2**10  # numbers that are transposed sooner than tensors of them are made
_AT_ONCE = 2**16  # numbers of a matrix that are computed at a time
Floats = NDArray[np.float32]


class StandardizedCoding(Protocol):
    """What ``StandardizedWriter`` writes: a column of numbers as one input or several."""

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
        label: str | None = None,
    ) -> "NumberCoding":
        """Learn mean and scale of a column without missing values.

        Raises
        ------
        ArgumentError
            If the numbers are too large for their standard deviation to be finite.
        """
        moments = moments_of(lines_of(values), weights)
        lines = partial(lines_of, values)
        return cls.from_moments(argument, moments, lines, weights, limit, label)

    @classmethod
    def from_moments(
        cls,
        argument: str,
        moments: Moments,
        lines: Callable[[], Iterable[Doubles]],
        weights: Doubles | None,
        limit: float | None = None,
        label: str | None = None,
    ) -> "NumberCoding":
        """Take mean and scale from the moments of a column; ``lines`` gives its blocks once more.

        ``label`` is the column's name, for the error.

        Raises
        ------
        ArgumentError
            If the numbers are too large for their standard deviation to be finite.
        """
        scale, largest = moments.deviation, moments.largest
        if moments.is_tiny:
            # Scaled by a power of 2, which is exact, so that the squares are normal numbers.
            _, exponent = np.frexp(largest)
            scaled = (np.ldexp(line, -exponent) for line in lines())
            scale = float(np.ldexp(moments_of(scaled, weights).deviation, exponent))
        if not np.isfinite(scale):
            received = f"numbers as large as {largest:.3g}{in_column(label)}"
            raise ArgumentError(argument, "numbers small enough to be standardised", received)
        # The computed standard deviation of a constant column can differ from 0 by rounding.
        return cls(moments.mean, 0.0 if scale <= _ROUNDING * largest else scale, limit)

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


class StandardizedWriter:
    """Writes neighbouring columns of numbers into a part of a matrix, block by block.

    A column's values are far apart in such a matrix, so columns are computed one by one into lines
    that lie in the cache, and some lines at a time are then transposed into their place. Each value
    is computed by itself (subtract, divide, round to float32, clip), so none of this changes a bit.

    Parameters
    ----------
    codings : sequence of StandardizedCoding

    Attributes
    ----------
    width : int
        Number of inputs.
    writes_matrices : bool
        Whether each column is one input, so that ``write_matrix()`` can be used.
    """

    def __init__(self, codings: Sequence[StandardizedCoding]) -> None:
        self._limits = _limits(codings)
        self._lines = np.empty((0, 0), dtype=np.float32)
        self._scratch = np.empty(0)
        self.width = sum(coding.width for coding in codings)
        self._groups = _groups(codings)
        self._numbers = [coding for coding in codings if isinstance(coding, NumberCoding)]
        self.writes_matrices = len(self._numbers) == len(codings)
        self._rows = np.empty((0, 0))

    def write(self, lines: Iterator[Doubles], into: Floats) -> None:
        """Write a block of the columns, whose values are the next of ``lines``, into its rows."""
        rows, first = len(into), 0
        if rows > len(self._scratch):
            widest = max(sum(coding.width for coding in group) for group in self._groups)
            self._lines = np.empty((widest, rows), dtype=np.float32)
            self._scratch = np.empty(rows)
        with np.errstate(over="ignore"):
            for group in self._groups:
                last = first + self._write_group(group, lines, rows)
                written, limits = self._lines[: last - first, :rows], self._limits[first:last]
                # Rounding to float32 keeps the order of numbers, so they may be clipped after it.
                np.clip(written, -limits, limits, out=written)
                _transpose(written, into[:, first:last])
                first = last

    def write_matrix(self, matrix: NDArray[Any], into: Floats) -> None:
        """Write a block of columns that are one input each, as it is: the same bits, row by row."""
        columns = matrix.shape[1]
        step = max(1, _AT_ONCE // columns)
        if self._rows.shape != (step, columns):
            self._rows = np.empty((step, columns))
            self._centers = np.array([coding.center for coding in self._numbers])
            self._scales = np.array([coding.scale for coding in self._numbers])
        limits: Any = self._limits[:, 0]
        if (limits == limits[0]).all():  # quicker, and the same
            limits = limits[0]
        constant = self._scales == 0
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for start in range(0, len(matrix), step):
                part = matrix[start : start + step]
                rows, written = self._rows[: len(part)], into[start : start + step]
                np.subtract(part, self._centers, out=rows)
                np.divide(rows, self._scales, out=rows)
                written[:] = rows
                if constant.any():
                    written[:, constant] = 0
                np.clip(written, -limits, limits, out=written)

    def _write_group(
        self, group: Sequence[StandardizedCoding], lines: Iterator[Doubles], rows: int
    ) -> int:
        first = 0
        for coding in group:
            last = first + coding.width
            coding.write(next(lines), self._lines[first:last, :rows], self._scratch[:rows])
            first = last
        return first


def write_standardized(
    codings: Sequence[StandardizedCoding], columns: Sequence[Column], into: Floats
) -> None:
    """Write the standardised columns into a matrix of shape ``(rows, inputs)``, row by row."""
    writer = StandardizedWriter(codings)
    for part, block in zip(block_slices(len(into)), blocks_of(columns), strict=True):
        writer.write(iter(block), into[part])


def _groups(codings: Sequence[StandardizedCoding]) -> list[list[StandardizedCoding]]:
    """Cut codings into groups whose lines fit into the cache together."""
    groups: list[list[StandardizedCoding]] = []
    width = 0
    for coding in codings:
        if not groups or width + coding.width > _GROUP:
            groups.append([])
            width = 0
        groups[-1].append(coding)
        width += coding.width
    return groups


def _limits(codings: Sequence[StandardizedCoding]) -> Floats:
    pairs = [(math.inf if each.limit is None else each.limit, each.width) for each in codings]
    limits = [[limit] for limit, width in pairs for _ in range(width)]
    with np.errstate(over="ignore"):
        return np.array(limits).astype(np.float32)


def _transpose(lines: Floats, into: Floats) -> None:
    if lines.size < _FEW:
        into[:] = lines.T
        return
    torch.from_numpy(into).copy_(torch.from_numpy(lines).t())  # several times as fast as NumPy
