"""Validation: rows of the training data that are held out, or data given apart from them."""

from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError, MissingRowsWarning, Text, warn_user
from pytwolayer.preprocessing.row_source import Mask, SourcedTable
from pytwolayer.preprocessing.table import RawTable, Table, column_names, columns_at, read_table
from pytwolayer.preprocessing.training_data import TrainingData, read_weights

_NAME = "validation"
_PAIR = "`(X, y)` or `(X, y, weights)`, or a table where `outcome` names columns"


def is_validation_data(validation: Any) -> bool:
    """Tell whether it is data, and not a share of the training data or rows of it."""
    if isinstance(validation, (RawTable, SourcedTable)):
        return True
    is_frame = hasattr(validation, "columns") and hasattr(validation, "to_numpy")
    if is_frame or hasattr(validation, "to_pandas"):
        return True  # a data frame of any library
    if isinstance(validation, list) and len(validation) not in (2, 3):
        return False
    if not isinstance(validation, (tuple, list)):
        return False
    return any(
        (hasattr(part, "__len__") and not isinstance(part, str)) or hasattr(part, "to_pandas")
        for part in validation
    )


def read_validation_data(
    validation: Any,
    outcome: Any,
    training: TrainingData,
    na_action: str,
    weights_column: str | None = None,
) -> TrainingData:
    """Check validation data, and leave out rows with missing values or with weight 0.

    ``weights_column`` is the column of weights, if a table has them in a column.

    Raises
    ------
    ArgumentError
        If they have other columns than the training data, or columns of another kind.
    """
    x, y, weights = _parts(validation, outcome)
    if weights_column is not None and y is None and weights is None:
        names = column_names(_NAME, x)
        if weights_column in names:
            weights = columns_at(x, [names.index(weights_column)])
    predictors, outcomes = _tables(x, y, training)
    if outcomes.rows != predictors.rows:
        received = f"{predictors.rows} and {outcomes.rows} rows"
        raise ArgumentError(_NAME, "predictors and an outcome of as many rows", received)
    if not predictors.rows:
        raise ArgumentError(_NAME, "data of at least one row", "no rows")
    _refuse_other_kinds(training.predictors, predictors)
    _refuse_other_kinds(training.outcomes, outcomes)
    weights = _weights(weights, predictors.rows)
    data = _without_missing(
        TrainingData.from_tables(predictors, outcomes, weights, None), na_action
    )
    if data.weights is None or data.weights.all():
        return data
    if not data.weights.any():
        expected = "data with weights that are above 0 in at least one complete row"
        raise ArgumentError(_NAME, expected, "0 in all of them")
    return data.take(data.weights > 0)


def _parts(validation: Any, outcome: Any) -> tuple[Any, Any, Any]:
    if not isinstance(validation, (tuple, list)):
        if outcome is None:
            raise ArgumentError(_NAME, _PAIR, "a table without an outcome")
        return validation, None, None
    if len(validation) not in (2, 3):
        raise ArgumentError(_NAME, _PAIR, f"a {type(validation).__name__} of {len(validation)}")
    x, y, *weights = validation
    if y is None and outcome is None:
        raise ArgumentError(_NAME, _PAIR, "data without an outcome")
    return x, y, weights[0] if weights else None


def _tables(x: Any, y: Any, training: TrainingData) -> tuple[Table, Table]:
    names, outcomes = training.predictors.names, training.outcomes
    predictors = read_table(_NAME, x, like=(names, len(training.predictors.columns)))
    if y is None:
        same = outcomes.names, len(outcomes.columns)
        return predictors, read_table(_NAME, x, like=same, whole=True)
    # A vector's name is ignored: the same values may have any name elsewhere.
    wanted = None if outcomes.vector else outcomes.names
    same = wanted, len(outcomes.columns)
    return predictors, read_table(_NAME, y, vector=True, like=same, whole=True)


def _refuse_other_kinds(training: Table, validation: Table) -> None:
    for before, now in zip(training.columns, validation.columns, strict=True):
        if "missing" in (before.kind, now.kind) or before.has_levels == now.has_levels:
            continue
        expected = "data with factors or text" if before.has_levels else "data with numbers"
        received = {"number": "numbers", "logical": "logicals"}.get(now.kind, now.kind)
        where = "the outcome" if now.label is None else f'column "{now.label}"'
        raise ArgumentError(_NAME, f"{expected} where training has them", f"{received} in {where}")


def _weights(weights: Any, rows: int) -> Any:
    try:
        return read_weights(_NAME, weights, rows)
    except ArgumentError as problem:
        expected = f"data with weights that are {problem.expected}"
        raise ArgumentError(_NAME, expected.replace("`x`", "its rows"), problem.received) from None


def _without_missing(data: TrainingData, na_action: str) -> TrainingData:
    complete = data.complete()
    if complete.all():
        return data
    number = f"{np.count_nonzero(~complete)} of {data.rows} rows"
    received = f"missing values in {number}"
    if na_action == "fail":
        raise ArgumentError(_NAME, 'complete with `na_action = "fail"`', received)
    if not complete.any():
        raise ArgumentError(_NAME, "complete in at least one row", received)
    warn_user(f"{number} of `{_NAME}` left out: values are missing.", MissingRowsWarning)
    return data.take(complete)


def read_held_out(held_out: Any, rows: int) -> Mask | None:
    """Convert row numbers, or true and false for each row, to a mask of the held-out rows.

    Raises
    ------
    ArgumentError
        If it is neither, or does not suit the number of rows.
    """
    if held_out is None:
        return None
    template = f"a share below 1, row numbers, or {{}} and {{}} for each row; or data, {_PAIR}"
    expected = Text(template, "true", "false")
    try:
        array = np.asarray(held_out)
    except ValueError:
        raise ArgumentError(_NAME, expected, checks.describe(held_out)) from None
    if array.ndim != 1 or array.dtype.kind not in "biu" or not len(array):
        raise ArgumentError(_NAME, expected, checks.describe(held_out))
    if array.dtype.kind == "b":
        if len(array) != rows:
            raise ArgumentError(_NAME, f"as long as `x` ({rows} rows)", f"{len(array)} long")
        return np.asarray(array, dtype=np.bool_)
    if array.min() < 0 or array.max() >= rows:
        received = f"{array.min()} to {array.max()}"
        raise ArgumentError(_NAME, f"row numbers from 0 to {rows - 1}", received)
    mask = np.zeros(rows, dtype=np.bool_)
    mask[array] = True
    return mask
