"""The estimators choose weight decay and encoding as two_layer() does, and keep what was found."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from pytwolayer import TwoLayerClassifier, TwoLayerRegressor, two_layer

DRAWS = np.random.default_rng(5)
X = DRAWS.normal(size=(90, 3))
NUMBER = np.abs(X[:, 0]) + 0.3 * DRAWS.normal(size=90)
CLASS = np.where(X[:, 0] + DRAWS.normal(size=90) > 0, "yes", "no")
OPTIONS = {"hidden_units": 4, "epochs": 600, "verbose": False}


@pytest.mark.parametrize(("kind", "y"), [(TwoLayerRegressor, NUMBER), (TwoLayerClassifier, CLASS)])
def test_the_fit_is_that_of_two_layer(kind, y):
    fitted = kind(**OPTIONS, random_state=3).fit(X, y).two_layer_
    plain = two_layer(X, y, **OPTIONS, seed=3)
    assert fitted.tuning is not None
    pd.testing.assert_frame_equal(fitted.tuning, plain.tuning, check_exact=True)
    assert fitted.settings == plain.settings
    np.testing.assert_array_equal(fitted.predict_raw(X), plain.predict_raw(X))


def test_a_given_weight_decay_searches_nothing():
    fitted = TwoLayerRegressor(**OPTIONS, weight_decay=0.1, random_state=3).fit(X, NUMBER)
    assert fitted.two_layer_.tuning is None


def test_a_clone_searches_again_and_a_warm_start_does_not():
    model = TwoLayerRegressor(**OPTIONS, random_state=3, warm_start=True).fit(X, NUMBER)
    found = model.two_layer_
    again = clone(model).fit(X, NUMBER).two_layer_
    pd.testing.assert_frame_equal(found.tuning, again.tuning)
    warm = model.fit(X, NUMBER).two_layer_
    for name in ("weight_decay", "encoding", "learning_rate"):
        assert getattr(warm.settings, name) == getattr(found.settings, name)
    assert warm.inputs == found.inputs
    pd.testing.assert_frame_equal(warm.tuning, found.tuning)


def test_partial_fit_searches_nothing_and_goes_on_with_what_fit_found():
    alone = TwoLayerRegressor(hidden_units=4, random_state=3).partial_fit(X, NUMBER)
    assert alone.two_layer_.tuning is None
    assert alone.two_layer_.settings.encoding == "linear"
    model = TwoLayerRegressor(**OPTIONS, random_state=3).fit(X, NUMBER)
    found = model.two_layer_.settings
    later = model.partial_fit(X, NUMBER).two_layer_.settings
    for name in ("weight_decay", "encoding", "learning_rate"):
        assert getattr(later, name) == getattr(found, name)


def test_each_fold_of_a_cross_validation_has_a_search_of_its_own():
    scores = cross_val_score(TwoLayerRegressor(**OPTIONS, random_state=3), X, NUMBER, cv=2)
    fixed = TwoLayerRegressor(**OPTIONS, weight_decay=3 / 45, encoding="linear", random_state=3)
    assert (scores != cross_val_score(fixed, X, NUMBER, cv=2)).any()
