"""Plots of predicted numbers: observed against predicted, and residuals."""

from pathlib import Path
from typing import TYPE_CHECKING

from pytwolayer.reports.figure_predictions import NumberFigure, NumberPanel
from pytwolayer.reports.panels import DARK, MIDDLE, panels_of
from pytwolayer.reports.plot import open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MANY = 300  # points that are drawn solid
_ABOVE = 0.12  # room for a legend above the points, in shares of the axis


def plot_predictions(shown: NumberFigure, file: str | Path | None) -> "Figure":
    """Draw observed against predicted, with the line on which they are equal."""
    with panels_of(shown, file, (5.2, 4.6)) as (figure, panels):
        for axes, panel in panels:
            axes.plot(panel.line_across, panel.line_up, color=MIDDLE, linestyle="--", linewidth=1,
                      label="equal")  # fmt: skip
            _draw_points(axes, panel)
            axes.legend(frameon=False, loc="upper left")
    return figure


def plot_residuals(shown: NumberFigure, file: str | Path | None) -> "Figure":
    """Draw residuals against predictions, with a line through the means of groups."""
    with panels_of(shown, file, (5.8, 4.2)) as (figure, panels):
        for axes, panel in panels:
            axes.axhline(0, color=MIDDLE, linestyle="--", linewidth=1)
            _draw_points(axes, panel)
            if len(panel.line_across):
                axes.plot(panel.line_across, panel.line_up, color=DARK, linewidth=1.8,
                          label="mean of rows with like predictions")  # fmt: skip
                low, high = axes.get_ylim()
                axes.set_ylim(low, high + _ABOVE * (high - low))
                axes.legend(frameon=False, loc="upper left")
    return figure


def _draw_points(axes: "Axes", panel: NumberPanel) -> None:
    many = len(panel.across) > _MANY
    axes.plot(panel.across, panel.up, "o", color=DARK, markerfacecolor="none",
              markersize=3 if many else 5, alpha=0.35 if many else 0.8, zorder=3)  # fmt: skip
    open_frame(axes)
    axes.margins(y=0.1)
