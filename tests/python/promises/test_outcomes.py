"""The losses for outcomes of a kind: their fits against known ones, and outcomes they refuse."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import GammaRegressor, LogisticRegression
from sklearn.metrics import r2_score

from pytwolayer import (
    ArgumentError,
    TwoLayerRegressor,
    continue_training,
    load,
    two_layer,
)
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


TRIALS = RNG.integers(0, 9, size=ROWS)
SUCCESSES = RNG.binomial(TRIALS, 1 / (1 + np.exp(X["b"] - X["a"])))
BOTH = np.column_stack([SUCCESSES, TRIALS - SUCCESSES])
THERE = TRIALS > 0
SHARES = SUCCESSES[THERE] / TRIALS[THERE]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_a_linear_network_with_the_binomial_loss_is_logistic_regression(weights):
    fit = two_layer(X, BOTH, loss="binomial", sample_weight=weights, **LINEAR)
    rows, successes = pd.concat([X, X]), np.repeat([1, 0], ROWS)
    times = BOTH.T.ravel() * (1 if weights is None else np.tile(weights, 2))
    known = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    known.fit(rows, successes, sample_weight=times)
    np.testing.assert_allclose(fit.predict(X), known.predict_proba(X)[:, 1], rtol=1e-3)
    given = {} if weights is None else {"sample_weight": weights}
    times = TRIALS if weights is None else TRIALS * weights
    own = r2_score(SHARES, fit.predict(X)[THERE], sample_weight=times[THERE])
    assert fit.score(X, BOTH, **given) == pytest.approx(own)


@pytest.mark.parametrize(
    "how", [{}, {"n_models": 2}, {"batch_size": 32}, {"reduction": "sum", "learning_rate": 1e-3}]
)
def test_shares_with_their_trials_as_weights_are_successes_and_failures(how):
    both = two_layer(X, BOTH, loss="binomial", **QUICK, **how)
    weights = TRIALS[THERE] / (TRIALS[THERE].mean() if "reduction" not in how else 1)
    shares = two_layer(X[THERE], SHARES, sample_weight=weights, loss="binomial", **QUICK, **how)
    if "reduction" not in how:  # there weights are proportions, and trials are rows
        np.testing.assert_array_equal(both.predict(X), shares.predict(X))
    assert both.predict(X).shape == (ROWS,)
    assert ((both.predict(X) > 0) & (both.predict(X) < 1)).all()


def test_frequencies_of_trials_are_so_many_rows():
    times = 1 + np.arange(ROWS) % 3
    fit = two_layer(X, BOTH, loss="binomial", sample_weight=times, weight_type="frequency", **QUICK)
    rows = np.repeat(np.arange(ROWS), times)
    again = two_layer(X.iloc[rows].reset_index(drop=True), BOTH[rows], loss="binomial", **QUICK)
    np.testing.assert_array_equal(fit.predict(X), again.predict(X))
    assert fit.settings.weight_decay == again.settings.weight_decay


def test_trials_survive_a_file_and_training_goes_on(tmp_path):
    frame = X.assign(won=BOTH[:, 0], lost=BOTH[:, 1])
    fit = two_layer(frame, outcome=["won", "lost"], loss="binomial", validation=0.2, **QUICK)
    fit.save(tmp_path / "fit.safetensors")
    again = load(tmp_path / "fit.safetensors")
    np.testing.assert_array_equal(again.predict(frame), fit.predict(frame))
    assert again.outcome == fit.outcome
    assert again.score(frame) == fit.score(frame)
    more = continue_training(again, frame, outcome=["won", "lost"], epochs=2, validation=0.2)
    assert len(more.history) == 6


def test_the_regressor_takes_trials():
    model = TwoLayerRegressor(loss="binomial", epochs=4, random_state=1).fit(X, BOTH)
    assert model.predict(X).shape == (ROWS,)
    assert model.score(X, BOTH) == model.two_layer_.score(X, BOTH)
    again = TwoLayerRegressor(loss="binomial", epochs=4, random_state=1, warm_start=True)
    again.fit(X, BOTH).fit(X, BOTH)
    with pytest.raises(ArgumentError, match=r"`y` must be as wide as .* \(2\), not 1"):
        again.fit(X, SUCCESSES)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (BOTH - 1, r"whole numbers of at least 0, successes and failures, not -1"),
        (BOTH + 0.5, r"whole numbers of at least 0, .*, not \S+ in column \"1\" \(row 1,"),
        (0 * BOTH, "of at least one trial in some row, not of none"),
        (TRIALS, r"shares from 0 to 1, or columns of successes and failures"),
        (-SHARES[:1].repeat(ROWS) - 1, "shares from 0 to 1"),
        (np.column_stack([BOTH, TRIALS]), "shares from 0 to 1, .*, not 3 columns"),
    ],
)
def test_odd_trials_are_an_error(y, expected):
    with pytest.raises(ArgumentError, match=f"`y` must be {expected}"):
        two_layer(X, y, loss="binomial", **QUICK)


def test_trials_of_which_none_succeeded_or_of_one_row_are_a_fit():
    assert (two_layer(X, BOTH * [0, 1], loss="binomial", **QUICK).predict(X) < 1).all()
    fit = two_layer(X[:2], [[0, 0], [1, 2]], loss="binomial", **QUICK)
    assert fit.rows == 1


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


def test_exports_take_what_they_know(tmp_path):
    for loss, outcome in {"gamma": SIZES, "binomial": BOTH}.items():
        two_layer(X, outcome, loss=loss, **QUICK).to_onnx(tmp_path / loss)
        assert (tmp_path / loss).exists()
