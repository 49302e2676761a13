"""The optimisers against the chapter's update and against torch's own on an ordinary module."""

import copy
from functools import partial

import pytest

from pytwolayer.network.architecture import draw_initial_weights, flatten_parameters, two_layer_net
from pytwolayer.network.batches import Batch, EncodedRows
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.layouts import Single
from pytwolayer.optim import first_order
from pytwolayer.optim.first_order import GradientDescent
from pytwolayer.optim.optimizer import OPTIMIZERS, OptimizerOptions, clip, make_optimizer
from pytwolayer.runtime.torch_loading import torch
from pytwolayer.training.loop import fit_loop

CPU = torch.device("cpu")
TORCHS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}


def start(d_in=11, hidden_units=7, d_out=3):
    net = two_layer_net(d_in, hidden_units, d_out)
    draw_initial_weights(net, torch.Generator().manual_seed(5))
    return net


def data(rows=30, d_in=11, d_out=3):
    generator = torch.Generator().manual_seed(6)
    x = torch.randn(rows, d_in, generator=generator)
    return x, torch.randn(rows, d_out, generator=generator)


class Ours:
    """A network, its closed-form gradient and an optimiser, ready to step."""

    def __init__(self, name, learning_rate, **tuning):
        self.net, self.batch = start(), data()
        self.flat = flatten_parameters(self.net, CPU)
        self.gradient = ClosedFormGradient(
            Single(self.flat), "relu", "mse", "mean", [len(self.batch[0])]
        )
        self.optimizer = make_optimizer(name, self.flat, OptimizerOptions(learning_rate, **tuning))

    def run(self, steps):
        batch = Batch(EncodedRows(*self.batch, None))
        return fit_loop(self.gradient, self.optimizer, lambda epoch: (batch,), steps)

    def parameters(self):
        return [parameter.detach().clone() for parameter in self.net.parameters()]


def theirs(optimizer, steps, gradient_clip=None, change_gradients=None):
    """Train an ordinary module with an optimiser of torch's, made of its parameters."""
    net, (x, y) = start(), data()
    parameters = dict(net.named_parameters())
    update = optimizer(parameters)
    losses = []
    for _ in range(steps):
        update.zero_grad()
        loss = torch.nn.MSELoss()(net(x), y)
        losses.append(loss.item())
        loss.backward()
        if gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(net.parameters(), gradient_clip)
        if change_gradients is not None:
            change_gradients(parameters)
        update.step()
    return losses, list(net.parameters())


def assert_same(ours, steps, expected, rtol=1e-4):
    losses, parameters = expected
    assert ours.run(steps) == pytest.approx(losses, rel=2e-5)
    for a, b in zip(ours.parameters(), parameters, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=rtol, atol=1e-5)


def weights_and_biases(parameters):
    weights = [value for name, value in parameters.items() if name.endswith("weight")]
    return weights, [value for name, value in parameters.items() if name.endswith("bias")]


def decayed(decay):
    def change(parameters):
        for weight in weights_and_biases(parameters)[0]:
            weight.grad += decay * weight.detach()

    return change


# The chapter's update


def test_sgd_has_the_bits_of_the_chapters_update():
    ours = Ours("sgd", 1e-4)
    gradients = torch.randn(ours.flat.gradients.shape, generator=torch.Generator().manual_seed(1))
    expected = ours.flat.values - gradients * 1e-4
    given = [lambda: ours.flat.gradients.copy_(gradients)]
    for operation in ours.optimizer.operations(given, torch.empty(()), 1.0):
        operation()
    assert torch.equal(ours.flat.values, expected)


@pytest.mark.parametrize("learning_rate", [1e-6, 1e-4, 0.003, 0.1, 7.0])
@pytest.mark.parametrize("one_pass", [True, False])
def test_gradient_descent_that_keeps_its_rate_has_them_too(monkeypatch, one_pass, learning_rate):
    monkeypatch.setattr(first_order, "_one_pass_rounds_twice", lambda: one_pass)
    flat = flatten_parameters(start(), CPU)
    generator = torch.Generator().manual_seed(1)
    for size in (1e-3, 1.0, 1e3):
        flat.gradients.copy_(size * torch.randn(flat.gradients.shape, generator=generator))
        expected = flat.values - flat.gradients * learning_rate
        update = GradientDescent(flat, learning_rate, keeps_rate=True).update()
        assert len(update) == 2 - one_pass
        for operation in update:
            operation()
        assert torch.equal(flat.values, expected)


