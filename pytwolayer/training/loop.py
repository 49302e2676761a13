"""The training loop, the only one."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from pytwolayer.network.batches import Batch
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.cuda_graphs import replayed
from pytwolayer.training.loss_log import make_loss_log
from pytwolayer.training.supervisor import Supervisor


@torch.inference_mode()
def train(
    gradient: ClosedFormGradient,
    optimizer: Optimizer,
    batches: Callable[[int], Iterable[Batch]],
    epochs: int,
    supervisor: Supervisor | None = None,
    before: Sequence[float] = (),
) -> list[Any]:
    """Train for some epochs.

    Parameters
    ----------
    gradient : ClosedFormGradient
    optimizer : Optimizer
        Updates the parameters.
    batches : callable
        ``batches(epoch)`` gives the batches of that epoch, counted from 0.
    epochs : int
        Number of passes over the data, with those that were done before.
    supervisor : Supervisor, optional
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
