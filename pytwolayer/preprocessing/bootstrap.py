"""Bootstrap resamples: as many rows as there are, drawn with replacement."""

from dataclasses import replace

import numpy as np

from pytwolayer.preprocessing.table import RowNumbers
from pytwolayer.preprocessing.training_data import TrainingData
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch


def bootstrap_sample(data: TrainingData, seed: int) -> TrainingData:
    """Give a resample of the rows, in their order."""
    data = data.expand_frequencies()
    taken = data.take(draw_bootstrap_rows(data, seed))
    own = taken.proportions
    scale = taken.scale if own is None else float(own.mean())
    return replace(taken, total=float(taken.rows), scale=scale)


def draw_bootstrap_rows(data: TrainingData, seed: int) -> RowNumbers:
    """Draw rows, numbered from 0, sorted; of each class as many as it has, so that none is lost."""
    generator = cpu_generator(seed)
    column = data.outcomes.columns[0]
    if len(data.outcomes.columns) > 1 or not column.is_classes:
        return np.sort(_draw(np.arange(data.rows), generator))
    parts = [np.flatnonzero(column.values == code) for code in np.unique(column.values)]
    return np.sort(np.concatenate([_draw(part, generator) for part in parts]))


def _draw(rows: RowNumbers, generator: torch.Generator) -> RowNumbers:
    number = len(rows)
    places = torch.randint(number, (number,), generator=generator, device="cpu")
    drawn: RowNumbers = rows[places.numpy()]
    return drawn
