"""The truth that predictions are held against: an outcome of the kind that training had."""

import numpy as np

from pytwolayer.errors import ArgumentError
from pytwolayer.preprocessing.column import Column, in_column
from pytwolayer.preprocessing.outcome import Classes, Outcome
from pytwolayer.preprocessing.spread import outcome_columns
from pytwolayer.preprocessing.table import Table

_LEFT_OUT = "Their rows are left out."
_KINDS = {"number": "numbers", "logical": "logicals", "factor": "a factor", "text": "text"}


def check_truth(outcome: Outcome, table: Table, argument: str = "y") -> None:
    """Check that a table has the columns of an outcome, and numbers or classes where it has them.

    ``argument`` is what it came in, for error messages.

    Raises
    ------
    ArgumentError
        If not.

    Warns
    -----
    UnseenLevelWarning
        If it has classes that training did not see.
    """
    columns = outcome_columns(table)
    if len(columns) != outcome.columns:
        counts = (f"{n} column{'s' if n > 1 else ''}" for n in (outcome.columns, len(columns)))
        expected, received = counts
        if not isinstance(outcome, Classes) and outcome.trials:
            expected += " of successes and failures"
        raise ArgumentError(argument, f"{expected}, as in training", received)
    for column in columns:
        if isinstance(outcome, Classes):
            _check_classes(outcome, column, argument)
        elif column.has_levels and not outcome.labels:
            _refuse(column, "numbers", argument)
    outcome.warn_unseen_classes(table, _LEFT_OUT)


def refuse_unseen_alone(known: int, argument: str = "y") -> None:
    """Raise if no row's truth is known to the fit.

    Raises
    ------
    ArgumentError
        If so.
    """
    if not known:
        expected = "data with a row of a class that training saw"
        raise ArgumentError(argument, expected, "data without one")


def _check_classes(outcome: Classes, column: Column, argument: str) -> None:
    if column.has_levels:
        return
    zero_or_one = column.kind == "logical" or bool(np.isin(column.values, (0, 1)).all())
    if not zero_or_one or not set(outcome.outputs) <= {"FALSE", "TRUE"}:
        _refuse(column, "classes", argument)


def _refuse(column: Column, expected: str, argument: str) -> None:
    received = f"{_KINDS.get(column.kind, column.kind)}{in_column(column.label)}"
    raise ArgumentError(argument, f"{expected}, as in training", received)
