"""The estimators going on from a fit: ``partial_fit()`` and ``warm_start``."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from estimator_samples import (
    BOTH,
    FRAME,
    LABELS,
    QUICK,
    X,
    Y,
    classifier,
    outcome,
    quick,
    regressor,
    same,
)
from sklearn.base import clone

from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor
from pytwolayer.errors import UnseenLevelWarning

# partial_fit


def in_parts(kind, times, **options):
    estimator = kind(**QUICK | options)
    more = {} if kind is TwoLayerRegressor else {"classes": ["high", "low", "middle"]}
    for _ in range(times):
        assert estimator.partial_fit(X, outcome(kind), **more) is estimator
    return estimator


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 8},
        {"batch_size": 8, "dropout": 0.3},
        {"optimizer": "sgd", "momentum": 0.9, "gradient_clip": 1.0},
        {"optimizer": "sgd"},
        {"optimizer": "lbfgs"},
        {"optimizer": "rmsprop", "weight_decay": 0.1},
    ],
    ids=str,
)
def test_calls_with_the_same_rows_are_the_epochs_of_one_fit(kind, options):
    parts = in_parts(kind, 5, **options)
    whole = quick(kind, **{"schedule": "constant", "weight_decay": 0.0} | options)
    assert same(parts, whole)
    assert parts.n_iter_ == 5
    pd.testing.assert_frame_equal(parts.history_, whole.history_)
    assert parts.two_layer_.settings == whole.two_layer_.settings


def test_partial_fit_goes_on_from_a_fit_and_from_a_pickle():
    begun = quick(TwoLayerRegressor, epochs=4, schedule="constant", batch_size=8)
    thawed = pickle.loads(pickle.dumps(begun))
    whole = quick(TwoLayerRegressor, epochs=5, schedule="constant", batch_size=8)
    assert same(thawed.partial_fit(X, Y), whole)
    assert begun.n_iter_ == 4
    assert same(begun.partial_fit(X, Y), whole)


def test_a_copy_that_goes_on_leaves_the_original_as_it_was():
    begun = in_parts(TwoLayerRegressor, 2)
    other = copy.copy(begun)
    other.partial_fit(X, Y)
    assert same(begun.partial_fit(X, Y), other)


def test_a_changed_learning_rate_counts_from_the_next_part_on():
    estimator = in_parts(TwoLayerRegressor, 2)
    stopped = clone(estimator).fit(X, Y)
    before = estimator.predict(X)
    estimator.set_params(learning_rate=1e-30).partial_fit(X, Y)
    assert estimator.predict(X).tolist() == before.tolist()
    assert stopped.n_iter_ == 5


def test_parts_may_lack_classes_and_differ_in_size():
    estimator = TwoLayerClassifier(hidden_units=8, learning_rate=0.05, random_state=1)
    order = np.argsort(LABELS, kind="stable")
    for _ in range(60):
        for rows in (order[:7], order[7:], order[::2]):
            estimator.partial_fit(X[rows], LABELS[rows], classes=np.unique(LABELS))
    assert estimator.classes_.tolist() == ["high", "low", "middle"]
    assert estimator.score(X, LABELS) > 0.9
    one = TwoLayerClassifier(**QUICK).partial_fit(X[:5], ["a"] * 5, classes=["a", "b"])
    assert one.predict_proba(X).shape == (40, 2)


def test_the_first_part_must_tell_all_classes():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        TwoLayerClassifier().partial_fit(X, LABELS)
    estimator = TwoLayerClassifier(**QUICK).partial_fit(X, LABELS, classes=np.unique(LABELS))
    with pytest.raises(ArgumentError, match="`y` must be classes known from the start, not new"):
        estimator.partial_fit(X[:2], ["new", "low"])
    with pytest.raises(ValueError, match="not the same as on last call"):
        estimator.partial_fit(X, LABELS, classes=["a", "b"])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"validation": 0.2}, "validation"),
        ({"validation": np.arange(3)}, "validation"),
        ({"patience": 3}, "patience"),
        ({"schedule": "cosine"}, "schedule"),
        ({"class_weights": "balanced"}, "class_weights"),
    ],
    ids=["share", "rows", "patience", "schedule", "class_weights"],
)
def test_what_needs_the_whole_run_is_refused_by_partial_fit(options, name):
    with pytest.raises(ArgumentError, match=rf"`{name}` must be .* for partial_fit\(\)"):
        in_parts(TwoLayerClassifier, 1, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"input_clip": 3.0},
        {"hidden_units": 5},
        {"activation": "tanh"},
        {"loss": "mae"},
        {"optimizer": "sgd"},
    ],
)
def test_what_cannot_change_on_the_way_is_an_error(options):
    (name,) = options
    with pytest.raises(ArgumentError, match=f"`{name}` must be .* as in the fit that goes on"):
        in_parts(TwoLayerRegressor, 1).set_params(**options).partial_fit(X, Y)


def test_other_columns_or_outcomes_cannot_go_on():
    with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
        in_parts(TwoLayerRegressor, 1).partial_fit(X[:, :2], Y)
    with pytest.raises(ArgumentError, match=r"`y` must be as wide as .* \(1\), not 2"):
        in_parts(TwoLayerRegressor, 1).partial_fit(X, np.column_stack([Y, Y]))


# warm_start


@pytest.mark.parametrize("kind", BOTH)
def test_a_warm_start_begins_with_the_weights_there_are(kind):
    estimator = quick(kind, warm_start=True, epochs=60)
    first, weights = estimator.loss_curve_, estimator.two_layer_.network[0].weight.clone()
    estimator.set_params(epochs=1, learning_rate=1e-30).fit(X, outcome(kind))
    assert estimator.n_iter_ == 1
    assert estimator.loss_ <= first[-1] < first[0]
    assert estimator.two_layer_.network[0].weight.equal(weights)


def test_without_a_warm_start_a_second_fit_is_a_new_one():
    estimator = regressor()
    again = copy.deepcopy(estimator).fit(X, Y)
    assert same(again, estimator)
    assert regressor(FRAME).fit(X, Y).n_features_in_ == 3


def test_a_warm_start_needs_the_same_columns_and_classes():
    estimator = classifier(warm_start=True)
    with pytest.raises(ValueError, match="X has 2 features"):
        estimator.fit(X[:, :2], LABELS)
    with pytest.raises(ArgumentError, match="`y` must be classes known from the start"):
        estimator.fit(X, np.where(LABELS == "low", "new", LABELS))
    assert estimator.fit(X[:10], LABELS[:10]).classes_.tolist() == ["high", "low", "middle"]


@pytest.mark.parametrize("kind", BOTH)
def test_rows_with_levels_that_the_first_part_did_not_have_are_left_out(kind):
    estimator, y = quick(kind, x=FRAME), outcome(kind)
    later = FRAME.iloc[:4].assign(town=["Oslo", "Rom", "Oslo", "Rom"])
    expected = copy.deepcopy(estimator).partial_fit(later.iloc[[0, 2]], y[[0, 2]])
    with pytest.warns(UnseenLevelWarning, match=r'"town": "Rom"\. Their rows are left out'):
        estimator.partial_fit(later, y[:4])
    assert estimator.loss_curve_ == expected.loss_curve_
    with (
        pytest.warns(UnseenLevelWarning),
        pytest.raises(ArgumentError, match="`x` must be rows with levels that training sees"),
    ):
        estimator.partial_fit(later.iloc[[1, 3]], y[[1, 3]])