def test_one_pass_is_made_only_where_it_rounds_twice(monkeypatch):
    own = first_order._one_pass_rounds_twice.__wrapped__

    def rounding_once(values, gradients, one, learning_rate):
        return partial(values.sub_, gradients, alpha=learning_rate)

    assert own()
    monkeypatch.setattr(first_order, "_subtraction", rounding_once)
    assert not own()


def test_sgd_follows_a_plain_loop_for_many_steps():
    net, (x, y) = start(), data()
    losses = []
    for _ in range(100):
        loss = torch.nn.MSELoss()(net(x), y)
        losses.append(loss.item())
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.data = parameter.data - parameter.grad * 0.05
    assert_same(Ours("sgd", 0.05), 100, (losses, list(net.parameters())))


# Torch's own


@pytest.mark.parametrize(
    ("name", "learning_rate", "tuning"),
    [
        ("sgd", 0.05, {}),
        ("sgd", 0.05, {"momentum": 0.9}),
        ("sgd", 0.05, {"momentum": 0.9, "nesterov": True}),
        ("adam", 0.001, {}),
        ("adam", 0.05, {}),
        ("rmsprop", 0.003, {}),
        ("rmsprop", 0.003, {"momentum": 0.5}),
    ],
    ids=str,
)
def test_each_optimiser_is_torchs_on_an_ordinary_module(name, learning_rate, tuning):
    expected = theirs(lambda p: TORCHS[name](p.values(), lr=learning_rate, **tuning), 60)
    assert_same(Ours(name, learning_rate, **tuning), 60, expected)


def test_momentum_and_nesterov_make_a_difference():
    plain, momentum, nesterov = (
        Ours("sgd", 0.05, **tuning).run(10)
        for tuning in ({}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True})
    )
    assert plain[-1] != momentum[-1] != nesterov[-1] != plain[-1]


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop"])
def test_weight_decay_is_l2_of_the_weights_and_not_of_the_biases(name):
    expected = theirs(
        lambda p: TORCHS[name](p.values(), lr=0.01), 60, change_gradients=decayed(0.3)
    )
    assert_same(Ours(name, 0.01, weight_decay=0.3), 60, expected)


