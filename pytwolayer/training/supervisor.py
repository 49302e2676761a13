"""What watches over a training run from epoch to epoch.

It follows the losses, keeps the best and the last good weights, changes the learning rate,
tells the user, and decides when to stop.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pytwolayer.checks import is_flag
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import users_settings
from pytwolayer.training.progress import Progress

Tensor = torch.Tensor
Stopped = Literal["epochs", "patience", "on_epoch", "interrupt", "divergence"]
_INTERVAL = 64  # epochs between two looks at the losses where looking makes a GPU wait
_ROOM = 2**26  # bytes of the weights that are kept between two looks, where they are large


@dataclass
class Run:
    """What is known of a training run.

    Attributes
    ----------
    losses, valid_losses : list of float
        One per epoch; the latter empty without held-out rows.
    best_epoch : int or None
        The epoch, from 1, whose weights came back; None where it is simply the last.
    stopped : str
        Why the run ended: "epochs" (all done), "patience", "on_epoch", "interrupt" or
        "divergence".
    """

    losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped: Stopped = "epochs"


class Keeper(Protocol):
    """What keeps the state of a run from time to time, so that it can go on from there."""

    def is_due(self, epoch: int) -> bool:
        """Whether the state is to be kept after this epoch, counted from 1."""

    def keep(self, epoch: int, state: dict[str, Any]) -> None:
        """Keep the supervisor's state after this epoch."""


