"""Keys of class weights: compared with the labels as scikit-learn compares them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, TwoLayerClassifier, two_layer

X = np.random.default_rng(1).normal(size=(40, 2))
ONE = (X[:, 0] + np.random.default_rng(2).normal(size=40)) > 0
WEIGHTS = np.where(ONE, 5.0, 1.0)
QUICK = {"epochs": 3, "hidden_units": 4, "weight_decay": 0.01}
COLUMNS = {
    "logicals": ONE,
    "boolean": pd.Series(ONE, dtype="boolean"),
    "category of integers": pd.Series(ONE.astype(int)).astype("category"),
    "category of floats": pd.Series(ONE.astype(float)).astype("category"),
    "category of logicals": pd.Series(ONE).astype("category"),
    "category of Int64": pd.Series(ONE.astype(int), dtype="Int64").astype("category"),
    "text": np.where(ONE, "1", "0"),
}
KEYS = {
    "integers": {0: 1, 1: 5},
    "floats": {0.0: 1, 1.0: 5},
    "logicals": {False: 1, True: 5},
    "numpy": {np.int64(0): 1, np.int64(1): 5},
    "numpy logicals": {np.False_: 1, np.True_: 5},
    "decimals": {Decimal(0): 1, Decimal(1): 5},
    "text": {"0": 1, "1": 5},
    "R's logicals": {"FALSE": 1, "TRUE": 5},
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=list(KEYS))
@pytest.mark.parametrize("y", COLUMNS.values(), ids=list(COLUMNS))
def test_equal_keys_are_the_matching_weights_of_rows(y, keys):
    by_class = two_layer(X, y, class_weights=keys, seed=1, **QUICK)
    by_row = two_layer(X, y, sample_weight=WEIGHTS, seed=1, **QUICK)
    assert by_class.history.equals(by_row.history)
    assert np.array_equal(by_class.predict_proba(X), by_row.predict_proba(X))


@pytest.mark.parametrize("keys", KEYS.values(), ids=list(KEYS))
@pytest.mark.parametrize(
    "y",
    [
        ONE,
        ONE.astype(int),
        ONE.astype(float),
        pd.Series(ONE, dtype="boolean"),
        pd.Series(ONE.astype(int), dtype="Int64"),
        pd.Series(ONE.astype(float), dtype="Float64"),
    ],
    ids=["logicals", "integers", "floats", "boolean", "Int64", "Float64"],
)
def test_so_they_are_in_an_estimator(y, keys):
    quick = {**QUICK, "random_state": 1}
    by_class = TwoLayerClassifier(class_weights=keys, **quick).fit(X, y)
    by_row = TwoLayerClassifier(**quick).fit(X, y, sample_weight=WEIGHTS)
    assert np.array_equal(by_class.predict_proba(X), by_row.predict_proba(X))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"0": 1, 0: 2, 1: 5}, 'given twice for "0"'),
        ({0: 1, 2: 5}, 'wrong at "1", "2"'),
        ({0: 1}, 'wrong at "1"'),
    ],
    ids=["twice", "unknown", "missing"],
)
def test_keys_that_do_not_fit_are_refused(keys, message):
    y = pd.Series(ONE.astype(int)).astype("category")
    with pytest.raises(ArgumentError, match=message):
        two_layer(X, y, class_weights=keys, **QUICK)
