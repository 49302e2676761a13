"""Plots of reliability: how often what was predicted with some probability happened."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from pytwolayer.reports.figure_reliability import ReliabilityFigure, ReliabilityPanel
from pytwolayer.reports.panels import DARK, MIDDLE, panels_of
from pytwolayer.reports.plot import open_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_reliability(shown: ReliabilityFigure, file: str | Path | None) -> "Figure":
    """Draw observed shares against probabilities, with intervals and the line of equality."""
    with panels_of(shown, file, (5.2, 4.6)) as (figure, panels):
        for axes, panel in panels:
            axes.plot([0, 1], [0, 1], color=MIDDLE, linestyle="--", linewidth=1, label="equal")
            axes.errorbar(
                panel.predicted,
                panel.observed,
                np.stack([panel.observed - panel.lower, panel.upper - panel.observed]).clip(min=0),
                color=DARK,
                linewidth=1.4,
                elinewidth=0.9,
                capsize=2.5,
                marker="o",
                markersize=5,
                label="groups, 95 % interval",
            )
            low = np.full(len(panel.marks), 0.015)
            axes.plot(panel.marks, low, "|", color=MIDDLE, markersize=7,
                      markeredgewidth=0.6, transform=axes.get_xaxis_transform())  # fmt: skip
            axes.set_xlim(-0.02, 1.02)
            axes.set_ylim(-0.02, 1.02)
            open_frame(axes)
            if panel is shown.panels[0]:
                axes.legend(frameon=False, loc=free_corner(panel), fontsize=8.5)
    return figure


def free_corner(panel: ReliabilityPanel) -> Literal["upper left", "lower right"]:
    """Return the corner away from the diagonal where fewer groups and intervals are."""
    left = np.sum((panel.predicted < 0.5) & (panel.upper > 0.8))
    right = np.sum((panel.predicted > 0.5) & (panel.lower < 0.2))
    return "upper left" if left <= right else "lower right"
