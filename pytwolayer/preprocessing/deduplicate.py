"""Merging equal rows, for fits where all rows are one batch."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pytwolayer.preprocessing.row_source import Doubles, RowNumbers
from pytwolayer.preprocessing.training_data import TrainingData


def merge_equal_rows(data: TrainingData) -> TrainingData:
    """Merge equal rows into one, with the sum of their weights, and sort the rows.

    If all rows are one batch, the gradient is mathematically the same. The fit then does not depend
    on the order of the rows, and a row with frequency 2 gives the same bits as two equal rows.
    """
    order, is_first = _sort_rows(_values(data), data.rows)
    merged = data.take(order[is_first])
    weights = np.ones(len(order)) if data.weights is None else data.weights[order]
    if data.counts is not None:
        weights = weights * data.counts[order]
    sums = np.add.reduceat(weights, np.flatnonzero(is_first))
    return replace(merged, weights=None if (sums == 1).all() else sums, counts=None)


def sort_rows(data: TrainingData) -> TrainingData:
    """Sort rows as ``merge_equal_rows()`` does, and equal ones by their weights."""
    weights = [] if data.weights is None else [data.weights]
    return data.take(_sort_rows(chain(_values(data), weights), data.rows)[0])


def _values(data: TrainingData) -> Iterator[Doubles]:
    # One by one: those of a large table are read when they are asked for.
    return (column.values for column in (*data.predictors.columns, *data.outcomes.columns))


def _sort_rows(columns: Iterable[Doubles], rows: int) -> tuple[RowNumbers, NDArray[np.bool_]]:
    """Sort rows by their columns, the first one first; equal rows stay in their order.

    Each column sorts only the rows that are equal in all columns before it: often the first
    column differs in all rows, and the others are not read.

    Returns
    -------
    order : array
        Row numbers.
    is_first : array
        Which rows, in that order, differ from the row before.
    """
    order, is_first = np.arange(rows), np.zeros(rows, dtype=np.bool_)
    is_first[0] = True
    for values in columns:
        last = np.append(is_first[1:], True)
        tied = np.flatnonzero(~(is_first & last))  # positions of rows that have equals
        if not len(tied):
            break
        group = np.cumsum(is_first[tied])
        own = values[order[tied]] + 0.0  # turns -0 into 0, so that both are equal
        by_value = np.lexsort((own, group))
        order[tied], own = order[tied][by_value], own[by_value]
        is_first[tied[1:]] |= own[1:] != own[:-1]
    return order, is_first
