"""An offset: a known part of each row's outcome, which the network does not learn.

The prediction is the network's output plus the offset. With the Poisson loss, where the network's
output is the logarithm of a rate, it is the rate times exp(offset). So the network is fitted to
the outcome minus the offset; with the Poisson loss to the outcome divided by exp(offset), with
weights exp(offset): exp(o) * (rate - y / exp(o) * log(rate)) is the Poisson loss of rate * exp(o)
up to a term that does not depend on the network. The gamma loss of mean * exp(o) is, up to such a
term, that of the outcome divided by exp(o), with the weights as they were. That of negative
binomial counts is none of a changed outcome: the offset stays a column beside them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.labels import LABELS
from pytwolayer.preprocessing.outcome_range import LOG_LINK
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.spread import NEGATIVE_BINOMIAL, OFFSET
from pytwolayer.preprocessing.table import RawTable, Table, read_table, read_vector
from pytwolayer.preprocessing.trials import BINOMIAL

# Largest absolute offset that is the logarithm of a factor, which stays in float32's range.
_LARGEST = 80.0
_FACTOR_OF = {"poisson": "counts", "gamma": "the gamma loss", NEGATIVE_BINOMIAL: "counts"}


def read_offset(offset: Any, rows: int) -> Doubles:
    """Check an offset, one number for each row; NaN where it is missing.

    Raises
    ------
    ArgumentError
        If it is anything else, or holds an infinite number.
    """
    if rows == 0 and len(offset) == 0:
        return np.empty(0)
    column = read_vector("offset", offset, rows)
    if column.has_levels or column.kind == "logical":
        raise ArgumentError("offset", "numbers", "text or logicals")
    return column.values


def remove_offset(
    y: Any, weights: Any, offset: Any, loss: Any, weight_type: str
) -> tuple[RawTable, Any]:
    """Compute the outcome and the weights that the network is fitted to.

    Parameters
    ----------
    y : vector or table
        Numbers; the offset is that of every column.
    weights : array or None
        One for each row.
    offset : vector
        A number for each row. Where it is missing, the returned outcome is missing.
    loss : str or callable
    weight_type : str
        "importance" or "frequency".

    Raises
    ------
    ArgumentError
        If the outcome is classes, or the offset is not what it must be.
    """
    table = read_table("y", y, vector=True, outcome=True)
    if any(column.is_classes for column in table.columns):
        raise ArgumentError("offset", "left out where the outcome is classes", "given")
    if loss in (BINOMIAL, LABELS):
        raise ArgumentError("offset", f'left out with the loss "{loss}"', "given")
    numbers = read_offset(offset, table.rows)
    if loss not in LOG_LINK:
        return _mapped(table, lambda values: values - numbers), weights
    known = numbers[~np.isnan(numbers)]
    if len(known) and np.abs(known).max() > _LARGEST:
        received = checks.describe(float(known[np.abs(known).argmax()]))
        expected = f"from -{_LARGEST:g} to {_LARGEST:g} for {_FACTOR_OF[loss]}"
        raise ArgumentError("offset", expected, received)
    has_factors = loss == "poisson" and (known != 0).any()
    if has_factors and weight_type == "frequency" and weights is not None:
        expected = '"importance" with an offset and the Poisson loss'
        raise ArgumentError("weight_type", expected, '"frequency"')
    if loss == NEGATIVE_BINOMIAL:
        names = table.names or [f"y{number + 1}" for number in range(len(table.columns))]
        columns = [*(column.values for column in table.columns), numbers]
        return RawTable([*names, OFFSET], (table.rows, len(columns)), [*columns]), weights
    with np.errstate(invalid="ignore"):  # R's missing value is a signalling NaN
        exposure = np.exp(numbers)
    if loss == "gamma":
        return _mapped(table, lambda values: values / exposure), weights
    factors = np.where(np.isnan(exposure), 1.0, exposure)
    if weights is None:
        weights = factors
    elif len(weights) == len(factors):  # another length is refused where the data are read
        weights = weights * factors
    return _mapped(table, lambda values: values / exposure), weights


def _mapped(table: Table, change: Callable[[Doubles], Doubles]) -> RawTable:
    with np.errstate(invalid="ignore"):  # R's missing value is a signalling NaN
        columns = [change(column.values) for column in table.columns]
    shape = (table.rows,) if table.vector else (table.rows, len(columns))
    return RawTable(None if table.names is None else [*table.names], shape, [*columns])


def add_offset(values: Doubles, offset: Doubles, *, log: bool) -> Doubles:
    """Add the offset to predictions, shape ``(rows, outcomes)``; NaN where it is missing.

    Raises
    ------
    ArgumentError
        If a result is infinite.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # R's missing value is a signalling NaN
        sums: Doubles = values * np.exp(offset)[:, None] if log else values + offset[:, None]
    if np.isinf(sums).any():
        raise ArgumentError("offset", "one with which predictions are finite", "larger")
    return sums


def add_offset_if_fitted(values: Doubles, has_offset: bool, offset: Any, *, log: bool) -> Doubles:
    """Add the offset to the predictions of a fit that has one.

    Raises
    ------
    ArgumentError
        If such a fit gets none, or another fit gets one.
    """
    if not has_offset:
        if offset is not None:
            raise ArgumentError("offset", "left out: the fit was fitted without one", "given")
        return values
    if offset is None:
        expected = "given, a number for each row, since the fit was fitted with an offset"
        raise ArgumentError("offset", expected, "missing")
    return add_offset(values, read_offset(offset, len(values)), log=log)
