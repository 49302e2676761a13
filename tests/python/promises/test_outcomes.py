"""The losses for outcomes of a kind: their fits against known ones, and outcomes they refuse."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import nbinom
from sklearn.linear_model import GammaRegressor, LogisticRegression
from sklearn.metrics import r2_score

from pytwolayer import (
    ArgumentError,
    TwoLayerClassifier,
    TwoLayerRegressor,
    continue_training,
    load,
    two_layer,
)
from pytwolayer.errors import MissingRowsWarning, ResumedWarning, UnseenLevelWarning

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
    how = how | {"weight_decay": 0.01}
    both = two_layer(X, BOTH, loss="binomial", **QUICK, **how)
    weights = TRIALS[THERE] / (TRIALS[THERE].mean() if "reduction" not in how else 1)
    shares = two_layer(X[THERE], SHARES, sample_weight=weights, loss="binomial", **QUICK, **how)
    if "reduction" not in how:  # there weights are proportions, and trials are rows
        np.testing.assert_array_equal(both.predict(X), shares.predict(X))
    assert both.predict(X).shape == (ROWS,)
    assert ((both.predict(X) > 0) & (both.predict(X) < 1)).all()


def test_trials_count_as_rows_where_the_usual_weight_decay_is_found():
    cells = pd.DataFrame({"dept": list("ABCDEF")})
    shares = np.array([0.64, 0.63, 0.35, 0.34, 0.24, 0.06])
    both = np.column_stack([1000 * shares, 1000 * (1 - shares)]).round()
    fit = two_layer(cells, both, loss="binomial", seed=1)
    np.testing.assert_allclose(fit.predict(cells), shares, atol=0.02)
    rows = cells.loc[np.repeat(np.arange(6), 1000)].reset_index(drop=True)
    each = np.concatenate([np.repeat([1.0, 0.0], pair.astype(int)) for pair in both])
    single = two_layer(rows, each, loss="binomial", seed=1, weight_decay=fit.settings.weight_decay)
    np.testing.assert_allclose(fit.predict(cells), single.predict(cells), atol=0.02)
    how = {"sample_weight": np.full(6, 1000), "weight_type": "frequency"}
    again = two_layer(cells, shares, loss="binomial", seed=1, **how)
    np.testing.assert_allclose(again.predict(cells), fit.predict(cells), rtol=1e-4)
    decay = fit.settings.weight_decay
    assert decay == pytest.approx(again.settings.weight_decay)
    half = two_layer(cells, both / 2, loss="binomial", validation=(cells, both / 2), **QUICK)
    assert half.settings.weight_decay == decay
    several = two_layer(cells, both, loss="binomial", n_models=2, bootstrap=True, **QUICK)
    assert {model.settings.weight_decay for model in several.models} == {decay}
    every = np.vstack([both, [[0, 0]]])
    longer = two_layer(cells.reindex(range(7)).fillna("A"), every, loss="binomial", **QUICK)
    assert longer.settings.weight_decay == decay


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
        (0 * BOTH, "data with at least one trial in some row, not data without one"),
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


DESIGN = np.column_stack([np.ones(ROWS), X])
SD = np.exp(0.7 * X["b"] - 0.3).to_numpy()
NOISY = (2 * X["a"] - X["b"] + SD * RNG.normal(size=ROWS)).to_numpy()
COUNTS = RNG.negative_binomial(2.0, 2.0 / (2.0 + MEAN)).astype(float)


def least(function, number):
    return minimize(function, np.zeros(number), method="BFGS", options={"gtol": 1e-8}).x


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_a_linear_network_with_the_normal_loss_finds_the_most_likely_mean_and_sd(weights):
    fit = two_layer(X, 100 * NOISY + 7, loss="normal", sample_weight=weights, **LINEAR)

    def loss(parameters):
        mean, log_sd = DESIGN @ parameters[:3], DESIGN @ parameters[3:]
        each = log_sd + ((NOISY - mean) * np.exp(-log_sd)) ** 2 / 2
        return np.average(each, weights=weights)

    known = least(loss, 6)
    mean, sd = 100 * DESIGN @ known[:3] + 7, 100 * np.exp(DESIGN @ known[3:])
    np.testing.assert_allclose(fit.predict(X), mean, atol=1e-3 * NOISY.std() * 100)
    np.testing.assert_allclose(fit.predict_sd(X), sd, rtol=1e-3)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_a_linear_network_with_the_negative_binomial_loss_finds_the_most_likely_theta(weights):
    fit = two_layer(X, COUNTS, loss="negative_binomial", sample_weight=weights, **LINEAR)

    def loss(parameters):
        mean, theta = np.exp(DESIGN @ parameters[:3]), np.exp(parameters[3])
        return -np.average(nbinom.logpmf(COUNTS, theta, theta / (theta + mean)), weights=weights)

    known = least(loss, 4)
    mean, theta = np.exp(DESIGN @ known[:3]), np.exp(known[3])
    np.testing.assert_allclose(fit.predict(X), mean, rtol=1e-3)
    assert fit.theta == pytest.approx([theta], rel=1e-3)
    np.testing.assert_allclose(fit.predict_sd(X), np.sqrt(mean + mean**2 / theta), rtol=1e-3)
    assert fit.history["loss"].iloc[-1] == pytest.approx(loss(known), abs=1e-5)
    assert not fit.network[2].weight[1].any()


@pytest.mark.parametrize("theta", [0.5, 10.0])
def test_the_usual_updates_take_theta_to_where_it_belongs(theta):
    counts = RNG.negative_binomial(theta, theta / (theta + 2 * MEAN))
    how = {"weight_decay": 0.01, "hidden_units": 8, "seed": 1, "verbose": False}
    for scale in (1, 3):
        rows = X[::scale], counts[::scale]
        found = two_layer(*rows, loss="negative_binomial", **how).theta[0]
        assert 0.5 < found / theta < 2


def test_counts_that_vary_no_more_than_poisson_ones_have_its_fit_and_a_large_theta():
    counts = RNG.poisson(MEAN)
    fit = two_layer(X, counts, loss="negative_binomial", **LINEAR)
    plain = two_layer(X, counts, loss="poisson", **LINEAR)
    np.testing.assert_allclose(fit.predict(X), plain.predict(X), rtol=0.01)
    assert 20 < fit.theta[0] <= np.exp(15) * 1.001
    same = two_layer(X, 0 * counts + 3, loss="negative_binomial", **LINEAR)
    np.testing.assert_allclose(same.predict(X), 3, rtol=0.01)


def test_a_constant_outcome_and_one_row_have_a_small_standard_deviation_and_no_zero():
    for rows, y in ((X, np.full(ROWS, 5.0)), (X[:1], [5.0])):
        fit = two_layer(rows, y, loss="normal", **LINEAR)
        np.testing.assert_allclose(fit.predict(rows), 5, atol=0.01)
        assert (fit.predict_sd(rows) >= 0.00099).all()


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"n_models": 3, "bootstrap": True},
        {"validation": 0.2, "batch_size": 32, "dropout": 0.2},
        {"optimizer": "adamw", "gradient_clip": 0.5},
        {"encoding": "piecewise"},
    ],
    ids=str,
)
@pytest.mark.parametrize("loss", ["normal", "negative_binomial"])
def test_spread_survives_a_file_whatever_the_settings(tmp_path, loss, how):
    fit = two_layer(X, COUNTS, loss=loss, **QUICK, **how)
    fit.save(tmp_path / "fit.safetensors")
    again = load(tmp_path / "fit.safetensors")
    for name in ("predict", "predict_sd", "predict_raw"):
        np.testing.assert_array_equal(getattr(again, name)(X), getattr(fit, name)(X))
    assert fit.predict(X).shape == fit.predict_sd(X).shape == (ROWS,)
    assert (fit.predict_sd(X) > 0).all()
    fit.predict_to_file(X, tmp_path / "sd.csv", kind="sd")
    written = pd.read_csv(tmp_path / "sd.csv")
    np.testing.assert_allclose(written[".sd"], fit.predict_sd(X), rtol=1e-12)
    for model in getattr(fit, "models", [fit]):
        if loss == "negative_binomial":
            assert not model.network[2].weight[1].any()
            assert model.theta.shape == (1,)
        else:
            assert model.theta is None


@pytest.mark.parametrize("loss", ["normal", "negative_binomial"])
def test_several_outcomes_have_their_own_spread(loss):
    both = np.column_stack([COUNTS, RNG.poisson(3, ROWS)])
    fit = two_layer(X, both, loss=loss, **LINEAR)
    assert fit.predict(X).shape == fit.predict_sd(X).shape == (ROWS, 2)
    alone = two_layer(X, COUNTS, loss=loss, **LINEAR)
    np.testing.assert_allclose(fit.predict_sd(X)[:, 0], alone.predict_sd(X), rtol=0.02)
    assert fit.score(X, both) > 0
    assert fit.effects(X)["outcome"].unique().tolist() == ["y1", "y2"]
    assert fit.feature_effects(X, "a")["outcome"].unique().tolist() == ["y1", "y2"]
    assert len(fit.importance(X, both)) == 2


def test_the_standard_deviation_of_several_networks_has_that_of_their_predictions_in_it():
    fits = two_layer(X, NOISY, loss="normal", n_models=3, **QUICK)
    means = np.stack([fit.predict(X) for fit in fits.models])
    own = np.stack([fit.predict_sd(X) for fit in fits.models])
    expected = np.sqrt((own**2).mean(0) + means.var(0))
    np.testing.assert_allclose(fits.predict_sd(X), expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["normal", "negative_binomial"])
def test_training_goes_on_from_a_checkpoint_and_from_a_fit(tmp_path, loss):
    how = {"loss": loss, "seed": 1, "hidden_units": 3, "verbose": False, "schedule": "constant"}
    whole = two_layer(X, COUNTS, epochs=6, checkpoint=tmp_path / "run", **how)
    with pytest.warns(ResumedWarning):
        again = two_layer(X, COUNTS, epochs=6, checkpoint=tmp_path / "run", **how)
    np.testing.assert_array_equal(again.predict_sd(X), whole.predict_sd(X))
    fit = continue_training(two_layer(X, COUNTS, epochs=3, **how), epochs=3)
    assert len(fit.history) == 6
    model = TwoLayerRegressor(loss=loss, epochs=3, random_state=1).fit(X, COUNTS)
    assert model.predict(X).shape == (ROWS,)
    assert model.two_layer_.predict_sd(X).shape == (ROWS,)
    model = TwoLayerRegressor(loss=loss, random_state=1).partial_fit(X, COUNTS)
    model.partial_fit(X, COUNTS)


def test_other_losses_have_no_standard_deviation():
    for y, loss in ((SIZES, "gamma"), (SIZES > 2, "cross_entropy")):
        with pytest.raises(ArgumentError, match=f'`loss` must be "normal" or .*, not "{loss}"'):
            two_layer(X, y, loss=loss, **QUICK).predict_sd(X)


LABELS = np.column_stack([NOISY > 0, COUNTS > 4, X["a"] > 9]).astype(int)  # one is never there


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
def test_labels_are_so_many_logistic_regressions(weights):
    two = LABELS[:, :2]
    fit = two_layer(X, two, loss="binary_cross_entropy", sample_weight=weights, **LINEAR)
    for place, own in enumerate(fit.predict_proba(X).T):
        known = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        known.fit(X, two[:, place], sample_weight=weights)
        shares = known.predict_proba(X)[:, 1]
        np.testing.assert_allclose(own, shares, rtol=1e-3, atol=1e-4)
        clear = np.abs(shares - 0.5) > 1e-3
        np.testing.assert_array_equal(fit.predict(X)[clear, place], known.predict(X)[clear])
    right = (fit.predict(X) == two).all(axis=1)
    assert fit.score(X, two) == pytest.approx(right.mean())


@pytest.mark.parametrize("how", [{}, {"n_models": 2, "bootstrap": True}, {"validation": 0.2}])
def test_labels_of_every_kind_come_back_as_they_were(tmp_path, how):
    frame = X.assign(
        yes=LABELS[:, 0] == 1,
        word=np.where(LABELS[:, 1], "up", "down"),
        level=pd.Categorical(np.where(LABELS[:, 0], "b", "z"), categories=["z", "b"]),
        number=LABELS[:, 2],
    )
    names = ["yes", "word", "level", "number"]
    fit = two_layer(frame, outcome=names, loss="binary_cross_entropy", **QUICK, **how)
    fit.save(tmp_path / "fit.safetensors")
    again = load(tmp_path / "fit.safetensors")
    found, shares = fit.predict(frame), fit.predict_proba(frame)
    pairs = [(False, True), ("down", "up"), ("z", "b"), (0, 1)]
    for place, pair in enumerate(pairs):
        expected = [pair[int(share > 0.5)] for share in shares[:, place]]
        assert found[:, place].tolist() == expected
        assert type(found[0, place]) in (bool, np.bool_, str, int, np.int64)
    assert (again.predict(frame) == found).all()
    np.testing.assert_array_equal(again.predict_proba(frame), shares)
    fit.predict_to_file(frame, tmp_path / "all.csv")
    written = pd.read_csv(tmp_path / "all.csv")
    columns = [f".pred_class_{name}" for name in names] + [f".pred_{name}" for name in names]
    assert list(written)[:8] == columns
    assert (written[".pred_class_word"] == found[:, 1]).all()
    empty = fit.predict(X.assign(a=np.nan))
    assert empty.shape == (ROWS, 4)
    assert set(empty.ravel()) == {None}


ONE_WORD = pd.DataFrame({"u": ["a"] * ROWS, "v": LABELS[:, 0] > 0})
THREE_LEVELS = pd.DataFrame({"u": pd.Categorical(["a", "b", "c"] * 100), "v": LABELS[:, 0] > 0})


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (LABELS * 2, r'0 or 1 for the loss "binary_cross_entropy", not 2 in column "1" \('),
        (LABELS - 0.5, "0 or 1 for the loss"),
        (ONE_WORD, 'columns of two values each .*, not "a" in column "u"'),
        (THREE_LEVELS, 'columns of two values each .*, not "a", "b", "c" in column "u"'),
    ],
)
def test_odd_labels_are_an_error(y, expected):
    with pytest.raises(ArgumentError, match=f"`y` must be .*{expected}"):
        two_layer(X, y, loss="binary_cross_entropy", **QUICK)


PAIR = LABELS[:, :2]
AS_WORDS = pd.DataFrame(np.where(PAIR, "up", "down"), columns=["v v", "ü"])


@pytest.mark.parametrize("y", [PAIR == 1, AS_WORDS], ids=["logical", "text"])
@pytest.mark.parametrize("loss", ["auto", "cross_entropy", "mse", "binomial"])
def test_several_columns_of_classes_are_refused_with_the_loss_that_takes_them(y, loss):
    with pytest.raises(ArgumentError, match=r'labels of two values each with `loss` = "binary_cr'):
        two_layer(X, y, loss=loss, **QUICK)
    assert two_layer(X, y, loss="binary_cross_entropy", **QUICK).predict(X).shape == (ROWS, 2)


@pytest.mark.parametrize("weights", ["balanced", {0: 1, 1: 2}])
def test_labels_have_no_class_weights_and_the_error_says_labels(weights):
    expected = (
        r'`class_weights` must be left out with the loss "binary_cross_entropy", whose labels'
    )
    with pytest.raises(ArgumentError, match=expected):
        two_layer(X, LABELS, loss="binary_cross_entropy", class_weights=weights, **QUICK)
    with pytest.raises(ArgumentError, match=expected):
        TwoLayerClassifier(class_weights=weights).fit(X, LABELS)


def test_odd_rows_of_labels_are_left_out_or_missing_and_the_others_keep_their_place():
    y = pd.DataFrame(np.where(LABELS[:, :2], "up", "down"), columns=["l 1", "ü"]).astype(object)
    y.iloc[5, 1] = None
    with LEFT_OUT():
        fit = two_layer(X, y, loss="binary_cross_entropy", **QUICK)
    assert (fit.rows, fit.dropped) == (ROWS - 1, 1)
    kept = np.arange(ROWS) != 5
    same = two_layer(X[kept], y[kept], loss="binary_cross_entropy", **QUICK)
    np.testing.assert_array_equal(fit.predict_proba(X), same.predict_proba(X))
    gaps = X.copy()
    gaps.loc[3, "a"] = np.nan
    shares = fit.predict_proba(gaps)
    assert np.isnan(shares).all(axis=1).nonzero()[0].tolist() == [3]
    there = np.arange(ROWS) != 3
    np.testing.assert_array_equal(shares[there], fit.predict_proba(X)[there])
    assert fit.predict(gaps)[3].tolist() == [None, None]
    assert fit.predict(X[:0]).shape == (0, 2)
    with pytest.raises(ArgumentError, match="columns of two values each for the loss"):
        two_layer(X[:1], y[:1], loss="binary_cross_entropy", **QUICK)
    assert two_layer(X[:1], LABELS[:1], loss="binary_cross_entropy", **QUICK).rows == 1


@pytest.mark.parametrize("loss", ["normal", "gamma", "negative_binomial", "poisson", "quantile"])
@pytest.mark.parametrize(
    "y", [SIZES > 3, np.where(SIZES > 3, "1", "0"), pd.Categorical(np.where(SIZES > 3, "a", "b"))]
)
def test_losses_of_numbers_take_no_classes(loss, y):
    with pytest.raises(ArgumentError, match=rf'`loss` must be "cross_entropy" .* not "{loss}"'):
        two_layer(X, y, loss=loss, **QUICK)


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        ("normal", NOISY),
        ("gamma", SIZES),
        ("negative_binomial", COUNTS),
        ("quantile", NOISY),
        ("binomial", BOTH[:, 0] / np.maximum(BOTH.sum(axis=1), 1)),
    ],
)
def test_missing_rows_are_left_out_of_a_fit_and_missing_in_all_that_it_predicts(loss, y):
    y = y.copy()
    y[[2, 9]] = np.nan
    with LEFT_OUT():
        fit = two_layer(X, y, loss=loss, **QUICK)
    kept = ~np.isnan(y)
    same = two_layer(X[kept], y[kept], loss=loss, **QUICK)
    np.testing.assert_array_equal(fit.predict(X), same.predict(X))
    gaps = X.copy()
    gaps.loc[4, "b"] = np.nan
    asked = [fit.predict]
    asked += [fit.predict_sd] if loss in ("normal", "negative_binomial") else []
    asked += [fit.predict_quantiles] if loss == "quantile" else []
    for ask in asked:
        found, whole = np.asarray(ask(gaps)), np.asarray(ask(X))
        assert np.isnan(found[4]).all()
        there = np.arange(ROWS) != 4
        np.testing.assert_array_equal(found[there], whole[there])
        assert len(np.asarray(ask(X[:0]))) == 0
    none = "at least one row and one column|complete in at least one row"
    with pytest.raises(ArgumentError, match=none):
        two_layer(X[:0], y[:0], loss=loss, **QUICK)
    with pytest.raises(ArgumentError, match=none):
        two_layer(X, np.full(ROWS, np.nan), loss=loss, **QUICK)


def test_values_of_labels_that_only_held_out_rows_have_are_left_out_with_a_warning():
    words = np.where(LABELS[:, 0], "up", "down").astype(object)
    other = (X[:9], pd.DataFrame({"u": [*words[:8], "sideways"], "v": LABELS[:9, 1]}))
    y = pd.DataFrame({"u": words, "v": LABELS[:, 1]})
    with pytest.warns(UnseenLevelWarning, match='"sideways"'):
        two_layer(X, y, loss="binary_cross_entropy", validation=other, **QUICK)


def test_the_classifier_takes_labels_as_scikit_learn_has_them():
    model = TwoLayerClassifier(epochs=30, random_state=1).fit(X, LABELS)
    assert model.multilabel_
    assert model.classes_.tolist() == [0, 1, 2]
    found, shares = model.predict(X), model.predict_proba(X)
    assert found.shape == (ROWS, 3)
    assert found.dtype.kind == "i"
    np.testing.assert_array_equal(found, shares > 0.5)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), shares, rtol=1e-6)
    np.testing.assert_array_equal(model.decision_function(X) > 0, found)
    assert model.score(X, LABELS) == pytest.approx((found == LABELS).all(axis=1).mean())
    more = TwoLayerClassifier(random_state=1).partial_fit(X, LABELS, classes=[0, 1, 2])
    more.partial_fit(X, LABELS)
    assert not TwoLayerClassifier(epochs=2, random_state=1).fit(X, LABELS[:, 0]).multilabel_
    with pytest.raises(
        ArgumentError, match="one column, or a column of 0 and 1 for each label, not other values"
    ):
        TwoLayerClassifier(epochs=2).fit(X, LABELS * 2 + np.arange(3))
    with pytest.raises(ArgumentError, match=r'`loss` must be "cross_entropy" where'):
        TwoLayerClassifier(epochs=2, loss="binary_cross_entropy").fit(X, LABELS[:, 0])


def with_value(values, row, value):
    changed = values.copy()
    changed[row] = value
    return changed


@pytest.mark.parametrize(
    ("loss", "value", "expected"),
    [
        ("gamma", 0.0, r"above 0 for the gamma loss, not 0 \(row 8, counted from 1\)"),
        ("gamma", -2.0, r"above 0 for the gamma loss, not -2 \(row 8"),
        ("negative_binomial", 1.5, r"whole numbers of at least 0 for the .*, not 1.5 \(row 8"),
        ("negative_binomial", -2.0, r"whole numbers of at least 0 for the .*, not -2 \(row 8"),
        ("poisson", -2.0, r"at least 0 for the Poisson loss, not -2 \(row 8"),
    ],
)
def test_the_first_row_that_a_loss_is_not_for_is_named(loss, value, expected):
    good = np.ceil(SIZES) if loss == "negative_binomial" else SIZES
    y = with_value(with_value(good, 200, value), 7, value)
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
