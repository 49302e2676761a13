"""What watches over a training run from epoch to epoch, of one network or of several together.

It reads the losses, keeps the best and the last good weights, changes the learning rate, tells
the user, and decides when to stop. Each network has a tracker, its own best weights and its own
end: the updates of one that has ended continue while others need them, but no longer count.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from pytwolayer.checks import is_flag
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.interrupt import Interrupt
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import user_torch_settings
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.loss_log import read_epochs, reader
from pytwolayer.training.progress import Progress
from pytwolayer.training.tracker import Run, Tracker

Tensor = torch.Tensor
_INTERVAL = 64  # epochs between two looks at the losses where looking makes a GPU wait
_ROOM = 2**26  # bytes of the weights that are kept between two looks, where they are large


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
    weights : KeptWeights
        Of the network, or of all networks. A loss, below, is a float for one network and an
        array with a loss for each of several.
    epochs : int
        Number of epochs of the run.
    optimizer, schedule : Optimizer, Schedule
    interrupt : Interrupt
    validate : callable, optional
        Writes the loss on the held-out rows, of shape ``()`` or ``(networks,)``, into a tensor.
    valid_scale : float or array, optional
        What it is multiplied with.
    patience : int, optional
        Stop a network after so many epochs without a lower loss, of the held-out rows where
        there are any. The weights that had the lowest come back: without held-out rows those
        with which its epoch began.
    on_epoch : callable, optional
        ``on_epoch(epoch, loss)``, the epoch from 1, the loss the mean of those networks that
        have not ended; stops the run by giving False.
    progress : Progress, optional
    before : Run, optional
        What was done before by one network that continues: its best weights are its values.
    keeper : Keeper, optional
        Of one network.

    Attributes
    ----------
    losses : list
        One for each epoch, up to the last look.
    """

    def __init__(
        self,
        weights: KeptWeights,
        epochs: int,
        optimizer: Optimizer,
        schedule: Schedule,
        interrupt: Interrupt,
        *,
        validate: Callable[[Tensor], object] | None = None,
        valid_scale: Any = None,
        patience: int | None = None,
        on_epoch: Callable[[int, float], object] | None = None,
        progress: Progress | None = None,
        before: Run | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        before = before or Run()
        self.losses: list[Any] = before.losses
        self._valid_losses: list[Any] = before.valid_losses
        self._weights, self._epochs, self.interrupt = weights, epochs, interrupt
        self._optimizer, self._schedule = optimizer, schedule
        self._validate = validate
        self._valid_scale = 1.0 if valid_scale is None else valid_scale
        self._on_epoch, self._progress, self._keeper = on_epoch, progress, keeper
        held_out = validate is not None
        numbers = range(weights.networks)
        self._trackers = [Tracker(before, patience, held_out=held_out) for _ in numbers]
        self._is_one, self._active = weights.networks == 1, list(numbers)
        self._seen = len(self.losses)
        answers = on_epoch or schedule.follows_losses  # what comes next depends on them
        self._interval = 1 if answers else epochs_ahead(weights.values)
        self._make_room()

    def _make_room(self) -> None:
        """Allocate what each epoch leaves: weights and validation losses since the last look."""
        values, networks = self._weights.values, self._weights.networks
        ahead = self._interval if self._interval > 1 else 0
        shape = () if networks == 1 else (networks,)
        self._ring = values.new_empty(ahead, len(values)).unbind()
        self._valid_ring = values.new_zeros(ahead, *shape)  # some are read before they are written
        self._valid_loss = values.new_empty(shape)
        self._read_valid_loss = reader(self._valid_loss)

    def state(self) -> dict[str, Any]:
        """Give what it remembers of one network from epoch to epoch; see ``state_tree``."""
        (tracker,), weights, seen = self._trackers, self._weights, self._seen
        return {
            "losses": torch.tensor(self.losses[:seen], dtype=torch.float64),
            "valid_losses": torch.tensor(self._valid_losses, dtype=torch.float64),
            "best_epoch": tracker.best_epoch,
            "best_loss": tracker.best_loss,
            "stopped": tracker.stopped,
            "values": weights.values,
            "best": weights.best,
            "good": weights.good,
            "candidate": weights.candidate,
            "schedule": self._schedule.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from what ``state()`` gave."""
        (tracker,) = self._trackers
        self.losses, self._valid_losses = state["losses"].tolist(), state["valid_losses"].tolist()
        tracker.resume(state["best_epoch"], state["best_loss"], state["stopped"])
        self._active = [0] if tracker.continues else []
        self._seen = len(self.losses)
        for name in ("values", "best", "good", "candidate"):
            getattr(self._weights, name).copy_(state[name])
        self._schedule.set_state(state["schedule"])

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to do."""
        return not self._active or len(self.losses) >= self._epochs

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

    def goes_on(self, epoch: int, losses: list[Any]) -> bool:
        """After an epoch that is due: see all losses so far, and tell whether to go on."""
        goes_on = self._see(losses) and self._told(epoch)
        if self._keeper is None or self._trackers[0].stopped == "divergence":
            return goes_on
        goes_on = goes_on and not self.interrupt.pressed
        if not goes_on or epoch + 1 == self._epochs or self._keeper.is_due(epoch + 1):
            # A run that ended between two looks has fewer epochs than were computed.
            self._keeper.keep(self._seen, self.state())
        return goes_on

    def after(self, epoch: int) -> None:
        """After every epoch: keep what is seen later, without a look at it now."""
        if self._interval > 1:
            place = epoch % self._interval
            self._ring[place].copy_(self._weights.values)
            if self._validate is not None:
                self._validate(self._valid_ring[place])

    def _see(self, losses: list[Any]) -> bool:
        """See the epochs since the last look; give whether any network continues."""
        self.losses = losses
        epochs = range(self._seen, len(losses))
        for epoch, valid_loss in zip(epochs, self._read_valid_losses(epochs), strict=True):
            self._seen = epoch + 1
            values = self._ring[epoch % self._interval] if self._ring else self._weights.values
            if not self._see_epoch(epoch, losses[epoch], valid_loss, values):
                return False
        return True

    def _read_valid_losses(self, epochs: range) -> Sequence[Any]:
        """Read those of the epochs since the last look, all at once."""
        if self._validate is None:
            return [None] * len(epochs)
        if self._ring:
            read = read_epochs(self._valid_ring, self._valid_scale)
            return [read[epoch % self._interval] for epoch in epochs]
        self._validate(self._valid_loss)
        return [self._read_valid_loss() * self._valid_scale]

    def _see_epoch(self, epoch: int, loss: Any, valid_loss: Any, values: Tensor) -> bool:
        watched = loss
        if valid_loss is not None:
            watched = valid_loss
            self._valid_losses.append(valid_loss)
        better = self._track(epoch, loss, watched)
        self._weights.advance(values)
        if self._schedule.follows_losses:  # of one network alone
            self._schedule.observe(watched)
        if better:
            # A training loss is that of the weights with which the epoch began.
            self._weights.keep(better, self._weights.good if valid_loss is None else values)
        return bool(self._active)

    def _track(self, epoch: int, loss: Any, watched: Any) -> list[int]:
        """Have the trackers see an epoch; give those networks for which it is the best."""
        losses = (loss,) if self._is_one else loss.tolist()
        lowered = (watched,) if self._is_one else watched.tolist()
        better, has_ended = [], False
        for k in self._active:
            tracker = self._trackers[k]
            if tracker.see(epoch, losses[k], lowered[k]):
                better.append(k)
            elif not tracker.continues:
                has_ended = True
        if has_ended:
            self._end_some()
        return better

    def _end_some(self) -> None:
        """Keep the last good weights of networks that diverged without a best epoch."""
        lost = [k for k in self._active if self._trackers[k].is_lost]
        # Before `advance()`: the loss that is not finite is that of the candidates.
        self._weights.keep(lost, self._weights.good)
        self._active = [k for k in self._active if self._trackers[k].continues]

    def _told(self, epoch: int) -> bool:
        if self._progress is None and self._on_epoch is None:
            return True
        loss = self.losses[-1]
        if not self._is_one:
            loss = float(loss[self._active].mean())
        if tell(epoch, loss, self._progress, self._on_epoch, self.interrupt):
            return True
        for k in self._active:
            self._trackers[k].stop("on_epoch", epoch)
        self._active = []
        return False

    def finish(self, losses: list[Any]) -> list[Run]:
        """Put the best weights in place, or the last good ones; give each network's run."""
        if len(losses) > self._seen and self._active:
            self._see(losses)  # Ctrl-C came between two looks
        for k in self._active if len(losses) < self._epochs else ():
            self._trackers[k].stop("interrupt", len(losses) - 1)
        self._weights.put_back([k for k, each in enumerate(self._trackers) if each.restores])
        own = [self._of_each(losses), self._of_each(self._valid_losses)]
        return [each.run(*of_one) for each, *of_one in zip(self._trackers, *own, strict=True)]

    def _of_each(self, losses: list[Any]) -> list[list[float]]:
        """Give the losses of each network."""
        if self._is_one:
            return [losses]
        per_network = np.array(losses).reshape(len(losses), len(self._trackers)).T
        return [of_one.tolist() for of_one in per_network]


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
        with user_torch_settings():  # what the user does there is the user's
            answer = on_epoch(epoch + 1, loss)
    except KeyboardInterrupt:
        interrupt.pressed = True
        return True
    return not is_flag(answer) or bool(answer)
