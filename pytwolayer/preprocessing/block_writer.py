"""Writing encoded columns as rows of float32, block by block."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.row_source import Doubles, MatrixBlock
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

    @property
    def is_coded(self) -> bool:
        """Whether rows have the number of the input that is 1, in place of zeros and a 1."""
        return len(self.levels) > MANY_LEVELS


# Of more levels the zeros would take more time and memory than all else. With fewer a product with
# zeros and ones costs little.
MANY_LEVELS = 256
Coding = NumberCoding | PiecewiseCoding | LevelCoding
Codes = NDArray[np.int32]
Places = NDArray[np.intp]
_HUGE = float(np.finfo(np.float32).max)


def is_levels(coding: Coding) -> bool:
    """Tell whether a coding is of levels."""
    return isinstance(coding, LevelCoding)


class EncodedInputs(NamedTuple):
    """The network's inputs for some rows.

    Attributes
    ----------
    x : array or tensor
        Those that are not coded, in their order; float32, shape ``(rows, inputs)``.
    codes : array or tensor, optional
        Shape ``(rows, columns)``: of each column of many levels the number of the input that is 1,
        where these inputs come after those of ``x``.
    """

    x: Any
    codes: Any = None


def is_coded(coding: Coding) -> bool:
    """Tell whether a coding is of many levels."""
    return isinstance(coding, LevelCoding) and coding.is_coded


def input_order(codings: Sequence[Coding]) -> Places | None:
    """Return the numbers of the inputs, those of ``x`` before coded ones; None: as they are."""
    if not any(map(is_coded, codings)):
        return None
    ends = np.cumsum([coding.width for coding in codings])
    parts = [np.arange(end - c.width, end) for c, end in zip(codings, ends, strict=True)]
    pairs = list(zip(codings, parts, strict=True))
    dense = [part for coding, part in pairs if not is_coded(coding)]
    return np.concatenate([*dense, *(part for coding, part in pairs if is_coded(coding))])


class BlockWriter:
    """Writes the inputs of blocks of rows.

    Parameters
    ----------
    codings : sequence of Coding

    Attributes
    ----------
    width, columns : int
        Of the rows' ``x`` and ``codes``; see ``EncodedInputs``.
    """

    def __init__(self, codings: Sequence[Coding]) -> None:
        self._runs = list(_runs(codings))
        widths = [run.width for run in self._runs if not isinstance(run, _Coded)]
        self.width, first, self.columns = sum(widths), sum(widths), 0
        for run in self._runs:
            if isinstance(run, _Coded):
                run.first, first = first, first + sum(run.widths)
                self.columns += run.width

    def write(self, block: Iterable[Doubles], into: Floats, codes: Codes | None) -> None:
        """Write a block, a column after the other, into its rows of ``x`` and of ``codes``."""
        (run, *others) = self._runs
        if isinstance(block, MatrixBlock) and isinstance(run, _Numbers) and not others:
            run.write_block(block, into)
            return
        lines, start, place = iter(block), 0, 0
        for run in self._runs:
            if isinstance(run, _Coded):
                assert codes is not None
                run.write(lines, codes[:, place : place + run.width])
                place += run.width
            else:
                run.write(lines, into[:, start : start + run.width])
                start += run.width

    @property
    def is_far(self) -> bool:
        """Whether a number that was written is not finite."""
        return any(isinstance(run, _Numbers) and run.is_far for run in self._runs)


def _runs(codings: Sequence[Coding]) -> "Iterator[_Numbers | _Levels | _Coded]":
    """Yield what writes neighbouring codings of one kind together."""
    for _, run in groupby(codings, lambda coding: (is_levels(coding), is_coded(coding))):
        neighbours = [*run]
        levels = [coding for coding in neighbours if isinstance(coding, LevelCoding)]
        numbers = [coding for coding in neighbours if not isinstance(coding, LevelCoding)]
        if numbers:
            yield _Numbers(numbers)
        else:
            yield _Coded(levels) if levels[0].is_coded else _Levels(levels)


class _Numbers:
    """Writes neighbouring columns of numbers."""

    def __init__(self, codings: Sequence[NumberCoding | PiecewiseCoding]) -> None:
        self._writer = StandardizedWriter(codings)
        self.width = self._writer.width
        # Clipped numbers are finite.
        self._may_be_far = any(coding.limit is None or coding.limit > _HUGE for coding in codings)
        self.is_far = False

    def write_block(self, block: MatrixBlock, into: Floats) -> None:
        """Write a block of an array."""
        if self._writer.writes_matrices and block.is_exact:
            self._writer.write_matrix(block.matrix, into)
            self._check(into)
        else:
            self.write(iter(block), into)

    def write(self, lines: Iterator[Doubles], into: Floats) -> None:
        """Write a block."""
        self._writer.write(lines, into)
        self._check(into)

    def _check(self, into: Floats) -> None:
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


class _Coded:
    """Writes the codes of neighbouring columns of many levels; ``first`` is that of the first."""

    def __init__(self, codings: Sequence[LevelCoding]) -> None:
        self.widths = [coding.width for coding in codings]
        self.width, self.first = len(codings), 0

    def write(self, lines: Iterator[Doubles], into: Codes) -> None:
        """Write a block."""
        start = self.first
        for place, width in enumerate(self.widths):
            into[:, place] = next(lines) + start
            start += width
