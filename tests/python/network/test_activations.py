"""The activations: module, value and derivative belong together."""

import pytest

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.runtime.torch_loading import torch

INPUT = torch.cat(
    [torch.linspace(-30, 30, 241), torch.tensor([0.0, -0.0, 1e-30, -1e-30, 1e4, -1e4])]
)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_value_has_the_modules_bits(name):
    activation = ACTIVATIONS[name]
    a = torch.empty_like(INPUT)
    activation.forward(INPUT, a)
    assert torch.equal(a, activation.module()(INPUT))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_way_back_has_autograds_bits(name):
    activation = ACTIVATIONS[name]
    z = INPUT.clone().requires_grad_()
    weights = torch.linspace(-2, 2, len(INPUT))
    activation.module()(z).backward(weights)
    a, d = torch.empty_like(INPUT), weights.clone()
    activation.forward(INPUT, a)
    activation.backward(d, INPUT, a)
    assert torch.equal(d, z.grad)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_input_is_left_as_it_was(name):
    z = INPUT.clone()
    a, d = torch.empty_like(z), torch.ones_like(z)
    ACTIVATIONS[name].forward(z, a)
    ACTIVATIONS[name].backward(d, z, a)
    assert torch.equal(z, INPUT)


def test_the_documented_activations_are_there():
    documented = [
        "relu",
        "leaky_relu",
        "elu",
        "silu",
        "gelu",
        "softplus",
        "tanh",
        "sigmoid",
        "identity",
    ]
    assert set(documented) <= set(ACTIVATIONS)
