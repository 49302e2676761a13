"""Names that other packages use for the arguments are answered with ours."""

import inspect
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import pytwolayer
from pytwolayer.fitting.argument_hints import PEER_NAMES

X = np.arange(12.0).reshape(6, 2)
Y = X.sum(axis=1)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("weights", "sample_weight"),
        ("case_weights", "sample_weight"),
        ("size", "hidden_units"),
        ("penalty", "weight_decay"),
        ("lr", "learning_rate"),
        ("maxit", "epochs"),
        ("random_state", "seed"),
        ("hiden_units", "hidden_units"),
    ],
)
def test_an_unknown_argument_is_answered_with_the_one_meant(given, meant):
    with pytest.raises(TypeError, match=rf"two_layer\(\).*'{given}' \(did you mean `{meant}`"):
        pytwolayer.two_layer(X, Y, **{given: 1})


@pytest.mark.parametrize("name", ["TwoLayerRegressor", "TwoLayerClassifier"])
@pytest.mark.parametrize(
    ("given", "meant"),
    [("hidden_layer_sizes", "hidden_units"), ("alpha", "weight_decay"), ("seed", "random_state")],
)
def test_estimators_answer_so_too(name, given, meant):
    with pytest.raises(TypeError, match=rf"{name}\(\).*'{given}' \(did you mean `{meant}`"):
        getattr(pytwolayer, name)(**{given: 1})


def test_what_is_like_no_argument_gets_no_hint():
    with pytest.raises(TypeError, match=r"'zzz'$"):
        pytwolayer.two_layer(X, Y, zzz=1)
    fit = pytwolayer.two_layer(X, Y, epochs=1, verbose=False)
    with pytest.raises(
        TypeError, match=r"continue_training\(\).*'n_epochs' \(did you mean `epochs`"
    ):
        pytwolayer.continue_training(fit, n_epochs=1)


def test_every_answer_is_an_argument_and_no_name_is_one_itself():
    known = set(inspect.signature(pytwolayer.two_layer).parameters)
    assert set(PEER_NAMES.values()) <= known
    assert not set(PEER_NAMES) & known


@pytest.mark.parametrize("name", ["TwoLayerRegressor", "TwoLayerClassifier"])
def test_estimators_are_what_they_were(name):
    estimator = getattr(pytwolayer, name)(hidden_units=3)
    assert clone(estimator).hidden_units == 3
    assert pickle.loads(pickle.dumps(estimator)).get_params() == estimator.get_params()
    assert "hidden_units" in inspect.signature(type(estimator)).parameters
