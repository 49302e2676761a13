"""Plots of effects, importance and profiles: what is drawn, and where."""

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError, plot_effects, plot_feature_effects, plot_importance

pytest.importorskip("matplotlib", reason="plots need it")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    x = pd.DataFrame({"größe": rng.normal(size=60) * 5, "f": ["a", "b", "c"] * 20})
    return x, pd.Series(x["größe"] + 3 * (x["f"] == "b"), name="cost")


@pytest.fixture(scope="module")
def fits(data):
    return pytwolayer.two_layer(*data, epochs=10, seed=1, n_models=3, bootstrap=True)


def dots(axes):
    return [line for line in axes.get_lines() if line.get_marker() in "os"]


def test_effects_are_dots_beside_their_names(data, fits, tmp_path):
    table = fits.effects(data[0])
    file = tmp_path / "effects.png"
    (axes,) = plot_effects(table, file).axes
    assert file.stat().st_size > 1000
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["größe", "f: b - a", "f: c - a"]
    assert dots(axes)[0].get_xdata() == pytest.approx(table["estimate"].to_numpy())
    (intervals,) = axes.collections
    ends = np.array(intervals.get_segments())[:, :, 0]
    assert ends == pytest.approx(table[["lower", "upper"]].to_numpy())
    assert axes.get_xlabel() == "Average effect on cost, per unit of the input"


def test_the_spread_is_drawn_per_standard_deviation_of_numbers(data, fits):
    table = fits.effects(data[0])
    (axes,) = plot_effects(table, what="spread").axes
    width = data[0]["größe"].std(ddof=0)
    numbers, contrasts = dots(axes)[:2]
    assert numbers.get_xdata() == pytest.approx([table["estimate"][0] * width])
    assert numbers.get_ydata() == pytest.approx([table["spread"][0] * width])
    assert contrasts.get_xdata() == pytest.approx(table["estimate"][1:].to_numpy())
    assert {text.get_text() for text in axes.texts} == {"größe", "f: b - a", "f: c - a"}
    (per_unit,) = plot_effects(table, what="spread", per="unit").axes
    assert dots(per_unit)[0].get_xdata() == pytest.approx([table["estimate"][0]])


def test_chosen_values_are_in_the_labels(data, fits):
    table = fits.effects(data[0], variables="größe", at={"f": ["a", "b"]})
    (axes,) = plot_effects(table).axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["größe (f = a)", "größe (f = b)"]


def test_importance_is_sorted_and_shows_each_repeat(data, fits):
    table = fits.importance(*data, seed=1, repeats=4)
    (axes,) = plot_importance(table).axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    ordered = table.sort_values("estimate", ascending=False)
    assert labels == ordered["input"].tolist()
    repeats = [line for line in axes.get_lines() if line.get_marker() == "|"]
    each = [table.attrs["each"][place] for place in ordered.index]
    assert [list(line.get_xdata()) for line in repeats] == each
    assert axes.get_xlabel() == "Increase of the loss for cost when the input is permuted"


@pytest.mark.parametrize("kind", ["ale", "pdp", "ice"])
def test_profiles_have_curves_or_dots(data, fits, kind):
    curve = fits.feature_effects(data[0], "größe", kind=kind, points=5)
    (axes,) = plot_feature_effects(curve).axes
    assert axes.get_xlabel() == "größe"
    marks = [line for line in axes.get_lines() if line.get_marker() == "|"]
    assert list(marks[0].get_xdata()) == sorted(data[0]["größe"])
    mean = curve.groupby("value")["estimate"].mean()
    lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_xdata()) == len(mean)]
    assert any(np.allclose(line, mean) for line in lines)
    levels = fits.feature_effects(data[0], "f", kind=kind)
    (axes,) = plot_feature_effects(levels).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["a", "b", "c"]


def test_each_outcome_has_a_panel(data):
    fit = pytwolayer.two_layer(data[0], np.repeat(["x", "y", "z", "w"], 15), epochs=2, seed=1)
    figure = plot_effects(fit.effects(data[0]))
    assert [axes.get_xlabel().split(",")[0] for axes in figure.axes if axes.axison] == [
        f"Average effect on {name}" for name in ("w", "x", "y", "z")
    ]


def test_other_tables_are_refused(data, tmp_path):
    with pytest.raises(ArgumentError, match="`effects` must be a table with the columns"):
        plot_effects(data[0])
    with pytest.raises(ArgumentError, match="`profile` must be a table"):
        plot_feature_effects("x")
    with pytest.raises(ArgumentError, match="`importance` must be a table"):
        plot_importance(data[0])
