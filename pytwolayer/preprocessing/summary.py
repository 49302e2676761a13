"""What one pass over the rows of a table finds out about its columns."""

import json
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Column, in_column
from pytwolayer.preprocessing.column_blocks import blocks_of, passes_over, rows_of, slices_of
from pytwolayer.preprocessing.divided_passes import join_masks, own_rows
from pytwolayer.preprocessing.division import Division
from pytwolayer.preprocessing.joined_checksums import joined_crc32
from pytwolayer.preprocessing.moments import (
    Moments,
    moments_of_block,
    moments_of_lines,
    weighted_moments_of_block,
)
from pytwolayer.preprocessing.row_source import Doubles, Mask, MatrixBlock

Counts = NDArray[np.intp]


_OF_INFINITE = "leave these rows out, or put other values there"  # R's refuse_infinite_values() too


@dataclass(frozen=True)
class ColumnSummary:
    """What is known of a column without missing values.

    Attributes
    ----------
    checksum : int
        CRC-32 of its levels and its doubles.
    moments : Moments or None
        Of numbers and logicals.
    counts : array or None
        Of a column of levels: how many rows have each.
    """

    checksum: int
    moments: Moments | None = None
    counts: Counts | None = None


@dataclass(frozen=True)
class Survey:
    """What a first pass found.

    Attributes
    ----------
    columns : list of Column
        One of which all values are missing has the kind "missing".
    incomplete : array of bool or None
        Which rows have a missing value; None: none has.
    summaries : list of ColumnSummary or None
        None where they were not wanted, and where rows are incomplete.
    """

    columns: list[Column]
    incomplete: Mask | None
    summaries: list[ColumnSummary] | None


def survey(
    argument: str,
    columns: Sequence[Column],
    *,
    summarise: bool,
    division: Division | None = None,
) -> Survey:
    """Check columns that were just read, in one pass, or one for some of the columns each.

    With a ``division`` other processes go through a part of the rows.

    Raises
    ------
    ArgumentError
        If a column has an infinite number.
    """
    is_part, rows = division is not None, rows_of(columns)
    found = [_Found(column, summarise=summarise, is_part=is_part) for column in columns]
    own = own_rows(division, rows)
    incomplete: Mask | None = None
    for some in passes_over(columns):
        for part, block in zip(slices_of(own), blocks_of(columns[some], own), strict=True):
            missing = _add_block(found[some], block)
            if missing is not None:
                if incomplete is None:
                    incomplete = np.zeros(len(own), dtype=np.bool_)
                incomplete[part.start - own.start : part.stop - own.start] |= missing
    if division is not None:
        found = _joined(columns, found, division)
        incomplete = join_masks(incomplete, rows, division)
    checked = [each.checked(argument) for each in found]
    known = summarise and incomplete is None and all(each.rows for each in found)
    return Survey(checked, incomplete, [each.summary() for each in found] if known else None)


def summarise(
    columns: Sequence[Column], weights: Doubles | None = None, division: Division | None = None
) -> list[ColumnSummary]:
    """Summarise columns without missing values.

    ``weights`` are those of the moments; with them there are no checksums. With a ``division``
    other processes go through a part of the rows.
    """
    is_part = division is not None
    found = [_Found(column, summarise=True, is_part=is_part) for column in columns]
    own = own_rows(division, rows_of(columns))
    for some in passes_over(columns):
        for part, block in zip(slices_of(own), blocks_of(columns[some], own), strict=True):
            _add_block(found[some], block, None if weights is None else weights[part])
    if division is not None:
        found = _joined(columns, found, division)
    return [each.summary() for each in found]


def count_levels(columns: Sequence[Column], division: Division | None = None) -> list[Counts]:
    """Count the rows of each level of each column, in one pass; missing values are left out.

    With a ``division`` other processes go through a part of the rows.
    """
    counts = [np.zeros(len(column.levels), dtype=np.intp) for column in columns]
    if not columns:
        return counts
    own = own_rows(division, rows_of(columns))
    for block in blocks_of(columns, own):
        for of_column, values in zip(counts, block, strict=True):
            of_column += _counts(values, len(of_column))
    if division is None:
        return counts
    return [sum(parts) for parts in zip(*division.gather(counts), strict=True)]


def _joined(
    columns: Sequence[Column], found: "Sequence[_Found]", division: Division
) -> "list[_Found]":
    """Put together what each process found of the columns in its rows."""
    summarises = found[0].summarises
    joined = [_Found(column, summarise=summarises) for column in columns]
    for parts in division.gather([each.part() for each in found]):
        for each, part in zip(joined, parts, strict=True):
            each.add_part(part)
    return joined


def _add_block(
    found: "Sequence[_Found]", block: Iterable[Doubles], weights: Doubles | None = None
) -> Mask | None:
    """Look at the next block of all columns; return which rows miss a value, if any does."""
    if isinstance(block, MatrixBlock) and weights is None:
        return _add_matrix(found, block)
    missing: Mask | None = None
    with np.errstate(over="ignore", invalid="ignore"):
        for each, values in zip(found, block, strict=True):
            missing = _either(missing, each.add(values, weights))
    return missing


