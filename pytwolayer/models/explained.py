"""What explains a fit or an ensemble: its data read, the answers as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pytwolayer import checks
from pytwolayer.checks import quote_some
from pytwolayer.errors import ArgumentError
from pytwolayer.explain.effects import (
    average_effects,
    effects_of_columns,
    effects_table,
    joint_levels,
)
from pytwolayer.explain.links import explained_names
from pytwolayer.explain.networks import Explained
from pytwolayer.explain.rows import as_frame, describe_setting, read_settings, spread_of
from pytwolayer.models.new_rows import read_new_data
from pytwolayer.preprocessing.block_writer import is_levels
from pytwolayer.preprocessing.column import in_column
from pytwolayer.preprocessing.offset import add_offset_if_fitted, read_offset
from pytwolayer.preprocessing.outcome import has_log_link
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table
from pytwolayer.preprocessing.training_data import read_weights
from pytwolayer.training.trained_model import Model


def fit_effects(
    fits: Sequence[Model],
    x: Any,
    *,
    variables: Any,
    at: Any,
    step: Any,
    sample_weight: Any,
    offset: Any,
    level: float | None,
) -> pd.DataFrame:
    """Average the effects; see ``TwoLayer.effects()``. ``level`` is None for one network."""
    level = None if level is None else read_level(level)
    models, names = explained(fits), input_names(fits[0])
    at = as_frame(at)
    chosen = None if at is None else read_settings(fits[0].inputs, names, at)
    if chosen is not None:
        _refuse_unseen_levels(models, names, chosen[0])
    if x is None and (chosen is None or len(chosen[1][0]) < len(names)):
        expected = "given, or left out where `at` has a value for every column"
        raise ArgumentError("x", expected, "missing")
    table = read_new_data(fits, at if x is None else x)
    places = read_variables(names, variables)
    weights = read_weights("sample_weight", sample_weight, table.rows)
    factors = offset_factors(fits[0], offset, table.rows)
    steps = read_steps(fits, names, places, step, table, weights)
    effects = effects_of_columns(models, table, places, steps)
    outcomes = explained_names(fits[0].outcome)
    facts: dict[Any, Any] = {"rows": table.rows, "widths": _widths(names, places, table, weights)}
    if chosen is None:
        found = average_effects(models, table, effects, weights, factors)
        made = effects_table(names, outcomes, effects, found, level)
        made.attrs = facts
        return made
    tables = []
    for number, setting in enumerate(chosen[1]):
        rows = table.take(slice(number, number + 1)) if x is None else table
        found = average_effects(models, rows, effects, weights, factors, setting)
        part = effects_table(names, outcomes, effects, found, level)
        part.insert(0, "at", describe_setting(chosen[0], number))
        tables.append(part)
    made = pd.concat(tables, ignore_index=True)
    made.attrs = facts
    return made


def _refuse_unseen_levels(models: Sequence[Explained], names: Sequence[str], at: Table) -> None:
    for name, column in zip(at.names or (), at.columns, strict=True):
        known = joint_levels(models, names.index(name))
        unseen = [level for level in column.levels if level not in known]
        if known and unseen:
            received = f"{quote_some(unseen)}{in_column(name)}"
            raise ArgumentError("at", "levels that training saw", received)


def _widths(
    names: Sequence[str], places: Sequence[int], table: Table, weights: Doubles | None
) -> dict[str, float]:
    """Return the standard deviations in the rows of columns of numbers, by their names."""
    columns = {names[place]: table.columns[place] for place in places}
    numbers = {name: own for name, own in columns.items() if own.kind == "number"}
    return {name: spread_of(own.values, weights) for name, own in numbers.items()}


def explained(fits: Sequence[Model]) -> list[Explained]:
    """Take of each fit what is explained."""
    return [
        Explained(fit.inputs, fit.outcome, fit.network, fit.settings.activation, fit.settings.loss)
        for fit in fits
    ]


def input_names(fit: Model) -> list[str]:
    """Name the columns: without names of their own x1, x2 and so on."""
    names = fit.inputs.names
    return list(names or (f"x{number + 1}" for number in range(len(fit.inputs.codings))))


def read_level(level: Any) -> float:
    """Check the share of the models that an interval holds."""
    share: float = checks.between("level", level, 0, 1, below=True)
    if share == 0:
        raise ArgumentError("level", "above 0 and below 1", "0")
    return share


def read_variables(names: Sequence[str], variables: Any, argument: str = "variables") -> list[int]:
    """Find the places of columns by their names; None: of all."""
    if variables is None:
        return list(range(len(names)))
    wanted = [variables] if isinstance(variables, str) else [str(name) for name in variables]
    absent = [name for name in wanted if name not in names]
    if absent or not wanted:
        received = quote_some(absent) if absent else "none"
        expected = "names of columns of the fit"
        if argument == "variable":
            expected = "the name of a column of the fit"
        raise ArgumentError(argument, expected, received)
    return [names.index(name) for name in dict.fromkeys(wanted)]


def read_steps(
    fits: Sequence[Model],
    names: Sequence[str],
    places: Sequence[int],
    step: Any,
    table: Table,
    weights: Doubles | None,
) -> dict[int, float]:
    """Return half the widths of differences, by the places of columns.

    A single number is in standard deviations of each column in these rows.
    """
    if step is None:
        return {}
    if isinstance(step, Mapping):
        wanted = read_variables(names, list(step))
        pairs = zip(wanted, step.values(), strict=True)
        return {place: checks.positive("step", value) for place, value in pairs}
    share = checks.positive("step", step)
    steps = {}
    for place in places:
        if is_levels(fits[0].inputs.codings[place]) or table.columns[place].kind == "logical":
            continue
        width = share * spread_of(table.columns[place].values, weights)
        if width == 0:
            expected = "a width for each column by its name, where a column is constant in the rows"
            raise ArgumentError("step", expected, checks.describe(step))
        steps[place] = width
    return steps


def offset_factors(fit: Model, offset: Any, rows: int) -> Doubles | None:
    """Return what an offset multiplies effects with; None: nothing."""
    log = has_log_link(fit.outcome)
    # Raises if there must be one, or none.
    add_offset_if_fitted(np.zeros((rows, 1)), fit.offset, offset, log=log)
    if offset is None or not log:
        return None
    factors: Doubles = np.exp(read_offset(offset, rows))
    return factors
