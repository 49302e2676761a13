"""Validation data of the user's own, given apart from the training data."""

from dataclasses import replace
from typing import Any

import numpy as np

from pytwolayer import checks
from pytwolayer.errors import ArgumentError, MissingRowsWarning, warn_user
from pytwolayer.preprocessing.table import Table, read_table
from pytwolayer.preprocessing.training_data import TrainingData, read_weights

_NAME = "validation"
_PAIR = "`(X, y)` or `(X, y, weights)`, or a table where `outcome` names columns"


def is_validation_data(validation: Any) -> bool:
    """Tell data of the user's own from a share and from rows of the training data."""
    is_frame = hasattr(validation, "columns") and hasattr(validation, "to_numpy")
    if is_frame or hasattr(validation, "to_pandas"):
        return True  # a data frame, of whatever library
    if isinstance(validation, list) and len(validation) not in (2, 3):
        return False
    if not isinstance(validation, (tuple, list)):
        return False
    return any(
        (hasattr(part, "__len__") and not isinstance(part, str)) or hasattr(part, "to_pandas")
        for part in validation
    )


def read_validation_data(
    validation: Any, outcome: Any, training: TrainingData, na_action: str
) -> TrainingData:
    """Check validation data, and leave out rows with missing values.

    Raises
    ------
    ArgumentError
        If they are not data like those of training.
    """
    x, y, weights = _parts(validation, outcome)
    predictors, outcomes = _tables(x, y, training)
    if outcomes.rows != predictors.rows:
        received = f"{predictors.rows} and {outcomes.rows} rows"
        raise ArgumentError(_NAME, "predictors and an outcome of as many rows", received)
    if not predictors.rows:
        raise ArgumentError(_NAME, "data of at least one row", "no rows")
    _refuse_other_kinds(training.predictors, predictors)
    _refuse_other_kinds(training.outcomes, outcomes)
    complete = predictors.complete() & outcomes.complete()
    own = replace(
        training,
        predictors=predictors,
        outcomes=outcomes,
        weights=_weights(weights, predictors.rows),
        held_out=None,
        kept=np.arange(predictors.rows),
        given=predictors.rows,
        dropped=int(predictors.rows - complete.sum()),
    )
    if own.dropped:
        _report_missing(own, na_action)
        own = own.take(complete)
    if own.weights is not None and not own.weights.all():
        if not own.weights.any():
            raise ArgumentError(_NAME, "of a weight above 0 in at least one row", "0 in all")
        own = own.take(own.weights > 0)
    return own


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
        return predictors, read_table(_NAME, x, like=(outcomes.names, len(outcomes.columns)))
    # A vector's name is not looked at: it may come from anywhere.
    wanted = None if outcomes.vector else outcomes.names
    return predictors, read_table(_NAME, y, vector=True, like=(wanted, len(outcomes.columns)))


def _refuse_other_kinds(training: Table, own: Table) -> None:
    for before, now in zip(training.columns, own.columns, strict=True):
        if "missing" in (before.kind, now.kind) or before.has_levels == now.has_levels:
            continue
        expected = "of factors or text" if before.has_levels else "of numbers"
        received = {"number": "numbers", "logical": "logicals"}.get(now.kind, now.kind)
        where = "the outcome" if now.label is None else f'column "{now.label}"'
        raise ArgumentError(_NAME, f"{expected} where training has them", f"{received} in {where}")


def _weights(weights: Any, rows: int) -> Any:
    try:
        return read_weights(_NAME, weights, rows)
    except ArgumentError as problem:
        expected = f"data with weights that are {problem.expected}"
        raise ArgumentError(_NAME, expected.replace("`x`", "its rows"), problem.received) from None


def _report_missing(own: TrainingData, na_action: str) -> None:
    number = f"{own.dropped} of {own.given} rows"
    if na_action == "fail":
        raise ArgumentError(
            _NAME, 'complete with `na_action = "fail"`', f"missing values in {number}"
        )
    if own.dropped == own.given:
        raise ArgumentError(_NAME, "complete in at least one row", f"missing values in {number}")
    warn_user(f"{number} of `{_NAME}` left out: values are missing.", MissingRowsWarning)


def held_out_array(held_out: Any) -> Any:
    """Give an array of what says which rows are held out.

    Raises
    ------
    ArgumentError
        If it is none.
    """
    rows = "a share below 1, row numbers, or true and false for each row"
    expected = f"{rows}; or data, {_PAIR}"
    try:
        array = np.asarray(held_out)
    except ValueError:
        raise ArgumentError(_NAME, expected, checks.shown(held_out)) from None
    if array.ndim != 1 or array.dtype.kind not in "biu" or not len(array):
        raise ArgumentError(_NAME, expected, checks.shown(held_out))
    return array
