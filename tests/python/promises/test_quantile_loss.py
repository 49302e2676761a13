"""Quantiles of an outcome: the loss "quantile" from the fit to its predictions, in every form."""

import numpy as np
import pandas as pd
import pytest

import pytwolayer
from pytwolayer import ArgumentError, continue_training, load, two_layer
from pytwolayer.cli.main import main
from pytwolayer.errors import ResumedWarning, UnseenLevelWarning
from pytwolayer.network.losses import LOSSES
from pytwolayer.runtime.torch_loading import torch

LEVELS = [0.1, 0.5, 0.9]


def noisy(rows, seed=1):
    """Give predictors, and an outcome whose spread depends on the second."""
    draw = np.random.default_rng(seed)
    x = draw.uniform(-2, 2, size=(rows, 2))
    return x, 3 + x[:, 0] + (0.2 + np.abs(x[:, 1])) * draw.normal(size=rows)


X, Y = noisy(300)
NEW, _ = noisy(50, seed=2)


@pytest.fixture(scope="module")
def fit():
    return two_layer(X, Y, loss="quantile", quantile_levels=LEVELS, epochs=40, seed=1)


@pytest.fixture(scope="module")
def several():
    settings = {"quantile_levels": LEVELS, "n_models": 3, "epochs": 20}
    return two_layer(X, Y, loss="quantile", seed=1, **settings)


def loss_by_hand(output, y, levels):
    terms = LOSSES["quantile"].at(levels)
    e, d = torch.empty_like(output), torch.empty_like(output)
    for operation in terms.operations(output, y, e, d):
        operation()
    return e, d


@pytest.mark.parametrize(
    ("error", "value", "derivative"), [(2.0, 1.8, -0.9), (-2.0, 0.2, 0.1), (0.0, 0.0, -0.4)]
)
def test_value_and_derivative_by_hand(error, value, derivative):
    e, d = loss_by_hand(torch.tensor([[1.0]]), torch.tensor([[1.0 + error]]), [0.9])
    assert e.item() == pytest.approx(value)
    assert d.item() == pytest.approx(derivative)


