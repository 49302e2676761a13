"""The rules of one network's run: which epoch is the best, and what ends the run."""

import math
from dataclasses import dataclass, field
from typing import Literal

Stopped = Literal["epochs", "patience", "on_epoch", "interrupt", "divergence"]


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


class Tracker:
    """Follows the losses of one network.

    Parameters
    ----------
    before : Run
        What was done before, where the run continues another.
    patience : int or None
        End after so many epochs without a lower loss.
    held_out : bool
        Whether the loss to be lowered is that of held-out rows.

    Attributes
    ----------
    best_loss, best_epoch : float, int or None
        Where neither rows are held out nor ``patience`` is given, no epoch is the best.
    continues : bool
    stopped : str
        As in ``Run``; "epochs" while it continues.
    """

    def __init__(self, before: Run, patience: int | None, *, held_out: bool) -> None:
        watched = before.valid_losses if held_out else before.losses
        self.best_epoch, self.stopped = before.best_epoch, before.stopped
        self.best_loss = math.inf if self.best_epoch is None else watched[self.best_epoch - 1]
        self.continues = True
        self._end: int | None = None  # how many epochs count; None: all
        self._first, self._patience = len(before.losses), patience
        self._looks_for_best = held_out or patience is not None

    def see(self, epoch: int, loss: float, watched: float) -> bool:
        """See an epoch, counted from 0; give whether it is the best so far.

        ``watched`` is the loss to be lowered: of the held-out rows, or again ``loss``.
        """
        if not math.isfinite(loss + watched):
            self.stop("divergence", epoch)
        elif self._looks_for_best:
            if watched < self.best_loss:
                self.best_loss, self.best_epoch = watched, epoch + 1
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
        """Take over what a tracker of the same run had found."""
        self.best_epoch, self.best_loss = best_epoch, best_loss
        self.continues, self.stopped = stopped == "epochs", stopped

    @property
    def is_lost(self) -> bool:
        """Whether it diverged without a best epoch: then the last good weights come back."""
        return self.stopped == "divergence" and self.best_epoch is None

    @property
    def restores(self) -> bool:
        """Whether kept weights come back: the best, or after divergence the last good ones."""
        return self.best_epoch is not None or self.is_lost

    def run(self, losses: list[float], valid_losses: list[float]) -> Run:
        """Give what is known of the run, of which these are the losses to its end and beyond."""
        own = losses[: self._end], valid_losses[: self._end]
        return Run(*own, self.best_epoch, self.stopped)
