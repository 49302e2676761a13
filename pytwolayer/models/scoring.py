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
    RELATIVE_SD,
    Calibration,
    has_intervals,
    scored_bases,
    scores_of,
    spaced_rows,
    typical_sd,
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
    some = _spaced(rows)
    truth = restored(fit.outcome, some.y)
    scores = scores_of(truth, _bases_of_encoded(fit, some), fit.settings.loss)
    return Calibration.of(HELD_OUT, scores, _weights_of(some), loss=fit.settings.loss)


@with_default_torch_settings
def calibrate_by_search(fit: TwoLayer, rows: EncodedRows) -> Calibration | None:
    """Convert the scores of a search to the units of a network; ``rows`` trained it."""
    calibration = fit.calibration
    if calibration is None or calibration.unit != RELATIVE_SD:
        return calibration
    some = _spaced(rows)
    return calibration.in_sds(typical_sd(_bases_of_encoded(fit, some)[2], _weights_of(some)))


def _spaced(rows: EncodedRows) -> EncodedRows:
    """Return rows that stand for all, in the CPU's memory."""
    numbers = torch.from_numpy(spaced_rows(len(rows.x)))

    def taken(tensor: torch.Tensor) -> torch.Tensor:
        return tensor[numbers.to(tensor.device)].cpu()

    weights, codes = (None if each is None else taken(each) for each in (rows.weights, rows.codes))
    return EncodedRows(taken(rows.x), taken(rows.y), weights, codes)


def _weights_of(rows: EncodedRows) -> Doubles | None:
    return None if rows.weights is None else rows.weights[:, 0].double().numpy()


def _bases_of_encoded(fit: TwoLayer, rows: EncodedRows) -> Doubles:
    x, codes, step = rows.x, rows.codes, rows_at_once(fit.settings)
    parts = (
        EncodedInputs(x[at : at + step], None if codes is None else codes[at : at + step])
        for at in range(0, len(x), step)
    )
    (output,) = forward([fit.network], fit.inputs, parts, len(x))
    return scored_bases(fit.outcome, output)


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


@with_default_torch_settings
def calibrate_together_by_search(
    fits: Sequence[TwoLayer], data: TrainingData, calibration: Calibration | None
) -> Calibration | None:
    """Convert the scores of a search to the units of several networks, which have these rows."""
    if calibration is None or calibration.unit != RELATIVE_SD:
        return calibration
    rows = data.take(spaced_rows(data.rows))
    base = bases_of_models(np.stack([_bases_of_rows(fit, None, rows) for fit in fits]))
    weights = rows.weights
    if rows.counts is not None:
        weights = rows.counts if weights is None else weights * rows.counts
    return calibration.in_sds(typical_sd(base[2], weights))


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
