"""The network: layers, initial weights, parameters side by side in memory."""

import pytest

from pytwolayer.network.activations import ACTIVATIONS
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    own_parameters,
    two_layer_net,
)
from pytwolayer.runtime.torch_loading import torch

CPU = torch.device("cpu")


def drawn(*sizes, seed=0):
    net = two_layer_net(*sizes)
    draw_initial_weights(net, torch.Generator().manual_seed(seed))
    return net


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_is_linear_activation_linear(activation):
    first, middle, last = two_layer_net(5, 3, 2, activation)
    assert (first.in_features, first.out_features) == (5, 3)
    assert isinstance(middle, ACTIVATIONS[activation].module().__class__)
    assert (last.in_features, last.out_features) == (3, 2)


@pytest.mark.parametrize("sizes", [(1000, 100, 10), (1, 1, 1), (7, 3, 2)])
def test_initial_weights_have_the_bits_of_torchs_default(sizes):
    d_in, hidden_units, d_out = sizes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(42)
        expected = torch.nn.Sequential(
            torch.nn.Linear(d_in, hidden_units),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden_units, d_out),
        )
    ours = drawn(*sizes, seed=42)
    for a, b in zip(ours.parameters(), expected.parameters(), strict=True):
        assert torch.equal(a, b)


def test_making_and_drawing_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    drawn(5, 4, 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_flattening_changes_no_value_and_the_network_follows_the_vector():
    net = drawn(7, 3, 2)
    values = [parameter.clone() for parameter in net.parameters()]
    flat = flatten_parameters(net, CPU)
    for parameter, view, value in zip(net.parameters(), flat.views, values, strict=True):
        assert torch.equal(parameter, value)
        assert torch.equal(view, value)
    with torch.no_grad():
        flat.values.mul_(2)
    for parameter, value in zip(net.parameters(), values, strict=True):
        assert torch.equal(parameter, 2 * value)


def test_gradients_lie_where_the_optimiser_looks():
    flat = flatten_parameters(drawn(7, 3, 2), CPU)
    assert flat.values.grad is flat.gradients
    for view in flat.gradient_views:
        view.fill_(1)
    assert flat.gradients.sum() == 7 * 3 + 3 + 3 * 2 + 2


def test_every_parameter_starts_where_torch_would_align_it():
    flat = flatten_parameters(drawn(7, 3, 2), CPU)
    for view in (*flat.views, *flat.gradient_views):
        assert view.data_ptr() % 64 == 0
        assert view.is_contiguous()


def test_by_input_the_biases_follow_as_weights_of_one_more_input():
    net = drawn(7, 3, 2)
    parameters = [parameter.detach().clone() for parameter in net.parameters()]
    flat = flatten_parameters(net, CPU, by_input=True)
    for weights, biases, view in zip(
        parameters[::2], parameters[1::2], flat.views[::2], strict=True
    ):
        units, inputs = weights.shape
        joined = view.t().as_strided((inputs + 1, units), (units, 1))
        assert torch.equal(joined, torch.cat([weights.t(), biases[None]]))
        assert view.data_ptr() % 64 == 0
    assert flat.mark_weights().nonzero().flatten().tolist() == [*range(21), *range(32, 38)]


def test_a_network_at_rest_owns_its_memory():
    net = drawn(7, 3, 2)
    flat = flatten_parameters(net, CPU)
    values = [parameter.clone() for parameter in own_parameters(net).parameters()]
    with torch.no_grad():
        flat.values.zero_()
    for parameter, value in zip(net.parameters(), values, strict=True):
        assert torch.equal(parameter, value)
        assert parameter.untyped_storage().nbytes() == 4 * parameter.numel()
        assert parameter.grad is None
