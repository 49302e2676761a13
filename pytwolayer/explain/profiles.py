"""Predictions along one input: accumulated local effects, partial dependence, single rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.explain.effects import joint_levels
from pytwolayer.explain.networks import Explained
from pytwolayer.explain.predictor import Predictor, mean_of_known
from pytwolayer.preprocessing.offset import add_offset
from pytwolayer.preprocessing.outcome import Classes
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table

KINDS = ("ale", "pdp", "ice")


class Profile(NamedTuple):
    """Predictions along an input.

    Attributes
    ----------
    values : list
        Numbers, or levels.
    each : array
        Shape ``(models, values, outputs)``, of "ice" ``(models, values, rows, outputs)``.
    """

    values: list[Any]
    each: Doubles


def quantile_values(values: Doubles, points: int) -> Doubles:
    """Return different values of a column at equal steps of its ranks, the ends among them."""
    ordered = np.sort(values)
    ranks = np.arange(points) * (len(ordered) - 1) // max(1, points - 1)
    return np.unique(ordered[ranks])


def known_levels(models: Sequence[Explained], table: Table, place: int) -> list[Any] | None:
    """Return the levels that a column has in the rows, in the order of training; None of numbers.

    Of a logical column false and true.
    """
    column = table.columns[place]
    if column.kind == "logical":
        return [0.0, 1.0]
    levels = joint_levels(models, place)
    if not levels:
        return None
    there = {column.levels[int(code)] for code in np.unique(column.values)}
    return [level for level in levels if level in there]


def profile(
    models: Sequence[Explained],
    table: Table,
    place: int,
    kind: str,
    grid: list[Any],
    *,
    weights: Doubles | None,
    offset: Doubles | None,
    numeric: bool,
) -> Profile:
    """Compute predictions along a column, at the values of ``grid``, of complete rows."""
    predictor = Predictor(models, table)
    own = np.ones(table.rows) if weights is None else weights
    outcome = models[0].outcome
    log = not isinstance(outcome, Classes) and outcome.log

    def at(value: Any) -> Doubles:
        each = predictor.each_with(place, value)
        if offset is None:
            return each
        return np.stack([add_offset(values, offset, log=log) for values in each])

    if kind == "ale":
        values = table.columns[place].values
        if numeric:
            return Profile(grid, _ale_of_numbers(at, values, np.asarray(grid), own))
        codes = _codes(table, place, grid)
        return Profile(grid, _ale_of_levels(at, codes, grid, own))
    rows = np.stack([at(value) for value in grid], axis=1)
    if kind == "ice":
        return Profile(grid, rows)
    return Profile(grid, _average(rows, own))


def _average(rows: Doubles, weights: Doubles) -> Doubles:
    """Average over the rows, the last axis but one; without those that are missing."""
    there = ~np.isnan(rows)
    each = there * weights[:, None]
    total = each.sum(axis=-2)
    sums = (np.where(there, rows, 0.0) * each).sum(axis=-2)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)


def _ale_of_numbers(at: Any, values: Doubles, edges: Doubles, weights: Doubles) -> Doubles:
    """Accumulate what predictions change by within each interval; the mean is 0."""
    if len(edges) == 1:
        return np.zeros_like(at(float(edges[0]))[:, :1])
    interval = np.clip(np.searchsorted(edges, values, side="left"), 1, len(edges) - 1)
    change = at(edges[interval]) - at(edges[interval - 1])
    steps, sizes = [], []
    for number in range(1, len(edges)):
        rows = interval == number
        steps.append(_average(change[:, rows], weights[rows]))
        sizes.append(weights[rows].sum())
    return _accumulate(steps, np.asarray(sizes), between=True)


def _ale_of_levels(
    at: Any, codes: NDArray[np.intp], levels: list[Any], weights: Doubles
) -> Doubles:
    """Accumulate what predictions change by from each level to the next; the mean is 0."""
    if len(levels) == 1:
        return np.zeros_like(at(levels[0])[:, :1])
    steps, before = [], at(levels[0])
    for number, level in enumerate(levels[1:]):
        after = at(level)
        rows = (codes == number) | (codes == number + 1)
        steps.append(_average((after - before)[:, rows], weights[rows]))
        before = after
    sizes = np.array([weights[codes == number].sum() for number in range(len(levels))])
    return _accumulate(steps, sizes, between=False)


def _accumulate(steps: list[Doubles], sizes: Doubles, *, between: bool) -> Doubles:
    """Add the steps up; ``sizes`` are weights of values, or of the intervals between them."""
    start = np.zeros_like(steps[0])
    found = np.cumsum(np.stack([start, *steps], axis=1), axis=1)
    of_sizes = (found[:, 1:] + found[:, :-1]) / 2 if between else found
    mean = np.einsum("mvo,v->mo", of_sizes, sizes / sizes.sum())
    centered: Doubles = found - mean[:, None]
    return centered


def _codes(table: Table, place: int, grid: list[Any]) -> NDArray[np.intp]:
    """Return each row's number in the grid of levels."""
    column = table.columns[place]
    if not column.has_levels:
        return column.values.astype(np.intp)
    number = {level: place for place, level in enumerate(grid)}
    codes = np.array([number.get(level, -1) for level in column.levels])
    found: NDArray[np.intp] = codes[column.values.astype(np.intp)]
    return found


def profile_table(
    name: str,
    outcomes: Sequence[str],
    found: Profile,
    rows: Sequence[int] | None,
    level: float | None,
) -> pd.DataFrame:
    """Make a table with a row for each value and outcome, of "ice" for each row too."""
    shape = found.each.shape[1:]
    values = pd.Series(found.values, dtype=object if isinstance(found.values[0], str) else float)
    inner = int(np.prod(shape[1:]))
    columns: dict[str, Any] = {
        "input": name,
        "value": values.repeat(inner).to_numpy(),
    }
    if rows is not None:
        columns["row"] = np.tile(np.repeat(rows, shape[-1]), len(values))
    columns["outcome"] = np.tile(np.asarray(outcomes, dtype=object), int(np.prod(shape[:-1])))
    columns["estimate"] = mean_of_known(found.each).ravel()
    if level is not None and rows is None:
        ends = np.nanquantile(found.each, ((1 - level) / 2, (1 + level) / 2), axis=0)
        columns["lower"], columns["upper"] = (end.ravel() for end in ends)
    return pd.DataFrame(columns)
