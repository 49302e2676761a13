"""Encoding columns as the network's input: numbers, or their pieces, standardised; levels one-hot.

All arithmetic is in double precision; only the results are rounded to float32.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError, UnseenLevelWarning, warn_user
from pytwolayer.preprocessing.block_writer import (
    BlockWriter,
    Codes,
    Coding,
    EncodedInputs,
    LevelCoding,
    input_order,
    is_levels,
)
from pytwolayer.preprocessing.column import Column, in_column
from pytwolayer.preprocessing.column_blocks import (
    blocks_of,
    lines_in,
    passes_over,
    read_columns,
    rows_of,
)
from pytwolayer.preprocessing.divided_passes import join_masks, own_rows
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.row_source import Doubles, Mask, block_slices, is_one_block
from pytwolayer.preprocessing.standardize import (
    Floats,
    NumberCoding,
    write_standardized,
)
from pytwolayer.preprocessing.summary import ColumnSummary, Counts
from pytwolayer.preprocessing.table import Table, read_table
from pytwolayer.runtime.torch_loading import torch

ENCODINGS = ("linear", "piecewise")
_MISSING = (
    "The predictions of their rows are missing: fit again with such rows, or give them a level "
    "that training saw."
)


def in_memory(shape: tuple[int, int]) -> Floats:
    """Allocate a matrix in memory."""
    return np.empty(shape, dtype=np.float32)


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
        pairs = [*zip(table.columns, table.summaries(weights), strict=True)]

        def coding(place: int) -> Coding:
            return _coding(argument, *pairs[place], weights, limit, most)

        if table.division is not None and most is not None:  # some columns each, all of their rows
            codings = table.division.gather_parts(coding, len(pairs))
        else:
            codings = [coding(place) for place in range(len(pairs))]
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
        columns, places = self._recoded(argument, table, consequence)
        incomplete = table.incomplete
        for place in places:
            missing = _missing(columns[place], table.division)
            incomplete = missing if incomplete is None else incomplete | missing
        how = False, incomplete, table.division
        return Table(table.names, columns, table.rows, *how)

    def check(self, argument: str, table: Table) -> None:
        """Check new data as ``recode()`` does, and warn as it does."""
        self._recoded(argument, table, _MISSING)

    def _recoded(
        self, argument: str, table: Table, consequence: str
    ) -> tuple[list[Column], list[int]]:
        """Return the columns, and the places of those with levels that training did not see."""
        pairs = zip(self.codings, table.columns, strict=True)
        for coding, column in pairs:
            _refuse_other_kind(argument, coding, column)
        counts = table.level_counts() if any(map(is_levels, self.codings)) else []
        columns, unseen = [*table.columns], []
        for place, coding in enumerate(self.codings):
            column = columns[place]
            if not isinstance(coding, LevelCoding) or column.kind == "missing":
                continue
            columns[place] = column.recoded(_recoding(coding, column), coding.levels)
            if _warn_unseen(coding, column, counts[place], consequence):
                unseen.append(place)
        return columns, unseen

    @property
    def order(self) -> torch.Tensor | None:
        """Numbers of the network's inputs as encoded rows have them; None: in their order."""
        order = input_order(self.codings)
        return None if order is None else torch.from_numpy(order)

    @property
    def widths(self) -> tuple[int, int]:
        """Numbers of columns of encoded rows: of ``x`` and of ``codes``."""
        writer = BlockWriter(self.codings)
        return writer.width, writer.columns

    def encode(
        self,
        argument: str,
        table: Table,
        into: EncodedInputs | None = None,
        written: Callable[[int], object] | None = None,
    ) -> EncodedInputs:
        """Encode a complete table from ``recode()``, as tensors.

        ``into`` are arrays that they are written to, and ``written`` is called with the number of
        rows that are done, block after block.

        Raises
        ------
        ArgumentError
            If a standardised number is too large for float32.
        """
        writer = BlockWriter(self.codings)
        x, codes = into or EncodedInputs(
            in_memory((table.rows, writer.width)), _codes(writer, table.rows)
        )
        if written is None and codes is None:
            is_far = self._encode_columns(table, x, writer)
        else:
            for part, block in zip(block_slices(table.rows), table.blocks(), strict=True):
                writer.write(block, x[part], None if codes is None else codes[part])
                if written is not None:
                    written(part.stop)
            is_far = writer.is_far
        if is_far:
            self._refuse_far(argument, table)
        return _as_tensors(x, codes)

    def _encode_columns(self, table: Table, x: Floats, whole: BlockWriter) -> bool:
        """Encode in a pass for some of the columns each; tell whether a number is not finite.

        ``whole`` writes all columns.
        """
        start, is_far = 0, False
        passes = passes_over(table.columns)
        for some in passes:
            writer = whole if len(passes) == 1 else BlockWriter(self.codings[some])
            into = x[:, start : start + writer.width]
            blocks = blocks_of(table.columns[some])
            for part, block in zip(block_slices(table.rows), blocks, strict=True):
                writer.write(block, into[part], None)
            start, is_far = start + writer.width, is_far or writer.is_far
        return is_far

    def encode_parts(self, argument: str, table: Table, rows: int) -> Iterator[EncodedInputs]:
        """Encode as ``encode()`` does, yielding so many rows at a time; at the end the rest."""
        if table.rows <= rows and is_one_block(table.rows):
            yield self.encode(argument, table)
            return
        writer = BlockWriter(self.codings)
        rest = EncodedInputs(in_memory((0, writer.width)), _codes(writer, 0))
        for part, block in zip(block_slices(table.rows), table.blocks(), strict=True):
            before, number = len(rest.x), part.stop - part.start
            x, codes = in_memory((before + number, writer.width)), _codes(writer, before + number)
            x[:before] = rest.x
            if codes is not None:
                codes[:before] = rest.codes
            writer.write(block, x[before:], None if codes is None else codes[before:])
            if writer.is_far:
                self._refuse_far(argument, table)
            whole = len(x) // rows * rows
            for start in range(0, whole, rows):
                yield _as_tensors(*_rows_of(x, codes, slice(start, start + rows)))
            rest = _rows_of(x, codes, slice(whole, None))
        if len(rest.x) or not table.rows:
            yield _as_tensors(*rest)

    def _refuse_far(self, argument: str, table: Table) -> None:
        """Raise for the first column whose standardised numbers are not finite."""
        for coding, column in zip(self.codings, table.columns, strict=True):
            part = np.empty((table.rows, coding.width), dtype=np.float32)
            if not isinstance(coding, LevelCoding):
                write_standardized([coding], [column], part)
                if not np.isfinite(part).all():
                    received = f"{np.max(np.abs(column.values)):.3g}{in_column(column.label)}"
                    raise ArgumentError(argument, "numbers of the size seen in training", received)


