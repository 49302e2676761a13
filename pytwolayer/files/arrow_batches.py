"""Rows of Arrow objects in memory."""

from collections.abc import Iterator, Sequence
from typing import Any

from pytwolayer.files.arrow_columns import is_text
from pytwolayer.files.arrow_rows import Batch, any_wanted
from pytwolayer.preprocessing.row_source import BLOCK_ROWS, RowChoice


class MemoryBatches:
    """The rows of a pyarrow Table in batches, see ``Batches``.

    Parameters
    ----------
    table : pyarrow.Table
        It is not copied, but columns of text get codes of their own.
    """

    def __init__(self, table: Any) -> None:
        for place, name in enumerate(table.column_names):
            if is_text(table.field(place).type):
                table = table.set_column(place, name, table.column(place).dictionary_encode())
        self._table = table
        self.rows = int(table.num_rows)

    def read(self, columns: Sequence[int], wanted: RowChoice | None) -> Iterator[Batch]:
        """Yield the batches; see ``Batches``."""
        start = 0
        for batch in self._table.select(list(columns)).to_batches(max_chunksize=8 * BLOCK_ROWS):
            if any_wanted(wanted, start, start + batch.num_rows):
                yield Batch(start, batch.num_rows, list(batch.columns))
            start += batch.num_rows
