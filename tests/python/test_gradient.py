"""The closed-form gradient against autograd: every activation, loss and reduction."""

import pytest

from pytwolayer.activation import ACTIVATIONS
from pytwolayer.gradient import ClosedFormGradient
from pytwolayer.loss import LOSSES, REDUCTIONS
from pytwolayer.network import draw_initial_weights, flatten_parameters, two_layer_net
from pytwolayer.torch_loading import torch

# What torch calls each loss; a new entry of LOSSES needs one here.
MODULES = {"mse": torch.nn.MSELoss, "mae": torch.nn.L1Loss, "huber": torch.nn.HuberLoss}

SHAPES = [(64, 20, 10, 3), (1, 4, 3, 2), (5, 1, 3, 1), (5, 4, 1, 2), (1, 1, 1, 1), (37, 13, 17, 5)]


class Case:
    """One network twice: in closed form, and as an ordinary module for autograd."""

    def __init__(self, shape, activation="relu", loss="mse", reduction="sum", seed=0):
        rows, d_in, hidden_units, d_out = shape
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(rows, d_in, generator=generator)
        self.y = 2 * torch.randn(rows, d_out, generator=generator)
        ours = two_layer_net(d_in, hidden_units, d_out, activation)
        draw_initial_weights(ours, generator)
        self.net = two_layer_net(d_in, hidden_units, d_out, activation)
        self.net.load_state_dict(ours.state_dict())
        self.parameters = flatten_parameters(ours, torch.device("cpu"))
        self.gradient = ClosedFormGradient(self.parameters, activation, loss, reduction)
        mean_or_sum = "sum" if reduction == "sum" else "mean"
        self.loss_function = MODULES[loss](reduction=mean_or_sum)

    def closed_form(self, x, y):
        loss = torch.empty(())
        with torch.no_grad():
            self.gradient(x, y, loss)
        return [loss.clone(), *(view.clone() for view in self.parameters.gradient_views)]

    def autograd(self, x, y):
        self.net.zero_grad()
        loss = self.loss_function(self.net(x), y)
        loss.backward()
        return [loss.detach(), *(parameter.grad.clone() for parameter in self.net.parameters())]


def assert_same(case, x, y, **tolerance):
    ours, theirs = case.closed_form(x, y), case.autograd(x, y)
    torch.testing.assert_close(ours, theirs, **{"rtol": 2e-6, "atol": 2e-6} | tolerance)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_closed_form_equals_autograd(activation, loss, reduction):
    for seed in range(3):
        case = Case(SHAPES[0], activation, loss, reduction, seed)
        assert_same(case, case.x, case.y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_closed_form_equals_autograd_bit_for_bit_with_the_chapters_loss(activation):
    case = Case(SHAPES[0], activation)
    for ours, theirs in zip(
        case.closed_form(case.x, case.y), case.autograd(case.x, case.y), strict=True
    ):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_closed_form_equals_autograd_at_odd_shapes(shape, loss):
    for activation in ("relu", "gelu"):
        case = Case(shape, activation, loss, "mean")
        assert_same(case, case.x, case.y)


def test_batches_of_changing_size_do_not_disturb_each_other():
    case = Case((64, 20, 10, 3), "tanh")
    for rows in (64, 7, 1, 64, 7, 30):
        assert_same(case, case.x[:rows], case.y[:rows], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_same_input_twice_gives_the_same_bits(activation):
    case = Case(SHAPES[0], activation)
    first, again = case.closed_form(case.x, case.y), case.closed_form(case.x, case.y)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_large_and_zero_inputs_follow_autograd(activation):
    case = Case((4, 3, 5, 2), activation)
    for size in (0.0, 1e-30, 50.0, 1e4):
        x = size * case.x
        assert_same(case, x, case.y, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_perfect_prediction_has_no_loss_and_no_gradient(loss):
    case = Case((6, 3, 4, 2), loss=loss)
    with torch.no_grad():
        y = case.net(case.x)
    loss_value, *gradients = case.closed_form(case.x, y)
    assert loss_value == 0
    assert all(not gradient.any() for gradient in gradients)


def test_data_and_weights_are_left_as_they_were():
    case = Case(SHAPES[0], "elu", "huber", "mean")
    x, y, values = case.x.clone(), case.y.clone(), case.parameters.values.clone()
    case.closed_form(case.x, case.y)
    assert torch.equal(case.x, x)
    assert torch.equal(case.y, y)
    assert torch.equal(case.parameters.values, values)


def test_no_new_memory_is_taken_by_later_steps():
    case = Case(SHAPES[0])
    case.closed_form(case.x, case.y)
    places = [view.data_ptr() for view in case.parameters.gradient_views]
    room = case.gradient._room(len(case.x))
    case.closed_form(case.x, case.y)
    assert [view.data_ptr() for view in case.parameters.gradient_views] == places
    assert case.gradient._room(len(case.x)) is room


def test_every_loss_is_compared_with_one_of_torchs():
    assert set(MODULES) == set(LOSSES)