class Supervisor:
    """Watches over one run.

    Parameters
    ----------
    values : Tensor
        All parameters in one vector.
    epochs : int
        Number of epochs of the run.
    optimizer, schedule : Optimizer, Schedule
    validate : callable, optional
        Writes the loss on the held-out rows into a tensor.
    patience : int, optional
        Stop after so many epochs without a lower loss, of the held-out rows where there are
        any. The weights that had the lowest come back: without held-out rows those with which
        its epoch began.
    on_epoch : callable, optional
        ``on_epoch(epoch, loss)``, the epoch from 1; stops the run by giving False.
    progress : Progress, optional
    interrupt : Interrupt
    before : Run, optional
        What was done before, where this goes on with it: its best weights are ``values``.
    keeper : Keeper, optional
    """

    def __init__(
        self,
        values: Tensor,
        epochs: int,
        optimizer: Optimizer,
        schedule: Schedule,
        interrupt: Interrupt,
        *,
        validate: Callable[[Tensor], object] | None = None,
        patience: int | None = None,
        on_epoch: Callable[[int, float], object] | None = None,
        progress: Progress | None = None,
        before: Run | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.run, self.interrupt = before or Run(), interrupt
        self._values, self._epochs = values, epochs
        self._optimizer, self._schedule = optimizer, schedule
        self._validate, self._patience = validate, patience
        self._on_epoch, self._progress = on_epoch, progress
        self._valid_loss = torch.empty((), device=values.device, dtype=torch.float32)
        self._keeps_best = validate is not None or patience is not None
        self._best, self._best_loss = values.clone(), self._best_before()
        self._good, self._candidate = values.clone(), values.clone()
        self._first = self._seen = len(self.run.losses)
        self._keeper = keeper
        answers = on_epoch or schedule.follows_losses  # what comes next depends on them
        self._interval = 1 if answers else epochs_ahead(values)
        # What is seen later, of the epochs since the last look: weights and validation losses.
        ahead = self._interval if self._interval > 1 else 0
        self._weights = values.new_empty(ahead, len(values)).unbind()
        self._valid_losses = values.new_empty(ahead)

    def _best_before(self) -> float:
        run = self.run
        watched = run.losses if self._validate is None else run.valid_losses
        return math.inf if run.best_epoch is None else watched[run.best_epoch - 1]

    def state(self) -> dict[str, Any]:
        """Give what it remembers from epoch to epoch, as a tree; see ``state_tree``."""
        run = self.run
        return {
            "losses": torch.tensor(run.losses, dtype=torch.float64),
            "valid_losses": torch.tensor(run.valid_losses, dtype=torch.float64),
            "best_epoch": run.best_epoch,
            "best_loss": self._best_loss,
            "stopped": run.stopped,
            "values": self._values,
            "best": self._best,
            "good": self._good,
            "candidate": self._candidate,
            "schedule": self._schedule.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state()`` gave."""
        run = self.run
        run.losses, run.valid_losses = state["losses"].tolist(), state["valid_losses"].tolist()
        run.best_epoch, run.stopped = state["best_epoch"], state["stopped"]
        self._best_loss, self._seen = state["best_loss"], len(run.losses)
        for name in ("values", "best", "good", "candidate"):
            getattr(self, f"_{name}").copy_(state[name])
        self._schedule.set_state(state["schedule"])

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to do."""
        return self.run.stopped != "epochs" or len(self.run.losses) >= self._epochs

    def begin(self, epoch: int) -> None:
        """Before an epoch, counted from 0: set the learning rate."""
        if self._schedule.changes:
            self._optimizer.set_learning_rate(self._schedule.learning_rate(epoch))

    def is_due(self, epoch: int) -> bool:
        """Whether the losses so far are to be looked at after this epoch."""
        if (epoch + 1) % self._interval == 0 or epoch + 1 == self._epochs:
            return True
        return self._keeper is not None and (
            self.interrupt.pressed or self._keeper.is_due(epoch + 1)
        )

    @property
    def ends_now(self) -> bool:
        """Whether to end before the next batch; a run that is kept ends its epoch before."""
        return self.interrupt.pressed and self._keeper is None

    def goes_on(self, epoch: int, losses: list[float]) -> bool:
        """After an epoch that is due: see all losses so far, and tell whether to go on."""
        goes_on = self._looked(epoch, losses)
        if self._keeper is None or self.run.stopped == "divergence":
            return goes_on
        goes_on = goes_on and not self.interrupt.pressed
        if not goes_on or epoch + 1 == self._epochs or self._keeper.is_due(epoch + 1):
            self._keeper.keep(epoch + 1, self.state())
        return goes_on

    def after(self, epoch: int) -> None:
        """After every epoch: keep what is seen later, without a look at it now."""
        if self._interval > 1:
            place = epoch % self._interval
            self._weights[place].copy_(self._values)
            if self._validate is not None:
                self._validate(self._valid_losses[place])

    def _looked(self, epoch: int, losses: list[float]) -> bool:
        """See the epochs since the last look; what came after the end of the run is forgotten."""
        self.run.losses = losses
        if not self._see(losses):
            del losses[self._seen :]
            return False
        return self._told(epoch)

    def _see(self, losses: list[float]) -> bool:
        for epoch, valid_loss in zip(
            range(self._seen, len(losses)), self._read_valid_losses(len(losses)), strict=True
        ):
            self._seen = epoch + 1
            values = self._weights[epoch % self._interval] if self._weights else self._values
            if not self._see_epoch(epoch, losses[epoch], valid_loss, values):
                return False
        return True

    def _read_valid_losses(self, epochs: int) -> list[float | None]:
        """Read those of the epochs since the last look, all at once."""
        if self._validate is None:
            return [None] * (epochs - self._seen)
        if not self._weights:
            self._validate(self._valid_loss)
            return [self._valid_loss.item()]
        read = self._valid_losses.tolist()
        return [read[epoch % self._interval] for epoch in range(self._seen, epochs)]

    def _see_epoch(self, epoch: int, loss: float, valid_loss: float | None, values: Tensor) -> bool:
        watched = loss
        if valid_loss is not None:
            watched = valid_loss
            self.run.valid_losses.append(valid_loss)
        if not math.isfinite(loss + watched):
            self.run.stopped = "divergence"
            return False
        self._good, self._candidate = self._candidate, self._good
        self._candidate.copy_(values)
        return self._observe(epoch, watched, values)

    def _observe(self, epoch: int, loss: float, values: Tensor) -> bool:
        run = self.run
        if self._schedule.follows_losses:
            self._schedule.observe(loss)
        if not self._keeps_best:
            return True
        if loss < self._best_loss:
            self._best_loss, run.best_epoch = loss, epoch + 1
            # A training loss is that of the weights with which the epoch began.
            self._best.copy_(self._good if self._validate is None else values)
        elif self._patience is not None:
            since = max(run.best_epoch or 0, self._first)
            if epoch + 1 - since >= self._patience:
                run.stopped = "patience"
                return False
        return True

    def _told(self, epoch: int) -> bool:
        if tell(epoch, self.run.losses[-1], self._progress, self._on_epoch, self.interrupt):
            return True
        self.run.stopped = "on_epoch"
        return False

    def finish(self, losses: list[float]) -> Run:
        """Put the best weights in place, or the last good ones, and give what is known."""
        if self.run.stopped == "epochs" and len(losses) > self._seen and not self._see(losses):
            del losses[self._seen :]  # Ctrl-C came between two looks
        if self.run.stopped != "divergence":
            self.run.losses = losses
        if self.run.stopped == "epochs" and len(losses) < self._epochs:
            self.run.stopped = "interrupt"
        if self.run.best_epoch is not None:
            self._values.copy_(self._best)
        elif self.run.stopped == "divergence":
            self._values.copy_(self._good)
        return self.run


def epochs_ahead(values: Tensor) -> int:
    """Tell how many epochs a device works ahead before the host looks at their losses."""
    if values.device.type == "cpu":
        return 1
    return min(_INTERVAL, max(1, _ROOM // (values.numel() * values.element_size())))


def tell(
    epoch: int,
    loss: float,
    progress: Progress | None,
    on_epoch: Callable[[int, float], object] | None,
    interrupt: Interrupt,
) -> bool:
    """Tell of an epoch, counted from 0, those who want to know; give whether to go on."""
    try:
        if progress is not None:
            progress.update(epoch + 1, loss)
        if on_epoch is None:
            return True
        with users_settings():  # what the user does there is the user's
            answer = on_epoch(epoch + 1, loss)
    except KeyboardInterrupt:
        interrupt.pressed = True
        return True
    return not is_flag(answer) or bool(answer)
