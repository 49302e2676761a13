"""The table encoder: columns to the network's float matrix, standardised and one-hot.

All of it works in double precision until the last cast.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.checks import listed
from pytwolayer.errors import ArgumentError, UnseenLevelWarning, warn_user
from pytwolayer.preprocessing.column import Column, Doubles, in_column
from pytwolayer.preprocessing.standardize import write_standardized
from pytwolayer.preprocessing.table import Mask, Table, read_table
from pytwolayer.runtime.torch_loading import torch

_ROUNDING = 10 * np.finfo(np.float64).eps
_TINY = 1e-140  # the square of a smaller number loses digits
_MISSING = "The predictions of their rows are missing."
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NumberCoding:
    """Centres and scales a column to mean 0 and standard deviation 1.

    Attributes
    ----------
    center, scale : float
        Weighted mean and population standard deviation; the scale of a constant column is
        0, and such a column is fed as zeros whatever it holds later.
    limit : float or None
        What is further from 0 than this, after that, is cut to it.
    """

    center: float
    scale: float
    limit: float | None = None
    width = 1

    @classmethod
    def fit(
        cls,
        argument: str,
        values: Doubles,
        weights: Doubles | None,
        limit: float | None = None,
    ) -> "NumberCoding":
        """Measure a column that has no missing value."""
        return cls(*_center_and_scale(argument, values, weights), limit)


@dataclass(frozen=True)
class LevelCoding:
    """Makes of a column of levels one column per level, 1 where it is that level, else 0.

    Attributes
    ----------
    levels : tuple of str
        The levels that training saw, in the factor's order, of text sorted.
    """

    levels: tuple[str, ...]

    @property
    def width(self) -> int:
        """Number of columns it becomes."""
        return len(self.levels)

    def write(self, values: Doubles, into: Floats) -> None:
        """Write the columns of zeros and ones."""
        into[:] = 0
        into[np.arange(len(values)), values.astype(np.intp)] = 1


Coding = NumberCoding | LevelCoding


@dataclass(frozen=True)
class Encoder:
    """What turns predictors into the network's input.

    Attributes
    ----------
    names : tuple of str or None
        Column names, where the training data had any.
    codings : tuple of NumberCoding or LevelCoding
        One for each column.
    """

    names: tuple[str, ...] | None
    codings: tuple[Coding, ...]

    @classmethod
    def fit(
        cls,
        argument: str,
        table: Table,
        weights: Doubles | None = None,
        limit: float | None = None,
    ) -> "Encoder":
        """Measure the columns of a table without missing values."""
        codings = (_coding(argument, column, weights, limit) for column in table.columns)
        return cls(table.names, tuple(codings))

    @property
    def width(self) -> int:
        """Number of the network's inputs."""
        return sum(coding.width for coding in self.codings)

    @property
    def inputs(self) -> list[str]:
        """Names of the network's inputs: a column's own, or ``<column>_<level>``."""
        names = self.names or tuple(f"x{number + 1}" for number in range(len(self.codings)))
        return [
            name if isinstance(coding, NumberCoding) else f"{name}_{level}"
            for name, coding in zip(names, self.codings, strict=True)
            for level in (coding.levels if isinstance(coding, LevelCoding) else [""])
        ]

    def read(self, argument: str, data: Any) -> Table:
        """Check new data: every column seen in training, of its kind, in its order.

        A level that training did not see becomes missing, with a warning that names it.

        Raises
        ------
        ArgumentError
            If columns are missing, of another kind, or infinite.
        """
        table = read_table(argument, data, like=(self.names, len(self.codings)))
        return self.recode(argument, table)

    def recode(self, argument: str, table: Table, consequence: str = _MISSING) -> Table:
        """Give a table of the right columns its levels' codes of training; see ``read()``.

        ``consequence`` is what the warning says of rows with levels that training did not see.
        """
        pairs = zip(self.codings, table.columns, strict=True)
        columns = [_match_training(argument, c, column, consequence) for c, column in pairs]
        return Table(table.names, columns, table.rows)

    def encode(self, argument: str, table: Table) -> torch.Tensor:
        """Give the float32 matrix, shape ``(rows, width)``, of a recoded, complete table.

        Raises
        ------
        ArgumentError
            If a number is so far from those seen in training that float32 cannot hold it.
        """
        matrix = np.empty((table.rows, self.width), dtype=np.float32)
        start = 0
        pairs = zip(self.codings, table.columns, strict=True)
        for kind, run in groupby(pairs, lambda pair: type(pair[0])):
            codings, columns = zip(*run, strict=True)
            part = matrix[:, start : start + sum(coding.width for coding in codings)]
            start += part.shape[1]
            if kind is NumberCoding:
                write_standardized(codings, columns, part)
                _refuse_far(argument, columns, part)
            else:
                _write_levels(codings, columns, part)
        return torch.from_numpy(matrix)


