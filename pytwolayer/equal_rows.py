"""Equal rows made one, where all rows are one batch anyway."""

from dataclasses import replace

import numpy as np

from pytwolayer.training_data import TrainingData


def merge_equal_rows(data: TrainingData) -> TrainingData:
    """Make one row of equal ones, their weights added up, and put the rows in an order.

    Trained on all rows at once the network is the same; now to the last bit, whatever the
    order of the rows, and a weight of 2 is a row that is there twice.
    """
    columns = [*data.predictors.columns, *data.outcomes.columns]
    matrix = np.column_stack([column.values for column in columns])
    order = np.lexsort(matrix.T[::-1])
    matrix = matrix[order]
    is_first = np.ones(len(matrix), dtype=np.bool_)
    is_first[1:] = (matrix[1:] != matrix[:-1]).any(axis=1)
    merged = data.take(order[is_first])
    weights = np.ones(len(order)) if data.weights is None else data.weights[order]
    sums = np.add.reduceat(weights, np.flatnonzero(is_first))
    return replace(merged, weights=None if (sums == 1).all() else sums)
