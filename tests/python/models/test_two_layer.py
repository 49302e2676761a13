"""``TwoLayer``: predictions, scores and what it says of itself."""

import copy
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, r2_score
from tuning_samples import ROWS, USUAL, search

from pytwolayer import ArgumentError, two_layer
from pytwolayer.errors import (
    DivergenceError,
    InterruptWarning,
    MissingRowsWarning,
    UnseenLevelWarning,
)
from pytwolayer.models.two_layer import format_ends
from pytwolayer.reports.tuning import format_error
from pytwolayer.runtime.torch_loading import torch

QUICK = {
    "hidden_units": 4,
    "epochs": 20,
    "batch_size": None,
    "learning_rate": 0.05,
    "schedule": "constant",
    "weight_decay": 0.0,
    "seed": 1,
}
X = np.random.default_rng(0).normal(size=(40, 2))
FRAME = pd.DataFrame(X, columns=["a", "b"]).assign(
    kind=["p", "q"] * 20, y=X[:, 0] + 0.5, z=X[:, 1] * 100, side=np.where(X[:, 0] > 0, "r", "l")
)


def fit_to(outcome, **options):
    predictors = ["a", "b", "kind"]
    names = [outcome] if isinstance(outcome, str) else outcome
    return two_layer(FRAME[predictors + names], outcome=outcome, **QUICK | options)


# Predictions


def test_there_is_one_prediction_per_row_in_order(fit, frame):
    everything = fit.predict(frame)
    one_by_one = [fit.predict(frame.iloc[[i]])[0] for i in range(len(frame))]
    np.testing.assert_allclose(everything, one_by_one, rtol=1e-12)
    np.testing.assert_allclose(fit.predict(frame[::-1]), everything[::-1], rtol=1e-12)


def test_more_rows_than_go_through_at_once_are_still_one_each_in_order():
    fit = two_layer(X[:, :1], X[:, 1], **QUICK)
    x = np.linspace(-2, 2, 65536 * 2 + 1)[:, None]
    predictions = fit.predict(x)
    assert predictions.shape == (len(x),)
    for i in (0, 65535, 65536, 131071, 131072):
        assert predictions[i] == pytest.approx(fit.predict(x[[i]])[0], rel=1e-12)


def test_predictions_are_the_networks_on_the_users_scale():
    fit = fit_to(["y", "z"])
    matrix = fit.inputs.encode("x", fit.inputs.read("x", FRAME)).x
    output = copy.deepcopy(fit.network).double()(matrix.double()).numpy()
    np.testing.assert_allclose(fit.predict_raw(FRAME), output, rtol=1e-12)
    expected = output * fit.outcome.scale + fit.outcome.center
    np.testing.assert_allclose(fit.predict(FRAME), expected, rtol=1e-12)


def test_reordered_and_extra_columns_change_no_bit(fit, frame):
    expected = fit.predict(frame).tolist()
    assert fit.predict(frame[["c", "a", "b"]]).tolist() == expected
    assert fit.predict(frame.assign(more=1.0)).tolist() == expected
    assert fit.predict(frame.to_numpy()).tolist() == expected


@pytest.mark.parametrize("extra", ["text", None, float("nan"), pd.Timestamp("2020-01-01")])
def test_extra_columns_may_hold_anything(fit, frame, extra):
    assert fit.predict(frame.assign(more=extra)).tolist() == fit.predict(frame).tolist()


def test_missing_columns_are_all_named(fit, frame):
    with pytest.raises(ArgumentError, match=r'`x` must be .* seen in training, not .* "a", "c"'):
        fit.predict(frame[["b"]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.assign(b="u"), 'numbers where training had numbers, not text in column "b"'),
        (lambda x: x.assign(b=np.inf), r'finite, not infinite in column "b" \(40 of 40 values\)'),
        (lambda x: x.iloc[0], r"a table with rows and columns, not data of shape \(3,\)"),
        (lambda x: x.to_numpy()[:, :2], "a table of 3 columns, not one of 2"),
    ],
)
def test_new_data_that_does_not_fit_is_an_error_naming_it(fit, frame, change, message):
    for method in (fit.predict, fit.predict_raw):
        with pytest.raises(ArgumentError, match=f"^`x` must be {message}"):
            method(change(frame))


