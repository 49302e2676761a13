"""Weighted means and standard deviations over rows that come in parts."""

import numpy as np

from pytwolayer.preprocessing.row_source import Doubles


class Averages:
    """Means and standard deviations over rows, one for each of the other axes.

    A value that is missing is left out. Deviations are taken from the mean so far, so that they
    are exact where the values are all alike.
    """

    def __init__(self) -> None:
        self._weight: Doubles | None = None
        self._mean = self._squares = np.empty(0)

    def add(self, values: Doubles, weights: Doubles | None) -> None:
        """Add rows, the first axis of ``values``."""
        there = ~np.isnan(values)
        own = np.ones(len(values)) if weights is None else weights
        each = there * own.reshape(-1, *[1] * (values.ndim - 1))
        weight = each.sum(axis=0)
        divisor = np.where(weight > 0, weight, 1.0)
        known = np.where(there, values, 0.0)
        mean = (known * each).sum(axis=0) / divisor
        squares = (each * (known - mean) ** 2).sum(axis=0)
        if self._weight is None:
            self._weight, self._mean, self._squares = weight, mean, squares
            return
        total = self._weight + weight
        share = weight / np.where(total > 0, total, 1.0)
        step = mean - self._mean
        self._squares = self._squares + squares + step**2 * self._weight * share
        self._mean = self._mean + step * share
        self._weight = total

    def mean(self) -> Doubles:
        """Return the means; NaN where there is no row."""
        return self._known(self._mean)

    def deviation(self) -> Doubles:
        """Return the standard deviations (of a population) over the rows."""
        assert self._weight is not None
        return np.sqrt(self._known(self._squares / np.where(self._weight > 0, self._weight, 1.0)))

    def _known(self, values: Doubles) -> Doubles:
        assert self._weight is not None
        return np.where(self._weight > 0, values, np.nan)
