"""What happens between the epochs of a run, of one network or of several side by side.

The supervisor reads the losses, keeps the best and the last good weights, sets the learning
rate, calls the user's functions and decides when to stop. Each network has a tracker, best
weights and an end of its own: a network that has ended is still updated while others train,
but its updates no longer count.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from pytwolayer.checks import is_flag
from pytwolayer.optim.lr_schedule import Schedule
from pytwolayer.optim.optimizer import Optimizer
from pytwolayer.runtime.interrupt import AgreedInterrupt, Interrupt
from pytwolayer.runtime.process_group import Alone, ProcessGroup
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import user_torch_settings
from pytwolayer.training.kept_weights import KeptWeights
from pytwolayer.training.loss_log import read_epochs, reader
from pytwolayer.training.progress import Progress
from pytwolayer.training.tracker import Run, Tracker

Tensor = torch.Tensor
# On a GPU the host queues work ahead, and reading a loss makes it wait for all of it. So losses
# are read after so many updates there, or an epoch if it has more of them;
_INTERVAL = 64
_BYTES_OF_WEIGHTS = 2**26  # sooner if the weights after each epoch, kept until then, are large.


class CheckpointSaver(Protocol):
    """What saves the state of a run, so that it can be resumed."""

    def is_due(self, epoch: int) -> bool:
        """Whether to save after this epoch, counted from 1."""

    def save(self, epoch: int, state: dict[str, Any]) -> None:
        """Save the supervisor's state after this epoch, counted from 1."""


