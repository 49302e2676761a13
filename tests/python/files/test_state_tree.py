"""A run's state as JSON with tensors beside it, and back."""

import json
import math

import pytest

from pytwolayer.files.state_tree import check_same_structure, pack_tree, specs_of_tree, unpack_tree
from pytwolayer.network.architecture import (
    draw_initial_weights,
    flatten_parameters,
    two_layer_net,
)
from pytwolayer.optim.optimizer import OptimizerOptions, make_optimizer
from pytwolayer.runtime.random import cpu_generator
from pytwolayer.runtime.torch_loading import torch

TREE = {
    0: {"step": torch.tensor(3.0), "sum": torch.arange(3.0), "none": None},
    "0": [1, 2.5, True, "text", None, [], {}],
    "odd": [math.inf, -math.inf],
    "whole": torch.tensor([[1, 2], [3, 4]]),
    "bytes": torch.tensor([1, 2], dtype=torch.uint8),
    "empty": torch.empty(0, dtype=torch.float64),
    "tensor": {"pairs": "text", "number": 1},
}


def there_and_back(tree):
    packed, tensors = pack_tree(tree)
    text = json.dumps(packed, allow_nan=False)
    return unpack_tree(json.loads(text), tensors)


def same(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        return ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    if isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


def test_all_that_a_state_holds_comes_back():
    assert same(there_and_back(TREE), TREE)
    assert math.isnan(there_and_back([math.nan])[0])


def test_the_specs_have_every_tensor():
    packed, tensors = pack_tree(TREE)
    specs = specs_of_tree(packed)
    assert set(specs) == set(tensors)
    assert sorted(specs.values()) == [
        ("F32", ()),
        ("F32", (3,)),
        ("F64", (0,)),
        ("I64", (2, 2)),
        ("U8", (2,)),
    ]


def test_tensors_get_memory_of_their_own():
    tensor = torch.zeros(4)
    packed, tensors = pack_tree({"a": tensor, "b": tensor[1:3], "c": torch.zeros(2, 3).t()})
    tensor.fill_(1)
    assert [tensors[name].sum().item() for name in tensors] == [0, 0, 0]
    again = unpack_tree(packed, tensors)
    assert again["a"].data_ptr() not in [tensor.data_ptr() for tensor in tensors.values()]


@pytest.mark.parametrize("value", [(1, 2), {1, 2}, b"bytes", object(), 1j], ids=repr)
def test_what_is_no_state_is_not_written(value):
    with pytest.raises(TypeError, match="a state cannot hold a"):
        pack_tree({"a": [value]})


TENSOR = {"tensor": "a", "type": "F32", "shape": [1]}
BAD = [
    {"pairs": 3},
    {"pairs": [[1]]},
    {"pairs": [[[], 1]]},
    {"pairs": [["a", 1], ["a", 2]]},
    {"pairs": [], "more": 1},
    TENSOR | {"tensor": 3},
    TENSOR | {"type": "BF16"},
    TENSOR | {"shape": 3},
    TENSOR | {"shape": [-1]},
    TENSOR | {"shape": [1.0]},
    TENSOR | {"more": 1},
    {"tensor": "a"},
    [TENSOR, TENSOR],
]


@pytest.mark.parametrize("packed", BAD, ids=repr)
def test_what_is_no_state_has_no_specs(packed):
    with pytest.raises((ValueError, TypeError)):
        specs_of_tree(packed)


@pytest.mark.parametrize("packed", [{}, {"a": 1}, {"number": "1"}, {"number": []}], ids=repr)
def test_what_is_no_state_is_not_read(packed):
    with pytest.raises((ValueError, TypeError)):
        unpack_tree(packed, {})


def test_a_state_of_another_form_is_refused_by_place():
    model = {0: {"step": torch.zeros(()), "list": [1, 2.0]}}
    check_same_structure(there_and_back(model), model)
    for found, told in [
        ([], "its state is not a dictionary"),
        ({}, "it lacks entries in its state: 0"),
        ({0: {"step": 1, "list": [1, 2.0]}}, r"its state.0.step is not a tensor"),
        ({0: {"step": torch.zeros(1), "list": [1, 2.0]}}, r"step is of torch.float32"),
        ({0: {"step": torch.zeros(()), "list": [1]}}, r"list is not a list of 2"),
        ({0: {"step": torch.zeros(()), "list": [True, 2.0]}}, r"is of type bool, not int"),
        ({0: {"step": torch.zeros(()), "list": [1, 2.0], "x": 1}}, "unknown entries"),
    ]:
        with pytest.raises(ValueError, match=told):
            check_same_structure(found, model)


OPTIMIZERS = {
    "adam": OptimizerOptions(0.01),
    "adamw": OptimizerOptions(0.01, weight_decay=0.1),
    "rmsprop": OptimizerOptions(0.01, momentum=0.5),
    "sgd": OptimizerOptions(0.01, momentum=0.5, nesterov=True),
    "lbfgs": OptimizerOptions(1.0),
}


class Descent:
    """An optimiser on its way down a valley."""

    def __init__(self, name, tuning):
        network = two_layer_net(3, 2, 1)
        draw_initial_weights(network, cpu_generator(1))
        self.parameters = flatten_parameters(network, torch.device("cpu"))
        self.optimizer = make_optimizer(name, self.parameters, tuning)

    @torch.no_grad()
    def go(self, steps):
        loss, values = torch.empty(()), self.parameters.values.data
        curvature = torch.linspace(0.5, 3, len(values))

        def evaluate():
            self.parameters.gradients.copy_(values * curvature + values**3)
            loss.copy_((values**2 * curvature / 2 + values**4 / 4).sum())

        step = self.optimizer.operations([evaluate], loss, 1.0)
        for _ in range(steps):
            for operation in step:
                operation()
        return values.clone()


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_every_optimiser_goes_on_to_the_same_bits(name, steps):
    unbroken = Descent(name, OPTIMIZERS[name]).go(steps + 4)
    first, second = (Descent(name, OPTIMIZERS[name]) for _ in range(2))
    second.parameters.values.data.copy_(first.go(steps))
    state = there_and_back(first.optimizer.state()["state"])
    second.optimizer.refuse_other_state(state)
    second.optimizer.set_state({"state": state})
    assert torch.equal(second.go(4), unbroken)


JUNK = [None, True, -1, 1.5, "text", [], {}, [1], torch.zeros(2), torch.zeros((), dtype=torch.int)]


def variants(tree):
    """Give the tree again and again, each time with one part gone or replaced."""
    if isinstance(tree, (dict, list)):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            for part in [*JUNK, *variants(tree[key])]:
                changed = tree.copy()
                changed[key] = part
                yield changed
    if isinstance(tree, dict):
        for key in tree:
            yield {name: part for name, part in tree.items() if name != key}
        yield tree | {"more": 1}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_state_that_is_not_the_optimisers_is_refused_or_harmless(name):
    descent = Descent(name, OPTIMIZERS[name])
    descent.go(3)
    state = descent.optimizer.state()["state"]
    refused = 0
    for other in variants(state):
        again = Descent(name, OPTIMIZERS[name])
        try:
            again.optimizer.refuse_other_state(other)
        except ValueError:
            refused += 1
            continue
        again.optimizer.set_state({"state": other})
        assert again.go(2).shape == descent.parameters.values.shape
    assert refused > len(JUNK)
