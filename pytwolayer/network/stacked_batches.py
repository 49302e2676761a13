"""The rows of several networks that are trained together, side by side.

Everything lies feature after feature, ``(models, features, rows)``, so that a product of all
networks is one call. Networks with fewer rows than others have rows of weight 0 at their end.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pytwolayer.network.batches import Batch, EncodedRows, batch_sizes
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
    """

    def __init__(self, x: Tensor, y: Tensor, weights: Tensor | None, counts: list[int]) -> None:
        self.x, self.y, self.weights, self.counts = x, y, weights, counts

    @property
    def shared(self) -> bool:
        """Whether all networks see the same rows."""
        return self.x.dim() == 2


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
    source : Source
    size : int
        Number of rows of each network.
    """

    def __init__(self, source: "_Source", size: int) -> None:
        models, x, y, weights = source.models, source.x, source.y, source.weights
        self.numbers = torch.empty(models * size, dtype=torch.int64, device=x.device)
        outcomes = y.new_empty(models * size, y.shape[1])
        drawn = x.new_empty(models * size, x.shape[1])
        super().__init__(
            drawn.view(models, size, -1),
            y.new_empty(models, y.shape[1], size),
            None if weights is None else weights.new_empty(models * size).view(models, 1, size),
            [size] * models,
        )
        self._steps: list[Callable[[], object]] = [
            partial(torch.index_select, x, 0, self.numbers, out=drawn),
            partial(torch.index_select, y, 0, self.numbers, out=outcomes),
            partial(self.y.copy_, outcomes.view(models, size, -1).mT),
        ]
        if weights is not None and self.weights is not None:
            flat = self.weights.view(-1)
            self._steps.append(partial(torch.index_select, weights, 0, self.numbers, out=flat))

    def gather(self) -> None:
        """Have the rows of these numbers at hand."""
        for step in self._steps:
            step()


class _Source:
    """The rows of all networks, one after the other; once where they are the same."""

    def __init__(self, rows: Sequence[EncodedRows]) -> None:
        first, self.models = rows[0], len(rows)
        shared = _are_same(rows)
        parts = [first] if shared else list(rows)
        self.x = torch.cat([each.x for each in parts]) if len(parts) > 1 else first.x
        self.y = torch.cat([each.y for each in parts]).contiguous()
        self.weights = None
        if first.weights is not None:
            given = [each.weights for each in parts if each.weights is not None]
            self.weights = torch.cat(given)[:, 0]
        number = len(first.x)
        self.starts = [0 if shared else number * model for model in range(self.models)]


class StackedBatches:
    """Gives the batches of an epoch of every network, or all rows at once.

    Parameters
    ----------
    rows : sequence of EncodedRows
        Those of each network; as many of each where there are batches.
    batch_size : int or None
        As that of ``Batches``.
    generators : sequence of torch.Generator
        Where the order of each network's rows is drawn.
    """

    def __init__(
        self,
        rows: Sequence[EncodedRows],
        batch_size: int | None,
        generators: Sequence[torch.Generator],
    ) -> None:
        self._generators = generators
        self._number = max(len(each.x) for each in rows)
        self._sizes = batch_sizes(self._number, batch_size)
        if len(self._sizes) == 1:
            self._all = (all_rows(rows),)
            return
        self._source = _Source(rows)
        self._starts = torch.tensor(self._source.starts, device="cpu")[:, None]
        batch = {size: DrawnStackedBatch(self._source, size) for size in set(self._sizes)}
        self._drawn = [batch[size] for size in self._sizes]

    def __call__(self, epoch: int) -> Sequence[StackedBatch] | Iterator[StackedBatch]:
        """Give the batches of an epoch; each is good until the next is asked for."""
        return self._all if len(self._sizes) == 1 else self._draw()

    def _draw(self) -> Iterator[StackedBatch]:
        number = self._number
        draws = [torch.randperm(number, generator=g, device="cpu") for g in self._generators]
        order = (torch.stack(draws) + self._starts).to(self._source.x.device)
        parts = torch.split(order, self._sizes, 1)
        for batch, numbers in zip(self._drawn, parts, strict=True):
            batch.numbers.copy_(numbers.reshape(-1))
            yield batch