class Supervisor:
    """Supervises one run. Losses are floats with one network, else arrays with one of each.

    Parameters
    ----------
    weights : KeptWeights
    epochs : int
        Number of epochs of the whole run.
    optimizer, schedule : Optimizer, Schedule
    interrupt : Interrupt
    validation_step : callable, optional
        Writes the loss on the held-out rows, of shape ``()`` or ``(networks,)``, into a tensor.
    valid_scale : float or array, optional
        Factor of that loss.
    patience : int, optional
        Stop a network after so many epochs without a lower loss: the validation loss if there
        is one. The weights that had the lowest are restored; without held-out rows those at
        the beginning of its epoch.
    on_epoch : callable, optional
        ``on_epoch(epoch, loss)``, the epoch from 1, the loss the mean over the networks that
        have not ended; False stops the run.
    progress : Progress, optional
    before : Run, optional
        The run that one network continues; its best weights are the present ones.
    checkpoints : CheckpointSaver, optional
        For one network.
    updates : int
        Number of updates in an epoch.
    group : ProcessGroup, optional
        The processes of the run: the first one calls the user's functions and saves.

    Attributes
    ----------
    losses : list
        One loss per epoch, up to the last reading.
    """

    def __init__(
        self,
        weights: KeptWeights,
        epochs: int,
        optimizer: Optimizer,
        schedule: Schedule,
        interrupt: Interrupt,
        *,
        validation_step: Callable[[Tensor], object] | None = None,
        valid_scale: Any = 1.0,
        patience: int | None = None,
        on_epoch: Callable[[int, float], object] | None = None,
        progress: Progress | None = None,
        before: Run | None = None,
        checkpoints: CheckpointSaver | None = None,
        updates: int = 1,
        group: ProcessGroup | None = None,
    ) -> None:
        before = before or Run()
        self._group = group or Alone()
        self.losses: list[Any] = before.losses
        self._valid_losses: list[Any] = before.valid_losses
        self._weights, self._epochs, self._interrupt = weights, epochs, interrupt
        self._optimizer, self._schedule = optimizer, schedule
        self._validation_step, self._valid_scale = validation_step, valid_scale
        self._on_epoch, self._progress, self._checkpoints = on_epoch, progress, checkpoints
        held_out = validation_step is not None
        numbers = range(weights.networks)
        self._trackers = [Tracker(before, patience, held_out=held_out) for _ in numbers]
        weights.save_best([k for k in numbers if self._trackers[k].restores], weights.values)
        self._looks_for_best = held_out or patience is not None
        self._is_one, self._active = weights.networks == 1, list(numbers)
        self._seen = self._kept = len(self.losses)  # epochs looked at, and kept to be looked at
        self._read_losses: Callable[[], list[Any]] | None = None
        # The user's answer and the schedule decide what the next epoch does.
        each_epoch = on_epoch or schedule.follows_losses or self._group.size > 1
        self._interval = 1 if each_epoch else reading_interval(weights.values, updates)
        self._allocate()

    def _allocate(self) -> None:
        """Allocate what is kept of each epoch since the last reading."""
        values, networks = self._weights.values, self._weights.networks
        length = self._interval if self._interval > 1 else 0
        shape = () if networks == 1 else (networks,)
        self._ring = values.new_empty(length, len(values)).unbind()
        self._valid_ring = values.new_zeros(length, *shape)  # parts may be read before written
        self._valid_loss = values.new_empty(shape)
        self._read_valid_loss = reader(self._valid_loss)

    def state(self) -> dict[str, Any]:
        """Return all that the next epoch of one network depends on; see ``state_tree``."""
        (tracker,), weights, seen = self._trackers, self._weights, self._seen
        return {
            "losses": torch.tensor(self.losses[:seen], dtype=torch.float64),
            "valid_losses": torch.tensor(self._valid_losses, dtype=torch.float64),
            "best_epoch": tracker.best_epoch,
            "best_loss": tracker.best_loss,
            "stopped": tracker.stopped,
            "values": weights.values,
            "best": weights.good if weights.best is None else weights.best,
            "good": weights.good,
            "candidate": weights.candidate,
            "schedule": self._schedule.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Resume from a ``state()``."""
        (tracker,) = self._trackers
        self.losses, self._valid_losses = state["losses"].tolist(), state["valid_losses"].tolist()
        tracker.resume(state["best_epoch"], state["best_loss"], state["stopped"])
        self._active = [0] if tracker.continues else []
        self._seen = len(self.losses)
        for name in ("values", "good", "candidate"):
            getattr(self._weights, name).copy_(state[name])
        self._weights.save_best([0] if tracker.restores else [], state["best"])
        self._schedule.set_state(state["schedule"])

    @property
    def has_ended(self) -> bool:
        """Whether no epoch is left to do."""
        return not self._active or len(self.losses) >= self._epochs

    def begin_epoch(self, epoch: int) -> None:
        """Set the learning rate of an epoch, counted from 0."""
        if self._schedule.changes:
            self._optimizer.set_learning_rate(self._schedule.learning_rate(epoch))

    @property
    def ends_now(self) -> bool:
        """Whether to stop before the next batch; a run with checkpoints finishes its epoch."""
        ends = self._interrupt.pressed and self._checkpoints is None
        if ends:
            self._group.settle()  # the losses are read next
        return ends

    def end_epoch(self, epoch: int, read_losses: Callable[[], list[Any]]) -> bool:
        """Do what follows an epoch, counted from 0; return whether the run continues.

        ``read_losses()`` returns the losses of all epochs so far.
        """
        self._group.settle()
        self._interrupt.settle()
        if self._interval > 1:
            place = epoch % self._interval
            self._ring[place].copy_(self._weights.values)
            if self._validation_step is not None:
                self._validation_step(self._valid_ring[place])
            self._kept, self._read_losses = epoch + 1, read_losses
            if not self.is_due(epoch):
                return True
        continues = self._process(read_losses())
        if continues and (self._progress is not None or self._on_epoch is not None):
            continues = self._notify(epoch)
        if self._checkpoints is None or self._trackers[0].stopped == "divergence":
            return continues
        continues = continues and not self._interrupt.pressed
        is_due = not continues or epoch + 1 == self._epochs or self._checkpoints.is_due(epoch + 1)
        if is_due and self._group.rank == 0:
            # A run that ended between two readings has fewer epochs than were computed.
            self._checkpoints.save(self._seen, self.state())
        return continues

    def is_due(self, epoch: int) -> bool:
        """Whether the losses are read after this epoch."""
        if (epoch + 1) % self._interval == 0 or epoch + 1 == self._epochs:
            return True
        return self._checkpoints is not None and (
            self._interrupt.pressed or self._checkpoints.is_due(epoch + 1)
        )

    def _process(self, losses: list[Any]) -> bool:
        """Process the epochs since the last reading; return whether any network continues."""
        self.losses, first = losses, self._seen
        valid_losses = self._read_valid_losses(range(first, len(losses)))
        for epoch in range(first, len(losses)):
            self._seen = epoch + 1
            values = self._ring[epoch % self._interval] if self._ring else self._weights.values
            valid_loss = valid_losses[epoch - first] if valid_losses else None
            if not self._process_epoch(epoch, losses[epoch], valid_loss, values):
                return False
        return True

    def _read_valid_losses(self, epochs: range) -> Sequence[Any]:
        """Return the validation losses of the epochs since the last reading, if there are any."""
        if self._validation_step is None:
            return ()
        if self._ring:
            read = read_epochs(self._valid_ring, self._valid_scale)
            return [read[epoch % self._interval] for epoch in epochs]
        self._validation_step(self._valid_loss)
        return [self._read_valid_loss() * self._valid_scale]

    def _process_epoch(self, epoch: int, loss: Any, valid_loss: Any, values: Tensor) -> bool:
        """Process an epoch that ended with these parameters."""
        monitored = loss
        if valid_loss is not None:
            monitored = valid_loss
            self._valid_losses.append(valid_loss)
        improved = self._track(epoch, loss, monitored)
        self._weights.advance(values)
        if self._schedule.follows_losses:  # with one network only
            self._schedule.observe(monitored)
        if improved:
            # A training loss is that of the weights at the beginning of the epoch.
            self._weights.save_best(improved, self._weights.good if valid_loss is None else values)
        return bool(self._active)

    def _track(self, epoch: int, loss: Any, monitored: Any) -> list[int]:
        """Pass an epoch to the trackers; return the networks of which it is the best."""
        improved, has_ended = [], False
        if self._is_one:  # as below, quicker
            tracker = self._trackers[0]
            if tracker.observe(epoch, loss, monitored):
                return [0]
            if tracker.continues:
                return []
            losses, own = (loss,), (monitored,)
        elif not self._looks_for_best and np.isfinite(loss).all():
            return []
        else:
            losses, own = loss.tolist(), monitored.tolist()
        for k in self._active:
            tracker = self._trackers[k]
            if tracker.observe(epoch, losses[k], own[k]):
                improved.append(k)
            elif not tracker.continues:
                has_ended = True
        if has_ended:
            # Before `advance()`: the loss that is not finite is that of the candidates.
            lost = [k for k in self._active if self._trackers[k].has_only_good_weights]
            self._weights.save_best(lost, self._weights.good)
            self._active = [k for k in self._active if self._trackers[k].continues]
        return improved

    def _notify(self, epoch: int) -> bool:
        """Call the user's functions; return whether the run continues."""
        answer = self._call_users(epoch) if self._group.rank == 0 else None
        if self._on_epoch is not None and isinstance(self._interrupt, AgreedInterrupt):
            told = self._group.from_first((answer, self._interrupt.asked_here))
            answer = told[0]
            self._interrupt.agree(told[1])
        if answer is None:
            return True
        for k in self._active:
            self._trackers[k].stop("on_epoch", epoch)
        self._active = []
        return False

    def _call_users(self, epoch: int) -> bool | None:
        """Call the user's functions; return False if the run is to end."""
        loss = self.losses[-1] if self._is_one else float(self.losses[-1][self._active].mean())
        try:
            if self._progress is not None:
                self._progress.update(epoch + 1, loss)
            if self._on_epoch is None:
                return None
            with user_torch_settings():  # the user's function may rely on PyTorch's settings
                answer = self._on_epoch(epoch + 1, loss)
        except KeyboardInterrupt:
            self._interrupt.pressed = True
            return None
        return None if not is_flag(answer) or answer else False

    def finish_after_error(self) -> list[Run]:
        """Finish a run that an error ended, with all epochs that were done before."""
        if self._kept > self._seen and self._read_losses is not None:
            self.losses = self._read_losses()
        return self.finish(self.losses[: max(self._kept, self._seen)])

    def finish(self, losses: list[Any]) -> list[Run]:
        """Restore the best weights, or the last good ones; return each network's run."""
        if len(losses) > self._seen and self._active:
            self._process(losses)  # an interrupt came between two readings
        for k in self._active if len(losses) < self._epochs else ():
            self._trackers[k].stop("interrupt", len(losses) - 1)
        self._weights.restore_best([k for k, each in enumerate(self._trackers) if each.restores])
        own = [self._of_each(losses), self._of_each(self._valid_losses)]
        return [each.run(*of_one) for each, *of_one in zip(self._trackers, *own, strict=True)]

    def _of_each(self, losses: list[Any]) -> list[list[float]]:
        """Return the losses of each network."""
        if self._is_one:
            return [losses]
        per_network = np.array(losses).reshape(len(losses), len(self._trackers)).T
        return [of_one.tolist() for of_one in per_network]


def reading_interval(values: Tensor, updates: int) -> int:
    """Return every how many epochs, of so many updates, losses are read for these parameters."""
    if values.device.type == "cpu":
        return 1
    room = _BYTES_OF_WEIGHTS // (values.numel() * values.element_size())
    return max(1, min(_INTERVAL // updates, room))
