"""The batches of several networks that are trained side by side.

Everything lies feature after feature, ``(networks, features, rows)``, so that a product of all
networks is one call with contiguous rows. Networks with fewer rows than others are filled up
with rows of weight 0 at their end.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial

from pytwolayer.network.batches import Batch, EncodedRows, SingleRows
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class StackedBatch(Batch):
    """Rows of one update of every network.

    Attributes
    ----------
    x : Tensor
        Shape ``(rows, d_in)`` where all networks have the same rows, else
        ``(networks, rows, d_in)``.
    y : Tensor
        Shape ``(networks, d_out, rows)``; the first is 1 where all networks have the same rows.
    weights : Tensor or None
        Shape ``(networks, 1, rows)``, likewise.
    counts : list of int
        Number of rows of each network, without those that fill it up.
    d_out : int
    """

    def __init__(self, x: Tensor, y: Tensor, weights: Tensor | None, counts: list[int]) -> None:
        self.x, self.y, self.weights = x, y, weights
        self.counts, self.d_out = counts, y.shape[1]


def stack_rows(rows: Sequence[EncodedRows]) -> StackedBatch:
    """Put all rows of every network into one batch."""
    counts = [len(each.x) for each in rows]
    first = rows[0]
    if _are_same(rows):
        weights = None if first.weights is None else first.weights.t()[None]
        return StackedBatch(first.x, first.y.t().contiguous()[None], weights, counts)
    x = torch.stack([_filled(each.x, max(counts)) for each in rows])
    y = torch.stack([_filled(each.y, max(counts)).t() for each in rows])
    return StackedBatch(x, y.contiguous(), _stack_weights(rows, counts), counts)


def _stack_weights(rows: Sequence[EncodedRows], counts: list[int]) -> Tensor | None:
    if len(set(counts)) == 1 and all(each.weights is None for each in rows):
        return None
    ones = (each.x.new_ones(len(each.x), 1) for each in rows)
    pairs = zip(rows, ones, strict=True)
    given = [one if each.weights is None else each.weights for each, one in pairs]
    return torch.stack([_filled(each, max(counts)).t() for each in given])


def _are_same(rows: Sequence[EncodedRows]) -> bool:
    """Whether all networks have the same rows, in the same memory."""
    return all(each.x is rows[0].x and each.y is rows[0].y for each in rows)


def _filled(values: Tensor, rows: int) -> Tensor:
    """Append rows of zeros up to a number of rows."""
    return torch.nn.functional.pad(values, (0, 0, 0, rows - len(values)))


class DrawnStackedBatch(StackedBatch):
    """Rows drawn from those of each network.

    Parameters
    ----------
    rows : EncodedRows
        Those of all networks, one after the other.
    networks, size : int
        Number of networks, and of rows of each.

    Attributes
    ----------
    indices : Tensor
        Of the rows drawn, shape ``(networks, size)``; to be written before ``gather()``.
    """

    def __init__(self, rows: EncodedRows, networks: int, size: int) -> None:
        x, y, weights = rows
        flat = torch.empty(networks * size, dtype=torch.int64, device=x.device)
        self.indices = flat.view(networks, size)
        targets = y.new_empty(networks * size, y.shape[1])
        drawn = x.new_empty(networks * size, x.shape[1])
        super().__init__(
            drawn.view(networks, size, -1),
            y.new_empty(networks, y.shape[1], size),
            None if weights is None else weights.new_empty(networks, 1, size),
            [size] * networks,
        )
        self._steps: list[Callable[[], object]] = [
            partial(torch.index_select, x, 0, flat, out=drawn),
            partial(torch.index_select, y, 0, flat, out=targets),
            partial(self.y.copy_, targets.view(networks, size, -1).mT),
        ]
        if weights is not None and self.weights is not None:
            to = self.weights.view(-1)
            self._steps.append(partial(torch.index_select, weights[:, 0], 0, flat, out=to))

    def gather(self) -> None:
        """Copy the rows of these indices into the batch's memory."""
        for step in self._steps:
            step()


class StackedRows(SingleRows):
    """The rows of several networks; as many of each where batches are drawn."""

    def __init__(self, rows: Sequence[EncodedRows]) -> None:
        self._rows, self.number = rows, max(len(each.x) for each in rows)

    def whole(self) -> StackedBatch:
        """Make a batch of all rows of every network."""
        return stack_rows(self._rows)

    def drawn(self, size: int) -> DrawnStackedBatch:
        """Allocate a batch of ``size`` rows of every network, whose ``indices`` come later."""
        return DrawnStackedBatch(self._joined, len(self._rows), size)

    @cached_property
    def _joined(self) -> EncodedRows:
        """The rows of all networks, one after the other; once where they are the same."""
        first = self._rows[0]
        if _are_same(self._rows):
            return EncodedRows(first.x, first.y.contiguous(), first.weights)
        weights = [each.weights for each in self._rows if each.weights is not None]
        return EncodedRows(
            torch.cat([each.x for each in self._rows]),
            torch.cat([each.y for each in self._rows]).contiguous(),
            torch.cat(weights) if weights else None,
        )

    def indices(self, permutations: Sequence[Tensor]) -> Tensor:
        """Make row indices among the rows of all networks, shape ``(networks, rows)``."""
        step = 0 if _are_same(self._rows) else self.number
        starts = torch.arange(len(permutations), device="cpu")[:, None] * step
        return (torch.stack(list(permutations)) + starts).to(self._rows[0].x.device)
