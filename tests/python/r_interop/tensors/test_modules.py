"""Assigning to the parameters of PyTorch's modules."""

import pytest
import torch

from pytwolayer.r_interop.tensors import modules
from pytwolayer.r_interop.tensors.values import TensorError


@pytest.fixture
def layer():
    return torch.nn.Linear(2, 1)


def test_a_tensor_is_copied_into_the_parameter_that_is_there(layer):
    known = layer.weight
    with torch.no_grad():
        assert modules.assign_parameter(layer, "weight", torch.tensor([[1.0, 2]]))
    assert layer.weight is known
    assert known.tolist() == [[1, 2]]


def test_other_names_and_parameters_are_left_to_python(layer):
    assert not modules.assign_parameter(layer, "other", torch.ones(1))
    assert not modules.assign_parameter(layer, "weight", torch.nn.Parameter(torch.ones(1, 2)))


def test_what_does_not_fit_or_is_recorded_is_an_error(layer):
    with pytest.raises(TensorError, match=r"`weight` is a parameter.*no_grad"):
        modules.assign_parameter(layer, "weight", torch.ones(1, 2))
    with torch.no_grad(), pytest.raises(TensorError, match="which a length-3 float32 tensor"):
        modules.assign_parameter(layer, "weight", torch.ones(3))


def test_places_of_modules_take_modules_and_the_values_of_parameters(layer):
    stack = torch.nn.Sequential(layer, torch.nn.ReLU())
    modules.assign_item(stack, 1.0, torch.nn.Tanh())
    assert isinstance(stack[1], torch.nn.Tanh)
    modules.assign_item(stack, 0.0, layer)
    assert stack[0] is layer
    listed = torch.nn.ParameterList([torch.zeros(2)])
    known = listed[0]
    with torch.no_grad():
        modules.assign_item(listed, 0.0, torch.ones(2))
    assert listed[0] is known
    assert known.tolist() == [1, 1]
