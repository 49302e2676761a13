"""What explains a fit by predictions alone, of variables that its columns are computed from.

The caller computes the columns anew for each value of such a variable, and asks for predictions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.explain.effects import Effect, effects_table
from pytwolayer.explain.given_predictions import average_contrasts
from pytwolayer.explain.importance import importance_table
from pytwolayer.explain.links import explained_names
from pytwolayer.explain.measures import worse_by
from pytwolayer.explain.predictor import Predictor
from pytwolayer.explain.profiles import (
    Profile,
    ale_of_numbers,
    along,
    interval_ends,
    profile_table,
)
from pytwolayer.models.explained import explained, read_level
from pytwolayer.models.judged_rows import joint_complete
from pytwolayer.models.new_rows import read_new_data
from pytwolayer.preprocessing.offset import add_offset_if_fitted
from pytwolayer.preprocessing.outcome import has_log_link
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.training.trained_model import Model


def predictions_of_each(fits: Sequence[Model], x: Any, offset: Doubles | None) -> Doubles:
    """Predict each outcome, class or quantile.

    Returns
    -------
    array
        Shape ``(models, rows, outputs)``; NaN where a model cannot predict.
    """
    table, outcome = read_new_data(fits, x), fits[0].outcome
    each = np.full((len(fits), table.rows, len(explained_names(outcome))), np.nan)
    there = joint_complete(fits, table) if table.rows else np.zeros(0, dtype=np.bool_)
    if there.any():
        rows = table if there.all() else table.take(there)
        each[:, there] = Predictor(explained(fits), rows).each()
    log = has_log_link(outcome)
    added = [add_offset_if_fitted(own, fits[0].offset, offset, log=log) for own in each]
    return np.stack(added)


def effects_of_predictions(
    outcomes: Sequence[str],
    name: str,
    contrasts: Sequence[str],
    predictions: Sequence[Doubles],
    widths: Doubles | None,
    weights: Doubles | None,
    level: float | None,
) -> pd.DataFrame:
    """Make a table of effects; see ``average_contrasts()`` for the predictions."""
    level = None if level is None else read_level(level)
    found = average_contrasts(predictions, widths, weights)
    effects = [Effect(0, contrast) for contrast in contrasts]
    return effects_table([name], outcomes, effects, found, level)


def profile_of_predictions(
    outcomes: Sequence[str],
    name: str,
    kind: str,
    grid: list[Any],
    predictions: Sequence[Doubles],
    *,
    own: Doubles,
    numeric: bool,
    weights: Doubles | None,
    rows: Sequence[int],
    level: float | None,
) -> pd.DataFrame:
    """Make a table of a profile.

    Parameters
    ----------
    predictions : sequence of array
        With each value of the grid, of shape ``(models, rows, outputs)``; of "ale" of numbers with
        the ends of each row's interval, ``interval_ends()``.
    own : array
        The rows' own values, or numbers of levels, from 0.
    rows : sequence of int
        The rows' numbers.
    """
    if kind == "ale" and numeric:
        ends = interval_ends(own, np.asarray(grid))
        each = ale_of_numbers(predictions, ends, weights)
    else:
        each = along(predictions, kind, weights, own.astype(np.intp))
    numbers = rows if kind == "ice" else None
    return profile_table(name, outcomes, Profile(grid, each), numbers, level)


def importance_of_measures(
    names: Sequence[str], outcomes: Sequence[str], measure: str, base: Doubles, after: Doubles
) -> tuple[pd.DataFrame, Doubles]:
    """Make a table of importance.

    Parameters
    ----------
    base : array
        The measure of the predictions as they are, one for each outcome.
    after : array
        Those with each variable in another order, shape ``(variables, repeats, outcomes)``.

    Returns
    -------
    table : DataFrame
    each : array
        The repeats of each row of the table.
    """
    each = worse_by(measure, base, after)
    by_row = each.transpose(0, 2, 1).reshape(-1, each.shape[1])
    return importance_table(names, outcomes, each), by_row