def test_each_output_has_its_own_level_of_one_network_and_of_several():
    generator = torch.Generator().manual_seed(1)
    output = torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_()
    y, levels = torch.randn(4, 1, generator=generator, dtype=torch.float64), torch.tensor(LEVELS)
    error = y - output
    theirs = torch.maximum(levels * error, (levels - 1) * error)
    theirs.sum().backward()
    with torch.no_grad():
        e, d = loss_by_hand(output.detach(), y.expand(4, 3), LEVELS)
        stacked = loss_by_hand(output.detach().t()[None], y.expand(4, 3).t()[None], LEVELS)
    torch.testing.assert_close(e, theirs.detach(), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(d, output.grad, rtol=1e-6, atol=1e-7)
    for ours, one in zip(stacked, (e, d), strict=True):
        assert torch.equal(ours[0].t(), one)


def test_shares_of_new_outcomes_below_the_quantiles_are_near_the_levels():
    x, y = noisy(2000)
    fit = two_layer(x, y, loss="quantile", weight_decay=0.002, epochs=60, seed=1)
    new, truth = noisy(4000, seed=3)
    quantiles = fit.predict_quantiles(new)
    assert list(quantiles.columns) == [0.05, 0.5, 0.95]
    below = (truth[:, None] <= quantiles.to_numpy()).mean(axis=0)
    np.testing.assert_allclose(below, [0.05, 0.5, 0.95], atol=0.03)
    narrow = np.abs(new[:, 1]) < 0.3
    width = (quantiles[0.95] - quantiles[0.05]).to_numpy()
    assert width[~narrow].mean() > 2 * width[narrow].mean()


def test_quantiles_ascend_where_the_networks_outputs_cross():
    levels = [0.45, 0.48, 0.5, 0.52, 0.55]
    fit = two_layer(X, Y, loss="quantile", quantile_levels=levels, epochs=2, seed=1)
    raw, quantiles = fit.predict_raw(X), fit.predict_quantiles(X).to_numpy()
    assert (np.diff(raw, axis=1) < 0).any()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    restored = np.sort(raw, axis=1) * fit.outcome.scale[0] + fit.outcome.center[0]
    np.testing.assert_allclose(quantiles, restored, rtol=1e-12)


@pytest.mark.parametrize(("levels", "middle"), [(LEVELS, 0.5), ([0.1, 0.2], 0.2), ([0.7], 0.7)])
def test_the_prediction_is_the_quantile_nearest_to_the_median(levels, middle):
    fit = two_layer(X, Y, loss="quantile", quantile_levels=levels, epochs=2, seed=1)
    np.testing.assert_array_equal(fit.predict(NEW), fit.predict_quantiles(NEW)[middle])
    assert fit.predict(NEW).shape == (50,)


def test_several_networks_give_the_means_of_their_quantiles(several):
    each = [model.predict_quantiles(NEW).to_numpy() for model in several.models]
    np.testing.assert_allclose(several.predict_quantiles(NEW), np.mean(each, axis=0), rtol=1e-12)
    np.testing.assert_allclose(several.predict(NEW), several.predict_quantiles(NEW)[0.5])
    assert several.predict_raw(NEW).shape == (3, 50, 3)
    lower, upper = several.predict_interval(NEW)
    assert lower.shape == (50,)
    assert (lower <= upper).all()


def test_files_keep_the_levels(fit, several, tmp_path):
    for one in (fit, several):
        one.save(tmp_path / "fit.safetensors")
        again = load(tmp_path / "fit.safetensors")
        pd.testing.assert_frame_equal(again.predict_quantiles(NEW), one.predict_quantiles(NEW))
        assert again.settings.quantile_levels == tuple(LEVELS)


def test_files_of_other_losses_say_nothing_of_levels(tmp_path):
    fit = two_layer(X, Y, epochs=2, seed=1)
    fit.save(tmp_path / "fit.safetensors")
    assert b"quantile" not in (tmp_path / "fit.safetensors").read_bytes()


def test_a_run_is_resumed_and_continued_with_its_levels(fit, tmp_path):
    settings = {"loss": "quantile", "quantile_levels": LEVELS, "seed": 1, "weight_decay": 0.01}
    folder = tmp_path / "run"
    whole = two_layer(X, Y, epochs=6, **settings)

    def fail(epoch, loss):
        if epoch == 3:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        two_layer(X, Y, epochs=6, checkpoint=folder, on_epoch=fail, checkpoint_every=1, **settings)
    with pytest.warns(ResumedWarning):
        resumed = two_layer(X, Y, epochs=6, checkpoint=folder, **settings)
    pd.testing.assert_frame_equal(resumed.predict_quantiles(NEW), whole.predict_quantiles(NEW))
    with pytest.raises(ArgumentError, match="quantile_levels"):
        two_layer(X, Y, epochs=6, checkpoint=folder, **{**settings, "quantile_levels": [0.1, 0.9]})
    longer = continue_training(fit, epochs=2)
    assert longer.settings.quantile_levels == tuple(LEVELS)
    assert len(longer.history) == 42


def test_files_of_predictions_have_a_column_for_each_level(fit, several, tmp_path):
    for one in (fit, several):
        one.predict_to_file(NEW, tmp_path / "p.csv", kind="quantile", verbose=False)
        written = pd.read_csv(tmp_path / "p.csv")
        assert list(written) == [".pred_q0.1", ".pred_q0.5", ".pred_q0.9"]
        np.testing.assert_allclose(written, one.predict_quantiles(NEW), rtol=1e-12)
    fit.predict_to_file(NEW, tmp_path / "p.csv", verbose=False)
    assert list(pd.read_csv(tmp_path / "p.csv")) == [".pred"]
    fit.predict_to_file(NEW, tmp_path / "p.csv", kind="raw", verbose=False)
    assert list(pd.read_csv(tmp_path / "p.csv")) == [".raw_q0.1", ".raw_q0.5", ".raw_q0.9"]


def test_the_command_line_fits_and_predicts_quantiles(tmp_path, capsys):
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=Y)
    table.to_csv(tmp_path / "t.csv", index=False)
    model = str(tmp_path / "m.safetensors")
    options = [
        "--loss",
        "quantile",
        "--quantile-levels",
        "0.2,0.8",
        "--epochs",
        "3",
        "--seed",
        "1",
        "--quiet",
    ]
    words = ["fit", str(tmp_path / "t.csv"), "--outcome", "y", *options, "--save", model]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["predict", model, str(tmp_path / "t.csv"), "--type", "quantile"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == ".pred_q0.2,.pred_q0.8"
    words[words.index("0.2,0.8")] = "0.8,x"
    assert main(words) == 2
    assert "must be numbers above 0 and below 1" in capsys.readouterr().err


def test_the_estimator_predicts_quantiles():
    pytest.importorskip("sklearn", reason="estimators need scikit-learn")
    settings = {"loss": "quantile", "quantile_levels": LEVELS, "epochs": 5, "random_state": 1}
    model = pytwolayer.TwoLayerRegressor(**settings).fit(X, Y)
    quantiles = model.predict_quantiles(NEW)
    assert quantiles.shape == (50, 3)
    np.testing.assert_array_equal(model.predict(NEW), quantiles[:, 1])
    np.testing.assert_array_equal(quantiles, model.two_layer_.predict_quantiles(NEW))
    assert model.partial_fit(X, Y).n_iter_ == 6


def test_rows_that_cannot_be_predicted_are_missing_in_every_column():
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(c=np.where(X[:, 0] > 0, "u", "v"))
    fit = two_layer(frame, Y, loss="quantile", epochs=2, seed=1)
    new = frame.iloc[:4].copy()
    new.loc[1, "a"], new.loc[2, "c"] = np.nan, "unseen"
    with pytest.warns(UnseenLevelWarning):
        quantiles = fit.predict_quantiles(new)
    assert quantiles.isna().to_numpy().tolist() == [
        [False] * 3,
        [True] * 3,
        [True] * 3,
        [False] * 3,
    ]
    assert fit.predict_quantiles(frame.iloc[:1]).shape == (1, 3)
    assert fit.predict_quantiles(frame.iloc[:0]).shape == (0, 3)


@pytest.mark.parametrize(
    "levels", [[0.9, 0.1], [0.5, 0.5], [0, 0.5], [0.5, 1], [], "0.5", True, [np.nan], [0.1, None]]
)
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(ArgumentError, match="`quantile_levels` must be numbers above 0 and below"):
        two_layer(X, Y, loss="quantile", quantile_levels=levels, epochs=2)


def test_what_has_no_quantiles_is_refused():
    with pytest.raises(ArgumentError, match='left out but with the loss "quantile"'):
        two_layer(X, Y, quantile_levels=[0.5], epochs=2)
    with pytest.raises(
        ArgumentError, match='`y` must be a single outcome with the loss "quantile"'
    ):
        two_layer(X, np.column_stack([Y, Y]), loss="quantile", epochs=2)
    with pytest.raises(ArgumentError, match='"cross_entropy" or a function for classes'):
        two_layer(X, np.where(Y > 3, "a", "b"), loss="quantile", epochs=2)
    with pytest.raises(ArgumentError, match='"quantile" in the fit for quantiles'):
        two_layer(X, Y, epochs=2, seed=1).predict_quantiles(NEW)


def test_weights_and_a_summed_loss_go_with_quantiles():
    twice = np.repeat(np.arange(len(X)), 2)
    settings = {"loss": "quantile", "epochs": 5, "seed": 1, "batch_size": None}
    settings |= {"weight_decay": 0.01, "reduction": "sum", "learning_rate": 1e-3}
    counted = two_layer(X, Y, sample_weight=np.full(len(X), 2), weight_type="frequency", **settings)
    written_out = two_layer(X[twice], Y[twice], **settings)
    pd.testing.assert_frame_equal(
        counted.predict_quantiles(NEW), written_out.predict_quantiles(NEW)
    )
