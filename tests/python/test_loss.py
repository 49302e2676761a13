"""The losses: value and derivative at the output."""

import pytest

from pytwolayer.loss import LOSSES, REDUCTIONS
from pytwolayer.torch_loading import torch


def value_and_derivative(loss, output, y):
    e, d = torch.empty_like(output), torch.empty_like(output)
    LOSSES[loss](output, y, e, d)
    return e, d


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


@pytest.mark.parametrize("loss", LOSSES)
def test_the_derivative_is_that_of_the_value(loss):
    generator = torch.Generator().manual_seed(1)
    output = 2 * torch.randn(50, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(50, 3, generator=generator, dtype=torch.float64)
    h = 1e-6
    up, down = (value_and_derivative(loss, output + s, y)[0] for s in (h, -h))
    _, d = value_and_derivative(loss, output, y)
    torch.testing.assert_close(d, (up - down) / (2 * h), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_output_and_y_are_left_as_they_were(loss):
    output, y = torch.tensor([[1.0, -4.0]]), torch.tensor([[0.5, 3.0]])
    value_and_derivative(loss, output, y)
    assert output.tolist() == [[1.0, -4.0]]
    assert y.tolist() == [[0.5, 3.0]]


def test_the_chapters_reductions_are_there():
    assert set(REDUCTIONS) == {"mean", "sum", "elementwise_mean"}
