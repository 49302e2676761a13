"""Bootstrap resamples: as many rows as there are, drawn with replacement."""

from dataclasses import replace

import numpy as np

from pytwolayer.preprocessing.row_source import RowNumbers
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch


def bootstrap_sample(data: TrainingData, seed: int) -> TrainingData:
    """Draw as many rows as there are, with replacement; they stay in the order of the table."""
    data = data.expand_frequencies()
    taken = data.take(draw_bootstrap_rows(data, seed))
    given = taken.given_weights
    mean_weight = taken.mean_weight if given is None else float(given.mean())
    total_rows = taken.rows * taken.mean_trials
    return replace(taken, total_rows=total_rows, mean_weight=mean_weight)


def draw_bootstrap_rows(data: TrainingData, seed: int) -> RowNumbers:
    """Draw row numbers and sort them; as many of each class as it has, so that no class is lost."""
    generator = cpu_generator(seed)
    column = data.outcomes.columns[0]
    if len(data.outcomes.columns) > 1 or not column.is_classes:
        return np.sort(_draw(np.arange(data.rows), generator))
    parts = [np.flatnonzero(column.values == code) for code in np.unique(column.values)]
    return np.sort(np.concatenate([_draw(part, generator) for part in parts]))


def _draw(rows: RowNumbers, generator: torch.Generator) -> RowNumbers:
    number = len(rows)
    positions = torch.randint(number, (number,), generator=generator, device="cpu")
    drawn: RowNumbers = rows[positions.numpy()]
    return drawn
