"""Predictions that were made, beside the truth of their rows."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pytwolayer.errors import ArgumentError, MissingRowsWarning
from pytwolayer.files.open_table import opened
from pytwolayer.preprocessing.outcome import Classes
from pytwolayer.preprocessing.outcome_range import refuse_outside_range
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import select_columns
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.truth import check_truth, refuse_unseen_alone
from pytwolayer.training.trained_model import Model


class ScoredRows(NamedTuple):
    """Rows that have both a truth and a prediction.

    Attributes
    ----------
    truth : array
        Shape ``(rows, outcomes)``; of classes their numbers from 0, ``(rows, 1)``.
    found : array
        The predictions, in the columns that they were given in.
    weights : array or None
    data : TrainingData
        All rows that were given, whose outcomes and weights are known.
    """

    truth: Doubles
    found: Doubles
    weights: Doubles | None
    data: TrainingData


def scored_rows(fit: Model, found: Doubles, x: Any, y: Any, sample_weight: Any) -> ScoredRows:
    """Hold predictions of ``x`` against the truth, which is ``y`` or in columns of ``x``."""
    outcome = _outcome_names(fit) if y is None else None
    weights = sample_weight
    own = _own_columns(fit, x, [weights] if isinstance(weights, str) else [])
    if not isinstance(weights, str):
        weights = opened("sample_weight", weights)
    y = y if isinstance(y, str) else opened("y", y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)  # which speaks of training
        data = read_training_data(own, y, outcome, weights=weights)
    argument = "x" if outcome else "y"
    check_truth(fit.outcome, data.outcomes, argument)
    if not isinstance(fit.outcome, Classes) and fit.outcome.logit:
        refuse_outside_range(data.outcomes, fit.settings.loss, data.chosen)
    truth, found = fit.outcome.observed(data.outcomes), found[data.row_numbers]
    known = ~np.isnan(truth).any(axis=1)
    refuse_unseen_alone(int(known.sum()), argument)
    there = known & ~np.isnan(found).any(axis=1)
    if not there.any():
        raise ArgumentError("x", "data with a row that can be predicted", "data without one")
    own_weights = fit.outcome.weights_of_score(data.outcomes, data.weights)
    kept = None if own_weights is None else own_weights[there]
    return ScoredRows(truth[there], found[there], kept, data)


def _own_columns(fit: Model, x: Any, also: Sequence[str]) -> Any:
    """Take the columns of the fit, if they have names, and these."""
    names = {*(fit.inputs.names or ()), *(fit.outcome.names or ()), *also}
    return select_columns(x, names) if fit.inputs.names else x


def _outcome_names(fit: Model) -> list[str]:
    names = fit.outcome.names
    if names is None:
        raise ArgumentError("y", "given, since the training data named no outcome", "missing")
    return list(names)