def _coding(argument: str, column: Column, weights: Doubles | None, limit: float | None) -> Coding:
    if not column.has_levels:
        return NumberCoding.fit(argument, column.values, weights, limit)
    seen = set(column.values.astype(np.intp).tolist())
    return LevelCoding(tuple(lv for code, lv in enumerate(column.levels) if code in seen))


def _match_training(argument: str, coding: Coding, column: Column, consequence: str) -> Column:
    if column.kind == "missing":
        return column
    if isinstance(coding, NumberCoding):
        if column.has_levels:
            received = f"{_told(column)}{in_column(column.label)}"
            raise ArgumentError(argument, "numbers where training had numbers", received)
        return column
    if not column.has_levels:
        received = f"{_told(column)}{in_column(column.label)}"
        raise ArgumentError(argument, "factors or text where training had them", received)
    return _recoded(coding, column, consequence)


def _told(column: Column) -> str:
    return {"factor": "a factor", "number": "numbers", "logical": "logicals"}.get(
        column.kind, column.kind
    )


def _recoded(coding: LevelCoding, column: Column, consequence: str) -> Column:
    """Give the column the codes of training; NaN for levels that training did not see."""
    code = {level: float(number) for number, level in enumerate(coding.levels)}
    missing: Mask = np.isnan(column.values)
    old = np.where(missing, 0, column.values).astype(np.intp)
    new = np.array([code.get(level, np.nan) for level in column.levels])
    values = np.where(missing, np.nan, new[old])
    unseen = np.unique(old[np.isnan(values) & ~missing]).tolist()
    if unseen:
        names = listed([column.levels[number] for number in unseen])
        warn_user(
            f"Levels that training did not see{in_column(column.label)}: {names}. {consequence}",
            UnseenLevelWarning,
        )
    return Column(column.label, column.kind, values, coding.levels)


def _write_levels(codings: Sequence[LevelCoding], columns: Sequence[Column], part: Floats) -> None:
    start = 0
    for coding, column in zip(codings, columns, strict=True):
        coding.write(column.values, part[:, start : start + coding.width])
        start += coding.width


def _refuse_far(argument: str, columns: Sequence[Column], part: Floats) -> None:
    if math.isfinite(part.sum(dtype=np.float64)):
        return  # the sum of numbers that float32 holds does not overflow
    for number, column in enumerate(columns):
        if not np.isfinite(part[:, number]).all():
            received = f"{np.max(np.abs(column.values)):.3g}{in_column(column.label)}"
            raise ArgumentError(argument, "of the size seen in training", received)


def _center_and_scale(
    argument: str, column: Doubles, weights: Doubles | None
) -> tuple[float, float]:
    largest = max(float(column.max()), -float(column.min()))
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = _moments(column, weights)
        if scale < _TINY:
            # Measured on a scale where squares keep their digits; powers of 2 are exact.
            _, exponent = np.frexp(largest)
            scale = float(np.ldexp(_moments(np.ldexp(column, -exponent), weights)[1], exponent))
    if not np.isfinite(scale):
        received = f"numbers as large as {largest:.3g}"
        raise ArgumentError(argument, "of a size that can be standardised", received)
    # Rounding leaves a constant column a scale that is not quite zero.
    return center, 0.0 if scale <= _ROUNDING * largest else scale


def _moments(column: Doubles, weights: Doubles | None) -> tuple[float, float]:
    if weights is None:
        return float(np.mean(column)), float(np.std(column))
    center = float(np.average(column, weights=weights))
    return center, float(np.sqrt(np.average((column - center) ** 2, weights=weights)))
