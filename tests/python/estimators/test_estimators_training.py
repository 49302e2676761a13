"""The estimators at work: how they are trained and go on, and scikit-learn's tools on them."""

import pickle
import warnings

import joblib
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
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingRegressor
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pytwolayer import ArgumentError, TwoLayerClassifier, TwoLayerRegressor
from pytwolayer.errors import DivergenceError

TOO_FAST = {"optimizer": "sgd", "learning_rate": 1e6, "epochs": 50}


# What is learned


def test_a_fit_knows_its_losses():
    estimator = regressor()
    history = estimator.history_
    assert estimator.n_iter_ == len(history) == 5
    assert (
        estimator.loss_curve_
        == history["loss"].tolist()
        == estimator.two_layer_.history["loss"].tolist()
    )
    assert estimator.loss_ == estimator.loss_curve_[-1]
    assert estimator.best_loss_ == min(estimator.loss_curve_)


@pytest.mark.parametrize("kind", BOTH)
def test_patience_stops_early_and_the_best_weights_come_back(kind):
    estimator = quick(kind, validation=0.25, patience=3, epochs=500, learning_rate=0.1)
    history, best = estimator.history_, estimator.two_layer_.best_epoch
    assert estimator.n_iter_ == len(history) == best + 3 < 500
    assert estimator.best_loss_ == history["valid_loss"].min() == history["valid_loss"][best - 1]


def test_the_users_own_rows_can_be_held_out():
    estimator = regressor(validation=np.arange(40) >= 30)
    assert "valid_loss" in estimator.history_
    assert same(regressor(validation=np.arange(30, 40)), estimator)


@pytest.mark.parametrize("kind", BOTH)
def test_on_epoch_is_told_and_can_stop(kind):
    told = []
    estimator = quick(kind, on_epoch=lambda epoch, loss: told.append((epoch, loss)) or epoch < 3)
    assert told == list(enumerate(estimator.loss_curve_, 1))
    assert estimator.n_iter_ == 3


def test_verbose_may_make_its_own_display():
    class Shown:
        def __init__(self, epochs):
            seen.append(epochs)

        def update(self, epoch, loss):
            seen.append(epoch)

        def close(self):
            seen.append("end")

    seen = []
    regressor(verbose=Shown, epochs=2)
    assert seen == [2, 1, 2, "end"]


def test_a_loss_that_is_not_finite_is_our_error_with_the_fit_so_far():
    with pytest.raises(DivergenceError, match="not finite in epoch") as caught:
        regressor(**TOO_FAST)
    assert np.isfinite(caught.value.fit.predict(X)).all()


# Weights


@pytest.mark.parametrize("kind", BOTH)
def test_a_frequency_of_two_is_a_row_that_is_there_twice_to_the_last_bit(kind):
    weights = np.random.default_rng(1).integers(0, 4, 40)
    weighted = kind(**QUICK, weight_type="frequency").fit(X, outcome(kind), sample_weight=weights)
    rows = np.random.default_rng(2).permutation(np.repeat(np.arange(40), weights))
    assert same(weighted, kind(**QUICK).fit(X[rows], outcome(kind)[rows]))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(39), "sample_weight.shape"),
        (np.zeros(40), "zero|above 0"),
        (np.full(40, -1.0), "at least 0"),
        (np.full(40, np.nan), "contains NaN"),
        (np.ones((40, 2)), "1D"),
    ],
    ids=["short", "zeros", "negative", "nan", "2d"],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(X, Y, sample_weight=weights)


def test_class_weights_are_weights_of_rows():
    factors = {"high": 1.0, "low": 2.0, "middle": 3.0}
    weights = [factors[label] for label in LABELS]
    by_class = classifier(class_weights=factors, weight_decay=0.01)
    by_row = TwoLayerClassifier(**QUICK, weight_decay=0.01)
    assert same(by_class, by_row.fit(X, LABELS, sample_weight=weights))
    balanced = classifier(class_weights="balanced")
    counts = pd.Series(LABELS).value_counts()
    shares = {name: 40 / (3 * count) for name, count in counts.items()}
    np.testing.assert_allclose(
        balanced.loss_curve_, classifier(class_weights=shares).loss_curve_, rtol=1e-5
    )
    with pytest.raises(ArgumentError, match=r'`class_weights`.*wrong at "low"'):
        classifier(class_weights={"high": 1, "middle": 2})


