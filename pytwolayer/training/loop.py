"""The training loop, the only one."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from pytwolayer.network.batches import Batch
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cuda_graphs import replayed
from pytwolayer.training.loss_log import make_loss_log

Tensor = torch.Tensor


class Gradient(Protocol):
    """What the training loop asks of a gradient.

    Attributes
    ----------
    loss : Tensor
        Where the loss of the batch is written, shape ``()``; of several networks
        ``(models,)``.
    scale : float or array
        What the losses of the batches are multiplied with to add up to the epoch's.
    on_fixed_memory : bool
        Whether it is the same sequence of operations every time, which a GPU can repeat.
    """

    loss: Tensor
    scale: Any
    on_fixed_memory: bool

    def draw(self, batch: Batch) -> None:
        """Draw what is random in this step, on the host."""

    def __call__(self, batch: Batch) -> None:
        """Write the batch's loss, and the gradients where the optimiser looks for them."""


class Watch(Protocol):
    """What may follow a run and end it; see ``Supervisor``."""

    @property
    def ends_now(self) -> bool:
        """Whether to end before the next batch."""

    def begin(self, epoch: int) -> None:
        """Before an epoch, counted from 0."""

    def after(self, epoch: int) -> None:
        """After every epoch, also those that are not due."""

    def is_due(self, epoch: int) -> bool:
        """Whether the losses so far are to be looked at after this epoch."""

    def goes_on(self, epoch: int, losses: list[Any]) -> bool:
        """After an epoch that is due: see all losses so far, and tell whether to go on."""


@torch.inference_mode()
def train(
    gradient: Gradient,
    optimizer: Optimizer,
    batches: Callable[[int], Iterable[Batch]],
    epochs: int,
    supervisor: Watch | None = None,
    before: Sequence[float] = (),
) -> list[Any]:
    """Train for some epochs.

    Parameters
    ----------
    gradient : Gradient
    optimizer : Optimizer
        Updates the parameters.
    batches : callable
        ``batches(epoch)`` gives the batches of that epoch, counted from 0.
    epochs : int
        Number of passes over the data, with those that were done before.
    supervisor : Watch, optional
        Follows the run and may end it.
    before : sequence of float
        The losses of epochs that were done before: training goes on after them.

    Returns
    -------
    list of float, of several networks of arrays
        Those, and one loss per finished epoch, that of each batch taken before its update.
    """
    losses = make_loss_log(gradient.loss, gradient.scale, before)

    def step(batch: Batch) -> None:
        batch.gather()
        optimizer.step(partial(gradient, batch), gradient.loss, gradient.scale)
        losses.add()

    fixed = gradient.on_fixed_memory and optimizer.on_fixed_memory
    do = replayed(step, gradient.loss.device, on_fixed_memory=fixed)
    for epoch in range(len(before), epochs):
        if supervisor is not None:
            supervisor.begin(epoch)
        for batch in batches(epoch):
            if supervisor is not None and supervisor.ends_now:
                return losses.so_far()
            gradient.draw(batch)
            do(batch)
        losses.end_epoch()
        if supervisor is None:
            continue
        supervisor.after(epoch)
        if not supervisor.is_due(epoch):
            continue
        if not supervisor.goes_on(epoch, losses.so_far()):
            break
    return losses.so_far()
