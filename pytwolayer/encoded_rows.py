"""The rows of a fit on the device: encoded, weighted, and with a checksum to know them by."""

import zlib
from collections.abc import Mapping

import numpy as np

from pytwolayer.batches import Rows
from pytwolayer.column import Doubles
from pytwolayer.encoder import Encoder
from pytwolayer.errors import ArgumentError
from pytwolayer.outcome import Outcome
from pytwolayer.settings import Settings
from pytwolayer.torch_loading import torch
from pytwolayer.training_data import TrainingData

_LEFT_OUT = "Their rows are left out."


def encode_rows(
    argument: str, data: TrainingData, inputs: Encoder, outcome: Outcome, settings: Settings
) -> Rows:
    """Encode rows, on the CPU; those with levels that training did not see are left out."""
    predictors = inputs.recode("x", data.predictors, _LEFT_OUT)
    outcome.warn_of_unseen(data.outcomes, _LEFT_OUT)
    known = predictors.complete() & ~np.isnan(outcome.truth(data.outcomes)).any(axis=1)
    if not known.all():
        if not known.any():
            raise ArgumentError(argument, "rows with levels that training sees", "none of them")
        data, predictors = data.take(known), predictors.take(known)
    return Rows(
        inputs.encode("x", predictors),
        outcome.target(data.outcomes),
        _row_weights(data.weights, settings),
    )


def _row_weights(weights: Doubles | None, settings: Settings) -> torch.Tensor | None:
    """Give the weights' column; with a mean loss they have mean 1."""
    if weights is None:
        return None
    if settings.reduction != "sum":
        weights = weights / weights.mean()
    return torch.from_numpy(weights.astype(np.float32)[:, None])


def checksums(learning: Rows, watching: Rows | None) -> Mapping[str, int]:
    """Give checksums of what a network learns from, by which it is known again.

    Returns
    -------
    dict
        ``predictors`` and ``outcome``; ``weights`` where rows have any; ``held_out`` of all
        of the held-out rows, where there are any.
    """
    sums = {"predictors": _checksum(learning.x), "outcome": _checksum(learning.y)}
    if learning.weights is not None:
        sums["weights"] = _checksum(learning.weights)
    if watching is not None:
        sums["held_out"] = 0
        for part in watching:
            if part is not None:
                sums["held_out"] = _checksum(part, sums["held_out"])
    return sums


def _checksum(values: torch.Tensor, before: int = 0) -> int:
    return zlib.crc32(values.contiguous().numpy().data.cast("B"), before)
