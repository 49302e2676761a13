"""The batches of each epoch, and the dropout of each batch."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor


class EncodedRows(NamedTuple):
    """Encoded rows on the device.

    Attributes
    ----------
    x, y : Tensor
        Shapes ``(rows, d_in)`` and ``(rows, d_out)``.
    weights : Tensor or None
        Shape ``(rows, 1)``.
    """

    x: Tensor
    y: Tensor
    weights: Tensor | None

    def to(self, device: torch.device) -> "EncodedRows":
        """Move them to where they are computed with.

        On the CPU the outcomes are laid out output after output: the network's output then
        is too, and the products and the softmax of a few outputs take a third of the time.
        """
        weights = None if self.weights is None else self.weights.to(device)
        y = self.y.to(device)
        if device.type == "cpu":
            y = y.t().contiguous().t()
        return EncodedRows(self.x.to(device), y, weights)


class Batch:
    """Rows of one update, in memory that stays the same from one use to the next.

    So all that is done with them can be prepared once.

    Attributes
    ----------
    x, y, weights : Tensor
        As in ``EncodedRows``.
    counts : list of int
        Number of rows of each network.
    d_out : int
    """

    def __init__(self, rows: EncodedRows) -> None:
        self.x, self.y, self.weights = rows
        self.counts, self.d_out = [len(self.x)], self.y.shape[1]

    def gather(self) -> None:
        """Have its rows at hand, as they are here."""


class DrawnBatch(Batch):
    """Rows drawn from others.

    Parameters
    ----------
    rows : EncodedRows
        All of them.
    size : int
        Number of rows drawn.

    Attributes
    ----------
    numbers : Tensor
        Those of the rows drawn, to be written before they are gathered.
    """

    def __init__(self, rows: EncodedRows, size: int) -> None:
        x, y, weights = rows
        self.numbers = torch.empty(size, dtype=torch.int64, device=x.device)
        room = x.new_empty(size, x.shape[1])
        outcomes = y.new_empty(y.shape[1], size).t() if _by_output(y) else y[:size].clone()
        super().__init__(
            EncodedRows(room, outcomes, None if weights is None else weights[:size].clone())
        )
        pairs = [(x, self.x), (y, self.y), (weights, self.weights)]
        self._selections = [
            _selection(all_rows, self.numbers, drawn)
            for all_rows, drawn in pairs
            if all_rows is not None and drawn is not None
        ]

    def gather(self) -> None:
        """Have the rows of these numbers at hand."""
        for select in self._selections:
            select()


def _by_output(y: Tensor) -> bool:
    return not y.is_contiguous()


def _selection(all_rows: Tensor, numbers: Tensor, drawn: Tensor) -> Callable[[], Tensor]:
    if _by_output(all_rows):
        return partial(torch.index_select, all_rows.t(), 1, numbers, out=drawn.t())
    return partial(torch.index_select, all_rows, 0, numbers, out=drawn)


def batch_sizes(rows: int, batch_size: int | None) -> list[int]:
    """Give the sizes of an epoch's batches, which differ by at most one row; None: one batch."""
    parts = 1 if batch_size is None else -(-rows // batch_size)
    ends = [rows * part // parts for part in range(parts + 1)]
    return [end - start for start, end in pairwise(ends)]


class Source:
    """The rows of one network, of which its batches are made; see also ``StackedSource``.

    Attributes
    ----------
    number : int
        Rows of each network.
    """

    def __init__(self, rows: EncodedRows) -> None:
        self._all, self.number = rows, len(rows.x)

    def whole(self) -> Batch:
        """Put all rows into one batch."""
        return Batch(self._all)

    def drawn(self, size: int) -> Any:
        """Allocate a batch of so many rows, with the ``numbers`` to be drawn."""
        return DrawnBatch(self._all, size)

    def order(self, draws: Sequence[Tensor]) -> Tensor:
        """Give the numbers in the order drawn for each network, the rows last."""
        return draws[0].to(self._all.x.device)


class Batches:
    """Gives the batches of an epoch, reshuffled every time; or all rows at once.

    Parameters
    ----------
    source : Source
    batch_size : int or None
        Most rows of a batch; the batches of an epoch differ by at most one row. None: all.
    generators : sequence of torch.Generator
        Where the order of each network's rows is drawn, on the CPU.
    """

    def __init__(
        self, source: Source, batch_size: int | None, generators: Sequence[torch.Generator]
    ) -> None:
        self._source, self._generators = source, generators
        self._sizes = batch_sizes(source.number, batch_size)
        if len(self._sizes) == 1:
            self._all = (source.whole(),)
        else:
            batch = {size: source.drawn(size) for size in set(self._sizes)}
            self._drawn = [batch[size] for size in self._sizes]

    def __call__(self, epoch: int) -> Sequence[Batch] | Iterator[Batch]:
        """Give the batches of an epoch; each is good until the next is asked for."""
        return self._all if len(self._sizes) == 1 else self._draw()

    def _draw(self) -> Iterator[Batch]:
        number = self._source.number
        draws = [torch.randperm(number, generator=g, device="cpu") for g in self._generators]
        parts = torch.split(self._source.order(draws), self._sizes, -1)
        for batch, numbers in zip(self._drawn, parts, strict=True):
            batch.numbers.copy_(numbers)
            yield batch


class Dropout:
    """Draws what the hidden layer is multiplied with: 0, or what keeps its mean.

    Parameters
    ----------
    share : float
        Of the hidden units that is left out in each row.
    generator : torch.Generator
        On the CPU, so that all devices drop the same.
    """

    def __init__(self, share: float, generator: torch.Generator) -> None:
        self._keep, self._generator = 1 - share, generator

    def drawing(self, mask: Tensor) -> Callable[[], object]:
        """Make a function that draws into ``mask``, shape ``(rows, hidden_units)``."""
        drawn = mask if mask.device.type == "cpu" else torch.empty(mask.shape, device="cpu")

        def draw() -> None:
            drawn.bernoulli_(self._keep, generator=self._generator).div_(self._keep)
            if drawn is not mask:
                mask.copy_(drawn)

        return draw
