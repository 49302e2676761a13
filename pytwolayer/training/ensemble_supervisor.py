"""What watches over several networks that are trained together; see ``Supervisor`` for one.

Each has its own best weights, and its own end: while others go on, one that has stopped keeps
what it had.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.network.architecture import FlatParameters
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.progress import Progress
from pytwolayer.training.supervisor import Run, Stopped, epochs_ahead, tell

LossArray = NDArray[np.float64]


class EnsembleSupervisor:
    """Watches over one run of several networks.

    Parameters
    ----------
    parameters : FlatParameters
        Of all, as ``stack_parameters()`` gives them.
    epochs : int
    optimizer, schedule, interrupt
        As those of ``Supervisor``.
    validate : callable, optional
        Gives the loss of each on its held-out rows.
    patience, on_epoch, progress
        As those of ``Supervisor``; told is the mean loss of those that are not done.

    Attributes
    ----------
    losses : list of array
        One for each epoch that has been seen.
    """

    def __init__(
        self,
        parameters: FlatParameters,
        epochs: int,
        optimizer: Optimizer,
        schedule: Schedule,
        interrupt: Interrupt,
        *,
        validate: Callable[[], LossArray] | None = None,
        patience: int | None = None,
        on_epoch: Callable[[int, float], object] | None = None,
        progress: Progress | None = None,
    ) -> None:
        values = parameters.values.data
        self._parameters, self._epochs, self._interrupt = parameters, epochs, interrupt
        self._optimizer, self._schedule = optimizer, schedule
        self._validate, self._patience = validate, patience
        self._on_epoch, self._progress = on_epoch, progress
        models = len(parameters.views[1])
        self._goes_on = np.ones(models, dtype=np.bool_)
        self._ends = np.full(models, epochs)
        self._stopped: list[Stopped] = ["epochs"] * models
        self._best_loss = np.full(models, np.inf)
        self._best_epoch = np.zeros(models, dtype=np.intp)  # 0: simply the last
        self._diverged = np.zeros(models, dtype=np.bool_)
        self._valid: list[LossArray] = []
        self._best, self._good, self._candidate = (values.clone() for _ in range(3))
        self._owner = _owner(parameters)
        self.losses: list[LossArray] = []
        self._seen = 0
        looks = validate or patience or on_epoch
        self._interval = 1 if looks else epochs_ahead(values)

    @property
    def ends_now(self) -> bool:
        """Whether to end before the next batch."""
        return self._interrupt.pressed

    def begin(self, epoch: int) -> None:
        """Before an epoch, counted from 0: set the learning rate."""
        if self._schedule.changes:
            self._optimizer.set_learning_rate(self._schedule.learning_rate(epoch))

    def after(self, epoch: int) -> None:
        """Do nothing more: what is kept of an epoch is kept when it is looked at."""

    def is_due(self, epoch: int) -> bool:
        """Whether the losses so far are to be looked at after this epoch."""
        return (epoch + 1) % self._interval == 0 or epoch + 1 == self._epochs

    def goes_on(self, epoch: int, losses: list[Any]) -> bool:
        """After an epoch that is due: see all losses so far, and tell whether to go on."""
        self.losses = losses
        seen, self._seen = self._seen, len(losses)
        watched = losses[-1]
        if self._validate is not None:
            watched = self._validate()
            self._valid.append(watched)
        self._note_divergence(seen, losses[seen:], watched)
        self._good, self._candidate = self._candidate, self._good
        self._candidate.copy_(self._parameters.values.data)
        if self._validate is not None or self._patience is not None:
            self._observe(epoch, watched)
        return bool(self._goes_on.any()) and self._told(epoch, losses[-1])

    def _note_divergence(self, seen: int, news: list[LossArray], watched: LossArray) -> None:
        if all(math.isfinite(losses.dot(losses)) for losses in (*news, watched)):
            return
        finite = np.isfinite(np.stack(news))
        finite[-1] &= np.isfinite(watched)
        lost = np.flatnonzero(self._goes_on & ~finite.all(axis=0))
        self._end(lost, "divergence", seen + 1 + finite[:, lost].argmin(axis=0))
        self._keep(lost[self._best_epoch[lost] == 0], self._good)
        self._diverged[lost] = True

    def _observe(self, epoch: int, watched: LossArray) -> None:
        better = self._goes_on & (watched < self._best_loss)
        chosen = np.flatnonzero(better)
        self._best_loss[chosen], self._best_epoch[chosen] = watched[chosen], epoch + 1
        # A training loss is that of the weights with which the epoch began.
        held_out = self._validate is not None
        self._keep(chosen, self._parameters.values.data if held_out else self._good)
        if self._patience is not None:
            waited = epoch + 1 - self._best_epoch >= self._patience
            out = np.flatnonzero(self._goes_on & ~better & waited)
            self._end(out, "patience", np.full(len(out), epoch + 1))

    def _end(self, models: NDArray[np.intp], why: Stopped, after: NDArray[np.intp]) -> None:
        self._goes_on[models] = False
        self._ends[models] = after
        for model in models:
            self._stopped[model] = why

    def _keep(self, models: NDArray[np.intp], values: torch.Tensor) -> None:
        """Keep these weights of some of the networks as their best."""
        if not len(models):
            return
        if len(models) == len(self._goes_on):
            self._best.copy_(values)
            return
        torch.where(self._parts_of(models), values, self._best, out=self._best)

    def _parts_of(self, models: NDArray[np.intp]) -> torch.Tensor:
        """Tell which of all parameters are of some of the networks."""
        are = np.zeros(len(self._goes_on), dtype=np.bool_)
        are[models] = True
        return torch.from_numpy(are).to(self._owner.device)[self._owner]

    def _told(self, epoch: int, losses: LossArray) -> bool:
        if self._progress is None and self._on_epoch is None:
            return True
        loss = float(losses[self._goes_on].mean())
        if tell(epoch, loss, self._progress, self._on_epoch, self._interrupt):
            return True
        on = np.flatnonzero(self._goes_on)
        self._end(on, "on_epoch", np.full(len(on), epoch + 1))
        return False

    def finish(self, losses: list[LossArray]) -> list[Run]:
        """Put the best weights in place, or the last good ones, and give what is known."""
        if len(losses) > self._seen and self._goes_on.any():  # Ctrl-C came between two looks
            self._note_divergence(self._seen, losses[self._seen :], losses[-1])
        values = self._parameters.values.data
        back = self._parts_of(np.flatnonzero((self._best_epoch > 0) | self._diverged))
        torch.where(back, self._best, values, out=values)
        return [self._run(model, losses) for model in range(len(self._goes_on))]

    def _run(self, model: int, losses: list[LossArray]) -> Run:
        stopped = self._stopped[model]
        if stopped == "epochs" and len(losses) < self._epochs:
            stopped = "interrupt"
        end = self._ends[model]
        return Run(
            [float(loss[model]) for loss in losses[:end]],
            [float(loss[model]) for loss in self._valid[:end]],
            int(self._best_epoch[model]) or None,
            stopped,
        )


def _owner(parameters: FlatParameters) -> torch.Tensor:
    """Give for each parameter the number of its network."""
    values = parameters.values
    owner = torch.empty(len(values), dtype=torch.int64, device=values.device)
    for view in parameters.split(owner):
        numbers = torch.arange(len(view), device=values.device)
        view.copy_(numbers.view(-1, *[1] * (view.dim() - 1)))
    return owner
