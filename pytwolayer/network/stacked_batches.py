"""The rows of several networks that are trained together, side by side.

Everything lies feature after feature, ``(models, features, rows)``, so that a product of all
networks is one call. Networks with fewer rows than others have rows of weight 0 at their end.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial

from pytwolayer.network.batches import Batch, EncodedRows, Source
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class StackedBatch(Batch):
    """Rows of one update of every network.

    Attributes
    ----------
    x : Tensor
        Shape ``(rows, d_in)`` where all networks see the same, else ``(models, rows, d_in)``.
    y : Tensor
        Shape ``(models, d_out, rows)``, or 1 in the place of ``models``.
    weights : Tensor or None
        Shape ``(models, 1, rows)``, or 1 in the place of ``models``.
    counts : list of int
        Number of rows of each network, without those of weight 0 at the end.
    d_out : int
    """

    def __init__(self, x: Tensor, y: Tensor, weights: Tensor | None, counts: list[int]) -> None:
        self.x, self.y, self.weights = x, y, weights
        self.counts, self.d_out = counts, y.shape[1]


def all_rows(rows: Sequence[EncodedRows]) -> StackedBatch:
    """Put all rows of every network into one batch."""
    counts = [len(each.x) for each in rows]
    first = rows[0]
    if _are_same(rows):
        weights = None if first.weights is None else first.weights.t()[None]
        return StackedBatch(first.x, first.y.t().contiguous()[None], weights, counts)
    x = torch.stack([_filled(each.x, max(counts)) for each in rows])
    y = torch.stack([_filled(each.y, max(counts)).t() for each in rows])
    return StackedBatch(x, y.contiguous(), _weights(rows, counts), counts)


def _weights(rows: Sequence[EncodedRows], counts: list[int]) -> Tensor | None:
    if len(set(counts)) == 1 and all(each.weights is None for each in rows):
        return None
    ones = (each.x.new_ones(len(each.x), 1) for each in rows)
    pairs = zip(rows, ones, strict=True)
    given = [one if each.weights is None else each.weights for each, one in pairs]
    return torch.stack([_filled(each, max(counts)).t() for each in given])


def _are_same(rows: Sequence[EncodedRows]) -> bool:
    """Tell whether all networks see the same rows, in the same memory."""
    return all(each.x is rows[0].x and each.y is rows[0].y for each in rows)


def _filled(values: Tensor, rows: int) -> Tensor:
    """Add rows of zeros at the end."""
    return torch.nn.functional.pad(values, (0, 0, 0, rows - len(values)))


class DrawnStackedBatch(StackedBatch):
    """Rows drawn from those of each network.

    Parameters
    ----------
    rows : EncodedRows
        Those of all networks, one after the other.
    models, size : int
        Number of networks, and of rows of each.

    Attributes
    ----------
    numbers : Tensor
        Those of the rows drawn, shape ``(models, size)``, to be written before they are
        gathered.
    """

    def __init__(self, rows: EncodedRows, models: int, size: int) -> None:
        x, y, weights = rows
        flat = torch.empty(models * size, dtype=torch.int64, device=x.device)
        self.numbers = flat.view(models, size)
        outcomes = y.new_empty(models * size, y.shape[1])
        drawn = x.new_empty(models * size, x.shape[1])
        super().__init__(
            drawn.view(models, size, -1),
            y.new_empty(models, y.shape[1], size),
            None if weights is None else weights.new_empty(models, 1, size),
            [size] * models,
        )
        self._steps: list[Callable[[], object]] = [
            partial(torch.index_select, x, 0, flat, out=drawn),
            partial(torch.index_select, y, 0, flat, out=outcomes),
            partial(self.y.copy_, outcomes.view(models, size, -1).mT),
        ]
        if weights is not None and self.weights is not None:
            to = self.weights.view(-1)
            self._steps.append(partial(torch.index_select, weights[:, 0], 0, flat, out=to))

    def gather(self) -> None:
        """Have the rows of these numbers at hand."""
        for step in self._steps:
            step()


class StackedSource(Source):
    """The rows of several networks; as many of each where batches are drawn."""

    def __init__(self, rows: Sequence[EncodedRows]) -> None:
        self._rows, self.number = rows, max(len(each.x) for each in rows)

    def whole(self) -> StackedBatch:
        """Put all rows of every network into one batch."""
        return all_rows(self._rows)

    def drawn(self, size: int) -> DrawnStackedBatch:
        """Allocate a batch of so many rows of every network."""
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

    def order(self, draws: Sequence[Tensor]) -> Tensor:
        """Give the numbers in the order drawn, among the rows of all networks."""
        step = 0 if _are_same(self._rows) else self.number
        starts = torch.arange(len(draws), device="cpu")[:, None] * step
        return (torch.stack(list(draws)) + starts).to(self._rows[0].x.device)