def test_classes_that_are_numbers_have_weights_too():
    codes = np.where(LABELS == "high", 1, 0)
    weighted = classifier(X, codes, class_weights={0: 1.0, 1: 5.0}, epochs=60)
    plain = classifier(X, codes, epochs=60)
    assert weighted.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


# scikit-learn's tools


def test_in_a_pipeline_with_frames():
    scaled = make_pipeline(StandardScaler(), TwoLayerRegressor(**QUICK))
    assert np.isfinite(scaled.fit(X, Y).predict(X)).all()
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["town", "grade"]), remainder="passthrough"
    )
    named = make_pipeline(encode, TwoLayerClassifier(**QUICK)).set_output(transform="pandas")
    named.fit(FRAME, LABELS)
    assert "onehotencoder__town_Köln" in named[-1].feature_names_in_
    raw = make_pipeline("passthrough", TwoLayerClassifier(**QUICK)).fit(FRAME, LABELS)
    assert raw.predict(FRAME).tolist() == classifier(FRAME).predict(FRAME).tolist()
    weighted = scaled.fit(X, Y, twolayerregressor__sample_weight=np.arange(40))
    assert weighted[-1].two_layer_.rows == 39


def test_a_grid_search_finds_the_better_setting():
    grid = {"hidden_units": [1, 8], "learning_rate": [1e-9, 0.03]}
    search = GridSearchCV(TwoLayerRegressor(epochs=100, random_state=1), grid, cv=3).fit(X, Y)
    assert search.best_params_["learning_rate"] == 0.03
    assert search.best_score_ > 0.8
    assert search.score(X, Y) > 0.9


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_grid_search_goes_past_a_setting_that_diverges():
    grid = [{"learning_rate": [0.03]}, {key: [value] for key, value in TOO_FAST.items()}]
    search = GridSearchCV(TwoLayerRegressor(**QUICK), grid, cv=2, error_score=np.nan)
    with pytest.warns(Warning, match="DivergenceError"):
        search.fit(X, Y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


@pytest.mark.parametrize("kind", BOTH)
def test_cross_validation_with_raw_frames(kind):
    scores = cross_val_score(kind(**QUICK), FRAME, outcome(kind), cv=4)
    assert np.isfinite(scores).all()
    assert len(cross_val_predict(kind(**QUICK), FRAME, outcome(kind), cv=4)) == 40


@pytest.mark.parametrize("kind", BOTH)
def test_clones_are_unfitted_and_alike(kind):
    estimator = quick(kind, validation=np.arange(5))
    copied = clone(estimator)
    assert not hasattr(copied, "two_layer_")
    assert same(copied.fit(X, outcome(kind)), estimator)


@pytest.mark.parametrize("kind", BOTH)
def test_pickle_and_joblib_keep_the_fit(kind, tmp_path):
    estimator = quick(kind)
    joblib.dump(estimator, tmp_path / "fit.joblib")
    thawed = [pickle.loads(pickle.dumps(estimator)), joblib.load(tmp_path / "fit.joblib")]
    for again in thawed:
        assert same(again, estimator)
        assert again.get_params() == estimator.get_params()
        assert repr(again.two_layer_) == repr(estimator.two_layer_)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_give_the_same_fits(backend):
    seeds = [1, 2, 3]
    with joblib.parallel_config(backend=backend, n_jobs=2):
        fits = joblib.Parallel()(
            joblib.delayed(TwoLayerRegressor(**QUICK | {"random_state": seed}).fit)(X, Y)
            for seed in seeds
        )
    for seed, fit in zip(seeds, fits, strict=True):
        assert same(fit, regressor(random_state=seed))


def test_an_ensemble_of_them():
    bagged = BaggingRegressor(TwoLayerRegressor(**QUICK), n_estimators=3, random_state=0)
    assert bagged.fit(X, Y).predict(X).shape == (40,)


def test_fitting_and_predicting_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regressor(FRAME).predict(FRAME)
        classifier(FRAME).predict_proba(FRAME)
