"""Effects from predictions of rows in which a variable has other values.

Where columns are computed from a variable, by a formula for example, the caller computes them anew
for each value and has the rows predicted; what is made of the predictions is the same as elsewhere.
"""

from collections.abc import Sequence

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.explain.effects import NO_ROWS, AverageEffects, RowAverages
from pytwolayer.explain.rows import spread_of
from pytwolayer.preprocessing.row_source import Doubles

_USUAL_STEP = 0.01  # standard deviations


def step_of(values: Doubles, weights: Doubles | None, share: float | None) -> float:
    """Return half the width of a difference: a share of the standard deviation.

    Without a share a hundredth of that or, of a constant, of its size.
    """
    width = spread_of(values, weights)
    if share is not None:
        return share * width
    known = np.abs(values[~np.isnan(values)])
    return _USUAL_STEP * (width or max(1.0, float(known.max(initial=0.0))))


def difference_ends(values: Doubles, step: float) -> tuple[Doubles, Doubles]:
    """Return the values that a difference is between, below and above.

    A variable that is never negative stays so: a logarithm or a root has no others.
    """
    below, known = values - step, values[~np.isnan(values)]
    if (known >= 0).all():
        below = np.maximum(below, values / 2)
    return below, values + step


def average_contrasts(
    predictions: Sequence[Doubles], widths: Doubles | None, weights: Doubles | None
) -> AverageEffects:
    """Average what predictions differ by from the first ones.

    Parameters
    ----------
    predictions : sequence of array
        With a variable at each of several values, of shape ``(models, rows, outputs)``.
    widths : array, optional
        What each row's differences are divided by.
    weights : array, optional
        Of the rows.
    """
    first = predictions[0]
    if not first.shape[1]:
        raise ArgumentError("x", NO_ROWS, "none")
    changes = np.stack([other - first for other in predictions[1:]], axis=-1)
    if widths is not None:
        changes /= widths[:, None, None]
    averages = RowAverages(len(first))
    averages.add(changes, weights)
    return averages.averages()
