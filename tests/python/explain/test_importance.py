"""Permutation importance, against permutations by hand, scikit-learn and a known truth."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss, mean_pinball_loss

import pytwolayer
from pytwolayer import ArgumentError
from pytwolayer.errors import TrainingRowsWarning
from pytwolayer.explain.importance import orders

ROWS = 150


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=ROWS) * 3,
            "nothing": rng.normal(size=ROWS),
            "größe": rng.uniform(0, 10, ROWS),
            "f": rng.choice(["u", "v", "w"], ROWS),
            "same": 1.0,
        }
    )
    y = frame["a"] * 2 + 0.3 * frame["größe"] + 3 * (frame["f"] == "v")
    return frame, y.to_numpy()


def fitted(x, y, **settings):
    usual = {"hidden_units": 8, "epochs": 80, "seed": 1, "weight_decay": 0, "activation": "tanh"}
    return pytwolayer.two_layer(x, y, **(usual | {"learning_rate": 0.03} | settings))


@pytest.fixture(scope="module")
def fit(data):
    x, y = data
    return fitted(x[:100], y[:100])


def test_it_is_what_the_same_permutations_by_hand_give(data, fit):
    x, y = data[0][100:], data[1][100:]
    table = fit.importance(x, y, measure="rmse", seed=5, repeats=3)

    def rmse(rows):
        return np.sqrt(np.mean((fit.predict(rows) - y) ** 2))

    for column in x:
        worse = [
            rmse(x.assign(**{column: x[column].to_numpy()[order]})) - rmse(x)
            for order in orders(50, 3, 5)
        ]
        own = table[table["input"] == column].iloc[0]
        assert own["estimate"] == pytest.approx(np.mean(worse), rel=1e-6, abs=1e-12)
        assert own["spread"] == pytest.approx(np.std(worse), rel=1e-6, abs=1e-12)
        assert own["lowest"] == pytest.approx(min(worse), rel=1e-6, abs=1e-12)
        assert table.attrs["each"][own.name] == pytest.approx(worse, rel=1e-6, abs=1e-12)
    assert table.attrs["base"]["y1"] == pytest.approx(rmse(x))
    assert not table.attrs["training"]


def test_columns_that_say_nothing_have_none(data, fit):
    table = fit.importance(data[0][100:], data[1][100:], seed=1).set_index("input")["estimate"]
    assert table["a"] > table["f"] > table["größe"] > 10 * abs(table["nothing"])
    assert table["same"] == 0


def test_it_agrees_with_scikit_learn(data):
    x, y = data
    estimator = pytwolayer.TwoLayerRegressor(hidden_units=8, epochs=80, random_state=1)
    estimator.fit(x[:100], y[:100])
    theirs = permutation_importance(estimator, x[100:], y[100:], n_repeats=50, random_state=1)
    own = estimator.two_layer_.importance(x[100:], y[100:], measure="r_squared", repeats=50, seed=1)
    error = 5 * theirs.importances_std / np.sqrt(50) + 1e-6
    assert (np.abs(own["estimate"] - theirs.importances_mean) < error).all()


def test_the_loss_is_that_of_the_history(data):
    x, y = data
    held_out = (x[100:], y[100:])
    for loss in ("mse", "huber", "mae", "poisson"):
        counts = np.abs(np.round(y)) if loss == "poisson" else y
        rows = slice(0, 100)
        own = held_out[0], counts[100:]
        fit = fitted(x[rows], counts[rows], validation=own, loss=loss, epochs=20)
        base = fit.importance(*own, seed=1, repeats=1).attrs["base"]["y1"]
        assert base == pytest.approx(fit.history["valid_loss"][fit.best_epoch - 1], rel=1e-5)
    classes = np.where(y > 0, "yes", "no")
    fit = fitted(x[:100], classes[:100], epochs=20)
    base = fit.importance(held_out[0], classes[100:], seed=1, repeats=1).attrs["base"]["y1"]
    theirs = log_loss(classes[100:], fit.predict_proba(held_out[0]), labels=["no", "yes"])
    assert base == pytest.approx(theirs, rel=1e-6)

    def squared(output, target):
        return (output - target) ** 2

    own_loss = fitted(x[:100], y[:100], loss=squared, epochs=5)
    usual = fitted(x[:100], y[:100], loss="mse", epochs=5)
    one, other = (f.importance(*held_out, seed=1)["estimate"] for f in (own_loss, usual))
    assert one.to_numpy() == pytest.approx(other.to_numpy(), rel=1e-5, abs=1e-12)


def test_several_outcomes_are_measured_together_or_each_on_its_scale(data):
    x, y = data
    fit = fitted(x[:100], np.c_[y, -100 * y][:100], epochs=10)
    held_out = x[100:], np.c_[y, -100 * y][100:]
    together = fit.importance(*held_out, seed=1)
    assert set(together["outcome"]) == {"(together)"}
    each = fit.importance(*held_out, seed=1, measure="rmse")
    assert each["outcome"].tolist()[:2] == ["y1", "y2"]
    assert each["estimate"][1] > 50 * each["estimate"][0]


def test_classes_have_measures_of_their_own(data):
    x, y = data
    classes = np.where(y > 0, "yes", "no")
    fit = fitted(x[:100], classes[:100], epochs=30)
    rows = x[100:], classes[100:]
    accuracy = fit.importance(*rows, seed=1, measure="accuracy")
    assert accuracy.attrs["base"]["y1"] == pytest.approx(fit.score(*rows))
    assert accuracy["estimate"][0] > 0.1
    truth = np.c_[classes[100:] == "no", classes[100:] == "yes"]
    brier = fit.importance(*rows, seed=1, measure="brier").attrs["base"]["y1"]
    assert brier == pytest.approx(((fit.predict_proba(x[100:]) - truth) ** 2).sum(1).mean())
    with pytest.raises(ArgumentError, match='`measure` must be one of "loss", "accuracy", "brier"'):
        fit.importance(*rows, measure="rmse")


def test_weights_count_and_equal_seeds_give_equal_numbers(data, fit):
    x, y = data[0][100:], data[1][100:]
    one, other = (fit.importance(x, y, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    weights = np.r_[np.ones(25), np.zeros(25)]
    half = fit.importance(x, y, seed=4, sample_weight=weights)
    pd.testing.assert_frame_equal(half, fit.importance(x[:25], y[:25], seed=4))
    twice = fit.importance(x, y, seed=4, sample_weight=np.full(50, 2.0))
    pd.testing.assert_frame_equal(twice, one)
    drawn = fit.importance(x, y)
    again = fit.importance(x, y, seed=drawn.attrs["seed"])
    pd.testing.assert_frame_equal(drawn, again)


def test_rows_of_training_are_told(data, fit):
    x, y = data
    with pytest.warns(TrainingRowsWarning, match="those that the fit was trained on"):
        table = fit.importance(x[:100], y[:100], seed=1)
    assert table.attrs["training"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit.importance(x[1:100], y[1:100], seed=1)


def test_odd_rows_are_left_out(data, fit):
    x, y = data[0][100:].reset_index(drop=True), data[1][100:].copy()
    whole = fit.importance(x[3:], y[3:], seed=1)
    x.loc[0, "a"], y[1] = np.nan, np.nan
    x.loc[2, "f"] = "new"
    with pytest.warns(pytwolayer.errors.UnseenLevelWarning):
        part = fit.importance(x, y, seed=1)
    pd.testing.assert_frame_equal(part, whole)
    assert part.attrs["rows"] == 47
    with pytest.raises(ArgumentError):
        fit.importance(x[:0], y[:0])
    assert fit.importance(x[5:6], y[5:6], seed=1)["estimate"].eq(0).all()


def test_the_outcome_may_be_a_column(data):
    x, y = data
    frame = x.assign(y=y)
    fit = pytwolayer.two_layer(frame[:100], outcome="y", epochs=5, seed=1)
    named = fit.importance(frame[100:], seed=1)
    assert named["outcome"].unique().tolist() == ["y"]
    apart = fit.importance(x[100:], y[100:], seed=1)
    assert named["estimate"].to_numpy() == pytest.approx(apart["estimate"].to_numpy())
    nameless = fitted(x[:100], y[:100], epochs=1)
    with pytest.raises(ArgumentError, match="`y` must be given"):
        nameless.importance(x[100:])


def test_an_ensemble_is_measured_by_its_mean(data):
    x, y = data
    fits = fitted(x[:100], y[:100], epochs=10, n_models=3, bootstrap=True)
    table = fits.importance(x[100:], y[100:], measure="rmse", seed=1, repeats=1)
    (order,) = orders(50, 1, 1)
    own = x[100:].assign(f=x["f"][100:].to_numpy()[order])
    before, after = (np.sqrt(np.mean((fits.predict(r) - y[100:]) ** 2)) for r in (x[100:], own))
    assert table.set_index("input").loc["f", "estimate"] == pytest.approx(after - before, rel=1e-6)
    raw = fits.importance(x[100:], y[100:], seed=1)
    scale, center = fits.outcome.scale[0], fits.outcome.center[0]
    errors = (fits.predict(x[100:]) - center) / scale - (y[100:] - center) / scale
    assert raw.attrs["base"]["y1"] == pytest.approx(np.mean(errors**2), rel=1e-5)


def test_levels_that_some_networks_lack_are_left_to_the_others():
    x = pd.DataFrame({"f": ["a"] * 8 + ["b"] * 8 + ["c"], "x": np.arange(17.0)})
    fits = fitted(x, x["x"], n_models=6, bootstrap=True, epochs=3)
    table = fits.importance(x, x["x"], seed=1, measure="rmse", repeats=2)
    for repeat, order in enumerate(orders(17, 2, 1)):
        own = x.assign(f=x["f"].to_numpy()[order])
        errors = [np.sqrt(np.mean((fits.predict(rows) - x["x"]) ** 2)) for rows in (x, own)]
        assert table.attrs["each"][0][repeat] == pytest.approx(errors[1] - errors[0], rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"repeats": 0}, "`repeats` must be a whole number of at least 1"),
        ({"measure": "auc"}, "`measure` must be one of"),
        ({"seed": -1}, "`seed` must be"),
        ({"variables": "b"}, "names of columns of the fit"),
        ({"sample_weight": [1]}, "as long as `x`"),
    ],
)
def test_errors_name_the_argument(data, fit, arguments, message):
    with pytest.raises(ArgumentError) as problem:
        fit.importance(data[0][100:], data[1][100:], **arguments)
    assert message in str(problem.value)


@pytest.mark.parametrize("loss", ["normal", "negative_binomial"])
def test_the_mean_of_networks_has_no_loss_where_that_is_of_the_spread_too(data, loss):
    x, y = data
    counts = np.abs(np.round(y))
    one, several = (fitted(x[:100], counts[:100], loss=loss, epochs=2, n_models=n) for n in (1, 2))
    assert np.isfinite(one.importance(x[100:], counts[100:], seed=1)["estimate"]).all()
    with pytest.raises(
        ArgumentError, match='`measure` must be a measure other than "loss" for several'
    ):
        several.importance(x[100:], counts[100:])
    rows = several.importance(x[100:], counts[100:], seed=1, measure="mae")
    assert rows["outcome"].unique().tolist() == ["y1"]


def test_a_fit_of_quantiles_is_measured_by_its_loss_or_by_the_middle_one(data):
    x, y = data
    levels = [0.1, 0.4, 0.9]
    one, several = (
        fitted(x[:100], y[:100], loss="quantile", quantile_levels=levels, epochs=20, n_models=n)
        for n in (1, 2)
    )
    new, truth = x[100:], y[100:]
    for fit in (one, several):
        table = fit.importance(new, truth, measure="mae", seed=1, repeats=2)
        assert table["outcome"].unique().tolist() == ["y1"]
        base = np.abs(fit.predict(new) - truth).mean()
        assert table.attrs["base"]["y1"] == pytest.approx(base)
        found = fit.importance(new, truth, seed=1, repeats=2).set_index("input")["estimate"]
        assert found["a"] > found["nothing"]
    base = one.importance(new, truth, seed=1, repeats=1).attrs["base"]["y1"]
    theirs = np.mean(
        [
            mean_pinball_loss(truth, one.predict_quantiles(new)[level], alpha=level)
            for level in levels
        ]
    )
    assert base == pytest.approx(theirs / one.outcome.scale[0], rel=0.05)  # crossing apart
