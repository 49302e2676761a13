"""The held-out rows: the user's own, or a share of each class."""

from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Doubles
from pytwolayer.preprocessing.table import Mask
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch


def split_validation(
    data: TrainingData, share: float, generator: torch.Generator
) -> tuple[TrainingData, TrainingData | None]:
    """Take the held-out rows apart from those that are trained on.

    Parameters
    ----------
    data : TrainingData
        It may say itself which rows are held out.
    share : float
        Of the rows to hold out, where it does not; 0 for none.
    generator : torch.Generator
        Where they are drawn.

    Raises
    ------
    ArgumentError
        If that leaves no row on either side.
    """
    if data.validation is not None:
        return replace(data, validation=None), data.validation
    mask = data.held_out
    if mask is None and share > 0:

        def draw(rows: int) -> Any:
            return torch.randperm(rows, generator=generator, device="cpu").numpy()

        mask = draw_held_out(data, share, draw)
    if mask is None:
        return data, None
    if not mask.any() or mask.all():
        received = f"{int(mask.sum())} of {data.rows} complete rows"
        raise ArgumentError("validation", "rows on both sides", received)
    return data.take(~mask), data.take(mask)


def draw_held_out(data: TrainingData, share: float, draw: Any) -> Mask:
    """Choose a share of the rows, of each class alike.

    Parameters
    ----------
    share : float
        Between 0 and 1.
    draw : callable
        ``draw(n)`` gives the numbers below ``n`` in a random order.

    Raises
    ------
    ArgumentError
        If that leaves no row on either side.
    """
    column = data.outcomes.columns[0]
    by_class = len(data.outcomes.columns) == 1 and column.is_classes
    order = np.asarray(draw(data.rows))
    if by_class:  # one class after the other, each in random order
        order = order[np.argsort(column.values[order], kind="stable")]
    taken = np.floor(np.arange(data.rows + 1) * share + 0.5)  # evenly along that order
    mask = np.zeros(data.rows, dtype=np.bool_)
    mask[order] = taken[1:] > taken[:-1]
    if by_class:
        _leave_one_of_each(mask, column.values)
    if not mask.any() or mask.all():
        received = f"{share:g} of {data.rows} rows"
        raise ArgumentError("validation", "a share that leaves rows on both sides", received)
    return mask


def _leave_one_of_each(mask: Mask, codes: Doubles) -> None:
    for code in np.unique(codes):
        members = np.flatnonzero(codes == code)
        if mask[members].all():
            mask[members[0]] = False
