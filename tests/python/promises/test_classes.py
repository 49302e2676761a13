"""Classification: which outcomes mean it, and what comes back."""

import datetime

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError, two_layer
from pytwolayer.errors import MissingRowsWarning, UnseenLevelWarning
from pytwolayer.runtime.torch_loading import torch

X = np.random.default_rng(2).normal(size=(60, 2))
SIDE = X[:, 0] > 0
NAMES = np.where(SIDE, "right", "left")
THIRDS = np.digitize(X[:, 0], [-0.4, 0.4])
LEARNED = {
    "hidden_units": 8,
    "epochs": 150,
    "batch_size": None,
    "optimizer": "adam",
    "learning_rate": 0.05,
    "schedule": "constant",
    "weight_decay": 0.0,
    "seed": 1,
}
QUICK = LEARNED | {"epochs": 3}


def learned(y, x=X, **options):
    return two_layer(x, y, **LEARNED | options)


def quick(y, x=X, **options):
    return two_layer(x, y, **QUICK | options)


OUTCOMES = {
    "text": (NAMES, ["left", "right"], object),
    "list of text": (NAMES.tolist(), ["left", "right"], object),
    "objects": (NAMES.astype(object), ["left", "right"], object),
    "pandas text": (pd.Series(NAMES), ["left", "right"], object),
    "string": (pd.Series(NAMES, dtype="string"), ["left", "right"], object),
    "logicals": (SIDE, [False, True], np.bool_),
    "list of logicals": (SIDE.tolist(), [False, True], np.bool_),
    "nullable logicals": (pd.array(SIDE, dtype="boolean"), [False, True], np.bool_),
    "tensor of logicals": (torch.from_numpy(SIDE), [False, True], np.bool_),
    "categorical": (pd.Categorical(NAMES), ["left", "right"], object),
    "another order": (
        pd.Categorical(NAMES, categories=["right", "left"], ordered=True),
        ["right", "left"],
        object,
    ),
    "whole numbers": (pd.Categorical(np.where(SIDE, 30, 7)), [7, 30], np.int64),
    "numbers": (pd.Categorical(np.where(SIDE, 2.5, -1)), [-1.0, 2.5], np.float64),
    "categorical logicals": (pd.Categorical(SIDE), [False, True], np.bool_),
    "three": (np.array(["a", "b", "c"])[THIRDS], ["a", "b", "c"], object),
    "non-ASCII": (np.where(SIDE, "ümlaut", "日本"), ["ümlaut", "日本"], object),
}


@pytest.mark.parametrize(("y", "classes", "kind"), OUTCOMES.values(), ids=OUTCOMES)
def test_classes_come_back_as_they_were(y, classes, kind):
    fit = learned(y)
    assert fit.classes.tolist() == classes
    assert fit.classes.dtype == kind
    predicted = fit.predict(X)
    assert predicted.shape == (60,)
    assert predicted.dtype == kind
    assert np.mean(predicted == np.asarray(y)) > 0.9
    assert fit.architecture == f"2-8-{len(classes)}"


def test_dates_may_be_classes():
    days = [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]
    fit = quick(pd.Categorical([days[side] for side in SIDE.astype(int)], categories=days))
    assert fit.classes.tolist() == days
    assert set(fit.predict(X)) <= set(days)


@pytest.mark.parametrize(
    "y",
    [SIDE.astype(int), SIDE.astype(float), THIRDS, SIDE.astype("uint8")],
    ids=["0 and 1", "0.0 and 1.0", "0 to 2", "uint8"],
)
def test_numbers_are_no_classes(y):
    fit = quick(y)
    assert fit.classes is None
    assert fit.predict(X).dtype == np.float64


def test_a_long_name_is_not_cut_short():
    y = np.where(SIDE, "a", "b" * 100)
    assert set(learned(y).predict(X)) == {"a", "b" * 100}


@pytest.mark.parametrize("outcome", ["side", ["side"]], ids=str)
def test_a_column_of_the_frame_may_be_the_classes(outcome):
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(side=NAMES)
    fit = two_layer(frame, outcome=outcome, **LEARNED)
    assert fit.predict(frame).shape == (60,)
    assert np.mean(fit.predict(frame) == NAMES) > 0.9
    assert fit.outcome.name == "side"


def test_a_table_of_one_column_is_as_good_as_the_column():
    one, other = quick(pd.DataFrame({"side": NAMES})), quick(pd.Series(NAMES, name="side"))
    assert one.history.equals(other.history)
    assert one.predict(X).shape == (60,)


# Probabilities


@pytest.mark.parametrize("y", [NAMES, SIDE, np.array(["a", "b", "c"])[THIRDS]], ids=range(3))
def test_probabilities_are_of_every_class_in_order_and_add_up_to_1(y):
    fit = learned(y)
    probabilities = fit.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert probabilities.shape == (60, len(fit.classes))
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    assert (fit.classes[probabilities.argmax(1)] == fit.predict(X)).all()


def test_probabilities_are_the_softmax_of_what_the_network_gives():
    fit = learned(NAMES)
    raw = fit.predict_raw(X)
    expected = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    np.testing.assert_allclose(fit.predict_proba(X), expected, rtol=1e-12)


