"""The data of a fit: predictors, outcomes and weights, checked and without missing values."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Doubles
from pytwolayer.preprocessing.table import Mask, RowNumbers, Table, read_table

LARGEST_WEIGHT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained on.

    Attributes
    ----------
    predictors, outcomes : Table
        Without missing values.
    weights : array or None
        Of the rows, all above 0; None where they are equal.
    counts : array or None
        How many rows each is; None where each is one.
    scale : float
        Mean of the weights as they were given: what a row of ordinary weight has.
    proportions : array or None
        The weights as they were given, those of classes not among them; None where equal.
    validation : TrainingData or None
        Those of the user's own that are held out, given apart.
    held_out : array or None
        Which rows are held out, where the user says so.
    kept : array
        Numbers of these rows among those given.
    given : int
        Number of rows given.
    dropped : int
        Number of rows left out since values are missing.
    total : float
        Number of rows that they are; equal ones that are merged count all.
    """

    predictors: Table
    outcomes: Table
    weights: Doubles | None
    held_out: Mask | None
    kept: RowNumbers
    given: int
    dropped: int
    total: float = 0.0
    counts: Doubles | None = None
    scale: float = 1.0
    proportions: Doubles | None = None
    validation: "TrainingData | None" = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.predictors.rows

    @property
    def number(self) -> int:
        """Number of rows that they are once those that count several times are written out."""
        return self.rows if self.counts is None else int(self.counts.sum())

    @property
    def all_rows(self) -> int:
        """Number of rows, validation data's among them."""
        return self.rows + (0 if self.validation is None else self.validation.rows)

    def expand_frequencies(self) -> "TrainingData":
        """Give each row as often as it counts."""
        own = None if self.validation is None else self.validation.expand_frequencies()
        data = self if own is self.validation else replace(self, validation=own)
        if self.counts is None:
            return data
        times = self.counts.astype(np.intp)
        return replace(data.take(np.repeat(np.arange(self.rows), times)), counts=None)

    def take(self, rows: RowNumbers | Mask | slice) -> "TrainingData":
        """Take some of the rows."""
        return replace(
            self,
            predictors=self.predictors.take(rows),
            outcomes=self.outcomes.take(rows),
            weights=None if self.weights is None else self.weights[rows],
            counts=None if self.counts is None else self.counts[rows],
            proportions=None if self.proportions is None else self.proportions[rows],
            held_out=None if self.held_out is None else self.held_out[rows],
            kept=self.kept[rows],
        )


def read_weights(argument: str, weights: Any, rows: int) -> Doubles | None:
    """Check weights of so many rows."""
    if weights is None:
        return None
    table = read_table(argument, weights, vector=True)
    if not table.vector and len(table.columns) != 1:
        raise ArgumentError(argument, "a vector", "a table")
    (column,) = table.columns
    if table.rows != rows:
        raise ArgumentError(argument, f"as long as `x` ({rows} rows)", f"{table.rows} rows long")
    if column.has_levels or column.kind == "missing" or not (column.values >= 0).all():
        received = "text" if column.has_levels else "missing or negative in some rows"
        raise ArgumentError(argument, "numbers of at least 0", received)
    if not (column.values > 0).any():
        raise ArgumentError(argument, "above 0 in at least one row", "0 in all rows")
    largest = float(column.values.max())
    if largest > LARGEST_WEIGHT:
        raise ArgumentError(argument, f"at most {LARGEST_WEIGHT:g}", checks.shown(largest))
    return column.values
