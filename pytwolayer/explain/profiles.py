"""Predictions along one input: accumulated local effects, partial dependence, single rows."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pytwolayer.explain.effects import joint_levels
from pytwolayer.explain.networks import Explained
from pytwolayer.explain.predictor import Predictor, mean_of_known
from pytwolayer.preprocessing.offset import add_offset
from pytwolayer.preprocessing.outcome import has_log_link
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table

KINDS = ("ale", "pdp", "ice")
_MOST_MARKS = 1000  # of the values that a plot marks at its edge


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


def marks_of(values: Doubles) -> Doubles:
    """Return the values in order, or of many some at equal steps of their ranks."""
    ordered = np.sort(values)
    ranks = np.linspace(0, len(ordered) - 1, min(len(ordered), _MOST_MARKS)).astype(np.intp)
    marks: Doubles = ordered[ranks]
    return marks


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
    outcome = models[0].outcome
    log = has_log_link(outcome)

    def at(value: Any) -> Doubles:
        each = predictor.each_with(place, value)
        if offset is None:
            return each
        return np.stack([add_offset(values, offset, log=log) for values in each])

    if kind == "ale" and numeric:
        ends = interval_ends(table.columns[place].values, np.asarray(grid))
        return Profile(grid, ale_of_numbers(map(at, ends.values), ends, weights))
    codes = _codes(table, place, grid) if kind == "ale" else None
    return Profile(grid, along(map(at, grid), kind, weights, codes))


class Ends(NamedTuple):
    """The intervals between the values of a grid, and the ends of each row's.

    Attributes
    ----------
    number : int
        Of the intervals.
    interval : array
        That of each row, from 1.
    values : list of array
        Lower and upper ends, of each row; of a single value that alone.
    """

    number: int
    interval: NDArray[np.intp]
    values: list[Doubles]


def interval_ends(values: Doubles, edges: Doubles) -> Ends:
    """Find the interval that each value is in."""
    number = len(edges) - 1
    if not number:
        return Ends(0, np.zeros(len(values), dtype=np.intp), [edges])
    interval = np.clip(np.searchsorted(edges, values, side="left"), 1, number)
    return Ends(number, interval, [edges[interval - 1], edges[interval]])


def along(
    predictions: Iterable[Doubles],
    kind: str,
    weights: Doubles | None,
    codes: NDArray[np.intp] | None = None,
) -> Doubles:
    """Make of the predictions with each value in all rows what ``Profile.each`` has.

    ``codes`` are the rows' own numbers of values, of "ale", which are levels then.
    """
    each = np.stack([*predictions], axis=1)
    if kind == "ice":
        return each
    own = np.ones(each.shape[2]) if weights is None else weights
    if kind == "pdp":
        return _average(each, own)
    assert codes is not None
    return _ale_of_levels(each, codes, own)


def _average(rows: Doubles, weights: Doubles) -> Doubles:
    """Average over the rows, the last axis but one; without those that are missing."""
    there = ~np.isnan(rows)
    each = there * weights[:, None]
    total = each.sum(axis=-2)
    sums = (np.where(there, rows, 0.0) * each).sum(axis=-2)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)


def ale_of_numbers(predictions: Iterable[Doubles], ends: Ends, weights: Doubles | None) -> Doubles:
    """Accumulate what predictions change by within each interval; the mean is 0.

    ``predictions`` are those with ``ends.values``.
    """
    each = [*predictions]
    if not ends.number:
        return np.zeros_like(each[0][:, :1])
    change = each[1] - each[0]
    own = np.ones(change.shape[1]) if weights is None else weights
    steps, sizes = [], []
    for number in range(1, ends.number + 1):
        rows = ends.interval == number
        steps.append(_average(change[:, rows], own[rows]))
        sizes.append(own[rows].sum())
    return _accumulate(steps, np.asarray(sizes), between=True)


def _ale_of_levels(each: Doubles, codes: NDArray[np.intp], weights: Doubles) -> Doubles:
    """Accumulate what predictions change by from each level to the next; the mean is 0."""
    number = each.shape[1]
    if number == 1:
        return np.zeros_like(each[:, 0, :1])
    steps = []
    for place in range(number - 1):
        rows = (codes == place) | (codes == place + 1)
        steps.append(_average((each[:, place + 1] - each[:, place])[:, rows], weights[rows]))
    sizes = np.array([weights[codes == place].sum() for place in range(number)])
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
