"""The training loop, the only one."""

from collections.abc import Callable, Iterable, Sequence

from pytwolayer.batches import Batch
from pytwolayer.optimizer import Optimizer
from pytwolayer.supervisor import Supervisor
from pytwolayer.torch_loading import torch

Tensor = torch.Tensor
_CHUNK = 256  # epochs whose losses wait on the device before they are read together


class LossHistory:
    """The loss of each epoch; kept on the device and read in chunks, so no step waits.

    ``before`` are those of epochs that were done before.
    """

    def __init__(self, device: torch.device, before: Sequence[float] = ()) -> None:
        self._losses: list[float] = list(before)
        self._slots = torch.empty(_CHUNK, device=device, dtype=torch.float32).unbind()
        self._used = 0

    def next_slot(self) -> Tensor:
        """Give the scalar tensor into which the next epoch's loss is to be written."""
        if self._used == _CHUNK:
            self._read()
        self._used += 1
        return self._slots[self._used - 1]

    def drop_last(self) -> None:
        """Forget an epoch that was not finished."""
        self._used -= 1

    def losses(self) -> list[float]:
        """Give all losses written so far, one per epoch."""
        self._read()
        return self._losses

    def _read(self) -> None:
        if self._used == 1:
            self._losses.append(self._slots[0].item())
        elif self._used:
            self._losses.extend(torch.stack(self._slots[: self._used]).tolist())
        self._used = 0


@torch.no_grad()
def train(
    gradient: Callable[[Tensor, Tensor, Tensor, Tensor | None], object],
    optimizer: Optimizer,
    batches: Callable[[int], Iterable[Batch]],
    epochs: int,
    device: torch.device,
    supervisor: Supervisor | None = None,
    before: Sequence[float] = (),
) -> list[float]:
    """Train for some epochs.

    Parameters
    ----------
    gradient : callable
        ``gradient(x, y, loss, weights)`` writes the loss into ``loss`` and leaves the
        gradients where the optimiser looks for them.
    optimizer : Optimizer
        Updates the parameters.
    batches : callable
        ``batches(epoch)`` gives the batches of that epoch, counted from 0.
    epochs : int
        Number of passes over the data, with those that were done before.
    device : torch.device
        Where the losses are collected.
    supervisor : Supervisor, optional
        Follows the run and may end it.
    before : sequence of float
        The losses of epochs that were done before: training goes on after them.

    Returns
    -------
    list of float
        Those, and one loss per finished epoch, that of each batch taken before its update.
    """
    history = LossHistory(device, before)
    batch_loss = torch.empty((), device=device, dtype=torch.float32)
    for epoch in range(len(before), epochs):
        if supervisor is not None:
            supervisor.begin(epoch)
        epoch_loss = history.next_slot()
        for number, (x, y, share, weights) in enumerate(batches(epoch)):
            if supervisor is not None and supervisor.ends_now:
                history.drop_last()
                return history.losses()
            loss = batch_loss if number else epoch_loss
            optimizer.step(lambda value: gradient(x, y, value, weights), loss)  # noqa: B023
            if share != 1.0:
                loss.mul_(share)
            if number:
                epoch_loss.add_(loss)
        if supervisor is None or not supervisor.is_due(epoch):
            continue
        if not supervisor.goes_on(epoch, history.losses()):
            break
    return history.losses()
