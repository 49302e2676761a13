"""What a figure of reliability shows: whether what is predicted with 0.7 happens in 70 of 100."""

from typing import NamedTuple

import numpy as np

from pytwolayer.reports.rows_of_figure import (
    ComparedRows,
    Doubles,
    equal_groups,
    format_measure,
    spread_evenly,
)

_MOST_GROUPS, _FEWEST_IN_GROUP = 10, 10
_MOST_PANELS = 9  # of more classes the probabilities of the predicted ones are shown together
_MOST_MARKS = 100
_NORMAL = 1.959963984540054  # of an interval of 95 %


class ReliabilityPanel(NamedTuple):
    """Groups of rows with like probabilities.

    Attributes
    ----------
    name, words : str
    predicted, observed : array
        The mean probability of each group, and the share in which it happened.
    lower, upper : array
        Of that share, Wilson's interval of 95 %.
    marks : array
        Some of the probabilities, evenly chosen of the sorted ones.
    """

    name: str
    words: str
    predicted: Doubles
    observed: Doubles
    lower: Doubles
    upper: Doubles
    marks: Doubles


class ReliabilityFigure(NamedTuple):
    """A panel for each class or label, of two classes for the second; and the words of all."""

    title: str
    across: str
    up: str
    panels: list[ReliabilityPanel]


def reliability_of_classes(rows: ComparedRows) -> ReliabilityFigure:
    """Compare probabilities of classes with how often they are true."""
    rows, noun = rows.known, rows.outcome or "class"
    title = f"{noun}: reliability of the probabilities"
    if len(rows.names) > _MOST_PANELS:
        best = rows.predicted.argmax(axis=1)
        right = (rows.observed.argmax(axis=1) == best).astype(np.float64)
        panel = _panel(noun, rows, right, rows.predicted.max(axis=1))
        across = f"Probability of the predicted {noun}"
        return ReliabilityFigure(title, across, "Share that is right", [panel])
    places = [1] if len(rows.names) == 2 else range(len(rows.names))
    panels = [
        _panel(rows.names[place], rows, rows.observed[:, place], rows.predicted[:, place])
        for place in places
    ]
    return _of_panels(title, panels)


def reliability_of_labels(rows: ComparedRows) -> ReliabilityFigure:
    """Compare probabilities of labels, or shares of trials, with how often they are there."""
    rows = rows.known
    panels = [
        _panel(name, rows, rows.observed[:, place], rows.predicted[:, place])
        for place, name in enumerate(rows.names)
    ]
    return _of_panels(f"{rows.labels}: reliability of the probabilities", panels)


def _of_panels(title: str, panels: list[ReliabilityPanel]) -> ReliabilityFigure:
    of = f" of {panels[0].name}" if len(panels) == 1 else ""
    return ReliabilityFigure(title, f"Predicted probability{of}", f"Observed share{of}", panels)


def _panel(name: str, rows: ComparedRows, happened: Doubles, given: Doubles) -> ReliabilityPanel:
    weights = rows.own_weights
    most = int(np.clip(len(given) // _FEWEST_IN_GROUP, min(2, len(given)), _MOST_GROUPS))
    numbers = equal_groups(given, weights, most)
    total = np.bincount(numbers, weights).astype(np.float64)
    predicted = np.bincount(numbers, weights * given) / total
    observed = np.bincount(numbers, weights * happened) / total
    # What rows of unequal weights are worth together; trials are counted.
    worth = total if rows.trials else total**2 / np.bincount(numbers, weights**2)
    brier = float(np.average((given - happened) ** 2, weights=weights))
    words = f"{rows.words}: Brier score {format_measure(brier)}"
    marks = np.sort(given)[spread_evenly(len(given), _MOST_MARKS)]
    return ReliabilityPanel(name, words, predicted, observed, *_wilson(observed, worth), marks)


def _wilson(share: Doubles, number: Doubles) -> tuple[Doubles, Doubles]:
    squared = _NORMAL**2 / number
    middle = (share + squared / 2) / (1 + squared)
    half = _NORMAL * np.sqrt(share * (1 - share) / number + squared / (4 * number)) / (1 + squared)
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)
