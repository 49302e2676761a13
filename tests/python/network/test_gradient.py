"""The closed-form gradient against autograd: every activation, loss, reduction, weight, dropout."""

import itertools
import math

import pytest

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    start_second_half,
    two_layer_net,
)
from pytwolayer.network.batches import Batch, EncodedRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Single
from pytwolayer.network.losses import LOSSES, REDUCTIONS
from pytwolayer.runtime.torch_loading import torch

CPU = torch.device("cpu")
functional = torch.nn.functional


def gamma_loss(output, y):
    """Of shape 1, whose mean is all that differs from torch's: minus its log density."""
    return -torch.distributions.Exponential(torch.exp(-output)).log_prob(y)


def normal_loss(output, y):
    """Minus its log density, without what does not depend on the network."""
    mean, log_sd = output.chunk(2, 1)
    density = torch.distributions.Normal(mean, log_sd.exp()).log_prob(y.chunk(2, 1)[0])
    return -density - math.log(2 * math.pi) / 2


def negative_binomial_loss(output, y):
    """Minus the log of the probability, in double precision; the second half has no weights."""
    (ratio, r), (count, scale) = output.double().chunk(2, 1), y.double().chunk(2, 1)
    theta, odds = r.exp(), ratio + scale.log() - r
    counts = torch.distributions.NegativeBinomial(theta, logits=odds)
    return -counts.log_prob(count * scale).float()


# Each loss as torch has it, per element or per row; a new entry of LOSSES needs one here.
THEIRS = {
    "mse": lambda output, y: functional.mse_loss(output, y, reduction="none"),
    "mae": lambda output, y: functional.l1_loss(output, y, reduction="none"),
    "huber": lambda output, y: functional.huber_loss(output, y, reduction="none"),
    "cross_entropy": lambda output, y: functional.cross_entropy(
        output, y.argmax(1), reduction="none"
    ),
    "poisson": lambda output, y: functional.poisson_nll_loss(output, y, reduction="none"),
    "gamma": lambda output, y: gamma_loss(output, y),
    "normal": lambda output, y: normal_loss(output, y),
    "negative_binomial": lambda output, y: negative_binomial_loss(output, y),
    "binomial": lambda output, y: functional.binary_cross_entropy_with_logits(
        output, y, reduction="none"
    ),
    "binary_cross_entropy": lambda output, y: functional.binary_cross_entropy_with_logits(
        output, y, reduction="none"
    ),
    "quantile": lambda output, y: torch.maximum(
        levels_of(output) * (y - output), (levels_of(output) - 1) * (y - output)
    ),
}


def levels_of(output):
    """Give the levels of a table entry's outputs: evenly spaced."""
    return torch.arange(1, output.shape[1] + 1) / (output.shape[1] + 1)


def per_element(output, y):
    return torch.log(torch.cosh(output - y))


def per_row(output, y):
    return torch.linalg.vector_norm(output - y + 0.1, dim=1)


def of_all(output, y):
    return (output - y).square().mean().sqrt()


USERS = {function.__name__: function for function in (per_element, per_row, of_all)}
SHAPES = [(64, 20, 10, 3), (1, 4, 3, 2), (5, 1, 3, 1), (5, 4, 1, 2), (1, 1, 1, 1), (37, 13, 17, 5)]
MANY_ROWS = (600, 5, 4, 2)


