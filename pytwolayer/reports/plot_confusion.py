"""Plots of a confusion matrix: the darker a cell, the larger its share of the true class."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pytwolayer.reports.figure_confusion import ConfusionFigure, ConfusionPanel
from pytwolayer.reports.panels import DARK, panels_of
from pytwolayer.reports.plot import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_NAMES = 60
_LETTERS = 36  # of names side by side
_WHITE_ABOVE = 0.55  # shares, on whose shade black is not readable


def plot_confusion(shown: ConfusionFigure, file: str | Path | None) -> "Figure":
    """Draw each panel's matrix in shades of grey, with numbers where they have room."""
    number = max(len(panel.classes) for panel in shown.panels)
    names = [name for panel in shown.panels for name in short_names(panel.classes, 20)]
    margin = 0.07 * max(map(len, names)) if number <= _MOST_NAMES else 0.0
    inches = min(9.0, max(3.0, 0.62 * number if number <= 12 else 0.16 * number + 3.0)) + margin
    with panels_of(shown, file, (inches + 1.6, inches + 0.9)) as (figure, panels):
        for axes, panel in panels:
            _draw(axes, panel)
        all_axes = [axes for axes, _ in panels]
        image = all_axes[0].images[0]
        bar = figure.colorbar(image, ax=all_axes, shrink=0.7, pad=0.02)
        bar.set_label("Share of the true class")
    return figure


def _draw(axes: "Axes", panel: ConfusionPanel) -> None:
    shares = np.nan_to_num(panel.shares)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, interpolation="none")
    number = len(panel.classes)
    if number <= _MOST_NAMES:
        names = short_names(panel.classes, 20)
        turned = max(map(len, names)) > _LETTERS / number
        size = 9 if number <= 20 else 6
        axes.set_xticks(range(number), names, rotation=90 if turned else 0, fontsize=size)
        axes.set_yticks(range(number), names, fontsize=size)
    for row, cells in enumerate(panel.cells):
        for column, text in enumerate(cells):
            colour = "white" if shares[row, column] > _WHITE_ABOVE else DARK
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(np.arange(number + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(number + 1) - 0.5, minor=True)
    axes.tick_params(which="both", length=0)
    if number <= _MOST_NAMES:
        axes.grid(visible=True, which="minor", color="0.8", linewidth=0.6)
