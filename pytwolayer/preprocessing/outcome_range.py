"""Which outcomes the losses are for that are not for every number, and what links them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError, named_as
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.labels import LABELS
from pytwolayer.preprocessing.row_source import Doubles, Mask, RowNumbers
from pytwolayer.preprocessing.spread import NEGATIVE_BINOMIAL, outcome_columns
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.trials import (
    BINOMIAL,
    SUCCESSES_AND_FAILURES,
    apply_trials,
    has_trials,
)


@dataclass(frozen=True)
class Range:
    """The outcomes that a loss is for.

    Attributes
    ----------
    words : str
        What they must be, for the error.
    least : float
    most : float
    above : bool
        Whether the least is not among them itself.
    whole : bool
        Whether they are whole numbers.
    """

    words: str
    least: float = 0.0
    most: float = math.inf
    above: bool = False
    whole: bool = False

    def holds(self, values: Doubles) -> Mask:
        """Tell which values are in it."""
        inside: Mask = values > self.least if self.above else values >= self.least
        inside &= values <= self.most
        return inside & (values == np.floor(values)) if self.whole else inside


RANGES: dict[str, Range] = {
    "poisson": Range("at least 0 for the Poisson loss"),
    "gamma": Range("above 0 for the gamma loss", above=True),
    NEGATIVE_BINOMIAL: Range(
        "whole numbers of at least 0 for the negative binomial loss", whole=True
    ),
    BINOMIAL: Range(
        'shares from 0 to 1, or columns of successes and failures, for the loss "binomial"', most=1
    ),
}
RANGES[LABELS] = Range(f'0 or 1 for the loss "{LABELS}"', most=1, whole=True)
_OF_TRIALS = Range("whole numbers of at least 0, successes and failures", whole=True)
# Losses for which the network's output is the logarithm of the mean.
LOG_LINK = ("poisson", "gamma", NEGATIVE_BINOMIAL)


def suit_to_loss(data: TrainingData, loss: Any) -> TrainingData:
    """Check that the outcome is one that the loss is for; give rows of trials their weights.

    Raises
    ------
    ArgumentError
        If not; it names the first such row.
    """
    refuse_unsuited(data, loss)
    return apply_trials(data, loss)


def refuse_unsuited(data: TrainingData, loss: Any) -> None:
    """Raise if a row's outcome is none that the loss is for, also of validation data.

    Raises
    ------
    ArgumentError
        It names the first such row.
    """
    refuse_outside_range(data.outcomes, loss, data.chosen)
    if data.validation is not None:
        with named_as({"y": "validation"}):
            own = data.validation
            refuse_outside_range(own.outcomes, loss, own.chosen)


def refuse_outside_range(table: Table, loss: Any, numbers: RowNumbers | None = None) -> None:
    """Raise if a value is none that the loss is for; ``numbers`` are those of the rows, from 0."""
    allowed = RANGES.get(loss) if isinstance(loss, str) else None
    if allowed is None:
        return
    if loss == BINOMIAL and len(table.columns) > SUCCESSES_AND_FAILURES:
        raise ArgumentError("y", allowed.words, f"{len(table.columns)} columns")
    if has_trials(table, loss):
        allowed = _OF_TRIALS
    for column in outcome_columns(table):
        if column.is_classes:  # which are refused for being that
            continue
        outside = np.flatnonzero(~allowed.holds(column.values))
        if len(outside):
            rows = outside if numbers is None else numbers[outside]
            value, row = column.values[outside[np.argmin(rows)]], int(rows.min()) + 1
            received = f"{value:.3g}{in_column(column.label)} (row {row:,}, counted from 1)"
            raise ArgumentError("y", allowed.words, received)
