"""Outcomes of trials: how many of a row's succeeded, for the loss "binomial".

The network gives the logarithm of the odds of success. A row's loss is the cross-entropy of the
share of its trials that succeeded, times their number, which is so a weight of the row.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import TrainingData

BINOMIAL = "binomial"
SUCCESSES_AND_FAILURES = 2  # columns


def has_trials(table: Table, loss: Any) -> bool:
    """Tell whether an outcome is successes and failures, and not shares of them."""
    return (
        isinstance(loss, str)
        and loss == BINOMIAL
        and len(table.columns) == SUCCESSES_AND_FAILURES
        and not any(column.is_classes for column in table.columns)
    )


def number_of_trials(table: Table) -> Doubles:
    """Return the number of trials of each row."""
    successes, failures = (column.values for column in table.columns)
    return successes + failures


def share_of_successes(table: Table) -> Doubles:
    """Return the share of each row's trials that succeeded; NaN of a row without any."""
    trials = number_of_trials(table)
    with np.errstate(invalid="ignore"):
        return np.where(trials > 0, table.columns[0].values / np.maximum(trials, 1), np.nan)


def apply_trials(data: TrainingData, loss: Any) -> TrainingData:
    """Multiply the weight of each row with its number of trials; leave out rows without any.

    As frequencies do, trials count as rows where the usual weight decay is found: without that, it
    would have the weight of a few rows' against many thousand trials in as few rows.

    Raises
    ------
    ArgumentError
        If there is no trial at all.
    """
    if not has_trials(data.outcomes, loss):
        return data
    validated = 0.0
    if data.validation is not None:
        data = replace(data, validation=apply_trials(data.validation, loss))
        validated = data.validation.total_rows  # type: ignore[union-attr]
    trials = number_of_trials(data.outcomes)
    if not (trials > 0).any():
        raise ArgumentError("y", "data with at least one trial in some row", "data without one")
    if not (trials > 0).all():
        data = data.take(trials > 0)
        trials = trials[trials > 0]
    expanded = trials if data.counts is None else trials * data.counts
    data = replace(
        data,
        total_rows=float(expanded.sum()) + validated,
        mean_trials=float(expanded.sum() / data.expanded_rows),
    )
    if data.weights is None and (trials == 1).all() and data.validation is None:
        return data
    return replace(data, weights=trials if data.weights is None else data.weights * trials)
