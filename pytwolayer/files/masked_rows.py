"""Tables some of whose values stand for missing ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from pytwolayer.preprocessing.row_source import (
    Doubles,
    RowChoice,
    RowSource,
    RowsThrough,
    SourceColumn,
    SourcedTable,
)
from pytwolayer.preprocessing.text_patterns import parse_number


def mask_marks(table: SourcedTable, marks: Sequence[str]) -> SourcedTable:
    """Have marks read as missing: numbers that are one of them, and levels of that name.

    Of text, a level that is a mark is none any more; a factor keeps its levels.
    """
    numbers = np.array([n for mark in marks if (n := parse_number(mark)) is not None])
    masked = [_Masked(column, marks, numbers) for column in table.columns]
    columns = [each.column for each in masked]
    return replace(table, columns=columns, source=_MaskedRows(table.source, masked))


class _Masked:
    """A column with marks; ``column`` says what it is without them."""

    def __init__(self, column: SourceColumn, marks: Sequence[str], numbers: Doubles) -> None:
        self.column, self._numbers = column, numbers if column.kind == "number" else np.empty(0)
        self._recoding: Doubles | None = None
        stays = np.array([level not in marks for level in column.levels], dtype=np.bool_)
        if stays.all():
            return
        codes = np.arange(len(stays)) if column.kind == "factor" else np.cumsum(stays) - 1
        self._recoding = np.append(np.where(stays, codes, np.nan), np.nan)
        if column.kind == "text":
            places = np.flatnonzero(stays)
            levels = tuple(column.levels[place] for place in places)
            labels = tuple(column.labels[place] for place in places) if column.labels else ()
            self.column = replace(column, levels=levels, labels=labels)

    def read(self, line: Doubles) -> Doubles:
        """Return values of the column without marks."""
        if self._recoding is not None:
            places = np.where(np.isnan(line), len(self._recoding) - 1, line)
            recoded: Doubles = self._recoding[places.astype(np.intp)]
            return recoded
        if len(self._numbers):
            return np.where(np.isin(line, self._numbers), np.nan, line)
        return line


class _MaskedRows(RowsThrough):
    """The rows, see ``RowSource``."""

    def __init__(self, source: RowSource, columns: Sequence[_Masked]) -> None:
        super().__init__(source)
        self._columns = columns

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        chosen = [self._columns[column] for column in columns]
        for block in self._source.blocks(columns, rows):
            yield (each.read(line) for each, line in zip(chosen, block, strict=True))