def _missing(column: Column, division: Division | None) -> Mask:
    if division is None:
        return np.isnan(column.values)
    rows = rows_of([column])
    (own,) = read_columns([column], own_rows(division, rows))
    missing = join_masks(np.isnan(own.values), rows, division)
    assert missing is not None
    return missing


def _codes(writer: BlockWriter, rows: int) -> Codes | None:
    return np.empty((rows, writer.columns), dtype=np.int32) if writer.columns else None


def _rows_of(x: Floats, codes: Codes | None, rows: slice) -> EncodedInputs:
    return EncodedInputs(x[rows], None if codes is None else codes[rows])


def _as_tensors(x: Floats, codes: Codes | None) -> EncodedInputs:
    return EncodedInputs(torch.from_numpy(x), None if codes is None else torch.from_numpy(codes))


def _coding(
    argument: str,
    column: Column,
    summary: ColumnSummary,
    weights: Doubles | None,
    limit: float | None,
    pieces: int | None,
) -> Coding:
    if summary.counts is not None:
        seen = summary.counts.nonzero()[0].tolist()
        return LevelCoding(tuple(column.levels[code] for code in seen))
    if pieces is not None:
        values = column.values
        return PiecewiseCoding.fit(argument, values, weights, limit, pieces, column.label)
    assert summary.moments is not None
    lines = partial(lines_in, column)
    known = argument, summary.moments, lines, weights, limit
    return NumberCoding.from_moments(*known, column.label)


def _input_names(name: str, coding: Coding) -> list[str]:
    if isinstance(coding, NumberCoding):
        return [name]
    if isinstance(coding, PiecewiseCoding):
        return [f"{name}_{piece + 1}" for piece in range(coding.width)]
    return [f"{name}_{level}" for level in coding.levels]


def _refuse_other_kind(argument: str, coding: Coding, column: Column) -> None:
    if column.kind == "missing" or column.has_levels == is_levels(coding):
        return
    expected = "numbers where training had numbers"
    if is_levels(coding):
        expected = "factors or text where training had them"
    received = f"{_describe_kind(column)}{in_column(column.label)}"
    raise ArgumentError(argument, expected, received)


def _describe_kind(column: Column) -> str:
    return {"factor": "a factor", "number": "numbers", "logical": "logicals"}.get(
        column.kind, column.kind
    )


def _recoding(coding: LevelCoding, column: Column) -> Doubles:
    """Return the code in training of each of the column's levels; NaN where it has none."""
    code = {level: float(number) for number, level in enumerate(coding.levels)}
    return np.array([code.get(level, np.nan) for level in column.levels])


def _warn_unseen(
    coding: LevelCoding, column: Column, counts: Counts | None, consequence: str
) -> bool:
    """Warn of levels of the column that training did not see; return whether there are any."""
    known, levels = set(coding.levels), column.levels
    there = [] if counts is None else counts.nonzero()[0].tolist()
    unseen = [levels[code] for code in there if levels[code] not in known]
    if unseen:
        names = quote_some(unseen)
        warn_user(
            f"Levels that training did not see{in_column(column.label)}: {names}. {consequence}",
            UnseenLevelWarning,
        )
    return bool(unseen)
