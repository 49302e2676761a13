"""The training loop, the only one."""

from collections.abc import Callable, Iterable

from pytwolayer.optimizer import Optimizer
from pytwolayer.torch_loading import torch

Tensor = torch.Tensor
Batch = tuple[Tensor, Tensor, float]
_CHUNK = 256  # epochs whose losses wait on the device before they are read together


class LossHistory:
    """The loss of each epoch; kept on the device and read in chunks, so no step waits."""

    def __init__(self, device: torch.device) -> None:
        self._losses: list[float] = []
        self._slots = torch.empty(_CHUNK, device=device, dtype=torch.float32).unbind()
        self._used = 0

    def next_slot(self) -> Tensor:
        """Give the scalar tensor into which the next epoch's loss is to be written."""
        if self._used == _CHUNK:
            self._read()
        self._used += 1
        return self._slots[self._used - 1]

    def losses(self) -> list[float]:
        """Give all losses written so far, one per epoch."""
        self._read()
        return self._losses

    def _read(self) -> None:
        if self._used:
            self._losses.extend(torch.stack(self._slots[: self._used]).tolist())
            self._used = 0


@torch.no_grad()
def train(
    gradient: Callable[[Tensor, Tensor, Tensor], object],
    optimizer: Optimizer,
    batches: Callable[[int], Iterable[Batch]],
    epochs: int,
    device: torch.device,
) -> list[float]:
    """Train for some epochs.

    Parameters
    ----------
    gradient : callable
        ``gradient(x, y, loss)`` writes the loss into ``loss`` and leaves the gradients where
        the optimiser looks for them.
    optimizer : Optimizer
        Updates the parameters.
    batches : callable
        ``batches(epoch)`` gives the batches of that epoch, counted from 0: each ``x``, ``y``
        and the share with which its loss counts in the epoch's.
    epochs : int
        Number of passes over the data.
    device : torch.device
        Where the losses are collected.

    Returns
    -------
    list of float
        One loss per epoch, that of each batch taken before its update.
    """
    history = LossHistory(device)
    batch_loss = torch.empty((), device=device, dtype=torch.float32)
    for epoch in range(epochs):
        epoch_loss = history.next_slot()
        for number, (x, y, share) in enumerate(batches(epoch)):
            loss = batch_loss if number else epoch_loss
            gradient(x, y, loss)
            if share != 1.0:
                loss.mul_(share)
            if number:
                epoch_loss.add_(loss)
            optimizer.step()
    return history.losses()
