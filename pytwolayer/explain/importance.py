"""How much worse predictions become when the values of a column are put into another order."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.explain.measures import Judge
from pytwolayer.explain.networks import Explained
from pytwolayer.explain.predictor import Predictor
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch

Order = NDArray[np.intp]


def orders(rows: int, repeats: int, seed: int) -> Iterator[Order]:
    """Draw an order of the rows for each repeat; all columns are put into the same ones."""
    generator = cpu_generator(seed)
    for _ in range(repeats):
        yield torch.randperm(rows, generator=generator).numpy()


def permutation_importance(
    models: Sequence[Explained],
    table: Table,
    judge: Judge,
    places: Sequence[int],
    repeats: int,
    seed: int,
) -> tuple[Doubles, Doubles]:
    """Measure how much worse predictions are with each column in another order.

    Returns
    -------
    base : array
        The measure of the predictions as they are, one for each of ``judge.outcomes``.
    each : array
        Shape ``(columns, repeats, outcomes)``.
    """
    predictor = Predictor(models, table)
    base = judge.judge(*predictor.values())
    drawn = list(orders(table.rows, repeats, seed))
    each = np.empty((len(places), repeats, len(base)))
    for number, place in enumerate(places):
        for repeat, order in enumerate(drawn):
            after = judge.judge(*predictor.permuted(place, order))
            each[number, repeat] = judge.worse(base, after)
    return base, each


def importance_table(names: Sequence[str], outcomes: Sequence[str], each: Doubles) -> pd.DataFrame:
    """Make a table with a row for each column and outcome; see ``permutation_importance()``."""
    return pd.DataFrame(
        {
            "input": np.repeat(np.asarray(names, dtype=object), len(outcomes)),
            "outcome": np.tile(np.asarray(outcomes, dtype=object), len(names)),
            "estimate": each.mean(axis=1).ravel(),
            "spread": each.std(axis=1).ravel(),
            "lowest": each.min(axis=1).ravel(),
            "highest": each.max(axis=1).ravel(),
        }
    )
