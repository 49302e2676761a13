"""Coding a column of numbers as several inputs, one for each piece between two quantiles."""

from dataclasses import dataclass

import numpy as np

from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.standardize import Floats, NumberCoding, standardize

LEAST_PIECES, MOST_PIECES = 2, 64
LEAST_VALUES = 5  # a column of fewer different numbers is not cut into pieces
# A quantile counts as reached where less than this share of the weights is missing: sums of weights
# differ that much by rounding, and on either side of a tie is another quantile.
_ROUNDING = 2.0**-30


@dataclass(frozen=True)
class PiecewiseCoding:
    """Codes a column as several inputs, of which each rises along one piece of its range.

    Within its piece an input rises linearly; before it and behind it, it is constant. The first
    piece goes on to all smaller numbers, the last one to all larger numbers. Each input is then
    standardised.

    Attributes
    ----------
    knots : tuple of float
        The ends of the pieces, ascending: one more than there are pieces, of which there are 2 or
        more.
    center, scale : tuple of float
        Weighted mean and population standard deviation of each input, between 0 and 1 in the
        training rows, before it is standardised. An input of scale 0 is zeros.
    limit : float or None
        Standardised inputs are clipped to the range from ``-limit`` to ``limit``.
    """

    knots: tuple[float, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    limit: float | None = None

    @property
    def width(self) -> int:
        """Number of inputs."""
        return len(self.center)

    @classmethod
    def fit(
        cls,
        argument: str,
        values: Doubles,
        weights: Doubles | None,
        limit: float | None,
        pieces: int,
        label: str | None = None,
    ) -> "PiecewiseCoding | NumberCoding":
        """Learn the pieces of a column without missing values.

        Returns
        -------
        PiecewiseCoding or NumberCoding
            The latter where the column is constant, has fewer than 5 different numbers, or has
            fewer than 3 different quantiles.

        Raises
        ------
        ArgumentError
            If the numbers are too large for their standard deviation to be finite.
        """
        plain = NumberCoding.fit(argument, values, weights, limit, label)
        knots = () if plain.scale == 0 else _knots(values, weights, pieces)
        if len(knots) < 3:
            return plain
        scratch, codings = np.empty(len(values)), []
        for piece in range(len(knots) - 1):
            shares = _shares(knots, piece, values, scratch)
            codings.append(NumberCoding.fit(argument, shares, weights))
        center, scale = (c.center for c in codings), (c.scale for c in codings)
        return cls(knots, tuple(center), tuple(scale), limit)

    def write(self, values: Doubles, lines: Floats, scratch: Doubles) -> None:
        """Write the standardised inputs, each into its line, rounded and not yet clipped."""
        pairs = zip(self.center, self.scale, strict=True)
        for piece, (center, scale) in enumerate(pairs):
            shares = _shares(self.knots, piece, values, scratch)
            standardize(shares, center, scale, lines[piece], shares)


def _knots(values: Doubles, weights: Doubles | None, pieces: int) -> tuple[float, ...]:
    """Return the different quantiles at 0, 1 / pieces, ..., 1; none of a few different numbers.

    A quantile is the smallest number at which the cumulated weight reaches its share of the sum.
    It is no interpolation, so that equal rows give the same when they are merged.
    """
    if weights is None:
        ordered, cumulated = np.sort(values), np.arange(1.0, len(values) + 1)
    else:
        order = np.argsort(values, kind="stable")
        ordered, cumulated = values[order], np.cumsum(weights[order])
    if np.count_nonzero(ordered[1:] > ordered[:-1]) < LEAST_VALUES - 1:
        return ()
    wanted = cumulated[-1] * (1 - _ROUNDING) * (np.arange(pieces + 1) / pieces)
    quantiles = ordered[np.searchsorted(cumulated, wanted)]
    quantiles[-1] = ordered[-1]
    return tuple((np.unique(quantiles) + 0.0).tolist())  # turns -0 into 0


def _shares(knots: tuple[float, ...], piece: int, values: Doubles, into: Doubles) -> Doubles:
    """Compute the share of a piece that lies below each value."""
    start, end = knots[piece : piece + 2]
    with np.errstate(over="ignore"):
        np.subtract(values, start, out=into)
        np.divide(into, end - start, out=into)
    if piece > 0:
        np.maximum(into, 0.0, out=into)
    if piece < len(knots) - 2:
        np.minimum(into, 1.0, out=into)
    return into
