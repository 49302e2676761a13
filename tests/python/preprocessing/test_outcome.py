"""The outcome: what the network learns, and what its output means."""

import numpy as np
import pandas as pd
import pytest

from pytwolayer import ArgumentError
from pytwolayer.preprocessing.outcome import Classes, Numbers, fit_outcome
from pytwolayer.preprocessing.table import read_table
from pytwolayer.runtime.torch_loading import torch


def table(data):
    return read_table("y", data, vector=True)


def of(data, loss="auto", weights=None):
    return fit_outcome(table(data), weights, loss)


# Kinds


@pytest.mark.parametrize(
    ("data", "kind", "width"),
    [
        ([1.0, 2.0], Numbers, 1),
        ([1, 2], Numbers, 1),
        ([0, 1], Numbers, 1),
        ([[1.0, 2.0, 3.0], [2.0, 3.0, 5.0]], Numbers, 3),
        ([True, False], Classes, 2),
        (["u", "v"], Classes, 2),
        (["u", "v", "w"], Classes, 3),
        (pd.Categorical(["u", "v"]), Classes, 2),
        (pd.Categorical([1, 2, 3]), Classes, 3),
        (pd.DataFrame({"y": ["u", "v"]}), Classes, 2),
    ],
    ids=str,
)
def test_the_column_tells_regression_from_classification(data, kind, width):
    outcome = of(data)
    assert isinstance(outcome, kind)
    assert outcome.width == len(outcome.outputs) == width


def test_the_usual_loss_follows_the_kind():
    assert of([1.0, 2.0]).default_loss == "mse"
    assert of(["u", "v"]).default_loss == "cross_entropy"


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "poisson", "gamma"])
def test_a_loss_for_numbers_with_classes_is_an_error(loss):
    with pytest.raises(ArgumentError, match=f'`loss` must be "cross_entropy" .*, not "{loss}"'):
        of(["u", "v"], loss)


def test_a_loss_for_classes_with_numbers_is_an_error():
    with pytest.raises(ArgumentError, match=r'`loss` must be .*, not "cross_entropy"'):
        of([0, 1], "cross_entropy")


@pytest.mark.parametrize("other", [["u", "v"], [True, False], pd.Categorical([1, 2])], ids=str)
def test_classes_beside_another_outcome_are_an_error_that_names_them(other):
    data = pd.DataFrame({"size": [1.0, 2.0], "kind": other})
    with pytest.raises(ArgumentError, match=r'numbers where .* not classes in column "kind"'):
        of(data)


# Numbers


def test_numbers_are_standardised_and_come_back():
    values = np.array([[1.0, -1e6], [2.0, 3e6], [9.0, 0.0]])
    outcome = of(values)
    target = outcome.target(table(values))
    assert target.dtype == torch.float32
    np.testing.assert_allclose(target, (values - values.mean(0)) / values.std(0), rtol=1e-6)
    np.testing.assert_allclose(outcome.inverse_transform(target), values, rtol=1e-6, atol=1)


def test_weighted_numbers_are_standardised_with_their_weights():
    outcome = of([1.0, 5.0], weights=np.array([3.0, 1.0]))
    assert outcome.center == (2.0,)
    assert outcome.scale == (pytest.approx(3**0.5),)


def test_a_constant_outcome_keeps_its_value():
    outcome = of([7.5, 7.5])
    assert (outcome.center, outcome.scale) == ((7.5,), (1.0,))
    assert outcome.target(table([7.5, 7.5])).tolist() == [[0], [0]]


def test_counts_are_divided_by_their_mean_and_the_output_is_a_logarithm():
    outcome = of([0, 2, 4], "poisson")
    assert outcome.target(table([0, 2, 4])).tolist() == [[0], [1], [2]]
    restored = outcome.inverse_transform(torch.tensor([[0.0], [np.log(3.0)]]))
    np.testing.assert_allclose(restored, [[2], [6]], rtol=1e-6)


def test_counts_below_zero_are_an_error():
    with pytest.raises(ArgumentError, match="`y` must be at least 0 for the Poisson loss, not -1"):
        of([3.0, -1.0], "poisson")


