"""Folds for cross-validation: equal numbers of held-out rows, alike in their outcome."""

import numpy as np

from pytwolayer.preprocessing.row_source import Doubles, Mask, RowNumbers
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.torch_loading import torch


def draw_folds(data: TrainingData, folds: int, generator: torch.Generator) -> list[Mask]:
    """Draw the held-out rows of each fold.

    Rows are sorted by their outcome, classes or numbers, and of each ``folds`` neighbours every
    fold holds one out. The folds hold out as many rows each, so that their networks can be trained
    in one computation; the rows of the last, incomplete neighbourhood are always trained on, and
    so is the row of a class that has no other.

    Parameters
    ----------
    data : TrainingData
    folds : int
        At least 2.
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    list of array of bool
        One for each fold: whether each row is held out. No row is held out twice.
    """
    column = data.outcomes.columns[0]
    order = torch.randperm(data.rows, generator=generator, device="cpu").numpy()
    order = order[np.argsort(column.values[order], kind="stable")]
    if len(data.outcomes.columns) == 1 and column.is_classes:
        order = order[_has_others(column.values)[order]]
    neighbours = order[: len(order) // folds * folds].reshape(-1, folds)
    drawn = torch.rand(neighbours.shape, generator=generator, device="cpu").numpy()
    fold_of = np.argsort(drawn, axis=1, kind="stable")
    return [_mask(neighbours[fold_of == fold], data.rows) for fold in range(folds)]


def _has_others(codes: Doubles) -> Mask:
    _, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    others: Mask = counts[places.ravel()] > 1
    return others


def _mask(rows: RowNumbers, number: int) -> Mask:
    mask = np.zeros(number, dtype=np.bool_)
    mask[rows] = True
    return mask
