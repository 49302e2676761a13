"""The losses: value and derivative at the output."""

import math

import numpy as np
import pytest

from pytwolayer import ArgumentError
from pytwolayer.network.losses import LOSSES, REDUCTIONS, users_loss
from pytwolayer.runtime.torch_loading import torch

DRAWS = torch.Generator().manual_seed(1)
OUTPUT = 2 * torch.randn(50, 3, generator=DRAWS, dtype=torch.float64)
CLASS = torch.nn.functional.one_hot(torch.randint(3, (50,), generator=DRAWS), 3).double()
COUNT = torch.poisson(torch.ones(50, 3, dtype=torch.float64), generator=DRAWS)
NUMBER = torch.randn(50, 3, generator=DRAWS, dtype=torch.float64)
TRUTH = {"cross_entropy": CLASS, "poisson": COUNT, "gamma": NUMBER.exp()}
TRUTH["binomial"] = TRUTH["binary_cross_entropy"] = torch.sigmoid(NUMBER)
TRUTH["normal"] = torch.cat([NUMBER, NUMBER], 1)
TRUTH["negative_binomial"] = torch.cat([COUNT / 2, torch.full_like(COUNT, 2)], 1)
TWICE = 2 * torch.randn(50, 6, generator=DRAWS, dtype=torch.float64)
OUTPUTS = {name: OUTPUT if loss.outputs == 1 else TWICE for name, loss in LOSSES.items()}


def value_and_derivative(loss, output, y):
    e, d = torch.empty_like(output), torch.empty_like(output)
    for operation in LOSSES[loss].operations(output, y, e, d):
        operation()
    return LOSSES[loss].sign * e, LOSSES[loss].slope * d


@pytest.mark.parametrize(
    ("loss", "error", "value", "derivative"),
    [
        ("mse", 3.0, 9.0, 6.0),
        ("mse", -0.5, 0.25, -1.0),
        ("mae", 3.0, 3.0, 1.0),
        ("mae", -0.5, 0.5, -1.0),
        ("mae", 0.0, 0.0, 0.0),
        ("huber", 0.5, 0.125, 0.5),
        ("huber", 1.0, 0.5, 1.0),
        ("huber", 3.0, 2.5, 1.0),
        ("huber", -3.0, 2.5, -1.0),
    ],
)
def test_value_and_derivative_by_hand(loss, error, value, derivative):
    e, d = value_and_derivative(loss, torch.tensor([[2 + error]]), torch.tensor([[2.0]]))
    assert e.item() == pytest.approx(value)
    assert d.item() == pytest.approx(derivative)


def test_cross_entropy_by_hand():
    output = torch.tensor([[math.log(1.0), math.log(3.0), math.log(6.0)]])
    e, d = value_and_derivative("cross_entropy", output, torch.tensor([[0.0, 1.0, 0.0]]))
    assert e.sum().item() == pytest.approx(-math.log(0.3))
    assert d.tolist() == [pytest.approx([0.1, 0.3 - 1, 0.6])]


@pytest.mark.parametrize(("rate", "y"), [(0.5, 0.0), (0.5, 3.0), (2.0, 2.0)])
def test_poisson_by_hand(rate, y):
    e, d = value_and_derivative("poisson", torch.tensor([[math.log(rate)]]), torch.tensor([[y]]))
    assert e.item() == pytest.approx(rate - y * math.log(rate))
    assert d.item() == pytest.approx(rate - y)


@pytest.mark.parametrize(("mean", "y"), [(0.5, 0.1), (0.5, 3.0), (2.0, 2.0)])
def test_gamma_by_hand(mean, y):
    e, d = value_and_derivative("gamma", torch.tensor([[math.log(mean)]]), torch.tensor([[y]]))
    assert e.item() == pytest.approx(math.log(mean) + y / mean)
    assert d.item() == pytest.approx(1 - y / mean)


@pytest.mark.parametrize(("share", "y"), [(0.5, 0.0), (0.2, 1.0), (0.9, 0.75)])
def test_binomial_by_hand(share, y):
    odds = torch.tensor([[math.log(share / (1 - share))]])
    e, d = value_and_derivative("binomial", odds, torch.tensor([[y]]))
    assert e.item() == pytest.approx(-y * math.log(share) - (1 - y) * math.log(1 - share))
    assert d.item() == pytest.approx(share - y)


