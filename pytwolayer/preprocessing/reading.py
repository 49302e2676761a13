"""Reading the data of a fit: checks, and the rows that a network is trained on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.checks import quote_some, those_there
from pytwolayer.errors import ArgumentError, MissingRowsWarning, warn_user
from pytwolayer.preprocessing.column import Column
from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.preprocessing.table import Table, column_names, columns_at, read_table
from pytwolayer.preprocessing.training_data import TrainingData, read_weights
from pytwolayer.preprocessing.validation_data import (
    is_validation_data,
    read_held_out,
    read_validation_data,
)
from pytwolayer.runtime.memory import FEWER_DATA, guard_memory

COMPLETE = 'complete with `na_action = "fail"`'
NA_ACTIONS = ("omit", "fail")
# Weights are proportions, or numbers of equal rows.
WEIGHT_TYPES = ("importance", "frequency")


def read_training_data(
    x: Any,
    y: Any,
    outcome: Any = None,
    *,
    weights: Any = None,
    weights_name: str = "sample_weight",
    weight_type: str = "importance",
    held_out: Any = None,
    na_action: str = "omit",
) -> TrainingData:
    """Check the data of a fit; leave out rows with missing values or with weight 0.

    Parameters
    ----------
    x, y : table, vector
        Predictors and outcome.
    outcome : str or list of str, optional
        Names of the columns of ``x`` that are the outcome, instead of ``y``.
    weights : vector or str, optional
        One number of at least 0 for each row; or the name of the column of ``x`` that has them,
        which then is no predictor.
    weights_name : str
        The argument that they came in, for error messages.
    weight_type : str
        "importance": proportions, whose scale does not matter; "frequency": whole numbers, a row
        of weight 3 stands for three rows.
    held_out : vector or tuple, optional
        The rows to hold out, as row numbers from 0 or true and false for each row; or
        validation data.
    na_action : str
        "omit" leaves rows with missing values out, with a warning; "fail" refuses them.

    Raises
    ------
    ArgumentError
        If an argument is not as described.
    DeviceMemoryError
        If the data do not fit in memory.
    """
    checks.one_of("na_action", na_action, NA_ACTIONS)
    checks.one_of("weight_type", weight_type, WEIGHT_TYPES)
    with guard_memory("cpu", "reading the data", FEWER_DATA):
        validation = held_out if is_validation_data(held_out) else None
        column = weights if isinstance(weights, str) else None
        if column is not None:
            x, weights = _take_weights(x, column, weights_name, outcome)
        predictors, outcomes = _read_tables(x, y, outcome)
        if outcomes.rows != predictors.rows:
            expected = f"as long as `x` ({predictors.rows} rows)"
            raise ArgumentError("y", expected, f"{outcomes.rows} rows long")
        weights = read_weights(weights_name, weights, predictors.rows)
        mask = None if validation is not None else read_held_out(held_out, predictors.rows)
        data = TrainingData.from_tables(predictors, outcomes, weights, mask)
        data = _drop_zero_weights(_drop_missing(data, na_action), weights_name)
        if validation is None:
            return _apply_weight_type(data, weights_name, weight_type)
        validation = read_validation_data(validation, outcome, data, na_action, column)
        return _add_validation(data, validation, weights_name, weight_type)


def with_summaries(data: TrainingData) -> TrainingData:
    """Return the data, whose tables now have their summaries, whoever asks for them later."""
    for each in (data, data.validation):
        if each is not None:
            each.predictors.summaries()
            each.outcomes.summaries()
    return data


def _add_validation(
    data: TrainingData, validation: TrainingData, weights_name: str, weight_type: str
) -> TrainingData:
    """Add validation data; where both have importance weights, these share one scale."""
    pooled = None
    if weight_type != "frequency" and data.weights is not None and validation.weights is not None:
        pooled = np.concatenate([data.weights, validation.weights])
    data = _apply_weight_type(data, weights_name, weight_type, pooled)
    validation = _apply_weight_type(validation, "validation", weight_type, pooled)
    total_rows = data.total_rows + validation.total_rows
    return replace(data, validation=validation, total_rows=total_rows)


def _apply_weight_type(
    data: TrainingData, argument: str, weight_type: str, pooled: Doubles | None = None
) -> TrainingData:
    """Turn frequencies into counts, and remove importance weights that are all equal.

    ``pooled`` are all weights on the same scale; by default those of ``data`` alone.
    """
    weights = data.weights
    if weights is not None and weight_type == "frequency":
        if (weights != np.floor(weights)).any():
            odd = checks.describe(float(weights[weights != np.floor(weights)][0]))
            raise ArgumentError(argument, 'whole numbers with `weight_type = "frequency"`', odd)
        data = replace(data, weights=None, counts=None if (weights == 1).all() else weights)
    elif weights is not None:
        scale = weights if pooled is None else pooled
        if (scale == scale[0]).all():
            data = replace(data, weights=None)
        else:
            data = replace(data, mean_weight=float(scale.mean()), given_weights=weights)
    return replace(data, total_rows=float(data.expanded_rows))


def _read_tables(x: Any, y: Any, outcome: Any) -> tuple[Table, Table]:
    if outcome is None:
        if y is None:
            expected = "the outcome, where `outcome` does not name it"
            raise ArgumentError("y", expected, 'missing (name a column of `x`: `outcome = "..."`)')
        if isinstance(y, str):
            expected = "the outcome itself; a column of `x` is named in `outcome`"
            raise ArgumentError("y", expected, checks.describe(y))
        predictors = read_table("x", x, summarise=True)
        outcomes = read_table("y", y, vector=True, outcome=True, summarise=True, whole=True)
        return predictors, outcomes
    if y is not None:
        raise ArgumentError("y", "left out where `outcome` is given", "given too")
    # A frame made of an array has numbers for names.
    vector = isinstance(outcome, (str, int))
    wanted = [str(outcome)] if vector else _list_of_names(outcome)
    names = column_names("x", x)
    absent = [name for name in wanted if name not in names]
    if absent:
        received = quote_some(absent) + those_there(absent[0], names)
        raise ArgumentError("outcome", "names of columns of `x`", received)
    others = [place for place, name in enumerate(names) if name not in wanted]
    own = columns_at(x, [names.index(name) for name in wanted])
    outcomes = read_table("x", own, outcome=True, summarise=True, whole=True)
    return read_table("x", columns_at(x, others), summarise=True), replace(outcomes, vector=vector)


def _take_weights(x: Any, column: str, argument: str, outcome: Any) -> tuple[Any, Any]:
    """Take the column of weights out of a table."""
    try:
        names = column_names("x", x)
    except ArgumentError as problem:
        expected = "a data frame where `sample_weight` names a column"
        raise (
            problem
            if argument != "sample_weight"
            else ArgumentError("x", expected, problem.received)
        ) from None
    if column not in names:
        received = checks.describe(column) + those_there(column, names)
        raise ArgumentError(argument, "the name of a column of `x`", received)
    if outcome is not None and column in ([outcome] if isinstance(outcome, str) else outcome):
        raise ArgumentError(argument, "another column than the outcome", checks.describe(column))
    others = [place for place, name in enumerate(names) if name != column]
    return columns_at(x, others), columns_at(x, [names.index(column)])


def _list_of_names(outcome: Any) -> list[str]:
    names = list(outcome) if isinstance(outcome, (list, tuple)) else []
    if not names or not all(isinstance(name, (str, int)) for name in names):
        raise ArgumentError("outcome", "the name of a column, or several", checks.describe(outcome))
    return [str(name) for name in names]


def _drop_missing(data: TrainingData, na_action: str) -> TrainingData:
    complete = data.complete()
    if complete.all():
        return data
    dropped = int(np.count_nonzero(~complete))
    number = f"{dropped} of {data.rows} rows"
    if na_action == "fail":
        received = f"missing values in {number}, in {_describe_columns(data, _has_missing)}"
        raise ArgumentError("x", COMPLETE, received)
    if not complete.any():
        received = f"missing values in {number}: {_describe_empty(data)}"
        raise ArgumentError("x", "complete in at least one row", received)
    warn_user(f"{number} left out of training: values are missing.", MissingRowsWarning)
    return replace(data.take(complete), dropped=dropped)


def _describe_empty(data: TrainingData) -> str:
    empty = _describe_columns(data, _is_empty)
    if not empty:
        return "no column is empty in all of them"
    if any(map(_is_empty, data.outcomes.columns)):
        return f"there are no values in {empty}"
    several = sum(map(_is_empty, data.predictors.columns)) > 1
    return f"there are no values in {empty} (leave {'them' if several else 'it'} out)"


def _is_empty(column: Column) -> bool:
    return column.kind == "missing"


def _has_missing(column: Column) -> bool:
    return not column.complete


def _describe_columns(data: TrainingData, which: Callable[[Column], bool]) -> str:
    """Name the columns for which ``which`` is true; an outcome without a name: the outcome."""
    columns = [*data.predictors.columns, *data.outcomes.columns]
    labels = [column.label for column in columns if which(column)]
    names = [label for label in labels if label is not None]
    named = [f"column{'s' if len(names) > 1 else ''} {quote_some(names)}"] if names else []
    return " and ".join(named + ["the outcome"] * (len(labels) > len(names)))


def _drop_zero_weights(data: TrainingData, argument: str) -> TrainingData:
    if data.weights is None:
        return data
    positive = data.weights > 0
    if not positive.any():
        raise ArgumentError(argument, "above 0 in at least one complete row", "0 in all of them")
    return data if positive.all() else data.take(positive)