def test_counts_that_are_all_zero_are_no_division_by_zero():
    outcome = of([0, 0], "poisson")
    assert outcome.target(table([0, 0])).tolist() == [[0], [0]]


def test_names_are_those_of_the_columns():
    assert of(pd.DataFrame({"größe": [1.0, 2.0], "b": [1.0, 3.0]})).outputs == ["größe", "b"]
    assert of([[1.0, 2.0], [2.0, 1.0]]).outputs == ["y1", "y2"]


# Classes


@pytest.mark.parametrize(
    ("data", "labels", "names"),
    [
        (["v", "u"], ("u", "v"), ["u", "v"]),
        ([True, False], (False, True), ["FALSE", "TRUE"]),
        (pd.Categorical(["v", "u"], categories=["v", "u"]), ("v", "u"), ["v", "u"]),
        (pd.Categorical([3, 1]), (1, 3), ["1", "3"]),
        (pd.Categorical([True, False]), (False, True), ["FALSE", "TRUE"]),
        (["日本", "ä"], ("ä", "日本"), ["ä", "日本"]),
    ],
    ids=str,
)
def test_labels_are_what_the_user_has_and_names_are_text(data, labels, names):
    outcome = of(data)
    assert outcome.labels == labels
    assert [type(label) for label in outcome.labels] == [type(label) for label in labels]
    assert outcome.outputs == names


def test_levels_of_a_factor_without_rows_stay_and_texts_without_rows_are_none():
    declared = pd.Categorical(["u", "v"], categories=["w", "u", "v"])
    assert of(declared).labels == ("w", "u", "v")
    some = read_table("y", ["u", "v", "w"], vector=True).take(np.array([0, 2]))
    assert fit_outcome(some, None, "auto").labels == ("u", "w")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (["u", "u"], "u"),
        ([True, True], "TRUE"),
        (pd.Categorical([2, 2], categories=[1, 2]), "2"),
        (["u"], "u"),
    ],
    ids=str,
)
def test_one_class_is_an_error_that_names_it(data, name):
    message = f'`y` must be an outcome of at least two classes, not one class only, "{name}"'
    with pytest.raises(ArgumentError, match=message):
        of(data)


def test_the_target_is_1_at_the_rows_class():
    outcome = of(["v", "u", "w"])
    target = outcome.target(table(["w", "v", "u"]))
    assert target.dtype == torch.float32
    assert target.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    "later", [["v", "u", "new"], pd.Categorical(["v", "u", "new"], categories=["new", "v", "u"])]
)
def test_later_rows_are_known_by_the_name_of_their_class(later):
    truth = of(["u", "v"]).observed(table(later))
    np.testing.assert_array_equal(truth, [[1], [0], [np.nan]])


def test_logical_classes_are_known_whatever_column_they_come_in():
    outcome = of([True, False])
    assert outcome.observed(table([True, False])).tolist() == [[1], [0]]
    assert outcome.observed(table(pd.Categorical([True, False]))).tolist() == [[1], [0]]
    assert outcome.observed(table(["TRUE", "FALSE"])).tolist() == [[1], [0]]


def test_probabilities_are_the_softmax_of_the_output():
    output = torch.tensor([[1.0, 2.0, -1.0], [1000.0, 0.0, -1000.0]])
    probabilities = of(["u", "v", "w"]).inverse_transform(output)
    assert probabilities.dtype == np.float64
    expected = np.exp([1.0, 2.0, -1.0]) / np.exp([1.0, 2.0, -1.0]).sum()
    np.testing.assert_allclose(probabilities, [expected, [1, 0, 0]], rtol=1e-12)


def test_outcomes_too_large_name_their_column():
    table = read_table("y", pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1e308, -1e308, 0.0]}))
    with pytest.raises(ArgumentError, match=r'as large as 1e\+308 in column "b"\.$'):
        fit_outcome(table, None, "mse")
    small = read_table("y", pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, -1.0, 0.0]}))
    far = read_table("y", pd.DataFrame({"a": [1.0], "b": [1e40]}))
    with pytest.raises(ArgumentError, match=r'seen in training, not 1e\+40 in column "b"\.$'):
        fit_outcome(small, None, "mse").target(far)
