"""Plots of reliability: what they draw, and where."""

import numpy as np
import pytest

from pytwolayer.reports.figure_reliability import ReliabilityFigure, ReliabilityPanel
from pytwolayer.reports.plot_reliability import free_corner, plot_reliability

pytest.importorskip("matplotlib")


def panel(name, upper=(0.5, 1.0)):
    predicted, observed = np.array([0.1, 0.9]), np.array([0.2, 0.9])
    lower = np.array([0.1, 0.8])
    return ReliabilityPanel(
        name, "9 rows", predicted, observed, lower, np.array(upper), np.array([0.1])
    )


def test_the_legend_is_in_a_corner_without_groups():
    assert free_corner(panel("a")) == "upper left"
    assert free_corner(panel("a", upper=(0.95, 1.0))) == "lower right"


def test_of_several_panels_the_first_has_the_legend():
    shown = ReliabilityFigure("title", "across", "up", [panel("a"), panel("b"), panel("c")])
    legends = [axes.get_legend() is not None for axes in plot_reliability(shown, None).axes]
    assert legends == [True, False, False]
