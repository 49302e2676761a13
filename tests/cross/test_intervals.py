"""Prediction intervals are the same bits in both languages, and nearly so in R alone."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer.errors import UnseenLevelWarning

ROWS = 64
QUICK = {"hidden_units": 4, "epochs": 6, "weight_decay": 0.01, "seed": 3}
SEARCHED = {"hidden_units": 4, "epochs": 130, "batch_size": 16, "seed": 3}
SEVERAL = {"n_models": 3, "bootstrap": True}
KEPT = {"validation": 0.4}
CASES = {
    "mse": {"outcome": ["y"], "settings": QUICK | KEPT},
    "mse, of a search": {"outcome": ["y"], "settings": SEARCHED, "weighted": True},
    "mae, several": {"outcome": ["y"], "settings": {"loss": "mae"} | QUICK | SEVERAL},
    "huber, outcomes": {"outcome": ["y", "size"], "settings": {"loss": "huber"} | QUICK | KEPT},
    "poisson": {
        "outcome": ["count"],
        "settings": {"loss": "poisson"} | QUICK | KEPT,
        "weighted": True,
    },
    "gamma, several": {
        "outcome": ["size"],
        "settings": {"loss": "gamma", "n_models": 3} | QUICK | KEPT,
    },
    "normal": {"outcome": ["y"], "settings": {"loss": "normal"} | QUICK | KEPT, "weighted": True},
    "normal, of a search": {"outcome": ["y"], "settings": {"loss": "normal"} | SEARCHED},
    "normal, several": {"outcome": ["y", "size"], "settings": {"loss": "normal"} | QUICK | SEVERAL},
    "counts": {"outcome": ["count"], "settings": {"loss": "negative_binomial"} | QUICK | KEPT},
    "counts, several": {
        "outcome": ["count"],
        "settings": {"loss": "negative_binomial"} | QUICK | SEVERAL,
        "weighted": True,
    },
    "quantile": {
        "outcome": ["y"],
        "settings": {"loss": "quantile", "quantile_levels": [0.1, 0.3, 0.5, 0.9]} | QUICK | KEPT,
    },
    "quantile, several": {
        "outcome": ["y"],
        "settings": {"loss": "quantile"} | QUICK | SEVERAL,
        "weighted": True,
    },
}


def in_64ths(values):
    """Round to what text has exactly."""
    return np.round(np.asarray(values) * 64) / 64


@pytest.fixture(scope="module")
def frames():
    draw = np.random.default_rng(5)
    x, z = in_64ths(draw.normal(size=(2, ROWS)))
    train = pd.DataFrame({"x": x, "z": z, "town": draw.choice(["north", "south"], ROWS)})
    train["y"] = in_64ths(x + np.exp(z / 2) * draw.normal(size=ROWS))
    train["size"] = in_64ths(np.exp(train["y"] / 2)) + 1 / 64
    train["count"] = draw.poisson(train["size"])
    train["weight"] = in_64ths(draw.uniform(0.25, 2, size=ROWS))
    new = train.loc[:7, ["x", "z", "town"]].copy()
    new.loc[1, "x"], new.loc[4, "z"], new.loc[6, "town"] = np.nan, np.nan, "elsewhere"
    return train, new


@pytest.fixture(scope="module")
def by_r(frames, ask, tmp_path_factory):
    folder = tmp_path_factory.mktemp("intervals")
    for name, frame in zip(("train", "new"), frames, strict=True):
        frame.to_csv(folder / f"{name}.csv", index=False, na_rep="NA")
    (folder / "cases.json").write_text(json.dumps(CASES))
    return ask("intervals.R", str(folder))


@pytest.mark.parametrize("name", CASES)
def test_both_languages_have_the_same_intervals_row_by_row(name, frames, by_r):
    train, new = frames
    case = CASES[name]
    weights = train["weight"] if case.get("weighted") else None
    y = train[case["outcome"][0] if len(case["outcome"]) == 1 else case["outcome"]]
    fit = pytwolayer.two_layer(
        train[["x", "z", "town"]], y, sample_weight=weights, verbose=False, **case["settings"]
    )
    scores = [score for each in fit.calibration.scores for score in each]
    assert read(by_r[f"{name}/scores"]).tolist() == scores
    with pytest.warns(UnseenLevelWarning, match="elsewhere"):
        ends = fit.predict_interval(new, 0.7, kind="prediction")
    pairs = np.stack([end.reshape(len(new), -1) for end in ends], axis=2)
    assert np.isnan(pairs).all(axis=(1, 2)).nonzero()[0].tolist() == [1, 4, 6]
    np.testing.assert_array_equal(read(by_r[f"{name}/python"]), pairs.ravel())
    np.testing.assert_allclose(read(by_r[f"{name}/r"]), pairs.ravel(), rtol=1e-6, atol=1e-6)


def read(values):
    return np.array([math.nan if value == "NA" else float.fromhex(value) for value in values])
