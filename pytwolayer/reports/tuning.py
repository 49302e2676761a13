"""What the search for weight decay, encoding and learning rate found, as users see it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytwolayer.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CANDIDATE = ["encoding", "learning_rate", "weight_decay"]


@dataclass(frozen=True)
class TuningReport:
    """A search, and what the fit took of it.

    Attributes
    ----------
    losses : DataFrame or None
        ``tuning`` of a fit; None where nothing was searched.
    chosen : tuple
        Encoding, learning rate and weight decay of the fit: the candidate that was chosen.
    loss : str
        The loss by name.
    scale : float or None
        Of the standardised outcome whose mean squared error the loss is; None: another loss.
    usual : float
        The weight decay where nothing is searched.
    """

    losses: pd.DataFrame | None
    chosen: tuple[str, float, float]
    loss: str
    scale: float | None
    usual: float

    def table(self) -> pd.DataFrame:
        """Return a row for each candidate: its mean loss over the folds, with standard error."""
        losses = self._searched()
        rows = [
            (*candidate, *_mean_and_error(own.to_numpy(dtype=np.float64)))
            for candidate, own in losses.groupby(_CANDIDATE, sort=False)["valid_loss"]
        ]
        table = pd.DataFrame(rows, columns=[*_CANDIDATE, "mean", "n", "std_err"])
        return table.assign(chosen=(table[_CANDIDATE] == list(self.chosen)).all(axis=1))

    def error(self) -> float | None:
        """Return the estimated error of the chosen candidate; None where nothing was searched."""
        if self.losses is None:
            return None
        means = self.table().query("chosen")["mean"]
        if means.empty:
            return None
        loss = float(means.iloc[0])
        return loss if self.scale is None else math.sqrt(loss) * self.scale

    def words(self) -> str:
        """Say in one line what was chosen, of what, and its error; empty: nothing was searched."""
        error = self.error()
        if self.losses is None or error is None:
            return ""
        table, (encoding, rate, decay) = self.table(), self.chosen
        found = [f"weight decay {decay:.3g}"]
        if table["learning_rate"].nunique() > 1:
            found.append(f"learning rate {rate:.3g}")
        if table["encoding"].nunique() > 1:
            found.append(f"{encoding} encoding")
        folds = int(table["n"].max())
        return (
            f"{', '.join(found)}: of {len(table)} candidates "
            f"in {folds} fold{'s' if folds > 1 else ''}; "
            f"estimated error {format_error(error)} ({self.measure})"
        )

    @property
    def measure(self) -> str:
        """What the estimated error is."""
        if self.scale is not None:
            return "RMSE"
        return "log loss" if self.loss == "cross_entropy" else self.loss

    def plot(self, file: str | Path | None) -> "Axes":
        """Plot the losses against the weight decay; see ``plot_tuning()``."""
        from pytwolayer.reports.plot_tuning import plot_tuning

        losses, usual = self._searched(), self.usual
        return plot_tuning(losses, file, chosen=self.chosen, usual=usual, loss=self.loss)

    def _searched(self) -> pd.DataFrame:
        if self.losses is None:
            raise ArgumentError(
                "fit",
                'one that searched for its weight decay, as `weight_decay="auto"` mostly does',
                "one that did not search",
            )
        return self.losses


def _mean_and_error(losses: "np.typing.NDArray[np.float64]") -> tuple[float, int, float]:
    number = len(losses)
    finite = number > 1 and bool(np.isfinite(losses).all())
    error = float(losses.std(ddof=1)) / math.sqrt(number) if finite else math.nan
    return float(losses.mean()), number, error


def format_error(error: float) -> str:
    """Write an error at four significant digits, in thousands as a whole number."""
    if math.isinf(error):
        return "infinite"
    return f"{error:.0f}" if 1e3 <= error < 1e9 else f"{error:.4g}"