def test_numbers_have_no_probabilities():
    with pytest.raises(
        ArgumentError, match=r"`y` must be an outcome of classes for probabilities, not"
    ):
        quick(X[:, 0]).predict_proba(X)


def test_codes_are_the_numbers_of_the_classes():
    fit = learned(NAMES)
    codes = fit.predict_code(X)
    assert codes.dtype == np.float64
    assert (fit.classes[codes.astype(int)] == fit.predict(X)).all()


# Classes without rows


def test_a_level_without_rows_stays_a_class_and_is_hardly_ever_predicted():
    y = pd.Categorical(NAMES, categories=["never", "left", "right"])
    fit = learned(y)
    assert fit.classes.tolist() == ["never", "left", "right"]
    assert fit.predict_proba(X)[:, 0].max() < 0.01
    assert set(fit.predict(X)) == {"left", "right"}


def test_text_of_rows_left_out_is_no_class():
    y = NAMES.astype(object)
    y[0] = "once"
    x = X.copy()
    x[0, 0] = np.nan
    with pytest.warns(MissingRowsWarning, match=r"^1 of 60 rows"):
        fit = quick(y, x)
    assert fit.classes.tolist() == ["left", "right"]


@pytest.mark.parametrize(
    ("y", "name"),
    [(["only"] * 60, "only"), ([True] * 60, "TRUE"), (pd.Categorical([3] * 60), "3")],
    ids=["text", "logical", "categorical"],
)
def test_one_class_is_an_error_that_names_it(y, name):
    message = f'^`y` must be an outcome of at least two classes, not one class only, "{name}"'
    with pytest.raises(ArgumentError, match=message):
        quick(y)


def test_one_class_left_by_weights_or_missing_values_is_an_error():
    with pytest.raises(ArgumentError, match='one class only, "right"'):
        quick(NAMES, sample_weight=SIDE)
    x = np.where(SIDE[:, None], X, np.nan)
    with (
        pytest.warns(MissingRowsWarning),
        pytest.raises(ArgumentError, match='one class only, "right"'),
    ):
        quick(NAMES, x)


def test_two_classes_of_one_row_each_are_enough():
    fit = quick(["u", "v"], [[1.0], [2.0]])
    assert set(fit.predict([[1.0], [2.0]])) <= {"u", "v"}


def test_many_classes_work():
    y = np.array([f"class {number % 50}" for number in range(500)])
    x = np.eye(50)[np.arange(500) % 50]
    fit = learned(y, x)
    assert fit.score(x, y) > 0.95


# Missing rows and levels in prediction


@pytest.mark.parametrize("y", [NAMES, SIDE, pd.Categorical(np.where(SIDE, 30, 7))], ids=range(3))
def test_rows_that_cannot_be_predicted_are_none_in_their_place(y):
    fit = quick(y, pd.DataFrame({"a": X[:, 0], "kind": np.where(SIDE, "p", "q")}))
    new = pd.DataFrame({"a": [1.0, None, 2.0, 3.0], "kind": ["p", "p", "new", "q"]})
    with pytest.warns(UnseenLevelWarning, match='"kind": "new"'):
        predicted = fit.predict(new)
    assert [value is None for value in predicted] == [False, True, True, False]
    complete = fit.predict(new.iloc[[0, 3]])
    assert predicted[[0, 3]].tolist() == complete.tolist()
    assert all(value in fit.classes.tolist() for value in predicted[[0, 3]])
    with pytest.warns(UnseenLevelWarning):
        probabilities = fit.predict_proba(new)
    assert np.isnan(probabilities).all(axis=1).tolist() == [False, True, True, False]
    assert np.isfinite(probabilities[[0, 3]]).all()


def test_no_new_rows_are_no_classes():
    fit = quick(NAMES)
    assert fit.predict(X[:0]).shape == (0,)
    assert fit.predict_proba(X[:0]).shape == (0, 2)
    assert fit.predict_code(X[:0]).shape == (0,)


# Validation and score


def test_validation_is_of_each_class_alike():
    y = np.where(np.arange(60) % 10 == 0, "rare", "usual")
    for seed in range(5):
        fit = quick(y, validation=0.5, seed=seed)
        assert fit.classes.tolist() == ["rare", "usual"]
        assert np.isfinite(fit.history["valid_loss"]).all()


def test_held_out_classes_that_training_does_not_see_are_left_out():
    y = np.array(["u", "v", "new"])[[0, 1] * 29 + [2, 0]]
    with pytest.warns(UnseenLevelWarning, match='not see: "new". Their rows are left out'):
        fit = quick(y, validation=[58, 59])
    assert fit.classes.tolist() == ["u", "v"]
    alone = quick([*y[:-2].tolist(), "u"], X[[*range(58), 59]], validation=[58])
    assert fit.history.equals(alone.history)


def test_the_score_is_the_share_of_right_ones():
    fit = learned(NAMES)
    right = fit.predict(X) == NAMES
    assert fit.score(X, NAMES) == pytest.approx(right.mean())
    weights = np.arange(60.0)
    expected = np.average(right, weights=weights)
    assert fit.score(X, NAMES, sample_weight=weights) == pytest.approx(expected)
