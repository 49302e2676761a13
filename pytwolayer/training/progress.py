"""The progress display of a long fit, updated by time and not by epoch, to cost next to nothing."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

_INTERVAL = 0.1  # seconds
_DELAY = 1.0  # seconds before anything is shown: a short fit shows nothing
SEARCH = "Choosing weight decay"
READING, PREDICTING = "Reading", "Predicting"


class Progress(Protocol):
    """A progress display, as a user may pass one."""

    def update(self, epoch: int, loss: float) -> None:
        """Show that an epoch, counted from 1, has ended."""

    def close(self) -> None:
        """Remove the display at the end of the run."""


MakeProgress = Callable[[int], Progress | None]
MakeRowsProgress = Callable[[int | None], Progress | None]


@dataclass(frozen=True)
class Displays:
    """Makes the displays of a fit, given a number of epochs.

    Attributes
    ----------
    run : callable
        For the training.
    search : callable
        For the search for settings before it, of whose losses nothing is shown.
    reading : callable
        For a pass over the data, given the number of rows, or None where it is not known.
    """

    run: MakeProgress
    search: MakeProgress
    reading: MakeRowsProgress = lambda rows: None

    def __call__(self, epochs: int) -> Progress | None:
        """Make that of the training."""
        return self.run(epochs)


class Timed:
    """A display that is redrawn every tenth of a second at most."""

    def __init__(self, show: Callable[[int, float], object], close: Callable[[], object]) -> None:
        self._show, self._close = show, close
        self._next = time.monotonic() + _DELAY
        self._shown = False

    def update(self, epoch: int, loss: float) -> None:
        """Redraw if the time has come."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._shown = True
            self._show(epoch, loss)

    def close(self) -> None:
        """Remove the display."""
        if self._shown:
            self._close()


class Bar:
    """tqdm's bar, made at its first drawing."""

    def __init__(self, epochs: int | None, label: str | None = None, unit: str = "epoch") -> None:
        self._epochs, self._start, self._label = epochs, time.time(), label
        self._unit = {"unit": unit, "unit_scale": unit != "epoch"}
        self._bar: Any = None

    def show(self, epoch: int, loss: float) -> None:
        """Draw the bar."""
        if self._bar is None:
            from tqdm.auto import tqdm

            # `Timed` decides when to draw; the rate is the mean since the start.
            now: dict[str, Any] = {"mininterval": 0, "miniters": 1, "smoothing": 0}
            now |= self._unit
            self._bar = tqdm(total=self._epochs, desc=self._label, leave=False, **now)
            self._bar.start_t = self._start
        if not math.isnan(loss) or self._label is None:
            self._bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
        self._bar.update(epoch - self._bar.n)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def bar(epochs: int, label: str | None = None) -> Progress | None:
    """Make a progress bar for a terminal or a notebook; None where there is neither."""
    if not (_in_notebook() or _on_terminal()):
        return None
    drawn = Bar(epochs, label)
    return Timed(drawn.show, drawn.close)


def rows_bar(rows: int | None, label: str = PREDICTING) -> Progress | None:
    """Make a progress bar of rows; None where there is neither terminal nor notebook.

    ``rows`` is None where their number is not known.
    """
    if not (_in_notebook() or _on_terminal()):
        return None
    drawn = Bar(rows, label, unit=" rows")
    return Timed(drawn.show, drawn.close)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config
