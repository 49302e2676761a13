"""The rules of one network's run: which epoch is the best, and what ends the run."""

import math
from dataclasses import dataclass, field
from typing import Literal

Stopped = Literal["epochs", "patience", "on_epoch", "interrupt", "divergence"]


@dataclass
class Run:
    """The record of a training run.

    Attributes
    ----------
    losses, valid_losses : list of float
        One per epoch; the latter empty without held-out rows.
    best_epoch : int or None
        The epoch, from 1, whose weights were restored; None: the last one's were kept.
    stopped : str
        Why the run ended: "epochs" (all done), "patience", "on_epoch", "interrupt" or
        "divergence".
    """

    losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped: Stopped = "epochs"


class Tracker:
    """Applies the rules to the losses of one network.

    Parameters
    ----------
    before : Run
        The run that this one continues; an empty one for a new run.
    patience : int or None
        Stop after so many epochs without a lower loss.
    held_out : bool
        Whether the monitored loss is that of held-out rows.

    Attributes
    ----------
    best_loss, best_epoch : float, int or None
        Of the monitored loss; without held-out rows and ``patience`` no epoch is the best.
    continues : bool
    stopped : str
        As in ``Run``; "epochs" while the run continues.
    """

    def __init__(self, before: Run, patience: int | None, *, held_out: bool) -> None:
        monitored = before.valid_losses if held_out else before.losses
        self.best_epoch, self.stopped = before.best_epoch, before.stopped
        self.best_loss = math.inf if self.best_epoch is None else monitored[self.best_epoch - 1]
        self.continues = True
        self._end: int | None = None  # how many epochs count; None: all
        self._first, self._patience = len(before.losses), patience
        self._looks_for_best = held_out or patience is not None

    def observe(self, epoch: int, loss: float, monitored: float) -> bool:
        """Take in an epoch, counted from 0; return whether it is the best so far.

        ``monitored`` is the validation loss, or without held-out rows ``loss`` again.
        """
        if not math.isfinite(loss + monitored):
            self.stop("divergence", epoch)
        elif self._looks_for_best:
            if monitored < self.best_loss:
                self.best_loss, self.best_epoch = monitored, epoch + 1
                return True
            if self._patience is not None:
                since = max(self.best_epoch or 0, self._first)
                if epoch + 1 - since >= self._patience:
                    self.stop("patience", epoch)
        return False

    def stop(self, why: Stopped, epoch: int) -> None:
        """End the run with this epoch, counted from 0."""
        self.continues, self.stopped, self._end = False, why, epoch + 1

    def resume(self, best_epoch: int | None, best_loss: float, stopped: Stopped) -> None:
        """Take over the results of an earlier tracker of the same run."""
        self.best_epoch, self.best_loss = best_epoch, best_loss
        self.continues, self.stopped = stopped == "epochs", stopped

    @property
    def has_only_good_weights(self) -> bool:
        """Whether the run diverged without a best epoch, so that the last good weights count."""
        return self.stopped == "divergence" and self.best_epoch is None

    @property
    def restores(self) -> bool:
        """Whether kept weights are restored at the end."""
        return self.best_epoch is not None or self.has_only_good_weights

    def run(self, losses: list[float], valid_losses: list[float]) -> Run:
        """Return the run's record, of the losses of all epochs, also of those after its end."""
        own = losses[: self._end], valid_losses[: self._end]
        return Run(*own, self.best_epoch, self.stopped)
