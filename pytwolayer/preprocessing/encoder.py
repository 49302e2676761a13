"""Encoding columns as the network's input: numbers, or their pieces, standardised; levels one-hot.

All arithmetic is in double precision; only the results are rounded to float32.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError, UnseenLevelWarning, warn_user
from pytwolayer.preprocessing.column import Column, Doubles, in_column
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.standardize import Floats, NumberCoding, write_standardized
from pytwolayer.preprocessing.table import Mask, Table, read_table
from pytwolayer.runtime.torch_loading import torch

ENCODINGS = ("linear", "piecewise")
_MISSING = "The predictions of their rows are missing."


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


@dataclass(frozen=True)
class Encoder:
    """Encodes predictors as the network's input.

    Attributes
    ----------
    names : tuple of str or None
        Column names, if the training data had any.
    codings : tuple of NumberCoding, PiecewiseCoding or LevelCoding
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
        encoding: str = "linear",
        pieces: int = 8,
    ) -> "Encoder":
        """Learn the encoding of a table without missing values.

        Parameters
        ----------
        argument : str
            The table's name in error messages.
        table : Table
        weights : array, optional
        limit : float, optional
            Standardised numbers are clipped to the range from ``-limit`` to ``limit``.
        encoding : str
            Of numbers: one of ``ENCODINGS``.
        pieces : int
            Largest number of inputs of a column with "piecewise".
        """
        most = pieces if encoding == "piecewise" else None
        codings = (_coding(argument, column, weights, limit, most) for column in table.columns)
        return cls(table.names, tuple(codings))

    @property
    def width(self) -> int:
        """Number of the network's inputs."""
        return sum(coding.width for coding in self.codings)

    @property
    def inputs(self) -> list[str]:
        """Names of the network's inputs: the column's, ``<column>_<level>``, ``<column>_<piece>``.

        Pieces are counted from 1.
        """
        names = self.names or tuple(f"x{number + 1}" for number in range(len(self.codings)))
        pairs = zip(names, self.codings, strict=True)
        return [name for pair in pairs for name in _input_names(*pair)]

    def read(self, argument: str, data: Any) -> Table:
        """Check new data and select the columns of training, in their order.

        A level that training did not see becomes missing, with a warning that names it.

        Raises
        ------
        ArgumentError
            If columns are missing, of another kind, or infinite.
        """
        table = read_table(argument, data, like=(self.names, len(self.codings)))
        return self.recode(argument, table)

    def recode(self, argument: str, table: Table, consequence: str = _MISSING) -> Table:
        """Replace the codes of levels by those of training; see ``read()``.

        ``consequence`` ends the warning about levels that training did not see.
        """
        pairs = zip(self.codings, table.columns, strict=True)
        columns = [_match_training(argument, c, column, consequence) for c, column in pairs]
        return Table(table.names, columns, table.rows)

    def encode(self, argument: str, table: Table) -> torch.Tensor:
        """Encode a complete table from ``recode()`` as float32, shape ``(rows, width)``.

        Raises
        ------
        ArgumentError
            If a standardised number is too large for float32.
        """
        matrix = np.empty((table.rows, self.width), dtype=np.float32)
        start = 0
        pairs = zip(self.codings, table.columns, strict=True)
        # Neighbouring numeric columns are written together, see write_standardized().
        for are_levels, run in groupby(pairs, lambda pair: isinstance(pair[0], LevelCoding)):
            codings, columns = zip(*run, strict=True)
            part = matrix[:, start : start + sum(coding.width for coding in codings)]
            start += part.shape[1]
            if are_levels:
                _write_levels(codings, columns, part)
            else:
                write_standardized(codings, columns, part)
                _refuse_far(argument, codings, columns, part)
        return torch.from_numpy(matrix)


def _coding(
    argument: str, column: Column, weights: Doubles | None, limit: float | None, pieces: int | None
) -> Coding:
    if not column.has_levels:
        if pieces is None:
            return NumberCoding.fit(argument, column.values, weights, limit)
        return PiecewiseCoding.fit(argument, column.values, weights, limit, pieces)
    seen = set(column.values.astype(np.intp).tolist())
    return LevelCoding(tuple(lv for code, lv in enumerate(column.levels) if code in seen))


def _input_names(name: str, coding: Coding) -> list[str]:
    if isinstance(coding, NumberCoding):
        return [name]
    if isinstance(coding, PiecewiseCoding):
        return [f"{name}_{piece + 1}" for piece in range(coding.width)]
    return [f"{name}_{level}" for level in coding.levels]


def _match_training(argument: str, coding: Coding, column: Column, consequence: str) -> Column:
    if column.kind == "missing":
        return column
    if not isinstance(coding, LevelCoding):
        if column.has_levels:
            received = f"{_describe_kind(column)}{in_column(column.label)}"
            raise ArgumentError(argument, "numbers where training had numbers", received)
        return column
    if not column.has_levels:
        received = f"{_describe_kind(column)}{in_column(column.label)}"
        raise ArgumentError(argument, "factors or text where training had them", received)
    return _recoded(coding, column, consequence)


def _describe_kind(column: Column) -> str:
    return {"factor": "a factor", "number": "numbers", "logical": "logicals"}.get(
        column.kind, column.kind
    )


def _recoded(coding: LevelCoding, column: Column, consequence: str) -> Column:
    """Replace codes by those of training; NaN for levels that training did not see."""
    code = {level: float(number) for number, level in enumerate(coding.levels)}
    missing: Mask = np.isnan(column.values)
    old = np.where(missing, 0, column.values).astype(np.intp)
    new = np.array([code.get(level, np.nan) for level in column.levels])
    values = np.where(missing, np.nan, new[old])
    unseen = np.unique(old[np.isnan(values) & ~missing]).tolist()
    if unseen:
        names = quote_some([column.levels[number] for number in unseen])
        warn_user(
            f"Levels that training did not see{in_column(column.label)}: {names}. {consequence}",
            UnseenLevelWarning,
        )
    return Column(column.label, column.kind, values, coding.levels)


def _write_levels(codings: Sequence[LevelCoding], columns: Sequence[Column], part: Floats) -> None:
    """Write the zeros and ones of neighbouring columns of levels."""
    part[:] = 0
    rows, start = np.arange(len(part)), 0
    for coding, column in zip(codings, columns, strict=True):
        part[rows, start + column.values.astype(np.intp)] = 1
        start += coding.width


def _refuse_far(
    argument: str, codings: Sequence[Coding], columns: Sequence[Column], part: Floats
) -> None:
    # In double precision a sum of finite float32 cannot overflow, so one pass checks all columns.
    if math.isfinite(part.sum(dtype=np.float64)):
        return
    start = 0
    for coding, column in zip(codings, columns, strict=True):
        if not np.isfinite(part[:, start : start + coding.width]).all():
            received = f"{np.max(np.abs(column.values)):.3g}{in_column(column.label)}"
            raise ArgumentError(argument, "of the size seen in training", received)
        start += coding.width
