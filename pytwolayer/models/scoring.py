"""Scores of rows that a network was not trained on, to calibrate prediction intervals by."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import UnseenLevelWarning
from pytwolayer.models.forward import encode_in_parts, forward, rows_at_once
from pytwolayer.models.joint_predictions import bases_of_models
from pytwolayer.models.new_rows import fill_incomplete
from pytwolayer.models.two_layer import TwoLayer
from pytwolayer.network.batches import EncodedRows
from pytwolayer.preprocessing.block_writer import EncodedInputs
from pytwolayer.preprocessing.calibration import (
    HELD_OUT,
    Calibration,
    has_intervals,
    scored_bases,
    scores_of,
    spaced_rows,
)
from pytwolayer.preprocessing.outcome import Numbers
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.runtime.torch_settings import with_default_torch_settings


@with_default_torch_settings
def calibrate_by_held_out_rows(fit: TwoLayer, rows: EncodedRows) -> Calibration | None:
    """Score encoded rows that were held out."""
    if not has_intervals(fit.outcome) or not len(rows.x):
        return None
    numbers = torch.from_numpy(spaced_rows(len(rows.x)))

    def taken(tensor: torch.Tensor) -> torch.Tensor:
        return tensor[numbers.to(tensor.device)].cpu()

    x, codes = taken(rows.x), None if rows.codes is None else taken(rows.codes)
    step = rows_at_once(fit.settings)
    parts = (
        EncodedInputs(x[at : at + step], None if codes is None else codes[at : at + step])
        for at in range(0, len(x), step)
    )
    (output,) = forward([fit.network], fit.inputs, parts, len(x))
    weights = None if rows.weights is None else taken(rows.weights)[:, 0].double().numpy()
    truth = restored(fit.outcome, taken(rows.y))
    scores = scores_of(truth, scored_bases(fit.outcome, output), fit.settings.loss)
    return Calibration.of(HELD_OUT, scores, weights, loss=fit.settings.loss)


def restored(outcome: object, target: torch.Tensor) -> Doubles:
    """Return the outcomes that a network's target stands for, shape ``(rows, outcomes)``."""
    assert isinstance(outcome, Numbers)
    values: Doubles = target.double().numpy()[:, : len(outcome.center)]
    values = values * outcome.scale + outcome.center
    return np.rint(values) if outcome.theta else values


@with_default_torch_settings
def calibrate_together(
    kind: str,
    fits: Sequence[TwoLayer],
    data: TrainingData,
    seen: Sequence[NDArray[np.bool_] | None],
) -> Calibration | None:
    """Score rows by the mean of the networks that were not trained on them.

    Parameters
    ----------
    kind : str
    fits : sequence of TwoLayer
    data : TrainingData
        The rows, so many as are scored.
    seen : sequence of array
        For each network which rows it was trained on; None: none of them.
    """
    first = fits[0]
    if not has_intervals(first.outcome):
        return None
    each = np.stack([_bases_of_rows(*pair, data) for pair in zip(fits, seen, strict=True)])
    base = bases_of_models(each)
    truth = first.outcome.observed(data.outcomes)
    weights = data.weights
    if data.counts is not None:
        weights = data.counts if weights is None else weights * data.counts
    scores = scores_of(truth, base, first.settings.loss)
    return Calibration.of(kind, scores, weights, loss=first.settings.loss)


def _bases_of_rows(fit: TwoLayer, seen: NDArray[np.bool_] | None, data: TrainingData) -> Doubles:
    """Return the base intervals of a network, NaN for rows that it was trained on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnseenLevelWarning)  # training has warned
        table = fit.inputs.recode("x", data.predictors)
    parts, complete = encode_in_parts(fit.inputs, table, fit.settings)
    (output,) = forward([fit.network], fit.inputs, parts, int(complete.sum()))
    base = np.stack([fill_incomplete(side, complete) for side in scored_bases(fit.outcome, output)])
    if seen is not None:
        base[:, seen] = np.nan
    return base
