"""The rows of a fit to a table that Python reads, once more: R keeps none of them."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwolayer.checkpoints.compatibility import refuse_other_tables
from pytwolayer.errors import MissingRowsWarning
from pytwolayer.fitting.ensemble import data_of_each
from pytwolayer.models.ensemble import TwoLayerEnsemble, models_of
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.preprocessing.outcome_range import suit_to_loss
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.row_source import Doubles, SourcedTable
from pytwolayer.preprocessing.table import Table, select_columns
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.r_interop.tables import as_source, read_rows


@dataclass(frozen=True)
class TrainingRows:
    """The rows of a fit, without those that have missing values.

    Attributes
    ----------
    predictors : SourcedTable
    outcomes : Table
    omitted : array
        Numbers of the rows left out, from 1.
    weights : array or None
        Those that were given, in a column or as numbers.
    """

    predictors: SourcedTable
    outcomes: Table
    omitted: NDArray[np.integer[Any]]
    weights: Doubles | None


def read_again(
    fits: TwoLayer | TwoLayerEnsemble, table: Any, outcome: Any, weights: Any, weight_type: str
) -> TrainingRows:
    """Read the rows of a fit again.

    Parameters
    ----------
    fits : TwoLayer or TwoLayerEnsemble
    table : SourcedTable
        With predictors, outcome, and the column of weights if ``weights`` names one.
    outcome, weights, weight_type
        As of ``two_layer()``.

    Raises
    ------
    ArgumentError
        If they are not those that it was fitted to.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)  # the fit warned of them
        data = read_training_data(table, None, outcome, weights=weights, weight_type=weight_type)
        refuse_other_rows(fits, data)
        if weights is not None:  # rows of weight 0 are among the fitted values
            if isinstance(weights, str):
                others = [name for name in table.names if name != weights]
                table, column = select_columns(table, others), select_columns(table, [weights])
                weights = read_rows(column).columns[0].values
            data = read_training_data(table, None, outcome)
    omitted = np.empty(0, np.intp)
    if data.dropped:
        complete = read_rows(table).complete()
        omitted = np.flatnonzero(~complete) + 1
        weights = None if weights is None else weights[complete]
    return TrainingRows(as_source(data.predictors), data.outcomes, omitted, weights)


def refuse_other_rows(fits: TwoLayer | TwoLayerEnsemble, data: TrainingData) -> None:
    """Raise if a fit, or one of an ensemble's, was fitted to other rows."""
    data = suit_to_loss(data, models_of(fits)[0].settings.loss)
    pairs = data_of_each(fits, data) if isinstance(fits, TwoLayerEnsemble) else [(fits, data)]
    for fit, own in pairs:
        refuse_other_tables(fit, own)
