"""Equal rows made one, where all rows are one batch anyway."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.column import Doubles
from pytwolayer.preprocessing.table import RowNumbers
from pytwolayer.preprocessing.training_data import TrainingData


def merge_equal_rows(data: TrainingData) -> TrainingData:
    """Make one row of equal ones, their weights added up, and put the rows in an order.

    Trained on all rows at once the network is the same; now to the last bit, whatever the
    order of the rows, and a row that counts twice is a row that is there twice.
    """
    columns = [*data.predictors.columns, *data.outcomes.columns]
    order, is_first = _sorted([column.values for column in columns])
    merged = data.take(order[is_first])
    weights = np.ones(len(order)) if data.weights is None else data.weights[order]
    if data.counts is not None:
        weights = weights * data.counts[order]
    sums = np.add.reduceat(weights, np.flatnonzero(is_first))
    return replace(merged, weights=None if (sums == 1).all() else sums, counts=None)


def _sorted(columns: Sequence[Doubles]) -> tuple[RowNumbers, NDArray[np.bool_]]:
    """Sort rows by their columns, the first one first; equal rows stay in their order.

    Each column sorts only the rows that those before it left equal: mostly the first tells
    all rows apart, and the others need not be looked at.

    Returns
    -------
    order : array
        The rows' numbers.
    is_first : array
        Which of them, in that order, differ from the one before.
    """
    rows = len(columns[0])
    order, is_first = np.arange(rows), np.zeros(rows, dtype=np.bool_)
    is_first[0] = True
    for values in columns:
        last = np.append(is_first[1:], True)
        tied = np.flatnonzero(~(is_first & last))  # places that share their group with others
        if not len(tied):
            break
        group = np.cumsum(is_first[tied])
        own = values[order[tied]] + 0.0  # which makes 0 of -0, so that they are equal
        by_value = np.lexsort((own, group))
        order[tied], own = order[tied][by_value], own[by_value]
        is_first[tied[1:]] |= own[1:] != own[:-1]
    return order, is_first
