"""What a figure of a confusion matrix shows: how often which class was predicted for which."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwolayer.reports.rows_of_figure import ComparedRows, Doubles, format_measure

Codes = NDArray[np.intp]
MOST_CELLS = 12  # classes, of a matrix whose cells have their numbers


class ConfusionPanel(NamedTuple):
    """A matrix with a row for each true class and a column for each predicted one.

    Attributes
    ----------
    name, words : str
    classes : list of str
    counts : array
        Rows, or their weights, which are 1 on average.
    shares : array
        Of each true class; NaN in the rows of a class without any.
    cells : list of list of str
        What stands in each cell; empty where there are more than 12 classes.
    """

    name: str
    words: str
    classes: list[str]
    counts: Doubles
    shares: Doubles
    cells: list[list[str]]


class ConfusionFigure(NamedTuple):
    """A panel, or of several labels one for each, and the words of all."""

    title: str
    across: str
    up: str
    panels: list[ConfusionPanel]


def confusion_of_classes(rows: ComparedRows) -> ConfusionFigure:
    """Count true and predicted classes, which are the most probable ones."""
    rows = rows.known
    codes = rows.observed.argmax(axis=1), rows.predicted.argmax(axis=1)
    noun = rows.outcome or "class"
    panel = _panel(noun, rows, list(rows.names), codes)
    return ConfusionFigure(f"{noun}: true and predicted", f"Predicted {noun}", f"True {noun}",
                           [panel])  # fmt: skip


def confusion_of_labels(rows: ComparedRows, pairs: Sequence[Sequence[str]]) -> ConfusionFigure:
    """Count for each label how often it is there and was predicted, probabilities above 0.5."""
    rows, panels = rows.known, []
    for place, (name, pair) in enumerate(zip(rows.names, pairs, strict=True)):
        sides = rows.observed[:, place] > 0.5, rows.predicted[:, place] > 0.5
        codes = sides[0].astype(np.intp), sides[1].astype(np.intp)
        panels.append(_panel(name, rows, list(pair), codes))
    noun = rows.labels
    of = f" {noun}" if len(panels) == 1 else ""
    return ConfusionFigure(f"{noun}: true and predicted", f"Predicted{of}", f"True{of}", panels)


def _panel(
    name: str,
    rows: ComparedRows,
    classes: list[str],
    codes: tuple[Codes, Codes],
) -> ConfusionPanel:
    number, weights = len(classes), rows.own_weights
    flat = np.bincount(codes[0] * number + codes[1], weights, number**2)
    counts: Doubles = flat.reshape(number, number).astype(np.float64)
    of_class = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, of_class, out=np.full_like(counts, np.nan), where=of_class > 0)
    accuracy = float(np.trace(counts) / counts.sum())
    words = f"{rows.words}: accuracy {format_measure(accuracy)}"
    weighted = rows.weights is not None
    few = number <= MOST_CELLS
    cells = [
        [_cell(*pair, weighted=weighted) for pair in zip(*own, strict=True)]
        for own in zip(counts, shares, strict=True)
    ]
    return ConfusionPanel(name, words, classes, counts, shares, cells if few else [])


def _cell(count: float, share: float, *, weighted: bool) -> str:
    number = f"{count:.3g}" if weighted and count < 1000 else f"{count:,.0f}"
    return number if np.isnan(share) or count == 0 else f"{number}\n{100 * share:.0f} %"
