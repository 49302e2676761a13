"""The rows that a figure of predictions shows, and what it says of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_TRAINING = "training "


class ComparedRows(NamedTuple):
    """Predictions beside what was observed.

    Attributes
    ----------
    observed, predicted : array
        Shape ``(rows, columns)``: of numbers a column for each outcome; of labels whether each is
        there, and its probability; of classes 1 at each row's class, else 0, and probabilities.
    weights : array or None
    names : sequence of str
        Of the columns: the outcomes, or the classes.
    outcome : str or None
        The outcome's name, where there is one outcome that has one.
    are_of_training : bool
        Whether the fit was trained on them.
    trials : bool
        Whether the outcome is a share of trials, whose number the weights are.
    """

    observed: Doubles
    predicted: Doubles
    weights: Doubles | None
    names: Sequence[str]
    outcome: str | None = None
    are_of_training: bool = False
    trials: bool = False

    @property
    def known(self) -> "ComparedRows":
        """Those with all values and a weight, which are the ones that a figure shows."""
        there = ~(np.isnan(self.observed).any(axis=1) | np.isnan(self.predicted).any(axis=1))
        weights = self.weights
        if weights is not None:
            there &= weights > 0
            weights = weights[there]
        return self._replace(
            observed=self.observed[there], predicted=self.predicted[there], weights=weights
        )

    @property
    def own_weights(self) -> Doubles:
        """A weight for each row; on average 1, unless they are numbers of trials."""
        if self.weights is None:
            return np.ones(len(self.observed))
        return self.weights if self.trials else self.weights / self.weights.mean()

    @property
    def labels(self) -> str:
        """What labels are called together; the only one by its outcome's name or its own."""
        return (self.outcome or self.names[0]) if len(self.names) == 1 else "Labels"

    @property
    def words(self) -> str:
        """How many rows there are, of which kind."""
        number = len(self.observed)
        kind = _TRAINING if self.are_of_training else ""
        weighted = ", weighted" if self.weights is not None and not self.trials else ""
        return f"{number:,} {kind}row{'' if number == 1 else 's'}{weighted}"


def format_measure(value: float) -> str:
    """Write a measure at three significant digits."""
    return f"{value:.3g}"


def spread_evenly(number: int, most: int) -> NDArray[np.intp]:
    """Choose at most so many of a number of places, evenly."""
    return np.linspace(0, number - 1, min(number, most)).astype(np.intp)


def equal_groups(values: Doubles, weights: Doubles, groups: int) -> NDArray[np.intp]:
    """Return the numbers of groups of about the same weight, equal values being in one group."""
    distinct, places = np.unique(values, return_inverse=True)
    own = np.bincount(places, weights, len(distinct))
    middles = (np.cumsum(own) - own / 2) / own.sum()
    numbers: NDArray[np.intp] = np.minimum(middles * groups, groups - 1).astype(np.intp)[places]
    return np.unique(numbers, return_inverse=True)[1].astype(np.intp)
