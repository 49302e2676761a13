"""Small data, and estimators fitted to them, for the tests of the estimators."""

import numpy as np
import pandas as pd

from pytwolayer import TwoLayerClassifier, TwoLayerRegressor

BOTH = [TwoLayerRegressor, TwoLayerClassifier]
QUICK = {"hidden_units": 4, "epochs": 5, "random_state": 1}
# Checks of scikit-learn's that take weights for frequencies.
OF_FREQUENCIES = {
    f"check_sample_weight_equivalence_on_{kind}_data": "weights are proportions"
    for kind in ("dense", "sparse")
}
X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 4
LABELS = np.where(X[:, 0] > 0.4, "high", np.where(X[:, 0] < -0.4, "low", "middle"))
FRAME = pd.DataFrame(
    {
        "size": X[:, 0],
        "town": ["Köln", "Łódź", "Oslo", "Oslo"] * 10,
        "grade": pd.Categorical(["a", "b"] * 20),
        "new": [True, False, False, True] * 10,
    }
)


def regressor(x=X, y=Y, **options):
    return TwoLayerRegressor(**QUICK | options).fit(x, y)


def classifier(x=X, y=LABELS, **options):
    return TwoLayerClassifier(**QUICK | options).fit(x, y)


def quick(kind, **options):
    return regressor(**options) if kind is TwoLayerRegressor else classifier(**options)


def outcome(kind):
    return Y if kind is TwoLayerRegressor else LABELS


def same(one, other):
    histories = one.loss_curve_ == other.loss_curve_
    return histories and one.predict(X).tolist() == other.predict(X).tolist()
