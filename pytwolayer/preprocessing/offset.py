"""An offset: what is known of each row's outcome, which the network does not learn.

The prediction is the network's plus the offset; under the Poisson loss, whose network gives the
logarithm of a rate, it is the rate times exp(offset). So a network with an offset is one that is
fitted to the rest: the outcome minus the offset, or the outcome over exp(offset) with weights of
exp(offset), since exp(o) * (rate - y / exp(o) * log(rate)) is the Poisson loss of rate * exp(o)
but for what does not depend on the network.
"""

from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Doubles
from pytwolayer.preprocessing.table import read_table

# Of exp(offset), so that neither weights nor rates leave the range of float32.
_LARGEST = 80.0


def read_offset(offset: Any, rows: int) -> Doubles:
    """Check an offset of so many rows; NaN where it is missing.

    Raises
    ------
    ArgumentError
        If it is no finite number for each row.
    """
    if rows == 0 and len(offset) == 0:
        return np.empty(0)
    table = read_table("offset", offset, vector=True)
    if not table.vector and len(table.columns) != 1:
        raise ArgumentError("offset", "a vector", "a table")
    (column,) = table.columns
    if column.has_levels or column.kind == "logical":
        raise ArgumentError("offset", "numbers", "text or logicals")
    if table.rows != rows:
        raise ArgumentError("offset", f"as long as `x` ({rows} rows)", f"{table.rows} rows long")
    return column.values


def remove_offset(y: Any, weights: Any, offset: Any, loss: Any, weight_type: str) -> Any:
    """Give the outcome and the weights that the network is fitted to.

    Parameters
    ----------
    y : Series or DataFrame
        Of numbers; one offset is that of all columns.
    weights : array or None
        Of the rows.
    offset : vector
        A number for each row. Where it is missing, so is the outcome that comes back.
    loss : str or callable
    weight_type : str
        What the weights mean.

    Raises
    ------
    ArgumentError
        If the outcome is classes, or the offset is not what it must be.
    """
    if any(column.is_classes for column in read_table("y", y, vector=True, outcome=True).columns):
        raise ArgumentError("offset", "left out where the outcome is classes", "given")
    numbers = read_offset(offset, len(y))
    if loss != "poisson":
        return y.sub(numbers, axis=0), weights
    known = numbers[~np.isnan(numbers)]
    if len(known) and np.abs(known).max() > _LARGEST:
        received = checks.shown(float(known[np.abs(known).argmax()]))
        raise ArgumentError("offset", f"from -{_LARGEST:g} to {_LARGEST:g} for counts", received)
    if weight_type == "frequency" and weights is not None and (known != 0).any():
        expected = '"importance" with an offset and the Poisson loss'
        raise ArgumentError("weight_type", expected, '"frequency"')
    with np.errstate(invalid="ignore"):  # of R's missing value, which is an odd NaN
        exposure = np.exp(numbers)
    there = np.where(np.isnan(exposure), 1.0, exposure)
    if weights is None:
        weights = there
    elif len(weights) == len(there):  # else it will be refused
        weights = weights * there
    return y.div(exposure, axis=0), weights


def add_offset(values: Doubles, offset: Doubles, *, log: bool) -> Doubles:
    """Put the offset back to predictions, shape ``(rows, outcomes)``; missing where it is.

    Raises
    ------
    ArgumentError
        If what comes out is too large a number.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # R's missing value is an odd NaN
        made: Doubles = values * np.exp(offset)[:, None] if log else values + offset[:, None]
    if np.isinf(made).any():
        raise ArgumentError("offset", "one with which predictions are finite", "larger")
    return made


def add_offset_if_fitted(values: Doubles, has_offset: bool, offset: Any, *, log: bool) -> Doubles:
    """Put the offset back where the fit has one; it must be given there and nowhere else.

    Raises
    ------
    ArgumentError
        If it is missing, or given to a fit that has none.
    """
    if not has_offset:
        if offset is not None:
            raise ArgumentError("offset", "left out: the fit was fitted without one", "given")
        return values
    if offset is None:
        expected = "given, a number for each row, since the fit was fitted with an offset"
        raise ArgumentError("offset", expected, "missing")
    return add_offset(values, read_offset(offset, len(values)), log=log)
