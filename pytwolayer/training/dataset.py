"""The rows of a fit as the network takes them."""

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.network.batches import EncodedRows
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Outcome
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import Settings

_LEFT_OUT = "Their rows are left out."


def encode_rows(
    argument: str, data: TrainingData, inputs: Encoder, outcome: Outcome, settings: Settings
) -> EncodedRows:
    """Encode rows, on the CPU; those with levels that training did not see are left out."""
    predictors = inputs.recode("x", data.predictors, _LEFT_OUT)
    outcome.warn_unseen_classes(data.outcomes, _LEFT_OUT)
    known = predictors.complete() & ~np.isnan(outcome.observed(data.outcomes)).any(axis=1)
    if not known.all():
        if not known.any():
            raise ArgumentError(argument, "rows with levels that training sees", "none of them")
        data, predictors = data.take(known), predictors.take(known)
    encoded = inputs.encode("x", predictors)
    return EncodedRows(
        encoded.x,
        outcome.target(data.outcomes),
        _row_weights(data.weights, data.mean_weight, settings),
        encoded.codes,
    )


def _row_weights(weights: Doubles | None, scale: float, settings: Settings) -> torch.Tensor | None:
    """Give the weights' column: of mean 1 with a mean loss, and else as multiples of rows."""
    if weights is None:
        return None
    weights = weights / (scale if settings.reduction == "sum" else weights.mean())
    return torch.from_numpy(weights.astype(np.float32)[:, None])
