"""Splitting off the held-out rows: those that the user chose, or a share of each class."""

from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.row_source import Doubles, Mask, block_slices
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch


def split_validation(
    data: TrainingData, share: float, generator: torch.Generator
) -> tuple[TrainingData, TrainingData | None]:
    """Split the data into rows to train on and held-out rows.

    Parameters
    ----------
    data : TrainingData
    share : float
        Share of the rows to hold out if ``data.held_out`` is None; 0 for none.
    generator : torch.Generator
        Draws the rows.

    Raises
    ------
    ArgumentError
        If either part is empty.
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
    """Choose a share of the rows, the same share of each class.

    Parameters
    ----------
    share : float
        Between 0 and 1.
    draw : callable
        ``draw(n)`` returns a random permutation of the numbers below ``n``.

    Returns
    -------
    array of bool
        Whether each row is held out.

    Raises
    ------
    ArgumentError
        If all rows or none would be held out.
    """
    column = data.outcomes.columns[0]
    by_class = len(data.outcomes.columns) == 1 and column.is_classes
    order = np.asarray(draw(data.rows))
    if by_class:  # class by class, each in random order
        order = order[np.argsort(column.values[order], kind="stable")]
    mask = np.zeros(data.rows, dtype=np.bool_)
    for part in block_slices(data.rows):  # evenly spread over that order
        taken = np.floor(np.arange(part.start, part.stop + 1) * share + 0.5)
        mask[order[part]] = taken[1:] > taken[:-1]
    if by_class:
        _train_on_each_class(mask, column.values)
    if not mask.any() or mask.all():
        received = f"{share:g} of {data.rows} rows"
        raise ArgumentError("validation", "a share that leaves rows on both sides", received)
    return mask


def _train_on_each_class(mask: Mask, codes: Doubles) -> None:
    for code in np.unique(codes):
        members = np.flatnonzero(codes == code)
        if mask[members].all():
            mask[members[0]] = False
