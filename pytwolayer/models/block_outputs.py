"""The networks' outputs for the rows of a large table, piece by piece.

Whatever the pieces, the matrix products are those of a prediction of the whole table: the last
digits of a row depend on which rows are multiplied with it. So complete rows wait for the next
piece until there are as many as are multiplied at a time.
"""

import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pytwolayer.errors import UnseenLevelWarning
from pytwolayer.models.forward import encode_in_parts, forward, rows_at_once
from pytwolayer.models.new_rows import encodings
from pytwolayer.preprocessing import row_source
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.trained_model import Model

_MOST_BLOCKS = 8
_PIECE_BYTES = 2**25


@dataclass(frozen=True)
class Output:
    """What a network gives for some consecutive rows.

    Attributes
    ----------
    values : tensor
        Outputs of the complete rows.
    complete : array of bool
        Which rows these are.
    """

    values: torch.Tensor
    complete: Mask


def block_outputs(models: Sequence[Model], table: Table) -> Iterator[list[Output]]:
    """Yield the outputs of each model for consecutive rows, some ten thousand at a time.

    Of ``table``, ``read_new_data()`` has warned of levels that training did not see.
    """
    feeds = [_Feed(encoder, [models[n] for n in own]) for encoder, own in encodings(models).items()]
    order = [n for own in encodings(models).values() for n in own]
    for piece in _pieces(table, _piece_rows(models, table)):
        for feed in feeds:
            feed.add(piece)
        while all(feed.is_ready() for feed in feeds):
            yield _in_order(feeds, order)
    for feed in feeds:
        feed.finish()
    while feeds[0].waits():
        yield _in_order(feeds, order)


def _in_order(feeds: Sequence["_Feed"], order: Sequence[int]) -> list[Output]:
    outputs = [output for feed in feeds for output in feed.take()]
    return [output for _, output in sorted(zip(order, outputs, strict=True), key=lambda p: p[0])]


def _piece_rows(models: Sequence[Model], table: Table) -> int:
    values = max(len(table.columns), len(models) * models[0].outcome.width, 1)
    block = row_source.BLOCK_ROWS
    return block * max(1, min(_MOST_BLOCKS, _PIECE_BYTES // (8 * block * values)))


def _pieces(table: Table, rows: int) -> Iterator[Table]:
    """Yield consecutive rows of a table, in memory."""
    done, filled = 0, 0
    values = np.empty((len(table.columns), 0))
    if not table.rows:
        yield _table_of(table, values)
    for block in table.blocks():
        if not filled:
            left = table.rows - done
            # No piece is a single row unless the table is: NumPy adds that up in another order.
            values = np.empty((len(table.columns), left if left <= rows + 1 else rows))
        number = 0
        for into, line in zip(values, block, strict=True):
            into[filled : filled + len(line)] = line
            number = len(line)
        filled, done = filled + number, done + number
        if filled == values.shape[1]:
            yield _table_of(table, values)
            filled = 0


def _table_of(table: Table, values: Doubles) -> Table:
    columns = [replace(c, data=line) for c, line in zip(table.columns, values, strict=True)]
    gaps: Mask = np.asarray(np.isnan(values).any(axis=0))
    return Table(table.names, columns, values.shape[1], incomplete=gaps if gaps.any() else None)


class _Feed:
    """Feeds complete rows to models of one encoding, as many at a time as a whole table would."""

    def __init__(self, encoder: Encoder, models: Sequence[Model]) -> None:
        self._encoder, self._models = encoder, models
        self._at_once = rows_at_once(models[0].settings)
        self._rows: list[Table] = []
        self._masks: deque[Mask] = deque()
        self._outputs = [torch.empty((0, one.outcome.width), dtype=torch.double) for one in models]

    def add(self, piece: Table) -> None:
        """Compute the outputs of as many rows as are there."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnseenLevelWarning)
            recoded = self._encoder.recode("x", piece)
        complete = recoded.complete()
        self._masks.append(complete)
        self._rows.append(recoded if complete.all() else recoded.take(complete))
        there = _joined(self._rows)
        whole = there.rows - there.rows % self._at_once
        if whole:
            self._compute(there.take(slice(0, whole)))
        self._rows = [there.take(slice(whole, None))]

    def finish(self) -> None:
        """Compute those of the rest."""
        if self._rows and self._rows[0].rows:
            self._compute(self._rows[0])
        self._rows = []

    def _compute(self, rows: Table) -> None:
        parts, _ = encode_in_parts(self._encoder, rows, self._models[0].settings)
        networks = [one.network for one in self._models]
        more = forward(networks, self._encoder, parts, rows.rows)
        self._outputs = [torch.cat(pair) for pair in zip(self._outputs, more, strict=True)]

    def waits(self) -> bool:
        """Tell whether a piece was not taken yet."""
        return bool(self._masks)

    def is_ready(self) -> bool:
        """Tell whether the outputs of the next piece are there."""
        if not self._masks:
            return False
        return len(self._outputs[0]) >= int(np.count_nonzero(self._masks[0]))

    def take(self) -> list[Output]:
        """Take the outputs of the next piece."""
        complete = self._masks.popleft()
        number = int(np.count_nonzero(complete))
        taken = [Output(values[:number], complete) for values in self._outputs]
        self._outputs = [values[number:] for values in self._outputs]
        return taken


def _joined(tables: Sequence[Table]) -> Table:
    """Put rows of complete tables of the same columns below each other."""
    tables = [table for table in tables if table.rows] or [*tables[:1]]
    if len(tables) == 1:
        return tables[0]
    columns = [
        replace(parts[0], data=np.concatenate([part.values for part in parts]))
        for parts in zip(*(table.columns for table in tables), strict=True)
    ]
    return Table(tables[0].names, columns, sum(table.rows for table in tables))
