"""Average effects of the inputs on the outcome: derivatives, differences and contrasts.

For one hidden layer the derivative is a product of known matrices, so that it is exact and needs no
autograd; ``R/explain-effects.R`` computes the same without Python.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer.errors import ArgumentError
from pytwolayer.explain.averages import Averages
from pytwolayer.explain.links import explained_names
from pytwolayer.explain.networks import Explained, Net, Rows
from pytwolayer.explain.rows import Setting, complete_rows, with_setting
from pytwolayer.preprocessing.block_writer import LevelCoding
from pytwolayer.preprocessing.row_source import Doubles, Mask
from pytwolayer.preprocessing.table import Table

_CELLS = 2**21  # numbers that are in memory at a time
NO_ROWS = "data with a row that can be predicted"


@dataclass(frozen=True)
class Effect:
    """An effect to be averaged over the rows.

    Attributes
    ----------
    place : int
        That of the column, from 0.
    contrast : str
        "derivative", "difference", or the two levels that are compared, ``"b - a"``.
    ends : tuple, optional
        What is compared: ``(a, b)`` of levels, ``(0.0, 1.0)`` of logicals.
    step : float, optional
        Half the width of a difference.
    """

    place: int
    contrast: str
    ends: tuple[Any, Any] | None = None
    step: float | None = None


def effects_of_columns(
    models: Sequence[Explained],
    table: Table,
    places: Sequence[int],
    steps: Mapping[int, float],
) -> list[Effect]:
    """List the effects of columns: of levels each against the first, of numbers the derivative."""
    found = []
    for place in places:
        levels = joint_levels(models, place)
        if levels:
            first = levels[0]
            found += [Effect(place, f"{other} - {first}", (first, other)) for other in levels[1:]]
        elif table.columns[place].kind == "logical":
            found.append(Effect(place, "TRUE - FALSE", (0.0, 1.0)))
        elif place in steps:
            found.append(Effect(place, "difference", step=steps[place]))
        else:
            found.append(Effect(place, "derivative"))
    return found


def joint_levels(models: Sequence[Explained], place: int) -> list[str]:
    """Return the levels that any of the models has in a column; none of numbers."""
    codings = [each.inputs.codings[place] for each in models]
    levels = [lv for coding in codings if isinstance(coding, LevelCoding) for lv in coding.levels]
    return list(dict.fromkeys(levels))


@dataclass(frozen=True)
class AverageEffects:
    """Averages over rows.

    Attributes
    ----------
    each : array
        Shape ``(models, outputs, effects)``; NaN where a model cannot tell.
    spread : array
        Standard deviation over the rows of what the models say on average, ``(outputs, effects)``.
    """

    each: Doubles
    spread: Doubles


class RowAverages:
    """Averages over rows that come in parts, of each model and of all together."""

    def __init__(self, models: int) -> None:
        self._each, self._joint = [Averages() for _ in range(models)], Averages()

    def add(self, each: Iterable[Doubles], weights: Doubles | None) -> None:
        """Add rows: of each model effects of shape ``(rows, outputs, effects)``."""
        total = number = np.zeros(())
        for values, averages in zip(each, self._each, strict=True):
            averages.add(values, weights)
            known = ~np.isnan(values)
            total = total + np.where(known, values, 0.0)
            number = number + known
        mean = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        self._joint.add(mean, weights)

    def averages(self) -> AverageEffects:
        """Return the averages.

        Raises
        ------
        ArgumentError
            If no row can be predicted.
        """
        mean = self._joint.mean()
        if mean.size and not np.isfinite(mean).any():
            raise ArgumentError("x", NO_ROWS, "data without one")
        return AverageEffects(np.stack([one.mean() for one in self._each]), self._joint.deviation())


def average_effects(
    models: Sequence[Explained],
    table: Table,
    effects: Sequence[Effect],
    weights: Doubles | None = None,
    factors: Doubles | None = None,
    setting: Setting | None = None,
) -> AverageEffects:
    """Average effects over the rows of a table that was read and not yet recoded.

    Parameters
    ----------
    models : sequence of Explained
    table : Table
    effects : sequence of Effect
    weights : array, optional
        Of the rows.
    factors : array, optional
        What each row's effects are multiplied with: the exponential of an offset.
    setting : mapping, optional
        Values that columns have in all rows.

    Raises
    ------
    ArgumentError
        If no row can be predicted.
    """
    nets = [Net(model) for model in models]
    outputs = len(explained_names(models[0].outcome))
    averages = RowAverages(len(nets))
    if not table.rows:
        raise ArgumentError("x", NO_ROWS, "none")
    for start, part in _parts(table, max(1, outputs * len(effects))):
        rows = slice(start, start + part.rows)
        own_weights = None if weights is None else weights[rows]
        own_factors = None if factors is None else factors[rows]
        there = complete_rows(models, with_setting(part, setting))
        shape = part.rows, outputs, len(effects)
        averages.add(_effects_of_each(nets, there, effects, shape, own_factors), own_weights)
    return averages.averages()


def _effects_of_each(
    nets: Sequence[Net],
    there: Sequence[tuple[Table, Mask]],
    effects: Sequence[Effect],
    shape: tuple[int, ...],
    factors: Doubles | None,
) -> Iterator[Doubles]:
    """Yield the effects of each network; NaN in rows that it cannot predict."""
    for net, (table, complete) in zip(nets, there, strict=True):
        values = np.full(shape, np.nan)
        if complete.any():
            values[complete] = _effects(net, net.read(table), effects)
        if factors is not None:
            values *= factors[:, None, None]
        yield values


def _parts(table: Table, width: int) -> Iterator[tuple[int, Table]]:
    """Yield parts of the rows, with the number of the first."""
    most, start = max(1, _CELLS // width), 0
    for block in table.parts():
        for first in range(0, block.rows, most):
            part = block.take(slice(first, first + most))
            yield start, part
            start += part.rows


def _effects(net: Net, rows: Rows, effects: Sequence[Effect]) -> Doubles:
    """Compute each row's effects, shape ``(rows, outputs, effects)``."""
    found = np.empty((rows.table.rows, len(explained_names(net.outcome)), len(effects)))
    exact = [number for number, effect in enumerate(effects) if effect.contrast == "derivative"]
    if exact:
        found[:, :, exact] = net.derivatives(rows, [effects[number].place for number in exact])
    known: dict[tuple[int, Any], Doubles] = {}  # of the first level, with which each is compared
    for number, effect in enumerate(effects):
        if effect.step is not None:
            found[:, :, number] = _difference(net, rows, effect.place, effect.step)
        elif effect.ends is not None:
            first, other = effect.ends
            if (effect.place, first) not in known:
                known = {(effect.place, first): _at(net, rows, effect.place, first)}
            after = _at(net, rows, effect.place, other)
            found[:, :, number] = after - known[effect.place, first]
    return found


