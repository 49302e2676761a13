"""Several networks in an estimator: the bits of ``two_layer()``, and what scikit-learn expects."""

import pickle

import numpy as np
import pandas as pd
import pytest
from estimator_samples import (
    BOTH,
    FRAME,
    LABELS,
    OF_FREQUENCIES,
    QUICK,
    X,
    Y,
    classifier,
    outcome,
    quick,
    regressor,
)
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from pytwolayer import ArgumentError, TwoLayerEnsemble, two_layer
from pytwolayer.errors import UnseenLevelWarning

SEVERAL = {"n_models": 3, "bootstrap": True}
PLAIN = {"weight_decay": 0.01, "encoding": "linear"}


@parametrize_with_checks(
    [kind(**SEVERAL, **PLAIN, epochs=100) for kind in BOTH],
    expected_failed_checks=lambda _: OF_FREQUENCIES,
)
def test_scikit_learns_checks_of_several_networks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("options", [{"n_models": 3}, SEVERAL], ids=["seeds", "resamples"])
@pytest.mark.parametrize("kind", BOTH)
def test_several_networks_are_those_of_two_layer_to_the_bit(kind, options):
    ours = quick(kind, **options, validation=0.2)
    how = {name: value for name, value in QUICK.items() if name != "random_state"}
    y = outcome(kind)
    theirs = two_layer(X, y, **how, **options, validation=0.2, seed=1, verbose=False)
    assert isinstance(ours.two_layer_, TwoLayerEnsemble)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()
    pd.testing.assert_frame_equal(ours.history_, theirs.history, check_exact=True)
    if kind is not BOTH[0]:
        assert ours.predict_proba(X).tolist() == theirs.predict_proba(X).tolist()


def test_predictions_are_the_mean_of_the_networks_and_intervals_are_theirs():
    model = regressor(**SEVERAL)
    each = model.two_layer_.predict_all(X)
    assert model.predict(X) == pytest.approx(each.mean(axis=0)[:, 0])
    theirs = model.two_layer_.predict_interval(X, 0.8, kind="prediction")
    np.testing.assert_array_equal(model.predict_interval(X, 0.8), theirs)
    assert model.score(X, Y) == pytest.approx(model.two_layer_.score(X, Y))


def test_logarithms_are_those_of_the_mean_probabilities():
    model = classifier(**SEVERAL)
    probabilities = model.predict_proba(X)
    assert model.predict_log_proba(X) == pytest.approx(np.log(probabilities))
    assert model.decision_function(X) == pytest.approx(np.log(probabilities))
    two = classifier(y=LABELS == "high", **SEVERAL)
    odds = two.predict_proba(X)
    assert two.decision_function(X) == pytest.approx(np.log(odds[:, 1] / odds[:, 0]))
    certain = classifier(x=X * 1e3, y=X[:, 0] > 0, **{**SEVERAL, "epochs": 300, "input_clip": None})
    assert np.isfinite(certain.predict_log_proba(X * 1e9)).all()


def test_several_labels_have_mean_probabilities_and_log_odds():
    labels = (X[:, :2] > 0).astype(int)
    model = classifier(y=labels, **SEVERAL)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == labels.shape
    assert model.predict_log_proba(X) == pytest.approx(np.log(probabilities))
    odds = np.log(probabilities / (1 - probabilities))
    assert model.decision_function(X) == pytest.approx(odds)


@pytest.mark.parametrize("kind", BOTH)
def test_clones_pickles_and_new_fits_predict_the_same(kind):
    model = quick(kind, **SEVERAL)
    again = pickle.loads(pickle.dumps(model))
    assert again.get_params() == model.get_params()
    assert again.predict(X).tolist() == model.predict(X).tolist()
    cloned = clone(model)
    assert not hasattr(cloned, "two_layer_")
    assert cloned.fit(X, outcome(kind)).predict(X).tolist() == model.predict(X).tolist()


def test_attributes_are_of_the_mean_of_the_networks():
    model = regressor(**SEVERAL, validation=0.2)
    history = model.history_
    means = history.groupby("epoch")[["loss", "valid_loss"]].mean()
    assert model.n_iter_ == QUICK["epochs"]
    assert model.loss_curve_ == pytest.approx(means["loss"].tolist())
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == pytest.approx(means["valid_loss"].min())


def test_a_level_that_some_resamples_lack_is_left_to_the_other_networks():
    rare = FRAME.assign(town=["Köln", *["Oslo"] * 39])
    model = regressor(rare, Y, **SEVERAL)
    widths = {each.inputs.width for each in model.two_layer_.models}
    assert len(widths) == 2
    assert not np.isnan(model.predict(rare)).any()
    assert model.score(rare, Y) == pytest.approx(model.two_layer_.score(rare, Y))
    new = rare.assign(town=["Paris", *["Oslo"] * 39])
    with pytest.warns(UnseenLevelWarning, match="Paris"):
        assert np.isnan(model.predict(new)).sum() == 1
    with pytest.warns(UnseenLevelWarning, match="Paris"):
        assert model.score(new, Y) == pytest.approx(model.score(rare[1:], Y[1:]))


@pytest.mark.parametrize("kind", BOTH)
def test_several_networks_do_not_go_on(kind):
    y = outcome(kind)
    with pytest.raises(ArgumentError, match=r"warm_start.*False where `n_models` is above 1"):
        quick(kind, **SEVERAL, warm_start=True)
    model = quick(kind, **SEVERAL)
    assert not hasattr(model, "partial_fit")
    assert hasattr(kind(), "partial_fit")
    with pytest.raises(AttributeError, match="no attribute 'partial_fit'") as caught:
        _ = model.partial_fit
    assert str(caught.value.__cause__) == "`n_models` must be 1 for partial_fit(), not 3."
    model.set_params(n_models=1, bootstrap=False, warm_start=True)
    with pytest.raises(ArgumentError, match=r"`n_models` must be 1 in the fit that goes on.*3"):
        model.fit(X, y)
    with pytest.raises(ArgumentError, match="`n_models` must be 1 in the fit that goes on"):
        model.partial_fit(X, y)
    with pytest.raises(ArgumentError, match="bootstrap"):
        quick(kind, bootstrap=True)


@pytest.mark.parametrize("kind", BOTH)
def test_several_networks_are_explained_and_written_as_one_is(kind, tmp_path):
    model = quick(kind, **SEVERAL)
    assert {"lower", "upper"} <= {*model.effects(X).columns}
    assert len(model.importance(X, outcome(kind), seed=1)) == 3
    assert len(model.feature_effects(X, "x1"))
    frame = pd.DataFrame(X)
    written = model.predict_to_file(frame.rename(columns=str), tmp_path / "found.csv")
    assert len(pd.read_csv(written)) == len(X)
