"""The derivative of a column's encoding: of each of its inputs, at each value.

Where an input has a kink, as at the ends of a piece, it is the mean of the derivatives to the left
and to the right, which is what a central difference tends to.
"""

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.piecewise import PiecewiseCoding
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.standardize import NumberCoding


def slopes(coding: NumberCoding | PiecewiseCoding, values: Doubles) -> Doubles:
    """Return the derivatives, shape ``(rows, inputs)``."""
    if isinstance(coding, NumberCoding):
        return _standardised(values, 1.0, coding.center, coding.scale, coding.limit)[:, None]
    pieces = [_piece(coding, piece, values) for piece in range(coding.width)]
    return np.column_stack(pieces)


def _piece(coding: PiecewiseCoding, piece: int, values: Doubles) -> Doubles:
    start, end = coding.knots[piece : piece + 2]
    share, inside = (values - start) / (end - start), np.ones(len(values))
    if piece > 0:
        inside *= _half(share > 0, share >= 0)
        share = np.maximum(share, 0.0)
    if piece < coding.width - 1:
        inside *= _half(share < 1, share <= 1)
        share = np.minimum(share, 1.0)
    center, scale = coding.center[piece], coding.scale[piece]
    return inside / (end - start) * _standardised(share, 1.0, center, scale, coding.limit)


def _standardised(
    values: Doubles, slope: float, center: float, scale: float, limit: float | None
) -> Doubles:
    if scale == 0:
        return np.zeros(len(values))
    found = np.full(len(values), slope / scale)
    if limit is not None:
        size = np.abs((values - center) / scale)
        found *= _half(size < limit, size <= limit)
    return found


def _half(strictly: NDArray[np.bool_], just: NDArray[np.bool_]) -> Doubles:
    """Return 1 where both hold, 1/2 where one does, else 0."""
    return (strictly.astype(np.float64) + just) / 2
