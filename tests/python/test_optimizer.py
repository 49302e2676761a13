"""The optimisers against the chapter's update and against torch's own."""

import pytest

from pytwolayer.gradient import ClosedFormGradient
from pytwolayer.network import draw_initial_weights, flatten_parameters, two_layer_net
from pytwolayer.optimizer import OPTIMIZERS
from pytwolayer.torch_loading import torch
from pytwolayer.train import train

CPU = torch.device("cpu")


def start(d_in=11, hidden_units=7, d_out=3):
    net = two_layer_net(d_in, hidden_units, d_out)
    draw_initial_weights(net, torch.Generator().manual_seed(5))
    return net


def data(rows=30, d_in=11, d_out=3):
    generator = torch.Generator().manual_seed(6)
    x = torch.randn(rows, d_in, generator=generator)
    return x, torch.randn(rows, d_out, generator=generator)


def ours(name, learning_rate, steps):
    net, batch = start(), data()
    parameters = flatten_parameters(net, CPU)
    gradient = ClosedFormGradient(parameters, "relu", "mse", "mean")
    optimizer = OPTIMIZERS[name](parameters, learning_rate)
    losses = train(gradient, optimizer, lambda epoch: ((*batch, 1.0),), steps, CPU)
    return losses, list(net.parameters())


def test_sgd_has_the_bits_of_the_chapters_update():
    flat = flatten_parameters(start(), CPU)
    flat.gradients.copy_(
        torch.randn(flat.gradients.shape, generator=torch.Generator().manual_seed(1))
    )
    expected = flat.values - flat.gradients * 1e-4
    OPTIMIZERS["sgd"](flat, 1e-4).step()
    assert torch.equal(flat.values, expected)


def test_sgd_has_the_bits_of_a_plain_loop_after_many_steps():
    losses, parameters = ours("sgd", 0.05, 100)
    net, (x, y) = start(), data()
    expected = []
    for _ in range(100):
        loss = torch.nn.MSELoss()(net(x), y)
        expected.append(loss.item())
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.data = parameter.data - parameter.grad * 0.05
    assert losses == pytest.approx(expected, rel=1e-6)
    for a, b in zip(parameters, net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("learning_rate", [0.001, 0.05])
def test_adam_is_torchs_adam_on_an_ordinary_module(learning_rate):
    losses, parameters = ours("adam", learning_rate, 60)
    net, (x, y) = start(), data()
    adam = torch.optim.Adam(net.parameters(), lr=learning_rate)
    expected = []
    for _ in range(60):
        adam.zero_grad()
        loss = torch.nn.MSELoss()(net(x), y)
        expected.append(loss.item())
        loss.backward()
        adam.step()
    assert losses == pytest.approx(expected, rel=1e-5)
    for a, b in zip(parameters, net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_update_is_in_place(name):
    flat = flatten_parameters(start(), CPU)
    place = flat.values.data_ptr()
    flat.gradients.fill_(1.0)
    before = flat.values.clone()
    OPTIMIZERS[name](flat, 0.1).step()
    assert flat.values.data_ptr() == place
    assert (flat.values < before).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_room_between_parameters_stays_zero(name):
    net = start()
    flat = flatten_parameters(net, CPU)
    gradient = ClosedFormGradient(flat, "relu", "mse", "mean")
    batch = data()
    train(gradient, OPTIMIZERS[name](flat, 0.01), lambda epoch: ((*batch, 1.0),), 5, CPU)
    used = sum(view.abs().sum() for view in flat.views)
    assert flat.values.abs().sum().item() == pytest.approx(used.item(), rel=1e-6)
