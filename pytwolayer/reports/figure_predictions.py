"""What figures of predicted numbers show: observed against predicted, and residuals."""

from typing import NamedTuple

import numpy as np

from pytwolayer.reports.rows_of_figure import (
    ComparedRows,
    Doubles,
    equal_groups,
    format_measure,
    spread_evenly,
)
from pytwolayer.reports.tuning import format_error

_MOST_POINTS = 5000
_MOST_GROUPS, _FEWEST_IN_GROUP = 10, 10


class NumberPanel(NamedTuple):
    """Points of an outcome, at most 5,000 of them, and a line through means.

    The measures and the line are of all rows.
    """

    name: str
    words: str
    across: Doubles
    up: Doubles
    line_across: Doubles
    line_up: Doubles


class NumberFigure(NamedTuple):
    """A panel for each outcome, and the words of all."""

    title: str
    across: str
    up: str
    panels: list[NumberPanel]


def predictions_figure(rows: ComparedRows) -> NumberFigure:
    """Show observed against predicted numbers, with R squared; the line is where they are equal."""
    rows, noun = rows.known, _noun(rows)
    panels = []
    for place, name in enumerate(rows.names):
        observed, predicted = rows.observed[:, place], rows.predicted[:, place]
        shown = spread_evenly(len(observed), _MOST_POINTS)
        both = np.concatenate([observed, predicted])
        ends = np.array([both.min(), both.max()])
        squared = _r_squared(observed, predicted, rows.own_weights)
        measure = f"R squared {format_measure(squared)}" if np.isfinite(squared) else ""
        words = _panel_words(rows, measure, len(shown))
        panels.append(NumberPanel(name, words, predicted[shown], observed[shown], ends, ends))
    title = f"{noun}: observed against predicted" if noun else "Observed against predicted"
    of = f" {noun}" if noun else ""
    return NumberFigure(title, f"Predicted{of}", f"Observed{of}", panels)


def residuals_figure(rows: ComparedRows) -> NumberFigure:
    """Show residuals against predictions, with their RMSE; the line is through means of groups."""
    rows, noun = rows.known, _noun(rows)
    panels = []
    for place, name in enumerate(rows.names):
        predicted = rows.predicted[:, place]
        residuals = rows.observed[:, place] - predicted
        shown = spread_evenly(len(residuals), _MOST_POINTS)
        weights = rows.own_weights
        error = float(np.sqrt(np.average(residuals**2, weights=weights)))
        words = _panel_words(rows, f"RMSE {format_error(error)}", len(shown))
        line = _line_of_means(predicted, residuals, weights)
        panels.append(NumberPanel(name, words, predicted[shown], residuals[shown], *line))
    title = f"{noun}: observed minus predicted" if noun else "Residuals: observed minus predicted"
    of = f" of {noun}" if noun else ""
    return NumberFigure(title, f"Predicted {noun}".rstrip(), f"Residual{of}", panels)


def _noun(rows: ComparedRows) -> str:
    """Name the outcome, if it is one."""
    if len(rows.names) > 1:
        return ""
    name = rows.outcome or "outcome"
    return f"share of {name}" if rows.trials else name


def _panel_words(rows: ComparedRows, measure: str, shown: int) -> str:
    number = len(rows.observed)
    some = f" ({shown:,} shown)" if shown < number else ""
    return f"{rows.words}{some}{': ' if measure else ''}{measure}"


def _r_squared(observed: Doubles, predicted: Doubles, weights: Doubles) -> float:
    around = np.average((observed - np.average(observed, weights=weights)) ** 2, weights=weights)
    if around == 0:
        return np.nan
    return float(1 - np.average((observed - predicted) ** 2, weights=weights) / around)


def _line_of_means(
    predicted: Doubles, residuals: Doubles, weights: Doubles
) -> tuple[Doubles, Doubles]:
    """Average predictions and residuals in groups; nothing where rows are too few for two."""
    groups = min(_MOST_GROUPS, len(predicted) // _FEWEST_IN_GROUP)
    if groups < 2:
        return np.empty(0), np.empty(0)
    numbers = equal_groups(predicted, weights, groups)
    total = np.bincount(numbers, weights)
    across = np.bincount(numbers, weights * predicted) / total
    return across, np.bincount(numbers, weights * residuals) / total
