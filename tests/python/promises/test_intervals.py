"""Prediction intervals: from the rows kept apart to the share of new outcomes that they hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError, continue_training, load, two_layer
from pytwolayer.cli.main import main
from pytwolayer.errors import PytwolayerWarning, UnseenLevelWarning
from pytwolayer.fitting.ensemble import resample_seed
from pytwolayer.preprocessing.bootstrap import bootstrap_sample
from pytwolayer.preprocessing.calibration import Calibration
from pytwolayer.preprocessing.reading import read_training_data

QUICK = {"hidden_units": 16, "weight_decay": 0.01, "epochs": 40, "seed": 1}


def noisy(rows, seed=1, noise="normal"):
    draw = np.random.default_rng(seed)
    x = draw.uniform(-2, 2, size=(rows, 2))
    errors = {
        "normal": 0.5 * draw.normal(size=rows),
        "heteroscedastic": np.abs(x[:, 1]) * draw.normal(size=rows),
        "skewed": draw.exponential(size=rows) - 1,
    }[noise]
    return x, x[:, 0] + errors


X, Y = noisy(200)
NEW, TRUTH = noisy(2000, seed=2)


def coverage(fit, level=0.8, new=NEW, truth=TRUTH):
    lower, upper = fit.predict_interval(new, level, kind="prediction")
    assert lower.shape == upper.shape == truth.shape
    return np.mean((lower <= truth) & (truth <= upper))


@pytest.mark.parametrize("noise", ["normal", "heteroscedastic", "skewed"])
@pytest.mark.parametrize("loss", ["mse", "mae", "quantile"])
def test_intervals_hold_the_share_of_new_outcomes_whatever_the_noise(noise, loss):
    x, y = noisy(400, noise=noise)
    settings = QUICK | {"loss": loss, "validation": 0.4, "patience": 5}
    fit = two_layer(x, y, **settings)
    new, truth = noisy(4000, seed=3, noise=noise)
    for level in (0.5, 0.8, 0.9):
        assert level - 0.08 < coverage(fit, level, new, truth) < level + 0.08
    assert (fit.calibration.kind, fit.calibration.rows) == ("held-out", 160)


def spreading(rows, seed):
    draw = np.random.default_rng(seed)
    x = draw.uniform(-2, 2, size=(rows, 2))
    sd = np.exp(0.8 * x[:, 1])
    return x, x[:, 0] + sd * draw.normal(size=rows), sd > 1


def overdispersed(rows, seed):
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1.5, 1.5, size=(rows, 2))
    mean = np.exp(2 + x[:, 0])
    return x, draw.negative_binomial(2.0, 2 / (2 + mean)).astype(float), x[:, 0] > 0


HOW = {
    "held-out": {"validation": 0.4, "patience": 20, "weight_decay": 0.01, "epochs": 150},
    "folds": {"epochs": 150, "hidden_units": 16},
    "unseen": {"n_models": 5, "bootstrap": True, "weight_decay": 0.01, "epochs": 60},
}


@pytest.mark.parametrize("kind", HOW)
@pytest.mark.parametrize(
    ("loss", "draw"), [("normal", spreading), ("negative_binomial", overdispersed)]
)
def test_where_the_spread_is_predicted_intervals_hold_where_it_is_low_and_where_it_is_high(
    tmp_path, loss, draw, kind
):
    x, y, _ = draw(500, 1)
    new, truth, high = draw(4000, 2)
    fit = two_layer(x, y, loss=loss, seed=1, **HOW[kind])
    assert (fit.calibration.kind, fit.calibration.unit) == (kind, "sd")
    lower, upper = fit.predict_interval(new, 0.8, kind="prediction")
    inside = (lower <= truth) & (truth <= upper)
    assert 0.74 < inside.mean() < 0.88
    assert min(inside[high].mean(), inside[~high].mean()) > 0.69
    width = upper - lower
    if loss == "normal":
        share = width / fit.predict_sd(new)
        np.testing.assert_allclose(share, share[0], rtol=1e-6)
    else:
        assert (lower % 1 == 0).all()
        assert (upper % 1 == 0).all()
        assert (lower >= 0).all()
    assert width[high].mean() > 1.8 * width[~high].mean()
    fit.save(tmp_path / "f.safetensors")
    again = load(tmp_path / "f.safetensors")
    assert again.calibration == fit.calibration
    np.testing.assert_array_equal(again.predict_interval(new, 0.8, kind="prediction")[0], lower)
    fit.predict_to_file(new[:50], tmp_path / "p.csv", kind="pred_int", level=0.8, verbose=False)
    written = pd.read_csv(tmp_path / "p.csv").to_numpy()
    np.testing.assert_allclose(written, np.column_stack([lower, upper])[:50], rtol=1e-12)


@pytest.mark.parametrize("loss", ["normal", "negative_binomial"])
def test_scores_of_folds_are_in_units_of_the_network_that_predicts(tmp_path, loss):
    x, y, _ = overdispersed(100, 1)
    how = {"loss": loss, "hidden_units": 8, "epochs": 500, "seed": 1}
    fit = two_layer(x, y, checkpoint=tmp_path / "run", **how)
    assert (fit.calibration.kind, fit.calibration.unit) == ("folds", "sd")
    with pytest.warns(PytwolayerWarning):
        resumed = two_layer(x, y, checkpoint=tmp_path / "run", **how)
    assert resumed.calibration == fit.calibration
    several = two_layer(x, y, n_models=3, **how)
    assert (several.calibration.kind, several.calibration.unit) == ("folds", "sd")
    typical = [np.exp(np.log(each.predict_sd(x)).mean()) for each in (fit, several)]
    pairs = zip((fit, several), typical, strict=True)
    scaled = [np.array(each.calibration.scores[0]) * sd for each, sd in pairs]
    np.testing.assert_allclose(*scaled, rtol=1e-5)


@pytest.mark.parametrize("loss", ["normal", "negative_binomial"])
def test_files_with_absolute_residuals_predict_as_before(tmp_path, loss):
    x, y, _ = overdispersed(100, 1)
    fit = two_layer(x, y, loss=loss, validation=0.4, **QUICK)
    old = Calibration(fit.calibration.kind, 40, ((*range(40),),))
    replace(fit, calibration=old).save(tmp_path / "old.safetensors")
    assert b'"unit"' not in (tmp_path / "old.safetensors").read_bytes()
    again = load(tmp_path / "old.safetensors")
    lower, upper = again.predict_interval(x, 0.5, kind="prediction")
    np.testing.assert_array_equal(upper, fit.predict(x) + 20)
    least = 0 if loss == "negative_binomial" else -np.inf
    np.testing.assert_array_equal(lower, np.maximum(fit.predict(x) - 20, least))


def test_without_held_out_rows_the_folds_of_the_search_calibrate():
    searched = {"hidden_units": 8, "epochs": 130, "seed": 1}
    fit = two_layer(X, Y, **searched)
    assert (fit.calibration.kind, fit.calibration.rows) == ("folds", 198)
    assert 0.72 < coverage(fit) < 0.9
    again = two_layer(X, Y, **searched)
    assert again.calibration == fit.calibration
    several = two_layer(X, Y, n_models=2, **searched)
    assert several.calibration == fit.calibration
    assert several.models[0].calibration is None
    plain = [fit.settings.weight_decay, fit.settings.learning_rate, fit.settings.encoding]
    names = ("weight_decay", "learning_rate", "encoding")
    same = two_layer(X, Y, **searched, **dict(zip(names, plain, strict=True)))
    np.testing.assert_array_equal(same.predict(NEW), fit.predict(NEW))
    assert same.calibration is None


@pytest.mark.parametrize(
    ("how", "kind", "rows"),
    [
        ({"bootstrap": True}, "unseen", 195),
        ({"validation": 0.3}, "unseen", None),
        ({"validation": np.arange(60)}, "held-out", 60),
        ({"validation": (X[:50], Y[:50])}, "held-out", 50),
        ({"validation": 0.3, "bootstrap": True}, "unseen", 200),
    ],
)
def test_several_networks_are_calibrated_by_rows_that_some_were_not_trained_on(how, kind, rows):
    fit = two_layer(X, Y, n_models=8, **QUICK, **how)
    assert fit.calibration.kind == kind
    assert rows in (None, fit.calibration.rows)
    assert fit.calibration.rows <= 200
    assert 0.7 < coverage(fit) < 0.92


def test_out_of_bag_scores_are_of_the_mean_of_the_models_without_the_row():
    fit = two_layer(X, Y, n_models=6, bootstrap=True, **QUICK)
    data = read_training_data(X, Y)
    each = fit.predict_all(X)[:, :, 0]
    for number, model in enumerate(fit.models):
        drawn = bootstrap_sample(data, resample_seed(model.settings.seed)).row_numbers
        each[number, drawn] = np.nan
    seen_by_all = np.isnan(each).all(axis=0)
    means = np.array([np.nanmean(column) for column in each.T[~seen_by_all]])
    scores = np.sort(np.abs(Y[~seen_by_all] - means))
    np.testing.assert_allclose(fit.calibration.scores[0], scores, rtol=1e-12)


def test_held_out_scores_are_the_residuals_of_the_held_out_rows():
    fit = two_layer(X, Y, validation=np.arange(50), **QUICK)
    residuals = np.sort(np.abs(Y[:50] - fit.predict(X[:50])))
    np.testing.assert_allclose(fit.calibration.scores[0], residuals, rtol=1e-5, atol=1e-6)


def test_several_outcomes_have_intervals_of_their_own():
    y = np.column_stack([Y, 10 * Y + 3])
    fit = two_layer(X, y, validation=0.4, **QUICK)
    lower, upper = fit.predict_interval(NEW, 0.8, kind="prediction")
    assert lower.shape == (2000, 2)
    width = (upper - lower)[0]
    assert 5 < width[1] / width[0] < 20


def test_counts_widen_with_their_rate_and_never_fall_below_nothing():
    draw = np.random.default_rng(4)
    counts = draw.poisson(np.exp(1 + 0.7 * X[:, 0])).astype(float)
    fit = two_layer(X, counts, loss="poisson", validation=0.4, **QUICK)
    lower, upper = fit.predict_interval(NEW, 0.8, kind="prediction")
    assert (lower >= 0).all()
    rate = fit.predict(NEW)
    share = (upper - rate) / np.sqrt(rate)
    np.testing.assert_allclose(share, share[0])
    truth = np.random.default_rng(6).poisson(np.exp(1 + 0.7 * NEW[:, 0]))
    assert 0.7 < np.mean((lower <= truth) & (truth <= upper)) < 0.93


def test_files_checkpoints_and_continuing_keep_what_is_still_true(tmp_path):
    fit = two_layer(X, Y, validation=0.4, **QUICK)
    several = two_layer(X, Y, n_models=3, bootstrap=True, **QUICK)
    for one in (fit, several):
        one.save(tmp_path / "fit.safetensors")
        again = load(tmp_path / "fit.safetensors")
        assert again.calibration == one.calibration
        for ends in zip(
            again.predict_interval(NEW, kind="prediction"),
            one.predict_interval(NEW, kind="prediction"),
            strict=True,
        ):
            np.testing.assert_array_equal(*ends)
    searched = {"hidden_units": 8, "epochs": 130, "seed": 1, "checkpoint": tmp_path / "run"}
    first = two_layer(X, Y, **searched)
    with pytest.warns(PytwolayerWarning):
        resumed = two_layer(X, Y, **searched)
    assert resumed.calibration == first.calibration
    longer = continue_training(first, X, Y, epochs=2)
    assert longer.calibration is None
    assert continue_training(fit, epochs=2).calibration.kind == "held-out"


def test_predictions_in_files_and_the_command_line_have_the_intervals(tmp_path, capsys):
    fit = two_layer(X, Y, validation=0.4, **QUICK)
    several = two_layer(X, Y, n_models=3, bootstrap=True, **QUICK)
    for one in (fit, several):
        one.predict_to_file(NEW, tmp_path / "p.csv", kind="pred_int", level=0.8, verbose=False)
        written = pd.read_csv(tmp_path / "p.csv")
        assert list(written) == [".pred_lower", ".pred_upper"]
        ends = one.predict_interval(NEW, 0.8, kind="prediction")
        np.testing.assert_allclose(written.to_numpy().T, ends, rtol=1e-12)
    fit.save(tmp_path / "m.safetensors")
    pd.DataFrame(NEW[:3], columns=["a", "b"]).to_csv(tmp_path / "new.csv", index=False)
    words = ["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "new.csv")]
    assert main([*words, "--type", "pred_int", "--level", "0.8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ".pred_lower,.pred_upper"
    assert float(lines[1].split(",")[0]) == pytest.approx(ends_of(fit)[0][0])
    assert main([*words, "--type", "pred_int", "--level", "1"]) == 2
    assert "level" in capsys.readouterr().err


def ends_of(fit):
    return fit.predict_interval(NEW[:3], 0.8, kind="prediction")


def test_the_estimator_has_them_too():
    pytest.importorskip("sklearn", reason="estimators need scikit-learn")
    settings = {name: value for name, value in QUICK.items() if name != "seed"}
    model = pytwolayer.TwoLayerRegressor(validation=0.4, random_state=1, **settings).fit(X, Y)
    ours = model.predict_interval(NEW, 0.8)
    theirs = model.two_layer_.predict_interval(NEW, 0.8, kind="prediction")
    np.testing.assert_array_equal(ours, theirs)


def test_missing_rows_one_row_and_no_rows():
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(c=np.where(X[:, 0] > 0, "u", "v"))
    fit = two_layer(frame, Y, validation=0.4, **QUICK)
    new = frame.iloc[:4].copy()
    new.loc[1, "a"], new.loc[2, "c"] = np.nan, "unseen"
    with pytest.warns(UnseenLevelWarning):
        ends = fit.predict_interval(new, kind="prediction")
    assert np.isnan(ends).tolist() == [[False, True, True, False]] * 2
    for rows in (1, 0):
        lower, _ = fit.predict_interval(frame.iloc[:rows], kind="prediction")
        assert lower.shape == (rows,)


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, "a", None, np.nan, True])
def test_levels_outside_of_0_and_1_are_refused(level):
    fit = two_layer(X, Y, validation=0.4, **QUICK)
    with pytest.raises(ArgumentError, match="`level` must be"):
        fit.predict_interval(NEW, level, kind="prediction")


def test_a_fit_without_rows_kept_apart_says_what_to_do():
    fit = two_layer(X, Y, **QUICK)
    with pytest.raises(ArgumentError, match=r'`validation` = 0\.2.*`weight_decay` = "auto"'):
        fit.predict_interval(NEW, kind="prediction")
    with pytest.raises(ArgumentError, match="several, two_layer"):
        fit.predict_interval(NEW)
    classes = two_layer(X, np.where(Y > 0, "a", "b"), validation=0.4, **QUICK)
    assert classes.calibration is None
    with pytest.raises(ArgumentError, match="since prediction intervals are of numbers"):
        classes.predict_interval(NEW, kind="prediction")
    with pytest.raises(ArgumentError, match="since prediction intervals are of numbers"):
        classes.predict_to_file(NEW, "p.csv", kind="pred_int")
    with pytest.raises(ArgumentError, match='"confidence", "prediction"'):
        fit.predict_interval(NEW, kind="both")


def test_intervals_of_the_mean_are_as_before():
    several = two_layer(X, Y, n_models=5, bootstrap=True, **QUICK)
    np.testing.assert_array_equal(
        several.predict_interval(NEW, 0.8), several.predict_interval(NEW, 0.8, kind="confidence")
    )
    lower, upper = several.predict_interval(NEW, 0.8)
    assert np.mean((lower <= TRUTH) & (upper >= TRUTH)) < 0.5
    wide = several.predict_interval(NEW, 0.8, kind="prediction")
    assert (wide[1] - wide[0]).mean() > 2 * (upper - lower).mean()


def test_weights_of_rows_count_where_the_intervals_are_calibrated():
    wild = X[:, 1] > 0
    draw = np.random.default_rng(7)
    y = X[:, 0] + np.where(wild, 2.0, 0.2) * draw.normal(size=200)
    held_out = {"validation": np.arange(100, 200)}
    light = two_layer(X, y, sample_weight=np.where(wild, 0.05, 1.0), **held_out, **QUICK)
    heavy = two_layer(X, y, sample_weight=np.where(wild, 1.0, 0.05), **held_out, **QUICK)

    def width(fit):
        lower, upper = fit.predict_interval(NEW[:1], 0.8, kind="prediction")
        return float(upper[0] - lower[0])

    assert width(heavy) > 2 * width(light)


def test_several_networks_say_that_their_interval_of_the_mean_holds_no_new_outcomes(
    tmp_path, capsys
):
    file, rows = tmp_path / "m.safetensors", tmp_path / "new.csv"
    pd.DataFrame(NEW[:3], columns=["a", "b"]).to_csv(rows, index=False)
    several = {"n_models": 2, "bootstrap": True, **QUICK}
    fit = two_layer(X, Y, **several)
    assert repr(fit).endswith(
        '; predict_interval() is of the mean, only with kind="prediction" it is to hold new '
        "outcomes>"
    )
    fit.save(file)
    of_mean = "pytwolayer: .pred_lower and .pred_upper are an interval of the mean, not of new"
    for words, said in (
        ([], True),
        (["--type", "conf_int"], True),
        (["--type", "pred_int"], False),
        (["--type", "numeric"], False),
    ):
        assert main(["predict", str(file), str(rows), "--level", "0.5", *words]) == 0
        told = capsys.readouterr().err
        assert told.startswith(of_mean) == said
        assert ("--type pred_int" in told) == said
    classes = two_layer(X, np.where(Y > 0, "a", "b"), **several)
    assert "of the mean" not in repr(classes)
    classes.save(file)
    assert main(["predict", str(file), str(rows)]) == 0
    assert capsys.readouterr().err == ""
    shares = two_layer(X, (Y > 0) * 1.0, loss="binomial", **several)
    assert repr(shares).endswith("; predict_interval() is of the mean>")
    two_layer(X, Y, **QUICK).save(file)
    assert main(["predict", str(file), str(rows)]) == 0
    assert capsys.readouterr().err == ""