class Case:
    """One network twice: in closed form, and as an ordinary module for autograd."""

    def __init__(
        self,
        shape,
        activation="relu",
        loss="mse",
        reduction="sum",
        seed=0,
        weighted=False,
        dropout=False,
        as_autograd=False,
    ):
        rows, d_in, hidden_units, d_out = shape
        outcomes = d_out
        d_out *= LOSSES[loss].outputs if loss in LOSSES else 1
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(rows, d_in, generator=generator)
        self.y = 2 * torch.randn(rows, d_out, generator=generator)
        if loss == "cross_entropy":
            self.y = functional.one_hot(self.y.argmax(1), d_out).float()
        elif loss == "poisson":
            self.y = self.y.abs().round()
        elif loss == "gamma":
            self.y = self.y.abs() / 4 + 0.1
        elif loss == "negative_binomial":
            self.y[:, :outcomes] = self.y[:, :outcomes].abs().round() / 2
            self.y[:, outcomes:] = 2
        elif loss in ("binomial", "binary_cross_entropy"):
            self.y = torch.sigmoid(self.y)
        self.weights = torch.rand(rows, 1, generator=generator) + 0.2 if weighted else None
        self.mask = None
        if dropout:
            self.mask = 2 * torch.bernoulli(
                torch.full((rows, hidden_units), 0.5), generator=generator
            )
        ours = two_layer_net(d_in, hidden_units, d_out, activation)
        draw_initial_weights(ours, generator)
        self.shared = loss in LOSSES and LOSSES[loss].shares_rows
        if self.shared:
            start_second_half(ours, [0.0] * (len(ours[-1].bias) // 2))
        self.net = two_layer_net(d_in, hidden_units, d_out, activation)
        self.net.load_state_dict(ours.state_dict())
        self.parameters = flatten_parameters(ours, CPU, by_input=not as_autograd)
        self.gradient = ClosedFormGradient(
            Single(self.parameters, as_autograd=as_autograd),
            activation,
            USERS.get(loss, loss),
            reduction,
            [rows],
            [self] if dropout else (),
        )
        self.loss_function = THEIRS.get(loss) or USERS[loss]
        self.summed, self.as_autograd = reduction == "sum", as_autograd

    def drawing(self, mask):
        """Draw no other dropout than the one that autograd gets too."""
        return lambda: mask.copy_(self.mask[: len(mask)])

    def closed_form(self, x, y):
        """Give the loss and the gradients of these rows, the only ones of their epoch."""
        weights = None if self.weights is None else self.weights[: len(x)]
        self.gradient._rows = [len(x)]
        rows = EncodedRows(x, y, weights)
        batch = Batch(rows if self.as_autograd else rows.to(CPU))
        with torch.no_grad():
            self.gradient.draw_dropout(batch)
            self.gradient(batch)
        (scale,) = self.gradient._objective.scale([len(y)], y.shape[1])
        gradients = [view.clone() for view in self.parameters.gradient_views]
        return [self.gradient.loss * scale, *gradients]

    def autograd(self, x, y):
        self.net.zero_grad()
        loss = self.their_loss(x, y, dropout=True)
        loss.backward()
        if self.shared:
            last = self.net[2].weight.grad
            last[len(last) // 2 :] = 0
        return [loss.detach(), *(parameter.grad.clone() for parameter in self.net.parameters())]

    def their_loss(self, x, y, dropout):
        first, activation, second = self.net
        hidden = activation(first(x))
        if dropout and self.mask is not None:
            hidden = hidden * self.mask[: len(x)]
        losses = self.loss_function(second(hidden), y)
        if self.weights is not None:
            losses = losses * self.weights[: len(x)].reshape(-1, *[1] * (losses.dim() - 1))
        return losses.sum() if self.summed else losses.mean()


def assert_same(case, x, y, **tolerance):
    ours, theirs = case.closed_form(x, y), case.autograd(x, y)
    torch.testing.assert_close(ours, theirs, **{"rtol": 2e-6, "atol": 2e-6} | tolerance)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", [*LOSSES, *USERS])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_closed_form_equals_autograd(activation, loss, reduction):
    for weighted, dropout in itertools.product([False, True], repeat=2):
        if weighted and loss == "of_all":
            continue
        case = Case(SHAPES[0], activation, loss, reduction, 0, weighted, dropout)
        atol = 1e-4 if loss == "normal" else 2e-5
        assert_same(case, case.x, case.y, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_closed_form_equals_autograd_bit_for_bit_with_the_chapters_loss(activation):
    case = Case(SHAPES[0], activation, as_autograd=True)
    for ours, theirs in zip(
        case.closed_form(case.x, case.y), case.autograd(case.x, case.y), strict=True
    ):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("loss", [*LOSSES, *USERS])
@pytest.mark.parametrize("shape", [*SHAPES, MANY_ROWS], ids=str)
def test_closed_form_equals_autograd_at_odd_shapes(shape, loss):
    for activation in ("relu", "gelu"):
        case = Case(shape, activation, loss, "mean")
        assert_same(case, case.x, case.y)


def test_batches_of_changing_size_do_not_disturb_each_other():
    case = Case((64, 20, 10, 3), "tanh", weighted=True, dropout=True)
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


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_a_perfect_prediction_has_no_loss_and_no_gradient(loss):
    case = Case((6, 3, 4, 2), loss=loss, as_autograd=True)
    with torch.no_grad():
        y = case.net(case.x)
    loss_value, *gradients = case.closed_form(case.x, y)
    assert loss_value == 0
    assert all(not gradient.any() for gradient in gradients)


def test_data_and_weights_are_left_as_they_were():
    case = Case(SHAPES[0], "elu", "huber", "mean", weighted=True, dropout=True)
    kept = [case.x, case.y, case.weights, case.mask, case.parameters.values]
    before = [tensor.clone() for tensor in kept]
    case.closed_form(case.x, case.y)
    assert all(torch.equal(a, b) for a, b in zip(kept, before, strict=True))


def test_no_new_memory_is_taken_by_later_steps():
    case = Case(SHAPES[0])
    batch = Batch(EncodedRows(case.x, case.y, None))
    with torch.no_grad():
        case.gradient(batch)
        places = [view.data_ptr() for view in case.parameters.gradient_views]
        program = case.gradient.program(batch)
        case.gradient(batch)
    assert [view.data_ptr() for view in case.parameters.gradient_views] == places
    assert case.gradient.program(batch) is program
    assert len(case.gradient._programs) == 1


def test_programs_of_batches_that_are_gone_do_not_pile_up():
    case = Case(SHAPES[0])
    for _ in range(20):
        case.closed_form(case.x, case.y)
    assert len(case.gradient._programs) <= 4


def test_every_loss_is_compared_with_one_of_torchs():
    assert set(THEIRS) == set(LOSSES)


# Rows that are only looked at


@pytest.mark.parametrize("loss", [*LOSSES, "per_row"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_evaluator_gives_the_loss_without_dropout(loss, weighted):
    case = Case(SHAPES[0], "tanh", loss, "mean", 0, weighted, dropout=True)
    value = torch.empty(())
    with torch.no_grad():
        evaluate, scale = case.gradient.make_validation_step(
            Batch(EncodedRows(case.x, case.y, case.weights))
        )
        evaluate(value)
        expected = case.their_loss(case.x, case.y, dropout=False)
        trained_on = case.their_loss(case.x, case.y, dropout=True)
    assert scale == 1
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    assert abs(value - trained_on) > 1e-3


def test_the_evaluator_leaves_the_gradients_as_they_were():
    case = Case(SHAPES[0])
    loss, *gradients = case.closed_form(case.x, case.y)
    evaluate, _ = case.gradient.make_validation_step(Batch(EncodedRows(case.x + 1, case.y, None)))
    with torch.no_grad():
        evaluate(torch.empty(()))
    views = case.parameters.gradient_views
    assert all(torch.equal(a, b) for a, b in zip(gradients, views, strict=True))
    assert torch.equal(case.gradient.loss, loss)