def _add_matrix(found: "Sequence[_Found]", block: MatrixBlock) -> Mask | None:
    """Look at a block of numbers, some columns at a time: the same, in fewer operations."""
    missing: Mask | None = None
    first = 0
    for lines in block.groups():
        own = found[first : first + len(lines)]
        first += len(lines)
        with np.errstate(over="ignore", invalid="ignore"):
            totals = np.add.reduce(lines, axis=1)
        if np.isfinite(totals).all() and not any(each.missing for each in own):
            _add_lines(own, lines, totals)
        else:
            missing = _either(missing, _add_block(own, lines))
    return missing


def _add_lines(found: "Sequence[_Found]", lines: Doubles, totals: Doubles) -> None:
    if not found[0].summarises:
        for each in found:
            each.rows += lines.shape[1]
        return
    moments = moments_of_lines(lines, totals, np.empty_like(lines))
    for each, values, of_block in zip(found, lines, moments, strict=True):
        each.add_moments(values, of_block)


def _either(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return one if other is None else other
    return one | other


@dataclass(frozen=True)
class _Part:
    """What was found in some consecutive blocks of a column; of blocks without missing values.

    ``bytes`` are those of the checksum, and ``moments`` has a line of each block.
    """

    rows: int
    missing: int
    infinite: int
    checksum: int
    bytes: int
    counts: Counts | None
    moments: NDArray[np.float64]


class _Found:
    """What was found of a column so far.

    With ``is_part`` each block's moments are kept, to be joined after those of blocks before.
    """

    def __init__(self, column: Column, *, summarise: bool, is_part: bool = False) -> None:
        self._column, self.summarises = column, summarise
        self.rows, self.missing, self._infinite = 0, 0, 0
        self._checksum, self._bytes = 0, 0
        self._moments: Moments | None = None
        self._counts: Counts | None = None
        self._kept: list[Moments] | None = [] if is_part else None
        if summarise and not is_part:
            meaning = [column.is_classes, *column.levels]
            self._checksum = zlib.crc32(json.dumps(meaning).encode())
        if summarise and column.has_levels:
            self._counts = np.zeros(len(column.levels), dtype=np.intp)

    def add(self, values: Doubles, weights: Doubles | None = None) -> Mask | None:
        """Look at the next block; return which values are missing, if any is.

        To be called where overflow and invalid sums are ignored.
        """
        self.rows += len(values)
        # A finite sum has only finite terms: one pass checks most columns.
        total: float = np.add.reduce(values)
        missing = None
        if not math.isfinite(total):
            self._infinite += int(np.count_nonzero(np.isinf(values)))
            is_missing = np.isnan(values)
            if is_missing.any():
                self.missing += int(np.count_nonzero(is_missing))
                missing = is_missing
        if self.summarises and not self.missing:
            self._add_to_summary(values, total, weights)
        return missing

    def _add_to_summary(self, values: Doubles, total: float, weights: Doubles | None) -> None:
        if weights is None:
            self._add_to_checksum(values)
        if self._counts is not None:
            self._counts += _counts(values, len(self._counts))
            return
        if weights is None:
            block = moments_of_block(values, total, np.empty(len(values)))
        else:
            block = weighted_moments_of_block(values, weights)
        self._join(block)

    def add_moments(self, values: Doubles, moments: Moments) -> None:
        """Add the next block of finite numbers, whose moments are known."""
        self.rows += len(values)
        self._add_to_checksum(values)
        self._join(moments)

    def _add_to_checksum(self, values: Doubles) -> None:
        self._checksum = zlib.crc32(values.data.cast("B"), self._checksum)
        self._bytes += values.nbytes

    def _join(self, block: Moments) -> None:
        if self._kept is not None:
            self._kept.append(block)
            return
        self._moments = block if self._moments is None else self._moments.joined(block)

    def part(self) -> _Part:
        """Return what was found, for other processes."""
        lines = [[m.weight, m.mean, m.squares, m.largest] for m in self._kept or ()]
        moments = np.array(lines, dtype=np.float64).reshape(-1, 4)
        numbers = self.rows, self.missing, self._infinite, self._checksum, self._bytes
        return _Part(*numbers, self._counts, moments)

    def add_part(self, part: _Part) -> None:
        """Add the next blocks."""
        self.rows += part.rows
        self.missing += part.missing
        self._infinite += part.infinite
        self._checksum = joined_crc32(self._checksum, part.checksum, part.bytes)
        if self._counts is not None and part.counts is not None:
            self._counts += part.counts
        for line in part.moments.tolist():
            self._join(Moments(*line))

    def checked(self, argument: str) -> Column:
        """Return the column with what is known of it now."""
        column = self._column
        if self._infinite:
            number = f"{self._infinite} of {self.rows} values"
            received = f"infinite{in_column(column.label)} ({number})"
            raise ArgumentError(argument, "finite", f"{received}: {_OF_INFINITE}")
        if self.missing == self.rows:
            return Column(column.label, "missing", column.data)
        complete = not self.missing
        kept = column.label, column.kind, column.data, column.levels, column.labels
        return column if column.complete == complete else Column(*kept, complete)

    def summary(self) -> ColumnSummary:
        """Return the summary of a column without missing values."""
        return ColumnSummary(self._checksum, self._moments, self._counts)


def _counts(values: Doubles, levels: int) -> Counts:
    there = values[~np.isnan(values)]
    return np.bincount(there.astype(np.intp), minlength=levels)
