"""Outcomes of which the network estimates the spread about the mean, too.

Of normal ones it is the standard deviation of each row; of counts, whose variance is
``mean + mean ** 2 / theta``, one ``theta`` for all rows.
"""

import math

import numpy as np

from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table

NORMAL, NEGATIVE_BINOMIAL = "normal", "negative_binomial"
# A standard deviation is at least a thousandth of the outcome's, or it would be 0 where few rows
# are fitted exactly; counts of a theta beyond these are a Poisson distribution's, or all but one 0.
LEAST_LOG_SD = math.log(1e-3)
LOG_THETA = (-10.0, 15.0)
_FIRST_LOG_THETA = (math.log(0.1), math.log(100.0))
# The name that R's model frames have for it. Counts keep it beside them: no weights can replace it.
OFFSET = "(offset)"


def outcome_columns(table: Table) -> list[Column]:
    """Return the columns of the outcome, without an offset beside them."""
    return table.columns[:-1] if has_offset(table) else table.columns


def has_offset(table: Table) -> bool:
    """Tell whether the last column is an offset."""
    return len(table.columns) > 1 and table.names is not None and table.names[-1] == OFFSET


def exposure(table: Table) -> Doubles | float:
    """Return the factor of each row's mean; 1 without an offset."""
    return np.exp(table.columns[-1].values) if has_offset(table) else 1.0


def first_log_theta(table: Table, scale: tuple[float, ...], weights: Doubles | None) -> list[float]:
    """Return where the logarithm of each outcome's ``theta`` starts: of one mean for all rows.

    A few hundred updates take it no further than by one or two, and from 0 not to a large one.
    """
    found = []
    for column, own in zip(outcome_columns(table), scale, strict=True):
        mean = own * exposure(table)
        excess = np.average((column.values - mean) ** 2 - mean, weights=weights)
        square = np.average(np.broadcast_to(mean**2, column.values.shape), weights=weights)
        theta = square / excess if excess > 0 else math.inf
        found.append(float(np.clip(np.log(theta), *_FIRST_LOG_THETA)))
    return found


def standard_deviations(log_sd: Doubles, scale: tuple[float, ...]) -> Doubles:
    """Convert the network's output to standard deviations on the outcome's scale."""
    with np.errstate(over="ignore"):
        sd: Doubles = np.exp(np.maximum(log_sd, LEAST_LOG_SD)) * scale
    return sd


def theta_of(log_theta: Doubles) -> Doubles:
    """Convert the network's output to ``theta``."""
    theta: Doubles = np.exp(np.clip(log_theta, *LOG_THETA))
    return theta
