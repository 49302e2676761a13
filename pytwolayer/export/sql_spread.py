"""Standard deviations as SQL, of networks that estimate the spread of the outcomes, too."""

from collections.abc import Sequence

import numpy as np

from pytwolayer.export.plain_model import LEAST_SD, PlainModel
from pytwolayer.export.sql_dialects import number

_LARGEST = float(np.finfo(np.float64).max)
_LARGEST_EXPONENT = 709.78
# Squares beyond these are 0 or infinite, of which PostgreSQL makes errors.
_SMALL, _LARGE = 1e-150, 1e150


def standard_deviation(model: PlainModel, place: int, column: int, mean: str, log_sd: str) -> str:
    """Write a network's standard deviation: NULL where it is infinite.

    ``mean`` is the prediction, ``log_sd`` the network's output, which not all models have.
    """
    if model.theta is None:
        scale = float(model.scale[place, column])
        most = min(_LARGEST_EXPONENT, float(np.log(_LARGEST) - np.log(scale)) - 1e-9)
        least = float(np.log(LEAST_SD))
        return (
            f"CASE WHEN {log_sd} <= {number(least)} THEN {number(LEAST_SD * scale)} "
            f"WHEN {log_sd} <= {number(most)} THEN exp({log_sd}) * {number(scale)} END"
        )
    theta = number(float(model.theta[place, column]))
    return (
        f"CASE WHEN {mean} <= {number(_LARGE)} THEN sqrt({mean}) * sqrt(1e0 + {mean} / {theta}) END"
    )


def square(x: str) -> str:
    """Write the square: 0 of what is small, NULL of what is large."""
    return (
        f"CASE WHEN abs({x}) < {number(_SMALL)} THEN 0e0 "
        f"WHEN abs({x}) <= {number(_LARGE)} THEN {x} * {x} END"
    )


def square_root(x: str) -> str:
    """Write the root of what is not negative, but for rounding."""
    return f"CASE WHEN {x} > 0e0 THEN sqrt({x}) WHEN {x} <= 0e0 THEN 0e0 END"


def first_of(names: Sequence[str], most: int) -> str:
    """Write the first that is not NULL; functions have no more than ``most`` arguments."""
    while len(names) > 1:
        parts = [names[start : start + most] for start in range(0, len(names), most)]
        names = [p[0] if len(p) == 1 else f"COALESCE({', '.join(p)})" for p in parts]
    return names[0]
