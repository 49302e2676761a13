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
from pytwolayer.preprocessing.column_blocks import blocks_of, passes_over, rows_of
from pytwolayer.preprocessing.moments import (
    Moments,
    moments_of_block,
    moments_of_lines,
    weighted_moments_of_block,
)
from pytwolayer.preprocessing.row_source import Doubles, Mask, MatrixBlock, block_slices

Counts = NDArray[np.intp]


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


def survey(argument: str, columns: Sequence[Column], *, summarise: bool) -> Survey:
    """Check columns that were just read, in one pass, or one for some of the columns each.

    Raises
    ------
    ArgumentError
        If a column has an infinite number.
    """
    found = [_Found(column, summarise=summarise) for column in columns]
    incomplete: Mask | None = None
    for some in passes_over(columns):
        slices = block_slices(rows_of(columns))
        for part, block in zip(slices, blocks_of(columns[some]), strict=True):
            missing = _add_block(found[some], block)
            if missing is not None:
                if incomplete is None:
                    incomplete = np.zeros(rows_of(columns), dtype=np.bool_)
                incomplete[part] |= missing
    checked = [each.checked(argument) for each in found]
    known = summarise and incomplete is None and all(each.rows for each in found)
    return Survey(checked, incomplete, [each.summary() for each in found] if known else None)


def summarise(columns: Sequence[Column], weights: Doubles | None = None) -> list[ColumnSummary]:
    """Summarise columns without missing values.

    ``weights`` are those of the moments; with them there are no checksums.
    """
    found = [_Found(column, summarise=True) for column in columns]
    for some in passes_over(columns):
        slices = block_slices(rows_of(columns))
        for part, block in zip(slices, blocks_of(columns[some]), strict=True):
            _add_block(found[some], block, None if weights is None else weights[part])
    return [each.summary() for each in found]


def count_levels(columns: Sequence[Column]) -> list[Counts]:
    """Count the rows of each level of each column, in one pass; missing values are left out."""
    counts = [np.zeros(len(column.levels), dtype=np.intp) for column in columns]
    for block in blocks_of(columns) if columns else ():
        for own, values in zip(counts, block, strict=True):
            own += _counts(values, len(own))
    return counts


def _add_block(
    found: "Sequence[_Found]", block: Iterable[Doubles], weights: Doubles | None = None
) -> Mask | None:
    """Look at the next block of all columns; return which rows miss a value, if any does."""
    if isinstance(block, MatrixBlock) and weights is None:
        return _add_matrix(found, block)
    missing: Mask | None = None
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
            for each, values in zip(own, lines, strict=True):
                missing = _either(missing, each.add(values))
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


class _Found:
    """What was found of a column so far."""

    def __init__(self, column: Column, *, summarise: bool) -> None:
        self._column, self.summarises = column, summarise
        self.rows, self.missing, self._infinite = 0, 0, 0
        self._moments: Moments | None = None
        self._counts: Counts | None = None
        if summarise:
            meaning = [column.is_classes, *column.levels]
            self._checksum = zlib.crc32(json.dumps(meaning).encode())
            if column.has_levels:
                self._counts = np.zeros(len(column.levels), dtype=np.intp)

    def add(self, values: Doubles, weights: Doubles | None = None) -> Mask | None:
        """Look at the next block; return which values are missing, if any is."""
        self.rows += len(values)
        with np.errstate(over="ignore", invalid="ignore"):
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
            self._checksum = zlib.crc32(values.data.cast("B"), self._checksum)
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
        self._checksum = zlib.crc32(values.data.cast("B"), self._checksum)
        self._join(moments)

    def _join(self, block: Moments) -> None:
        self._moments = block if self._moments is None else self._moments.joined(block)

    def checked(self, argument: str) -> Column:
        """Return the column with what is known of it now."""
        column = self._column
        if self._infinite:
            number = f"{self._infinite} of {self.rows} values"
            received = f"infinite{in_column(column.label)} ({number})"
            raise ArgumentError(argument, "finite", received)
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
