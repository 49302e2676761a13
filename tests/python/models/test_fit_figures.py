"""A fit draws figures of its predictions, or says what is missing."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, two_layer
from pytwolayer.errors import UnseenLevelWarning

pytest.importorskip("matplotlib", reason="plots need matplotlib")

RNG = np.random.default_rng(1)
X = pd.DataFrame({"a": RNG.normal(size=60), "b": RNG.normal(size=60)})
NUMBER = X["a"] + RNG.normal(size=60) / 5
CLASS = pd.Series(np.where(X["a"] > 0.5, "high", np.where(X["a"] > -0.5, "mid", "low")), name="k")
QUICK = {"epochs": 5, "hidden_units": 4, "seed": 1}
NUMBERS, CLASSES = ("predictions", "residuals"), ("confusion", "reliability")


@pytest.fixture(scope="module")
def numeric():
    return two_layer(X.assign(cost=NUMBER), outcome="cost", **QUICK)


@pytest.fixture(scope="module")
def classes():
    return two_layer(X, CLASS, **QUICK)


def words_of(figure):
    return [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]


def test_points_of_the_plot_are_predictions_and_outcomes(numeric, tmp_path):
    rows = X.assign(cost=NUMBER)
    figure = numeric.plot_predictions(rows, file=tmp_path / "a.png")
    (axes,) = figure.axes
    points = axes.get_lines()[-1]
    assert np.array_equal(points.get_xdata(), numeric.predict(X))
    assert np.array_equal(points.get_ydata(), NUMBER)
    assert figure.get_suptitle() == "cost: observed against predicted"
    score = f"R squared {numeric.score(rows):.3g}"
    assert words_of(figure) == [f"60 training rows: {score}"]
    assert (tmp_path / "a.png").exists()


def test_residuals_and_other_rows_than_those_of_training(numeric):
    (axes,) = numeric.plot_residuals(X[:30], NUMBER[:30]).axes
    assert axes.get_ylabel() == "Residual of cost"
    points, line = axes.get_lines()[1:]
    assert np.allclose(points.get_ydata(), NUMBER[:30] - numeric.predict(X[:30]))
    assert len(line.get_xdata()) == 3
    assert axes.get_title(loc="left").startswith("30 rows: RMSE ")


def test_confusion_and_reliability_of_classes(classes, tmp_path):
    figure = classes.plot_confusion(X, CLASS, tmp_path / "a.svg")
    assert figure.get_suptitle() == "k: true and predicted"
    score = classes.score(X, CLASS)
    assert words_of(figure) == [f"60 training rows: accuracy {score:.3g}"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 9
    assert sum(int(text.split("\n")[0]) for text in texts) == 60
    assert len(classes.plot_reliability(X, CLASS).axes) == 3


@pytest.mark.parametrize("what", CLASSES)
def test_several_networks_show_their_mean(what):
    fits = two_layer(X, CLASS == "high", n_models=2, **QUICK)
    figure = getattr(fits, f"plot_{what}")(X, CLASS == "high")
    assert words_of(figure)[0].startswith("60 training rows: ")


@pytest.mark.parametrize("what", NUMBERS)
def test_several_outcomes_have_a_panel_each(what):
    fit = two_layer(X, pd.DataFrame({"one": NUMBER, "two": -NUMBER}), **QUICK)
    figure = getattr(fit, f"plot_{what}")(X, pd.DataFrame({"one": NUMBER, "two": NUMBER}))
    assert [words.split("\n")[0] for words in words_of(figure)] == ["one", "two"]


@pytest.mark.parametrize("what", CLASSES)
def test_labels_have_a_panel_each(what):
    labels = pd.DataFrame({"one": CLASS == "high", "two": CLASS == "low"})
    fit = two_layer(X, labels, loss="binary_cross_entropy", **QUICK)
    assert len(words_of(getattr(fit, f"plot_{what}")(X, labels))) == 2


@pytest.mark.parametrize("what", [*NUMBERS, "reliability"])
def test_shares_of_trials_are_weighted_by_their_number(what):
    counts = pd.DataFrame({"won": [1, 2, 3, 0] * 15, "lost": [3, 1, 0, 4] * 15})
    fit = two_layer(X, counts, loss="binomial", **QUICK)
    figure = getattr(fit, f"plot_{what}")(X, counts)
    assert words_of(figure)[0].startswith("60 training rows: ")
    with pytest.raises(ArgumentError, match="plot_residuals"):
        fit.plot_confusion(X, counts)


def test_rows_that_are_not_complete_are_left_out(numeric, classes):
    missing = X.copy()
    missing.loc[:9, "a"] = np.nan
    truth = NUMBER.copy()
    truth[10:15] = np.nan
    assert words_of(numeric.plot_predictions(missing, truth))[0].startswith("45 rows: ")
    weights = np.r_[np.zeros(20), np.ones(20), np.full(20, 2.0)]
    words = words_of(classes.plot_confusion(X, CLASS, sample_weight=weights))
    assert words[0].startswith("40 rows, weighted: ")
    with pytest.warns(UnseenLevelWarning):
        figure = classes.plot_confusion(X, CLASS.replace("low", "other"))
    assert words_of(figure)[0].startswith(f"{(CLASS != 'low').sum()} rows: ")


def test_without_rows_or_for_another_outcome_the_error_says_what_to_do(numeric, classes):
    with pytest.raises(ArgumentError, match="`x` must be given, since a fit keeps no rows"):
        numeric.plot_residuals()
    with pytest.raises(ArgumentError, match=r"`plot_predictions\(\)` and `plot_residuals\(\)`"):
        numeric.plot_confusion(X, NUMBER)
    with pytest.raises(ArgumentError, match=r"`plot_confusion\(\)` and `plot_reliability\(\)`"):
        classes.plot_predictions(X, CLASS)
    with pytest.raises(ArgumentError, match="`y` must be given"):
        two_layer(X.to_numpy(), NUMBER.to_numpy(), **QUICK).plot_residuals(X.to_numpy())


def test_many_classes_are_drawn_without_numbers():
    names = pd.Series([f"a class with a long name {row % 30}" for row in range(60)])
    fit = two_layer(X, names, **QUICK)
    figure = fit.plot_confusion(X, names)
    assert not figure.axes[0].texts
    assert len(fit.plot_reliability(X, names).axes) == 1
