"""Learning-rate schedules: each starts from the given learning rate."""

import math
from collections.abc import Callable
from typing import Any

_STEP_FACTOR = 0.1
_PLATEAU_FACTOR, _PLATEAU_PATIENCE = 0.5, 10


def _constant(epoch: int, epochs: int) -> float:
    return 1.0


def _cosine(epoch: int, epochs: int) -> float:
    """Fall from 1 to nearly 0 along half a cosine."""
    return (1 + math.cos(math.pi * epoch / epochs)) / 2


def _step(epoch: int, epochs: int) -> float:
    """Fall to a tenth after each third of the epochs."""
    return _STEP_FACTOR ** min(3 * epoch // epochs, 2)


# name -> factor of the learning rate as a function of the epoch, counted from 0, and of their
# number. "plateau" depends on the losses instead.
_FACTORS: dict[str, Callable[[int, int], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "step": _step,
}
SCHEDULES = (*_FACTORS, "plateau")


class Schedule:
    """The learning rate of each epoch.

    Parameters
    ----------
    name : str
        One of ``SCHEDULES``.
    learning_rate : float
        That of the first epoch.
    epochs : int
        Number of epochs of the schedule.
    first : int
        Its first epoch, counted from 0.

    Attributes
    ----------
    follows_losses : bool
        Whether it has to ``observe()`` the loss of each epoch.
    changes : bool
        Whether the learning rate changes at all.
    """

    def __init__(self, name: str, learning_rate: float, epochs: int, first: int = 0) -> None:
        self._factor = _FACTORS.get(name)
        self.follows_losses = self._factor is None
        self._start, self._epochs, self._first = learning_rate, epochs, first
        self._now, self._best, self._waited = learning_rate, math.inf, 0
        self.changes = name != "constant"

    def learning_rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        if self._factor is None:
            return self._now
        return self._start * self._factor(epoch - self._first, self._epochs)

    def observe(self, loss: float) -> None:
        """Take in the loss of an epoch: "plateau" halves after ten epochs without a lower one."""
        if loss < self._best:
            self._best, self._waited = loss, 0
            return
        self._waited += 1
        if self._waited >= _PLATEAU_PATIENCE:
            self._now, self._waited = self._now * _PLATEAU_FACTOR, 0

    def state(self) -> dict[str, Any]:
        """Return the state that the next epoch depends on."""
        return {"now": self._now, "best": self._best, "waited": self._waited}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a ``state()``."""
        self._now, self._best, self._waited = state["now"], state["best"], state["waited"]
