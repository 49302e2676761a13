"""The training loop, the only one: epochs, batches and the update of one batch."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cuda_graphs import make_graphed_step
from pytwolayer.training.loss_log import make_loss_log
from pytwolayer.training.steps import Gradient, Steps


class EpochSupervisor(Protocol):
    """What is called between the epochs of a run, and can end it."""

    def begin_epoch(self, epoch: int) -> None:
        """Prepare an epoch, counted from 0."""

    @property
    def ends_now(self) -> bool:
        """Whether to stop before the next batch."""

    def end_epoch(self, epoch: int, read_losses: Callable[[], list[Any]]) -> bool:
        """Do what follows an epoch; return whether the run continues."""


# Inference mode spares each of a step's dozen small operations autograd's bookkeeping (graph,
# version counters, views).
@torch.inference_mode()
def fit_loop(
    gradient: Gradient,
    optimizer: Optimizer,
    batches: Callable[[int], Iterable[Any]],
    epochs: int,
    supervisor: EpochSupervisor | None = None,
    before: Sequence[Any] = (),
) -> list[Any]:
    """Train one network, or several side by side.

    Parameters
    ----------
    gradient : Gradient
    optimizer : Optimizer
        Updates the parameters in place.
    batches : callable
        ``batches(epoch)`` gives the batches of an epoch, counted from 0.
    epochs : int
        Number of the last epoch, counted from 1, those of ``before`` included.
    supervisor : EpochSupervisor, optional
        Called before and after each epoch; it can end the run.
    before : sequence
        Losses of the epochs already done, when the run continues another.

    Returns
    -------
    list of float, with several networks of arrays
        ``before`` and one loss per finished epoch: that of its batches, each computed before
        the batch's update.
    """
    losses = make_loss_log(gradient.loss, gradient.scale, before)
    steps = Steps(gradient, optimizer, [losses.add] if losses.in_step else [])
    fixed = gradient.on_fixed_memory and optimizer.on_fixed_memory
    step = make_graphed_step(steps, gradient.loss.device, on_fixed_memory=fixed)
    for epoch in range(len(before), epochs):
        if supervisor is not None:
            supervisor.begin_epoch(epoch)
        for batch in batches(epoch):
            if supervisor is not None and supervisor.ends_now:
                return losses.read()
            gradient.draw_dropout(batch)  # on the host, so outside the graph
            step(batch)
            if not losses.in_step:
                losses.add()
        losses.end_epoch()
        if supervisor is not None and not supervisor.end_epoch(epoch, losses.read):
            break
    return losses.read()
