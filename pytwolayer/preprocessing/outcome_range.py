"""Which outcomes the losses are for that are not for every number, and what links them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError, named_as
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.row_source import Doubles, Mask, RowNumbers
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import TrainingData


@dataclass(frozen=True)
class Range:
    """The outcomes that a loss is for.

    Attributes
    ----------
    words : str
        What they must be, for the error.
    least : float
    open : bool
        Whether the least is not among them itself.
    """

    words: str
    least: float
    open: bool = False

    def holds(self, values: Doubles) -> Mask:
        """Tell which values are in it."""
        inside: Mask = values > self.least if self.open else values >= self.least
        return inside


RANGES: dict[str, Range] = {
    "poisson": Range("at least 0 for the Poisson loss", 0),
    "gamma": Range("above 0 for the gamma loss", 0, open=True),
}
# Losses for which the network's output is the logarithm of the mean.
LOG_LINK = ("poisson", "gamma")


def refuse_unsuited(data: TrainingData, loss: Any) -> None:
    """Raise if a row's outcome is none that the loss is for, also of validation data.

    Raises
    ------
    ArgumentError
        It names the first such row.
    """
    refuse_outside_range(data.outcomes, loss, data.row_numbers)
    if data.validation is not None:
        with named_as({"y": "validation"}):
            own = data.validation
            refuse_outside_range(own.outcomes, loss, own.row_numbers)


def refuse_outside_range(table: Table, loss: Any, numbers: RowNumbers | None = None) -> None:
    """Raise if a value is none that the loss is for; ``numbers`` are those of the rows, from 0."""
    allowed = RANGES.get(loss) if isinstance(loss, str) else None
    if allowed is None:
        return
    for column in table.columns:
        if column.is_classes:  # which are refused for being that
            continue
        outside = np.flatnonzero(~allowed.holds(column.values))
        if len(outside):
            rows = outside if numbers is None else numbers[outside]
            value, row = column.values[outside[np.argmin(rows)]], int(rows.min()) + 1
            received = f"{value:.3g}{in_column(column.label)} (row {row:,}, counted from 1)"
            raise ArgumentError("y", allowed.words, received)