def test_odds_beyond_all_measure_have_a_finite_loss():
    e, d = value_and_derivative(
        "binomial", torch.tensor([[1000.0], [-1000.0]]), torch.tensor([[0.0], [0.0]])
    )
    assert e.tolist() == [[1000], [0]]
    assert d.tolist() == [[1], [0]]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_derivative_is_that_of_the_value(loss):
    output, y = OUTPUTS[loss].clone(), TRUTH.get(loss, NUMBER)
    _, d = value_and_derivative(loss, output, y)
    h = 1e-6
    for column in range(output.shape[1]):  # the values of a row may depend on all of its outputs
        step = torch.zeros_like(output)
        step[:, column] = h
        up, down = (value_and_derivative(loss, output + s, y)[0].sum(1) for s in (step, -step))
        torch.testing.assert_close(d[:, column], (up - down) / (2 * h), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_layout_in_memory_does_not_matter(loss):
    y = TRUTH.get(loss, NUMBER)
    output = OUTPUTS[loss]
    by_output = [tensor.t().contiguous().t() for tensor in (output, y)]
    for a, b in zip(
        value_and_derivative(loss, output, y), value_and_derivative(loss, *by_output), strict=True
    ):
        torch.testing.assert_close(a, b)
        assert a.is_contiguous() is not b.is_contiguous()


@pytest.mark.parametrize("loss", LOSSES)
def test_output_and_y_are_left_as_they_were(loss):
    output, y = torch.tensor([[1.0, -4.0]]), torch.tensor([[0.5, 3.0]])
    value_and_derivative(loss, output, y)
    assert output.tolist() == [[1.0, -4.0]]
    assert y.tolist() == [[0.5, 3.0]]


def test_a_sure_and_right_class_has_no_loss_and_a_sure_and_wrong_one_a_finite_one():
    output, y = torch.tensor([[1000.0, 0.0], [1000.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    e, d = value_and_derivative("cross_entropy", output, y)
    assert e.sum(1).tolist() == [0, 1000]
    assert d.tolist() == [[0, 0], [1, -1]]


def test_the_mean_of_cross_entropy_alone_is_over_rows():
    assert {name for name, loss in LOSSES.items() if loss.per_row} == {"cross_entropy"}


def test_the_chapters_reductions_are_there():
    assert set(REDUCTIONS) == {"mean", "sum", "elementwise_mean"}


# A function of the user's

WEIGHTS = torch.linspace(0.5, 2, 50, dtype=torch.float64)[:, None]


def per_element(output, y):
    return (output - y) ** 4


def per_row(output, y):
    return ((output - y) ** 4).sum(1)


def of_all(output, y):
    return ((output - y) ** 4).sum()


@pytest.mark.parametrize(
    ("function", "terms"), [(per_element, 150), (per_row, 50), (of_all, 1)], ids=lambda f: str(f)
)
def test_a_users_function_may_give_a_loss_per_element_per_row_or_for_all(function, terms):
    total, derivative, found = users_loss(function, OUTPUT, NUMBER, None)
    torch.testing.assert_close(total, ((OUTPUT - NUMBER) ** 4).sum())
    torch.testing.assert_close(derivative, 4 * (OUTPUT - NUMBER) ** 3)
    assert found == terms
    assert not total.requires_grad


@pytest.mark.parametrize("function", [per_element, per_row])
def test_weights_multiply_a_users_loss(function):
    total, derivative, _ = users_loss(function, OUTPUT, NUMBER, WEIGHTS)
    torch.testing.assert_close(total, (WEIGHTS * (OUTPUT - NUMBER) ** 4).sum())
    torch.testing.assert_close(derivative, WEIGHTS * 4 * (OUTPUT - NUMBER) ** 3)


def test_one_number_for_all_rows_cannot_be_weighted():
    with pytest.raises(ArgumentError, match=r"`loss` must be .* per row where rows have weights"):
        users_loss(of_all, OUTPUT, NUMBER, WEIGHTS)


def test_a_users_function_may_work_where_nothing_is_recorded_for_autograd():
    with torch.no_grad():
        _, derivative, _ = users_loss(per_row, OUTPUT, NUMBER, None)
    torch.testing.assert_close(derivative, 4 * (OUTPUT - NUMBER) ** 3)


def test_a_users_function_that_changes_the_output_in_place_does_no_harm():
    output = OUTPUT.clone()
    users_loss(lambda output, y: output.mul(1).sub_(y).square_(), output, NUMBER, None)
    assert torch.equal(output, OUTPUT)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda o, y: 3.0, "a function that computes with tensors, not one that gives float"),
        (lambda o, y: None, "a function that computes with tensors, not one that gives nothing"),
        (lambda o, y: np.ones(3), "a function that computes with tensors, not .* ndarray"),
        (lambda o, y: (o - y).detach(), "not one whose value does not depend on the network's"),
        (lambda o, y: y.sum(), "not one whose value does not depend on the network's"),
        (lambda o, y: o.sum(0), r"of shape \(50, 3\), \(50,\) or \(\), not one of shape \(3,\)"),
        (lambda o, y: o[:7], r"or \(\), not one of shape \(7, 3\)"),
    ],
    ids=range(7),
)
def test_a_users_function_that_gives_no_loss_is_an_error(function, message):
    with pytest.raises(ArgumentError, match=f"`loss` must be .*{message}"):
        users_loss(function, OUTPUT, NUMBER, None)
