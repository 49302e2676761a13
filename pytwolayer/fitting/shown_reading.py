"""A display of the rows that are read, before that of the training."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pytwolayer.preprocessing.row_source import (
    Doubles,
    RowChoice,
    RowSource,
    RowsThrough,
    SourcedTable,
    block_slices,
)
from pytwolayer.training.progress import Displays, MakeRowsProgress


class ShownRows(RowsThrough):
    """A source of rows with a display of each pass over it; see ``RowSource``."""

    def __init__(self, source: RowSource, display: MakeRowsProgress) -> None:
        super().__init__(source)
        self._display = display

    def blocks(
        self, columns: Sequence[int], rows: RowChoice | None = None
    ) -> Iterator[Iterable[Doubles]]:
        """Yield the values block by block; see ``RowSource``."""
        number = self.rows if rows is None else len(rows)
        display = self._display(number)
        if display is None:
            yield from self._source.blocks(columns, rows)
            return
        try:
            parts = block_slices(number)
            for part, block in zip(parts, self._source.blocks(columns, rows), strict=True):
                display.update(part.stop, math.nan)
                yield block
        finally:
            display.close()


def show_reading(table: Any, displays: Any) -> Any:
    """Have the rows of a table shown that are read from a source; others are returned unchanged."""
    if not isinstance(table, SourcedTable) or not isinstance(displays, Displays):
        return table
    return replace(table, source=ShownRows(table.source, displays.reading))
