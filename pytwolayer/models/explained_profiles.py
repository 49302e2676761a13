"""Profiles of a fit or an ensemble along one input: its data read, the answer as a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer import checks
from pytwolayer.errors import ArgumentError
from pytwolayer.explain.effects import NO_ROWS
from pytwolayer.explain.links import explained_names
from pytwolayer.explain.profiles import (
    KINDS,
    known_levels,
    marks_of,
    profile,
    profile_table,
    quantile_values,
)
from pytwolayer.explain.rows import sampled
from pytwolayer.models.explained import (
    explained,
    input_names,
    read_level,
    read_variables,
)
from pytwolayer.models.judged_rows import joint_complete
from pytwolayer.models.new_rows import is_not_in_memory, read_new_data
from pytwolayer.preprocessing.offset import add_offset_if_fitted, read_offset
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import read_weights
from pytwolayer.training.trained_model import Model


def fit_feature_effects(
    fits: Sequence[Model],
    x: Any,
    variable: str,
    *,
    kind: str,
    points: Any,
    sample_weight: Any,
    offset: Any,
    level: float | None,
) -> pd.DataFrame:
    """Compute predictions along a column; see ``TwoLayer.feature_effects()``."""
    kind = checks.one_of("kind", kind, KINDS)
    points = checks.count("points", points, minimum=2)
    level = None if level is None else read_level(level)
    models, names = explained(fits), input_names(fits[0])
    if not isinstance(variable, str):
        raise ArgumentError("variable", "the name of a column", checks.describe(variable))
    (place,) = read_variables(names, variable, "variable")
    table = read_new_data(fits, x)
    weights = read_weights("sample_weight", sample_weight, table.rows)
    add_offset_if_fitted(np.zeros((table.rows, 1)), fits[0].offset, offset, log=False)
    added = None if offset is None else read_offset(offset, table.rows)
    chosen = sampled(table.rows) if is_not_in_memory(x) else None
    if chosen is not None:
        table, (weights, added) = table.take(chosen), (_taken(v, chosen) for v in (weights, added))
    there = joint_complete(fits, table) if table.rows else np.zeros(0, dtype=np.bool_)
    if not there.any():
        raise ArgumentError("x", NO_ROWS, "data without one" if table.rows else "none")
    rows, (weights, added) = table.take(there), (_taken(v, there) for v in (weights, added))
    levels = known_levels(models, rows, place)
    values = rows.columns[place].values
    grid = quantile_values(values, points).tolist() if levels is None else levels
    found = profile(
        models,
        rows,
        place,
        kind,
        grid,
        weights=weights,
        offset=added,
        numeric=levels is None,
    )
    if rows.columns[place].kind == "logical":
        found = found._replace(values=["FALSE", "TRUE"])
    numbers = None
    if kind == "ice":
        numbers = (np.flatnonzero(there) if chosen is None else chosen[there]).tolist()
    outcomes = explained_names(fits[0].outcome)
    made = profile_table(names[place], outcomes, found, numbers, level)
    made.attrs = {"kind": kind, "rows": rows.rows, "marks": _marks(rows, place, levels)}
    return made


def _taken(values: Doubles | None, there: Any) -> Doubles | None:
    return None if values is None else values[there]


def _marks(table: Table, place: int, levels: list[Any] | None) -> list[float]:
    """Return values of the rows, or of many some at equal steps of their ranks."""
    if levels is not None:
        return []
    marks: list[float] = marks_of(table.columns[place].values).tolist()
    return marks
