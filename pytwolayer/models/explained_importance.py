"""Permutation importance of a fit or an ensemble: its data read, the answer as a table."""

import secrets
from collections.abc import Sequence
from typing import Any

import pandas as pd

from pytwolayer import checks
from pytwolayer.errors import TrainingRowsWarning, warn_user
from pytwolayer.explain.importance import importance_table, permutation_importance
from pytwolayer.explain.measures import Judge, Judged
from pytwolayer.explain.predictor import Predictor
from pytwolayer.models.explained import explained, input_names, read_variables
from pytwolayer.models.judged_rows import judged_rows
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.training.trained_model import Model


def fit_importance(
    fits: Sequence[Model],
    x: Any,
    y: Any,
    *,
    variables: Any,
    repeats: Any,
    measure: str,
    seed: Any,
    sample_weight: Any,
    offset: Any,
    in_blocks: bool,
) -> pd.DataFrame:
    """Measure the importance of columns; see ``TwoLayer.importance()``.

    ``in_blocks`` is whether ``x``, opened, is not in memory.
    """
    models, names = explained(fits), input_names(fits[0])
    places = read_variables(names, variables)
    repeats = checks.count("repeats", repeats)
    seed = secrets.randbits(31) if seed is None else checks.seed("seed", seed)
    rows = judged_rows(fits, x, y, sample_weight, offset, in_blocks=in_blocks)
    if rows.are_of_training:
        warn_user(
            "The rows are those that the fit was trained on: what was learnt by heart counts too.",
            TrainingRowsWarning,
        )
    judge = Judge(models, Judged(rows.outcomes, rows.weights), measure)
    base, each = permutation_importance(models, rows.table, judge, places, repeats, seed)
    table = importance_table([names[place] for place in places], judge.outcomes, each)
    table.attrs = {
        "measure": measure,
        "base": dict(zip(judge.outcomes, base.tolist(), strict=True)),
        "repeats": repeats,
        "seed": seed,
        "rows": rows.table.rows,
        "training": rows.are_of_training,
        "each": each.transpose(0, 2, 1).reshape(-1, repeats).tolist(),
    }
    return table


def fit_measure(
    fits: Sequence[Model], x: Any, y: Any, *, measure: str, sample_weight: Any, offset: Any
) -> tuple[list[str], Doubles, bool]:
    """Measure predictions: names, the numbers, and whether the rows are those of training."""
    models = explained(fits)
    rows = judged_rows(fits, x, y, sample_weight, offset)
    judge = Judge(models, Judged(rows.outcomes, rows.weights), measure)
    found = judge.judge(*Predictor(models, rows.table).values())
    return judge.outcomes, found, rows.are_of_training