def test_predicting_changes_neither_fit_nor_data(fit, frame):
    before, data = copy.deepcopy(fit), frame.copy()
    fit.predict(frame)
    for ours, theirs in zip(fit.network.parameters(), before.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.dtype == torch.float32
    pd.testing.assert_frame_equal(frame, data)


def test_no_new_rows_are_no_predictions(fit, frame):
    assert fit.predict(frame.iloc[:0]).shape == (0,)
    assert fit.predict_raw(frame.iloc[:0]).shape == (0, 1)


# Scores


def test_the_score_of_numbers_is_r_squared():
    fit = fit_to("y")
    expected = r2_score(FRAME["y"], fit.predict(FRAME))
    assert fit.score(FRAME, FRAME["y"]) == pytest.approx(expected)
    assert fit.score(FRAME) == pytest.approx(expected)
    weights = np.arange(1.0, 41)
    expected = r2_score(FRAME["y"], fit.predict(FRAME), sample_weight=weights)
    assert fit.score(FRAME, sample_weight=weights) == pytest.approx(expected)


def test_the_score_of_several_outcomes_is_their_mean():
    fit = fit_to(["y", "z"])
    expected = r2_score(FRAME[["y", "z"]], fit.predict(FRAME))
    assert fit.score(FRAME) == pytest.approx(expected)


def test_the_score_of_classes_is_the_share_of_right_ones():
    fit = fit_to("side")
    expected = accuracy_score(FRAME["side"], fit.predict(FRAME))
    assert fit.score(FRAME) == pytest.approx(expected)
    assert fit.score(FRAME, FRAME["side"]) == pytest.approx(expected)


def test_the_score_is_over_rows_with_a_truth_and_a_prediction():
    fit, new = fit_to("y"), FRAME.copy()
    new.loc[0, "a"] = np.nan
    new.loc[1, "y"] = np.nan
    new.loc[2, "kind"] = "new"
    with pytest.warns(UnseenLevelWarning):
        assert fit.score(new) == pytest.approx(fit.score(FRAME[3:]))


def test_a_class_that_training_did_not_see_has_no_part_in_the_score():
    fit = fit_to("side")
    new = FRAME.assign(side=["other", *FRAME["side"][1:]])
    assert fit.score(new) == pytest.approx(fit.score(FRAME[1:]))


def test_a_score_needs_a_row_that_can_be_predicted():
    with (
        pytest.warns(UnseenLevelWarning),
        pytest.raises(ArgumentError, match="`x` must be data with a row that can be predicted"),
    ):
        fit_to("y").score(FRAME.assign(kind="new"))
    with (
        pytest.warns(UnseenLevelWarning),
        pytest.raises(
            ArgumentError, match="`x` must be data with a row of a class that training saw"
        ),
    ):
        fit_to("side").score(FRAME.assign(side="new"))


def test_a_score_needs_the_truth():
    fit = two_layer(X, X[:, 0], **QUICK)
    with pytest.raises(ArgumentError, match=r"`y` must be given, since the training data named no"):
        fit.score(X)
    with pytest.raises(ArgumentError, match='`outcome` must be names of columns of `x`, not "y"'):
        fit_to("y").score(FRAME.drop(columns="y"))


# What it says of itself


def test_repr_tells_what_it_is(fit):
    assert repr(fit) == (
        "<TwoLayer 3-8-1 (relu), 41 parameters, fitted to 40 rows: adam, learning rate 0.01, "
        f"30 epochs on cpu, seed 3; last loss {fit.history['loss'].iloc[-1]:.4g} (mse, mean)>"
    )


def test_repr_tells_the_best_epoch():
    fit = two_layer(X, X[:, 0], **QUICK | {"validation": 0.3})
    best = fit.history["valid_loss"].min()
    assert f"; best validation loss {best:.4g} in epoch {fit.best_epoch} (mse, mean)>" in repr(fit)
    fit = two_layer(X, X[:, 0], **QUICK | {"patience": 3})
    assert f"; best loss {fit.history['loss'].min():.4g} in epoch {fit.best_epoch} " in repr(fit)


def test_repr_tells_what_ended_the_training(fit):
    assert repr(fit).endswith("(mse, mean)>")
    for stopped, told in (
        ("patience", "stopped by `patience`"),
        ("on_epoch", "stopped by `on_epoch`"),
        ("interrupt", "interrupted"),
        ("divergence", "diverged"),
    ):
        assert repr(replace(fit, stopped=stopped)).endswith(f"(mse, mean), {told}>")


def test_repr_of_a_fit_that_was_interrupted_stopped_or_diverged_says_so():
    def interrupted(epoch, loss):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(InterruptWarning):
        fit = two_layer(X, X[:, 0], on_epoch=interrupted, **QUICK)
    assert repr(fit).endswith(", interrupted>")
    fit = two_layer(X, X[:, 0], on_epoch=lambda epoch, loss: epoch < 2, **QUICK)
    assert repr(fit).endswith(", stopped by `on_epoch`>")
    with pytest.raises(DivergenceError) as caught:
        two_layer(X, X[:, 0], **QUICK | {"optimizer": "sgd", "learning_rate": 1e30})
    assert repr(caught.value.fit).endswith(", diverged>")


def test_of_several_networks_it_is_told_how_many_ended_so():
    assert format_ends(["epochs", "epochs"]) == ""
    assert format_ends(["patience", "patience"]) == ", all stopped by `patience`"
    assert format_ends(["patience", "epochs", "divergence"]) == (
        ", 1 of 3 stopped by `patience`, 1 of 3 diverged"
    )
    with pytest.warns(InterruptWarning):
        fit = two_layer(X, X[:, 0], n_models=2, on_epoch=_interrupt, **QUICK)
    assert repr(fit).startswith(
        "<TwoLayerEnsemble of 2 models with different seeds, all interrupted, the first: "
    )


def _interrupt(*told):
    raise KeyboardInterrupt


def test_repr_tells_rows_left_out_and_the_users_loss():
    def my_loss(output, y):
        return (output - y).abs()

    frame = FRAME.copy()
    frame.loc[:1, "a"] = np.nan
    with pytest.warns(MissingRowsWarning):
        fit = two_layer(frame[["a", "b"]], frame["y"], **QUICK | {"loss": my_loss})
    assert "fitted to 38 rows (2 left out)" in repr(fit)
    assert "(my_loss, mean)>" in repr(fit)


def test_inputs_and_outputs_have_names():
    fit = fit_to("side")
    assert fit.inputs.inputs == ["a", "b", "kind_p", "kind_q"]
    assert fit.outcome.outputs == ["l", "r"]
    assert fit.architecture == "4-4-2"


def test_the_network_is_an_ordinary_module():
    fit = fit_to("y")
    first, activation, second = fit.network
    assert isinstance(first, torch.nn.Linear)
    assert isinstance(activation, torch.nn.ReLU)
    assert (second.in_features, second.out_features) == (4, 1)


def test_the_score_does_not_look_at_columns_that_training_did_not_have(frame, outcome):
    known = frame.assign(target=outcome)
    fit = two_layer(known, outcome="target", epochs=3, seed=1)
    odd = known.assign(when=pd.Timestamp("2020-01-01"), far=np.inf, gone=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit.score(odd) == fit.score(known)
        assert fit.score(odd, outcome) == fit.score(known)


def test_a_rate_that_no_number_holds_is_an_error_not_a_warning():
    x = np.random.default_rng(0).normal(size=(50, 1))
    y = np.round(np.exp(x[:, 0] + 1))
    fit = two_layer(x, y, loss="poisson", input_clip=None, epochs=100, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match="`x` must be close enough to the training data"):
            fit.predict([[1e8]])


# What was searched


def searched(fit, encoding="piecewise", multiple=1.0):
    settings = replace(fit.settings, encoding=encoding, weight_decay=multiple * USUAL)
    return replace(fit, tuning=search(), settings=settings, rows=ROWS)


def test_a_fit_says_what_was_searched_in_one_line():
    numbers, classes = searched(fit_to("y")), searched(fit_to("side"), "linear", 10)
    error = f"estimated error {format_error(numbers.estimated_error)} (RMSE)"
    words = "weight decay 0.05, piecewise encoding: of 5 candidates in 3 folds; " + error
    assert f", seed 1; {words}; last loss" in repr(numbers)
    assert "(relu, piecewise encoding)" in repr(numbers)
    assert "linear encoding: of 5 candidates in 3 folds; estimated error 1 (log loss)" in repr(
        classes
    )
    for fit in (numbers, classes):
        assert "\n" not in repr(fit)
    plain = fit_to("y")
    assert plain.tuning is None
    assert "encoding" not in repr(plain)
    assert "estimated" not in repr(plain)


def test_the_estimated_error_is_that_of_the_chosen_candidate():
    numbers = searched(fit_to("y"))
    assert numbers.estimated_error == pytest.approx(0.5 * FRAME["y"].std(ddof=0))
    assert searched(fit_to("side")).estimated_error == pytest.approx(0.25)
    assert searched(fit_to(["y", "z"])).estimated_error == pytest.approx(0.25)
    assert searched(fit_to("y", loss="huber")).estimated_error == pytest.approx(0.25)
    assert fit_to("y").estimated_error is None


@pytest.mark.parametrize("outcome", ["y", "side", ["y", "z"]])
def test_a_summed_loss_has_the_estimated_error_of_the_mean_one(outcome):
    data = FRAME[["a", "kind", *([outcome] if isinstance(outcome, str) else outcome)]]
    how = {"outcome": outcome, "hidden_units": 4, "epochs": 500, "encoding": "linear", "seed": 1}
    mean, summed = (two_layer(data, **how, reduction=each) for each in ("mean", "sum"))
    # The smallest weight decays; of several outcomes the others weigh differently against a sum.
    losses = [fit.tuning_summary()["mean"][:3] for fit in (summed, mean)]
    np.testing.assert_allclose(*losses, rtol=0.05)
    assert summed.estimated_error == pytest.approx(mean.estimated_error, rel=0.05)


def test_several_networks_have_one_search_and_the_scale_of_all():
    fits = fit_to("y", n_models=2, bootstrap=True)
    models = tuple(searched(fit) for fit in fits.models)
    fits = replace(fits, models=models, settings=replace(models[0].settings, seed=1))
    scales = [fit.outcome.scale[0] for fit in models]
    expected = 0.5 * np.sqrt(np.mean(np.square(scales)))
    assert scales[0] != scales[1]
    assert fits.estimated_error == pytest.approx(expected)
    assert [fit.estimated_error for fit in models] == pytest.approx([0.5 * s for s in scales])
    pd.testing.assert_frame_equal(fits.tuning_summary(), models[0].tuning_summary())
    assert repr(fits).count("candidates") == 1
    assert f"estimated error {format_error(expected)} (RMSE), the first:" in repr(fits)


def test_a_search_is_plotted_and_without_one_it_is_an_error(tmp_path):
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    axes = searched(fit_to("side")).plot_tuning(tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()
    labels = [line.get_label() for line in axes.get_lines()]
    assert {"chosen: piecewise, 0.05", "without a search: 0.05"} <= set(labels)
    assert axes.get_ylabel() == "Log loss"
    summed = searched(fit_to("side", reduction="sum")).plot_tuning()
    assert not any("without" in line.get_label() for line in summed.get_lines())
    for fit in (fit_to("y"), fit_to("y", n_models=2)):
        for asked in (fit.plot_tuning, fit.tuning_summary):
            with pytest.raises(ArgumentError, match="`fit` must be one that searched"):
                asked()
