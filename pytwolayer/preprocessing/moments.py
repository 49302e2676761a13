"""Mean and deviation of numbers, in double precision, from blocks put together in order."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pytwolayer.preprocessing.row_source import Doubles, block_slices

_TINY = 1e-140  # squares of smaller numbers are subnormal and lose digits


@dataclass(frozen=True)
class Moments:
    """What is known of some numbers.

    Attributes
    ----------
    weight : float
        Sum of the weights; without weights the number of numbers.
    mean : float
        Weighted mean.
    squares : float
        Weighted sum of squared deviations from the mean.
    largest : float
        Largest absolute value.
    """

    weight: float
    mean: float
    squares: float
    largest: float

    @property
    def deviation(self) -> float:
        """The population standard deviation."""
        return math.sqrt(self.squares / self.weight)

    @property
    def is_tiny(self) -> bool:
        """Whether squares are so small that they have lost digits."""
        return self.deviation < _TINY

    def joined(self, other: "Moments") -> "Moments":
        """Put the moments of the numbers that follow to these."""
        weight = self.weight + other.weight
        difference, share = other.mean - self.mean, other.weight / weight
        mean = self.mean + difference * share
        between = difference * difference * (self.weight * share)
        squares = self.squares + other.squares + between
        largest = max(self.largest, other.largest)
        return Moments(weight, mean, squares, largest)


def moments_of_block(values: Doubles, total: float, scratch: Doubles) -> Moments:
    """Return the moments of one block of numbers without weights, of which ``total`` is the sum.

    ``scratch`` is as long as ``values``, and is overwritten.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = total / len(values)
        deviations = np.subtract(values, mean, out=scratch)
        squares = np.add.reduce(np.multiply(deviations, deviations, out=scratch))
    largest = max(float(np.maximum.reduce(values)), -float(np.minimum.reduce(values)))
    return Moments(len(values), float(mean), float(squares), largest)


def moments_of_lines(lines: Doubles, totals: Doubles, scratch: Doubles) -> list[Moments]:
    """Return the moments of one block of several columns, each a line; the same bits.

    ``totals`` are the lines' sums; ``scratch`` has the shape of ``lines``, and is overwritten.
    """
    number = lines.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        means = totals / number
        deviations = np.subtract(lines, means[:, None], out=scratch)
        squares = np.add.reduce(np.multiply(deviations, deviations, out=scratch), axis=1)
    largest = np.maximum(np.maximum.reduce(lines, axis=1), -np.minimum.reduce(lines, axis=1))
    numbers = zip(means.tolist(), squares.tolist(), largest.tolist(), strict=True)
    return [Moments(number, *of_line) for of_line in numbers]


def weighted_moments_of_block(values: Doubles, weights: Doubles) -> Moments:
    """Return the moments of one block of numbers with weights."""
    with np.errstate(over="ignore", invalid="ignore"):
        weight = float(weights.sum())
        mean = (values * weights).sum() / weight
        squares = ((values - mean) ** 2 * weights).sum()
    largest = max(float(values.max()), -float(values.min()))
    return Moments(weight, float(mean), float(squares), largest)


def moments_of(lines: Iterable[Doubles], weights: Doubles | None = None) -> Moments:
    """Return the moments of a column's blocks."""
    found, start = None, 0
    for values in lines:
        if weights is None:
            with np.errstate(over="ignore", invalid="ignore"):
                total = np.add.reduce(values)
            block = moments_of_block(values, total, np.empty(len(values)))
        else:
            block = weighted_moments_of_block(values, weights[start : start + len(values)])
        start += len(values)
        found = block if found is None else found.joined(block)
    assert found is not None
    return found


def lines_of(values: Doubles) -> Iterable[Doubles]:
    """Cut numbers in memory into blocks."""
    return (values[part] for part in block_slices(len(values)))
