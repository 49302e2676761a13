"""The rows of a fit as the network takes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray

from pytwolayer.errors import ArgumentError
from pytwolayer.network.batches import EncodedRows
from pytwolayer.preprocessing.column import Doubles
from pytwolayer.preprocessing.encoder import Encoder
from pytwolayer.preprocessing.outcome import Outcome
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.settings import Settings

_LEFT_OUT = "Their rows are left out."
Kept = list[tuple[NDArray[np.intp], torch.Tensor]]
_kept: ContextVar[Kept | None] = ContextVar("_kept", default=None)


@contextmanager
def keep_encoded() -> Iterator[Kept]:
    """Keep what is encoded meanwhile: the rows' numbers among those given, and their matrix.

    So who predicts them after the fit need not encode them again.
    """
    kept: Kept = []
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)


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
    matrix, kept = inputs.encode("x", predictors), _kept.get()
    if kept is not None:
        kept.append((data.row_numbers, matrix))
    return EncodedRows(
        matrix,
        outcome.target(data.outcomes),
        _row_weights(data.weights, data.mean_weight, settings),
    )


def _row_weights(weights: Doubles | None, scale: float, settings: Settings) -> torch.Tensor | None:
    """Give the weights' column: of mean 1 with a mean loss, and else as multiples of rows."""
    if weights is None:
        return None
    weights = weights / (scale if settings.reduction == "sum" else weights.mean())
    return torch.from_numpy(weights.astype(np.float32)[:, None])
