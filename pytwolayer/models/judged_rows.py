"""Rows whose predictions are held against the truth."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pytwolayer.errors import ArgumentError, MissingRowsWarning
from pytwolayer.explain.effects import NO_ROWS
from pytwolayer.explain.rows import complete_rows, sampled
from pytwolayer.files.open_table import opened
from pytwolayer.models.explained import explained
from pytwolayer.models.new_rows import read_new_data
from pytwolayer.preprocessing.fingerprint import OUTCOME, PREDICTOR, checksums
from pytwolayer.preprocessing.offset import add_offset_if_fitted, remove_offset
from pytwolayer.preprocessing.outcome_range import refuse_outside_range
from pytwolayer.preprocessing.reading import read_training_data
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table, select_columns
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.preprocessing.truth import check_truth, refuse_unseen_alone
from pytwolayer.training.trained_model import Model


class JudgedRows(NamedTuple):
    """Rows that can be predicted, and whose truth is known."""

    table: Table
    outcomes: Table
    weights: Doubles | None
    are_of_training: bool


def judged_rows(
    fits: Sequence[Model],
    x: Any,
    y: Any,
    sample_weight: Any,
    offset: Any,
    *,
    in_blocks: bool = False,
) -> JudgedRows:
    """Read predictors, outcome and weights; leave out rows that are not complete.

    Of ``x`` that is to be read ``in_blocks`` some rows are chosen, if they are many.
    """
    first = fits[0]
    names = first.outcome.names
    if y is None and names is None:
        raise ArgumentError("y", "given, since the training data named no outcome", "missing")
    argument = "x" if y is None else "y"
    y = y if isinstance(y, str) else opened("y", y)
    table = read_new_data(fits, x)
    add_offset_if_fitted(np.zeros((table.rows, 1)), first.offset, offset, log=False)
    weights = sample_weight
    own = x
    if first.inputs.names:
        also = [weights] if isinstance(weights, str) else []
        own = select_columns(x, {*first.inputs.names, *(names or ()), *also})
    if not isinstance(weights, str):
        weights = opened("sample_weight", weights)
    outcome = list(names) if y is None and names is not None else None
    if offset is not None:
        if outcome is not None:
            y, outcome = select_columns(x, set(outcome)), None
            own = select_columns(x, set(first.inputs.names or ()))
        y, weights = remove_offset(y, weights, offset, first.settings.loss, "importance")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingRowsWarning)
        data = read_training_data(own, y, outcome, weights=weights)
    check_truth(first.outcome, data.outcomes, argument)
    refuse_outside_range(data.outcomes, first.settings.loss, data.chosen)
    truth = first.outcome.observed(data.outcomes)
    known = np.flatnonzero(~np.isnan(truth).any(axis=1))
    refuse_unseen_alone(len(known), argument)
    chosen = sampled(len(known)) if in_blocks else None
    known = known if chosen is None else known[chosen]
    rows = data.row_numbers[known]
    there = table.take(rows)
    complete = joint_complete(fits, there)
    if not complete.any():
        raise ArgumentError("x", NO_ROWS, "data without one")
    kept = known[complete]
    weights = None if data.weights is None else data.weights[kept]
    training = are_training_rows(first.data, data)
    return JudgedRows(there.take(complete), data.outcomes.take(kept), weights, training)


def joint_complete(fits: Sequence[Model], table: Table) -> Mask:
    """Tell which rows any of the networks can predict, their values and levels being known."""
    masks = [complete for _, complete in complete_rows(explained(fits), table)]
    there: Mask = np.logical_or.reduce(masks)
    return there


def are_training_rows(sums: Mapping[str, int], data: TrainingData) -> bool:
    """Tell by checksums whether data are those of a fit."""
    own = checksums(data, None)
    predictors = [name for name in own if name.startswith(PREDICTOR)]
    # An outcome that is given apart may have lost its name.
    outcomes, known = ([s[n] for n in s if n.startswith(OUTCOME)] for s in (own, sums))
    return outcomes == known and all(sums.get(name) == own[name] for name in predictors)
