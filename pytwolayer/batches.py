"""The batches of each epoch, and the dropout of each batch."""

from collections.abc import Iterator
from typing import NamedTuple

from pytwolayer.torch_loading import torch

Tensor = torch.Tensor
# x, y, the share with which its loss counts in the epoch's, and the weights of its rows.
Batch = tuple[Tensor, Tensor, float, Tensor | None]


class Rows(NamedTuple):
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

    def to(self, device: torch.device) -> "Rows":
        """Move them."""
        weights = None if self.weights is None else self.weights.to(device)
        return Rows(self.x.to(device), self.y.to(device), weights)


class Batches:
    """Gives the batches of an epoch, reshuffled every time; or all rows at once.

    Parameters
    ----------
    rows : Rows
    batch_size : int or None
        Most rows of a batch; the batches of an epoch differ by at most one row. None: all.
    summed : bool
        Whether the losses of batches are added up, and not averaged.
    generator : torch.Generator
        Where the order is drawn, on the CPU.
    """

    def __init__(
        self, rows: Rows, batch_size: int | None, generator: torch.Generator, *, summed: bool
    ) -> None:
        self._rows, self._generator, self._summed = rows, generator, summed
        number = len(rows.x)
        self._parts = 1 if batch_size is None else -(-number // batch_size)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Give the batches of an epoch."""
        x, y, weights = self._rows.x, self._rows.y, self._rows.weights
        if self._parts == 1:
            yield x, y, 1.0, weights
            return
        order = torch.randperm(len(x), generator=self._generator).to(x.device)
        x, y = x.index_select(0, order), y.index_select(0, order)
        weights = None if weights is None else weights.index_select(0, order)
        start = 0
        for part in range(self._parts):
            end = len(x) * (part + 1) // self._parts
            share = 1.0 if self._summed else (end - start) / len(x)
            here = slice(start, end)
            yield x[here], y[here], share, None if weights is None else weights[here]
            start = end


class Dropout:
    """Draws what the hidden layer is multiplied with: 0, or what keeps its mean.

    Parameters
    ----------
    share : float
        Of the hidden units that is left out in each row.
    hidden_units : int
    generator : torch.Generator
        On the CPU, so that all devices drop the same.
    device : torch.device
    """

    def __init__(
        self, share: float, hidden_units: int, generator: torch.Generator, device: torch.device
    ) -> None:
        self._keep, self._hidden_units = 1 - share, hidden_units
        self._generator, self._device = generator, device

    def __call__(self, rows: int) -> Tensor:
        """Give the factors of some rows, shape ``(rows, hidden_units)``."""
        mask = torch.empty(rows, self._hidden_units, dtype=torch.float32, device="cpu")
        mask.bernoulli_(self._keep, generator=self._generator).div_(self._keep)
        return mask.to(self._device)