def test_weight_decay_of_adamw_is_decoupled_and_of_the_weights_alone():
    def adamw(parameters):
        weights, biases = weights_and_biases(parameters)
        groups = [{"params": weights, "weight_decay": 0.3}, {"params": biases, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=0.01)

    assert_same(Ours("adamw", 0.01, weight_decay=0.3), 60, theirs(adamw, 60))


def test_momentum_and_decay_go_together():
    expected = theirs(
        lambda p: torch.optim.SGD(p.values(), lr=0.02, momentum=0.9),
        60,
        change_gradients=decayed(0.1),
    )
    assert_same(Ours("sgd", 0.02, momentum=0.9, weight_decay=0.1), 60, expected)


@pytest.mark.parametrize(("name", "largest"), [("sgd", 0.1), ("adam", 0.1), ("sgd", 100.0)])
def test_clipping_is_torchs_clip_grad_norm(name, largest):
    expected = theirs(lambda p: TORCHS[name](p.values(), lr=0.01), 60, gradient_clip=largest)
    assert_same(Ours(name, 0.01, gradient_clip=largest), 60, expected)


def test_clipping_is_of_the_losss_gradient_before_weight_decay():
    expected = theirs(
        lambda p: torch.optim.SGD(p.values(), lr=0.05),
        60,
        gradient_clip=0.1,
        change_gradients=decayed(0.3),
    )
    assert_same(Ours("sgd", 0.05, gradient_clip=0.1, weight_decay=0.3), 60, expected)


@pytest.mark.parametrize("size", [0.0, 0.5, 2.0, 1e6])
def test_a_clipped_gradient_keeps_its_direction_and_no_more_than_the_norm(size):
    direction = torch.randn(20, generator=torch.Generator().manual_seed(2))
    gradients = size * direction / direction.norm()
    before = gradients.clone()
    clip(gradients, 1.0)
    assert gradients.norm().item() == pytest.approx(min(size, 1.0), abs=1e-5)
    torch.testing.assert_close(gradients * max(size, 1.0), before, rtol=1e-5, atol=1e-5)


# L-BFGS


def penalty(net, decay):
    return decay / 2 * sum((layer.weight.detach() ** 2).sum().item() for layer in (net[0], net[2]))


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_lbfgs_lowers_the_loss_with_its_penalty_in_every_step(decay):
    ours = Ours("lbfgs", 1.0, weight_decay=decay)
    objective = []
    for _ in range(30):
        before = penalty(ours.net, decay)
        objective.append(ours.run(1)[0] + before)
    assert objective == sorted(objective, reverse=True)
    assert objective[-1] < 0.7 * objective[0]


def test_lbfgs_is_torchs_with_a_strong_wolfe_line_search():
    net, (x, y) = start(), data()
    lbfgs = torch.optim.LBFGS(
        net.parameters(),
        max_iter=1,
        max_eval=25,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
    losses = []

    def closure():
        lbfgs.zero_grad()
        loss = torch.nn.MSELoss()(net(x), y)
        for layer in (net[0], net[2]):
            loss = loss + 0.05 * layer.weight.square().sum()
        loss.backward()
        return loss

    for _ in range(8):
        losses.append(torch.nn.MSELoss()(net(x), y).item())
        lbfgs.step(closure)
    ours = Ours("lbfgs", 1.0, weight_decay=0.1)
    assert ours.run(8) == pytest.approx(losses, rel=1e-3)


def test_lbfgs_finds_the_minimum_of_a_convex_problem():
    x, y = data(d_out=1)
    flat = flatten_parameters(two_layer_net(11, 1, 1, "identity"), CPU)
    with torch.no_grad():
        flat.values.copy_(0.1 * torch.ones_like(flat.values))
    gradient = ClosedFormGradient(Single(flat), "identity", "mse", "mean", [len(x)])
    optimizer = make_optimizer("lbfgs", flat, OptimizerOptions(1.0))
    batch = Batch(EncodedRows(x, y, None))
    losses = fit_loop(gradient, optimizer, lambda epoch: (batch,), 60)
    design = torch.cat([x, torch.ones(len(x), 1)], 1)
    solution = torch.linalg.lstsq(design, y).solution
    least = torch.nn.functional.mse_loss(design @ solution, y).item()
    assert losses[-1] == pytest.approx(least, rel=1e-3)


# All alike


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_loss_reported_is_that_before_the_update(name):
    ours = Ours(name, 0.01, weight_decay=0.5)
    x, y = ours.batch
    for _ in range(3):
        with torch.no_grad():
            expected = torch.nn.MSELoss()(ours.net(x), y).item()
        assert ours.run(1) == [pytest.approx(expected, rel=1e-5)]


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_update_is_in_place_and_room_between_parameters_stays_zero(name, decay):
    ours = Ours(name, 0.01, weight_decay=decay)
    place, before = ours.flat.values.data_ptr(), ours.flat.values.detach().clone()
    ours.run(5)
    assert ours.flat.values.data_ptr() == place
    assert not torch.equal(ours.flat.values, before)
    used = sum(view.abs().sum() for view in ours.flat.views)
    assert ours.flat.values.abs().sum().item() == pytest.approx(used.item(), rel=1e-6)


TUNINGS = [
    ("sgd", {}),
    ("sgd", {"weight_decay": 0.1}),
    ("sgd", {"momentum": 0.9}),
    ("adam", {}),
    ("adamw", {"weight_decay": 0.1}),
    ("rmsprop", {"momentum": 0.5}),
    ("lbfgs", {}),
]


@pytest.mark.parametrize(("name", "tuning"), TUNINGS, ids=str)
def test_what_is_remembered_lets_another_go_on_with_the_same_bits(name, tuning):
    ours = Ours(name, 0.01, **tuning)
    ours.run(5)
    state = copy.deepcopy(ours.optimizer.state())
    other = Ours(name, 0.01, **tuning)
    with torch.no_grad():
        other.flat.values.copy_(ours.flat.values)
    other.optimizer.set_state(state)
    assert other.run(5) == ours.run(5)
    assert torch.equal(other.flat.values, ours.flat.values)


@pytest.mark.parametrize(("name", "tuning"), TUNINGS, ids=str)
def test_the_learning_rate_can_change(name, tuning):
    changed, expected = Ours(name, 0.9, **tuning), Ours(name, 0.001, **tuning)
    changed.optimizer.set_learning_rate(0.001)
    assert changed.run(3) == expected.run(3)
    assert torch.equal(changed.flat.values, expected.flat.values)


def test_decoupled_decay_follows_the_learning_rate():
    ours = Ours("adamw", 0.1, weight_decay=1.0)
    ours.optimizer.set_learning_rate(0.0)
    before = ours.flat.values.detach().clone()
    ours.run(1)
    assert torch.equal(ours.flat.values, before)