def _difference(net: Net, rows: Rows, place: int, step: float) -> Doubles:
    values = rows.table.columns[place].values
    above, below = values + step, values - step
    after = net.values(net.changed(rows, place, above))
    return (after - net.values(net.changed(rows, place, below))) / (above - below)[:, None]


def _at(net: Net, rows: Rows, place: int, value: Any) -> Doubles:
    """Predict the rows with one value in a column; NaN where the network does not know it."""
    coding = net.codings[place]
    if isinstance(coding, LevelCoding):
        if value not in coding.levels:
            return np.full((rows.table.rows, len(explained_names(net.outcome))), np.nan)
        value = float(coding.levels.index(value))
    return net.values(net.changed(rows, place, np.array([value])))


def effects_table(
    names: Sequence[str],
    outcomes: Sequence[str],
    effects: Sequence[Effect],
    found: AverageEffects,
    level: float | None,
) -> pd.DataFrame:
    """Make a table with a row for each effect and outcome; ``level`` is that of an ensemble."""
    each = found.each
    there = ~np.isnan(each)
    number = there.sum(axis=0)
    mean = np.where(there, each, 0.0).sum(axis=0) / np.maximum(number, 1)
    columns: dict[str, Any] = {
        "input": np.repeat([names[effect.place] for effect in effects], len(outcomes)),
        "contrast": np.repeat([effect.contrast for effect in effects], len(outcomes)),
        "outcome": np.tile(np.asarray(outcomes, dtype=object), len(effects)),
        "estimate": np.where(number > 0, mean, np.nan).T.ravel(),
        "spread": found.spread.T.ravel(),
    }
    columns["input"] = columns["input"].astype(object)
    columns["contrast"] = columns["contrast"].astype(object)
    if level is not None:
        ends = _quantiles(each, ((1 - level) / 2, (1 + level) / 2))
        columns["lower"], columns["upper"] = (end.T.ravel() for end in ends)
    return pd.DataFrame(columns)


def _quantiles(values: Doubles, shares: tuple[float, float]) -> Doubles:
    """Return quantiles over the models that can tell."""
    found = np.full((2, *values.shape[1:]), np.nan)
    for place in np.ndindex(values.shape[1:]):
        own = values[(slice(None), *place)]
        own = own[~np.isnan(own)]
        if len(own):
            found[(slice(None), *place)] = np.quantile(own, shares)
    return found
