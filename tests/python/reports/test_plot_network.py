"""Drawings of networks."""

import numpy as np
import pytest

import pytwolayer
from pytwolayer.reports.plot_network import draw_network

pytest.importorskip("matplotlib", reason="plots need it")


def fitted(hidden_units, inputs=3):
    x = np.random.default_rng(1).normal(size=(30, inputs))
    return pytwolayer.two_layer(
        x, x[:, :2], hidden_units=hidden_units, epochs=2, seed=1, encoding="linear"
    )


def test_a_small_network_is_drawn_unit_by_unit(tmp_path):
    fit, file = fitted(4), tmp_path / "network.png"
    (axes,) = fit.plot_network(file).axes
    assert file.stat().st_size > 1000
    weights = [
        line
        for line in axes.get_lines()
        if len(line.get_xdata()) == 2 and set(line.get_xdata()) in ({0, 1}, {1, 2})
    ]
    assert len([line for line in weights if line.get_marker() == "None"]) == 4 * 3 + 2 * 4
    first = fit.network[0].weight.detach().numpy()
    lines = [line for line in weights if line.get_marker() == "None"][:12]
    widths = np.array([line.get_linewidth() for line in lines]).reshape(4, 3)
    assert widths == pytest.approx(4 * np.abs(first) / np.abs(first).max(), rel=1e-5)
    solid = np.array([line.get_linestyle() == "-" for line in lines]).reshape(4, 3)
    assert (solid == (first > 0)).all()
    assert {"x1", "x2", "x3", "y1", "y2"} <= {text.get_text() for text in axes.texts}


def test_weights_that_training_let_die_are_not_drawn():
    """Dashes in proportion to such a width are so many that the file is never finished."""
    first, last = np.array([[1.0, -1e-20], [-0.5, 0.0]]), np.array([[1.0, -1e-30]])
    (axes,) = draw_network(first, last, ["a", "b"], ["y"], None).axes
    widths = [line.get_linewidth() for line in axes.get_lines() if line.get_marker() == "None"]
    assert widths == [4.0, 2.0, 4.0]


@pytest.mark.parametrize(("hidden_units", "inputs"), [(21, 3), (4, 21)])
def test_a_large_one_is_a_map_with_the_most_influential_unit_on_top(hidden_units, inputs):
    fit = fitted(hidden_units, inputs)
    left, right = fit.plot_network().axes[:2]
    first, last = (fit.network[place].weight.detach().double().numpy() for place in (0, 2))
    order = np.argsort(-np.abs(last).max(axis=0), kind="stable")
    assert np.asarray(left.images[0].get_array()) == pytest.approx(first[order])
    assert np.asarray(right.images[0].get_array()) == pytest.approx(last[:, order].T)
