"""Figures of predictions show the same words and the same bits in both languages."""

import numpy as np
import pandas as pd
import pytest

from conftest import numbers
from pytwolayer import two_layer
from pytwolayer.models.fit_figures import figure_of, figures_of

N = np.arange(1, 61)
X = pd.DataFrame({"a": N * 7 % 60 / 10, "f": np.array(["u", "v", "w"])[N % 3]})
NUMBER = X["a"] ** 2 + N % 5
OUTCOMES = {
    "number": pd.DataFrame({"cost": NUMBER}),
    "several": pd.DataFrame({"cost": NUMBER}),
    "both": pd.DataFrame({"y": NUMBER, "z": -NUMBER}),
    "class": pd.DataFrame({"kind": np.array(["low", "mid", "high"])[np.digitize(X["a"], [2, 4])]}),
    "labels": pd.DataFrame({"y": (X["a"] > 3) * 1.0, "z": (X["f"] == "v") * 1.0}),
    "trials": pd.DataFrame({"won": N % 5 + 1, "lost": N % 3}),
}
MORE = {
    "several": {"n_models": 3},
    "labels": {"loss": "binary_cross_entropy"},
    "trials": {"loss": "binomial"},
}


@pytest.fixture(scope="module")
def found(ask):
    return ask("figures.R")


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_figure_shows_the_same_in_both_languages(name, found):
    y = OUTCOMES[name]
    fit = two_layer(X, y, **MORE.get(name, {}), hidden_units=4, epochs=30, seed=1, verbose=False)
    for what in figures_of(fit.outcome):
        shown = {
            "own": figure_of(fit, what, X, y, None, None),
            "new": figure_of(fit, what, X[:40], y[:40], (N % 4 + 1.0)[:40], None),
        }
        for rows, figure in shown.items():
            start = f"{name} {what} {rows}"
            assert found[f"{start} words"] == [figure.title, figure.across, figure.up]
            for place, panel in enumerate(figure.panels, 1):
                for part, value in panel._asdict().items():
                    compare(found.get(f"{start} {place} {part}"), value)


def compare(given, value):
    if isinstance(value, str):
        assert given == [value]
    elif isinstance(value, np.ndarray):
        assert np.array_equal(numbers(given), value.ravel(order="F"), equal_nan=True)
    else:
        assert given == [text.replace("\n", "|") for text in np.ravel(value).tolist()]
