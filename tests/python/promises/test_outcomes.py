"""The losses for outcomes of a kind: their fits against known ones, and outcomes they refuse."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import GammaRegressor

from pytwolayer import ArgumentError, TwoLayerRegressor, continue_training, load, two_layer
from pytwolayer.errors import MissingRowsWarning

RNG = np.random.default_rng(8)
ROWS = 300
X = pd.DataFrame({"a": RNG.normal(size=ROWS), "b": RNG.uniform(-1, 1, size=ROWS)})
MEAN = np.exp(1.5 + 0.6 * X["a"] - 0.8 * X["b"]).to_numpy()
SIZES = RNG.gamma(3.0, MEAN / 3.0)
WEIGHTS = RNG.uniform(0.5, 2.0, size=ROWS)
QUICK = {"epochs": 4, "hidden_units": 3, "seed": 1, "verbose": False}
LEFT_OUT = lambda: pytest.warns(MissingRowsWarning)  # noqa: E731
# A network without a bend is the linear model of its loss.
LINEAR = {
    "activation": "identity",
    "hidden_units": 2,
    "optimizer": "lbfgs",
    "epochs": 300,
    "weight_decay": 0.0,
    "input_clip": None,
    "seed": 1,
    "verbose": False,
}


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_a_linear_network_with_the_gamma_loss_is_the_generalised_linear_model(weights):
    fit = two_layer(X, SIZES, loss="gamma", sample_weight=weights, **LINEAR)
    known = GammaRegressor(alpha=0, tol=1e-10, max_iter=1000).fit(X, SIZES, sample_weight=weights)
    np.testing.assert_allclose(fit.predict(X), known.predict(X), rtol=1e-3)


@pytest.mark.parametrize("how", [{}, {"n_models": 3, "bootstrap": True}, {"validation": 0.2}])
def test_gamma_predictions_are_above_0_and_survive_a_file(tmp_path, how):
    fit = two_layer(X, SIZES, loss="gamma", **QUICK, **how)
    assert (fit.predict(X) > 0).all()
    fit.save(tmp_path / "fit.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "fit.safetensors").predict(X), fit.predict(X))


def with_value(values, row, value):
    changed = values.copy()
    changed[row] = value
    return changed


@pytest.mark.parametrize(
    ("loss", "value", "expected"),
    [
        ("gamma", 0.0, r"above 0 for the gamma loss, not 0 \(row 8, counted from 1\)"),
        ("gamma", -2.0, r"above 0 for the gamma loss, not -2 \(row 8"),
        ("poisson", -2.0, r"at least 0 for the Poisson loss, not -2 \(row 8"),
    ],
)
def test_the_first_row_that_a_loss_is_not_for_is_named(loss, value, expected):
    y = with_value(with_value(SIZES, 200, value), 7, value)
    y[3] = np.nan  # which is left out, and shifts no number
    with pytest.raises(ArgumentError, match=f"`y` must be {expected}"), LEFT_OUT():
        two_layer(X, y, loss=loss, epochs=600)
    with pytest.raises(ArgumentError, match=r'in column "size" \(row 8'), LEFT_OUT():
        two_layer(X.assign(size=y), outcome="size", loss=loss, **QUICK)
    y[3] = 1.0
    with pytest.raises(ArgumentError, match=expected):
        TwoLayerRegressor(loss=loss, epochs=3).fit(X, y)
    with pytest.raises(ArgumentError, match=expected):
        two_layer(X, y, loss=loss, n_models=2, bootstrap=True, **QUICK)


def test_rows_that_are_held_out_or_come_later_are_looked_at_too():
    bad = with_value(SIZES, 7, -1.0)
    with pytest.raises(ArgumentError, match=r"`y` must be above 0 .* \(row 8"):
        two_layer(X, bad, loss="gamma", validation=[7, 8], **QUICK)
    with pytest.raises(ArgumentError, match=r"`validation` must be above 0 .* \(row 8"):
        two_layer(X, SIZES, loss="gamma", validation=(X, bad), **QUICK)
    fit = two_layer(X, SIZES, loss="gamma", **QUICK)
    with pytest.raises(ArgumentError, match=r"`y` must be above 0 .* \(row 8"):
        continue_training(fit, X, bad, epochs=2)


@pytest.mark.parametrize("loss", ["gamma", "poisson"])
def test_classes_are_refused_as_classes(loss):
    with pytest.raises(ArgumentError, match=r'`loss` must be "cross_entropy" or a function'):
        two_layer(X, np.where(SIZES > 4, "high", "low"), loss=loss, **QUICK)


@pytest.mark.parametrize("loss", ["gamma", "poisson"])
def test_one_row_is_a_fit(loss):
    fit = two_layer(X[:1], SIZES[:1], loss=loss, **QUICK)
    assert np.isfinite(fit.predict(X[:1])).all()
