"""Writing encoded columns as rows of float32, block by block."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.standardize import Floats, NumberCoding, StandardizedWriter


@dataclass(frozen=True)
class LevelCoding:
    """One-hot encodes a column: an input for each level, 1 in rows of that level, else 0.

    Attributes
    ----------
    levels : tuple of str
        The levels of the training rows, in the order of ``Column.levels``.
    """

    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        """Number of inputs."""
        return len(self.levels)


Coding = NumberCoding | PiecewiseCoding | LevelCoding
_HUGE = float(np.finfo(np.float32).max)


def is_levels(coding: Coding) -> bool:
    """Tell whether a coding is of levels."""
    return isinstance(coding, LevelCoding)


class BlockWriter:
    """Writes the inputs of blocks of rows.

    Parameters
    ----------
    codings : sequence of Coding
    """

    def __init__(self, codings: Sequence[Coding]) -> None:
        self._runs = list(_runs(codings))

    def write(self, block: Iterable[Doubles], into: Floats) -> None:
        """Write a block, a column after the other, into its rows, shape ``(rows, inputs)``."""
        lines, start = iter(block), 0
        for run in self._runs:
            run.write(lines, into[:, start : start + run.width])
            start += run.width

    @property
    def is_far(self) -> bool:
        """Whether a number that was written is not finite."""
        return any(isinstance(run, _Numbers) and run.is_far for run in self._runs)


def _runs(codings: Sequence[Coding]) -> "Iterator[_Numbers | _Levels]":
    """Yield what writes neighbouring codings of one kind together."""
    for _, run in groupby(codings, is_levels):
        neighbours = [*run]
        levels = [coding for coding in neighbours if isinstance(coding, LevelCoding)]
        numbers = [coding for coding in neighbours if not isinstance(coding, LevelCoding)]
        yield _Levels(levels) if levels else _Numbers(numbers)


class _Numbers:
    """Writes neighbouring columns of numbers."""

    def __init__(self, codings: Sequence[NumberCoding | PiecewiseCoding]) -> None:
        self._writer = StandardizedWriter(codings)
        self.width = self._writer.width
        # Clipped numbers are finite.
        self._may_be_far = any(coding.limit is None or coding.limit > _HUGE for coding in codings)
        self.is_far = False

    def write(self, lines: Iterator[Doubles], into: Floats) -> None:
        """Write a block."""
        self._writer.write(lines, into)
        # In double precision a sum of finite float32 cannot overflow: it is finite if all are.
        if self._may_be_far and not math.isfinite(into.sum(dtype=np.float64)):
            self.is_far = True


class _Levels:
    """Writes the zeros and ones of neighbouring columns of levels."""

    def __init__(self, codings: Sequence[LevelCoding]) -> None:
        self._widths = [coding.width for coding in codings]
        self.width = sum(self._widths)

    def write(self, lines: Iterator[Doubles], into: Floats) -> None:
        """Write a block."""
        into[:] = 0
        rows, start = np.arange(len(into)), 0
        for width in self._widths:
            into[rows, start + next(lines).astype(np.intp)] = 1
            start += width
