"""Fits of many kinds, and rows ordinary and odd, for the tests of what predicts elsewhere."""

import warnings

import numpy as np
import pandas as pd

from pytwolayer import PytwolayerError, two_layer
from pytwolayer.network.activations import ACTIVATIONS

HOSTILE = 'x"; DROP TABLE t; --'
LEVELS = ["it's", 'a "b"', "größe", "x; --", "two words", "\\'", "NA", "名"]
_ROWS = 90


def frame(rows=_ROWS, seed=0):
    """Numbers, counts, logicals, text with odd levels; a column called like an inner name."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            HOSTILE: rng.normal(3, 2, rows),
            "t1": rng.exponential(100, rows),
            "größe 1": rng.integers(0, 6, rows).astype(float),
            "is it?": rng.random(rows) < 0.5,
            "level's": rng.choice(LEVELS, rows),
            "constant": np.full(rows, 7.0),
        }
    )
    made["y"] = np.sin(made[HOSTILE]) + made["t1"] / 100 + (made["level's"] == "größe")
    made["count"] = rng.poisson(1 + made["is it?"])
    made["failures"] = 5 - made["count"].clip(upper=5)
    made["size"] = np.exp(made["y"] / 5)
    made["ill"] = np.where(made["y"] > 2, "it's", "no")
    made["is it"] = made["is it?"]
    made["class"] = rng.choice(["it's", "no", 'a "b"'], rows)
    return made


PREDICTORS = [HOSTILE, "t1", "größe 1", "is it?", "level's", "constant"]
NUMBERS = [name for name in PREDICTORS if name != "level's"]
_QUICK = {"hidden_units": 5, "epochs": 15, "seed": 1, "verbose": False}


def fit(outcome="y", data=None, predictors=PREDICTORS, **settings):
    data = frame() if data is None else data
    names = [outcome] if isinstance(outcome, str) else outcome
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return two_layer(data[[*predictors, *names]], outcome=outcome, **_QUICK | settings)


FITS = {
    **{name: {"activation": name} for name in ACTIVATIONS},
    **{name: {"loss": name} for name in ("mae", "huber")},
    "poisson": {"loss": "poisson", "outcome": "count"},
    "gamma": {"loss": "gamma", "outcome": "size"},
    "normal": {"loss": "normal", "outcome": ["y", "size"]},
    "negative_binomial": {"loss": "negative_binomial", "outcome": "count"},
    "binomial": {"loss": "binomial", "outcome": ["count", "failures"]},
    "quantile": {"loss": "quantile", "quantile_levels": [0.1, 0.5, 0.6, 0.7, 0.9]},
    "labels": {
        "loss": "binary_cross_entropy",
        "outcome": ["ill", "is it"],
        "predictors": [HOSTILE, "level's"],
    },
    "classes": {"outcome": "class"},
    "logical classes": {"outcome": "is it?", "predictors": [HOSTILE, "level's"]},
    "own loss": {"loss": lambda output, y: (output - y).abs()},
    "two outcomes": {"outcome": ["y", "count"]},
    "piecewise": {"encoding": "piecewise", "pieces": 4, "input_clip": None},
    "clipped": {"input_clip": 0.7},
    "clipped pieces": {"encoding": "piecewise", "input_clip": 1.1},
    "not clipped": {"input_clip": None},
    "one number": {"predictors": ["t1"]},
    "text alone": {"predictors": ["level's"], "outcome": "class"},
    "ensemble": {"n_models": 3, "bootstrap": True},
    "ensemble of classes": {"n_models": 3, "outcome": "class", "bootstrap": True},
    "same encoding": {"n_models": 2, "loss": "poisson", "outcome": "count"},
    "ensemble of normal": {
        "n_models": 3,
        "bootstrap": True,
        "loss": "normal",
        "outcome": ["y", "size"],
    },
    "ensemble of counts": {
        "n_models": 3,
        "bootstrap": True,
        "loss": "negative_binomial",
        "outcome": "count",
        "predictors": ["t1", "level's"],
    },
    "ensemble of quantiles": {
        "n_models": 2,
        "bootstrap": True,
        "loss": "quantile",
        "quantile_levels": [0.1, 0.5, 0.9],
        "predictors": ["t1", "level's"],
    },
    "ensemble of labels": {
        "n_models": 2,
        "bootstrap": True,
        "loss": "binary_cross_entropy",
        "outcome": ["ill", "is it"],
        "predictors": ["t1", "level's"],
    },
}


def odd_rows(model_frame):
    """Ordinary rows, and others: missing, infinite, far, unseen, at the edges."""
    rows = frame(40, seed=7)[model_frame]
    odd = []
    for name in rows:
        if rows[name].dtype.kind == "f":
            mean = float(frame()[name].mean())
            odd += [(name, v) for v in (np.nan, mean, mean + 1e-9, mean * 3, -mean, 0, 1e-320)]
            far = (1e30, 1e300, -1e300, np.inf, -np.inf, 1.7e308)
            odd += [(name, v) for v in (far if name == model_frame[0] else far[2:4])]
        elif name == "level's":
            odd += [(name, v) for v in (None, "unseen", "", "IT'S", *LEVELS)]
    added = pd.concat([rows.iloc[:1]] * len(odd), ignore_index=True)
    for number, (name, value) in enumerate(odd):
        added.loc[number, name] = value
    return pd.concat([rows, added], ignore_index=True)


def by_predict(model, rows):
    """What predict() gives of each row; NaN where it gives an error."""
    return stacked(in_parts(model, rows))


def in_parts(model, rows):
    """What predict() gives of rows in their order, in parts; of a row that is an error nothing."""
    first = getattr(model, "models", [model])[0]
    if first.settings.quantile_levels:
        predict = _quantiles_by(model)
    elif model.classes is not None or getattr(first.outcome, "labels", ()):
        predict = model.predict_proba
    elif getattr(first.outcome, "has_spread", False):
        predict = _with_sd(model)
    else:
        predict = model.predict
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _by_halves(lambda some: predict(some).reshape(len(some), -1), rows)


def stacked(found):
    width = max(one.shape[1] for one in found)
    return np.vstack([np.full((1, width), np.nan) if not one.size else one for one in found])


def _with_sd(model):
    """Predict the outcomes, and after them their standard deviations."""

    def predict(rows):
        both = model.predict(rows), model.predict_sd(rows)
        return np.hstack([one.reshape(len(rows), -1) for one in both])

    return predict


def _quantiles_by(model):
    return lambda rows: model.predict_quantiles(rows).to_numpy()


def _by_halves(predict, rows):
    try:
        return [predict(rows)]
    except PytwolayerError:
        if len(rows) == 1:
            return [np.empty((1, 0))]
        half = len(rows) // 2
        return _by_halves(predict, rows.iloc[:half]) + _by_halves(predict, rows.iloc[half:])
