"""What explains a fit by predictions of R's rows, which a formula of R's turned into columns.

R makes the columns for other values of a variable, and asks for predictions; the numbers that are
made of these are the core's. Vectors come and return as the bytes of doubles.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pytwolayer.preprocessing.row_source import Doubles
from pytwolayer.r_interop.tables import send_doubles, sent_numbers

Sent = bytes | bytearray


def widths_and_steps(
    columns: Sequence[Sent], weights: Sent | None, share: float | None
) -> dict[str, bytearray]:
    """Give standard deviations of columns, and half the widths of differences."""
    from pytwolayer.explain.given_predictions import step_of
    from pytwolayer.explain.rows import spread_of

    own, values = sent_numbers(weights), [_numbers(column) for column in columns]
    steps = [step_of(column, own, share) for column in values]
    return {
        "widths": send_doubles([spread_of(column, own) for column in values]),
        "steps": send_doubles(steps),
    }


def difference_ends(values: Sent, step: float) -> dict[str, bytearray]:
    """Give the values that differences are between, and how far these are apart."""
    from pytwolayer.explain.given_predictions import difference_ends as ends_of

    below, above = ends_of(_numbers(values), float(step))
    sent = {"below": below, "above": above, "widths": above - below}
    return {name: send_doubles(own) for name, own in sent.items()}


def profile_values(values: Sent, points: float, kind: str) -> dict[str, Any]:
    """Give the values of a profile of numbers, what the rows have instead, and a plot's marks."""
    from pytwolayer.explain.profiles import interval_ends, marks_of, quantile_values

    own = _numbers(values)
    known = own[~np.isnan(own)]
    grid = quantile_values(known, int(points))
    ends = interval_ends(own, grid).values if kind == "ale" else [*grid.reshape(-1, 1)]
    return {
        "grid": send_doubles(grid),
        "values": [send_doubles(value) for value in ends],
        "marks": send_doubles(marks_of(known)),
    }


def effects_of_predictions(
    outcomes: list[str],
    contrasts: list[str],
    predictions: Sequence[Sent],
    models: float,
    widths: Sent | None,
    weights: Sent | None,
    level: float | None,
) -> dict[str, Any]:
    """Give numbers of a row for each contrast and outcome."""
    from pytwolayer.models import explained_predictions

    each = [_predictions(one, int(models), len(outcomes)) for one in predictions]
    given = each, sent_numbers(widths), sent_numbers(weights), level
    table = explained_predictions.effects_of_predictions(outcomes, "", contrasts, *given)
    texts = ("input", "contrast", "outcome")
    return {str(name): send_doubles(table[name]) for name in table if name not in texts}


def profile_of_predictions(
    outcomes: list[str],
    kind: str,
    grid: Sent | None,
    predictions: Sequence[Sent],
    models: float,
    own: Sent,
    weights: Sent | None,
    level: float | None,
) -> dict[str, bytearray]:
    """Give estimates, and ends of intervals, for each value, row (of "ice") and outcome.

    ``grid`` are numbers; None: the rows have numbers of levels, from 1, as their ``own`` values.
    """
    from pytwolayer.models import explained_predictions

    each = [_predictions(one, int(models), len(outcomes)) for one in predictions]
    numeric, values = grid is not None, _numbers(own)
    places = list(range(len(each))) if grid is None else _numbers(grid).tolist()
    table = explained_predictions.profile_of_predictions(
        outcomes,
        "",
        kind,
        places,
        each,
        own=values if numeric else values - 1,
        numeric=numeric,
        weights=sent_numbers(weights),
        rows=range(each[0].shape[1]),
        level=level,
    )
    wanted = [name for name in ("estimate", "lower", "upper") if name in table]
    return {name: send_doubles(table[name]) for name in wanted}


def importance_of_measures(
    names: list[str], outcomes: list[str], measure: str, base: Sent, after: Sequence[Sent]
) -> dict[str, Any]:
    """Give numbers of a row for each variable and outcome; and of each repeat.

    ``after`` has the measures of all outcomes with a variable in another order, for one repeat
    after the other, of one variable after the other.
    """
    from pytwolayer.models import explained_predictions

    before = _numbers(base)
    changed = np.reshape([_numbers(one) for one in after], (len(names), -1, len(before)))
    given = names, outcomes, measure, before, changed
    table, each = explained_predictions.importance_of_measures(*given)
    numbers = ("estimate", "spread", "lowest", "highest")
    sent: dict[str, Any] = {name: send_doubles(table[name]) for name in numbers}
    return sent | {"each": send_doubles(each)}


def _numbers(sent: Sent) -> Doubles:
    return np.frombuffer(sent, dtype=np.float64)


def _predictions(sent: Sent, models: int, outputs: int) -> Doubles:
    """Read what ``predict_each()`` of the bridge gave, as ``(models, rows, outputs)``."""
    return _numbers(sent).reshape(models, outputs, -1).transpose(0, 2, 1)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        widths_and_steps,
        difference_ends,
        profile_values,
        effects_of_predictions,
        profile_of_predictions,
        importance_of_measures,
    )
}
