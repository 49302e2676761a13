"""Plots of effects, importance and profiles: what is drawn, and where."""

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError, plot_effects, plot_feature_effects, plot_importance

pytest.importorskip("matplotlib", reason="plots need it")
from matplotlib.backends.backend_agg import FigureCanvasAgg


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
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in panels] == ["w", "x", "y", "z"]
    assert figure.get_supxlabel() == "Average effect on the outcome, per unit of the input"
    FigureCanvasAgg(figure).draw()
    named = [any(text.get_visible() for text in axes.get_yticklabels()) for axes in panels]
    assert named == [True, False, False, True]  # at the left, once in a row of panels


def texts_within(figure):
    """Tell of the labels, titles and names whether all of each is on the paper."""
    FigureCanvasAgg(figure).draw()
    texts = [figure._supxlabel, figure._supylabel]
    for axes in figure.axes:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        names = [text for text in axes.get_yticklabels() if text.get_visible()]
        texts += [
            text for text in names if text.get_text()[-1:].isalpha() or ")" in text.get_text()
        ]
    boxes = [t.get_window_extent() for t in texts if t is not None and t.get_text()]
    paper = figure.bbox
    return all(
        paper.x0 - 2 <= box.x0 and box.x1 <= paper.x1 + 2 and paper.y0 - 2 <= box.y0
        for box in boxes
    )


def test_long_names_many_inputs_and_several_outcomes_stay_on_the_paper():
    rng = np.random.default_rng(1)
    names = [f"Jährliches Einkommen des Haushalts, Größe {number} (Euro)" for number in range(30)]
    x = pd.DataFrame(rng.normal(size=(60, 30)), columns=names)
    y = pd.DataFrame({"Zufriedenheit der Kundinnen (1 bis 10)": x.sum(axis=1), "z": x[names[0]]})
    usual = {"epochs": 2, "seed": 1, "weight_decay": 0, "encoding": "linear", "hidden_units": 4}
    for outcome in (y, y.iloc[:, 0]):
        fit = pytwolayer.two_layer(x[:40], outcome[:40], **usual)
        table = fit.effects(x)
        measured = fit.importance(x[40:], outcome[40:], seed=1, repeats=2, measure="rmse")
        curve = fit.feature_effects(x, names[1], points=3)
        for figure in (
            plot_effects(table),
            plot_effects(table, what="spread"),
            plot_importance(measured),
            plot_feature_effects(curve),
            fit.plot_network(),
        ):
            assert texts_within(figure)
    spread = plot_effects(table, what="spread")
    FigureCanvasAgg(spread).draw()
    boxes = [text.get_window_extent() for text in spread.axes[0].texts]
    assert 0 < len(boxes) <= 12
    assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])
    small = pytwolayer.two_layer(x.iloc[:, :4], y, **usual)
    assert texts_within(small.plot_network())


def test_other_tables_are_refused(data, tmp_path):
    with pytest.raises(ArgumentError, match="`effects` must be a table with the columns"):
        plot_effects(data[0])
    with pytest.raises(ArgumentError, match="`profile` must be a table"):
        plot_feature_effects("x")
    with pytest.raises(ArgumentError, match="`importance` must be a table"):
        plot_importance(data[0])
