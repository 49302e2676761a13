"""The data of a fit: predictors, outcomes and weights, checked and without missing values."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.row_source import Doubles, Mask, RowNumbers, are_in_order
from pytwolayer.preprocessing.table import Table, read_vector

LARGEST_WEIGHT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained on.

    Attributes
    ----------
    predictors, outcomes : Table
        Without missing values.
    weights : array or None
        Importance weights of the rows, all above 0; None where they are equal.
    held_out : array or None
        Which rows are held out, where the user chose them.
    chosen : array or None
        Numbers of these rows in the user's table, from 0; None: all rows, in their order.
    dropped : int
        Number of rows left out because of missing values.
    total_rows : float
        Number of rows that these stand for: frequencies, merged equal rows, validation data, and
        trials, all counted.
    counts : array or None
        Frequency of each row; None where each is 1.
    mean_trials : float
        Mean number of trials of a row; 1 where the outcome is none of trials.
    mean_weight : float
        Mean of the weights as the user gave them.
    given_weights : array or None
        The weights as the user gave them, not multiplied with those of classes; None where equal.
    validation : TrainingData or None
        Validation data given apart from the training data.
    """

    predictors: Table
    outcomes: Table
    weights: Doubles | None
    held_out: Mask | None
    chosen: RowNumbers | None
    dropped: int
    total_rows: float = 0.0
    counts: Doubles | None = None
    mean_trials: float = 1.0
    mean_weight: float = 1.0
    given_weights: Doubles | None = None
    validation: "TrainingData | None" = None

    @classmethod
    def from_tables(
        cls, predictors: Table, outcomes: Table, weights: Doubles | None, held_out: Mask | None
    ) -> "TrainingData":
        """Combine tables of equal length."""
        return cls(predictors, outcomes, weights, held_out, None, 0)

    @property
    def row_numbers(self) -> RowNumbers:
        """Numbers of these rows in the user's table, from 0."""
        return np.arange(self.rows) if self.chosen is None else self.chosen

    @property
    def are_all(self) -> bool:
        """Whether these are the rows of the user's table, in their order."""
        return self.chosen is None or are_in_order(self.chosen, self.rows)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.predictors.rows

    @property
    def expanded_rows(self) -> int:
        """Number of rows that ``expand_frequencies()`` gives."""
        return self.rows if self.counts is None else int(self.counts.sum())

    @property
    def all_rows(self) -> int:
        """Number of rows, those of validation data included."""
        return self.rows + (0 if self.validation is None else self.validation.rows)

    def complete(self) -> Mask:
        """Tell which rows have no missing value."""
        return self.predictors.complete() & self.outcomes.complete()

    def expand_frequencies(self) -> "TrainingData":
        """Repeat each row as often as its frequency."""
        validation = None if self.validation is None else self.validation.expand_frequencies()
        data = self if validation is self.validation else replace(self, validation=validation)
        if self.counts is None:
            return data
        times = self.counts.astype(np.intp)
        return replace(data.take(np.repeat(np.arange(self.rows), times)), counts=None)

    def undivided(self) -> "TrainingData":
        """Return the same data, over which this process makes passes alone."""
        validation = None if self.validation is None else self.validation.undivided()
        x, y = self.predictors.undivided(), self.outcomes.undivided()
        return replace(self, predictors=x, outcomes=y, validation=validation)

    def take(self, rows: RowNumbers | Mask | slice) -> "TrainingData":
        """Take some of the rows."""
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:
            rows = np.flatnonzero(rows)  # once for both tables
        arrays = ("weights", "counts", "given_weights", "held_out")
        given = {name: getattr(self, name) for name in arrays}
        taken: dict[str, Any] = {n: a if a is None else a[rows] for n, a in given.items()}
        is_whole = isinstance(rows, np.ndarray) and self.are_all
        taken["chosen"] = rows if is_whole else self.row_numbers[rows]
        taken |= {"predictors": self.predictors.take(rows), "outcomes": self.outcomes.take(rows)}
        return replace(self, **taken)


def read_weights(argument: str, weights: Any, rows: int) -> Doubles | None:
    """Check weights, one for each row."""
    if weights is None:
        return None
    column = read_vector(argument, weights, rows)
    if column.has_levels or column.kind == "missing" or not (column.values >= 0).all():
        received = "text" if column.has_levels else "missing or negative in some rows"
        raise ArgumentError(argument, "numbers of at least 0", received)
    if not (column.values > 0).any():
        raise ArgumentError(argument, "above 0 in at least one row", "0 in all rows")
    largest = float(column.values.max())
    if largest > LARGEST_WEIGHT:
        raise ArgumentError(argument, f"at most {LARGEST_WEIGHT:g}", checks.describe(largest))
    return column.values
