"""Plots of predicted numbers: what they draw, and where."""

import numpy as np
import pytest

from pytwolayer.reports.figure_predictions import NumberFigure, NumberPanel
from pytwolayer.reports.plot_predictions import plot_residuals

pytest.importorskip("matplotlib")


def test_the_legend_of_residuals_is_above_all_points():
    across, up = np.arange(30.0), np.where(np.arange(30) % 2, 1.0, -1.0)
    panel = NumberPanel("y", "30 rows", across, up, across, np.zeros(30))
    figure = plot_residuals(NumberFigure("title", "across", "up", [panel]), None)
    figure.canvas.draw()
    (axes,) = figure.axes
    bottom = axes.get_legend().get_window_extent().y0
    highest = axes.transData.transform((0, up.max()))[1]
    assert bottom > highest
