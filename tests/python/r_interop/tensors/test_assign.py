"""R's replacement functions."""

import math

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import assign
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

NAN = math.nan


@pytest.fixture
def x():
    return torch.zeros(2, 3)


def steps(start, count, step=1):
    return {"start": float(start), "count": float(count), "step": float(step)}


@pytest.mark.parametrize(
    ("index", "value", "expected"),
    [
        ({"along": [steps(0, 1), None]}, 1.0, [[1, 1, 1], [0, 0, 0]]),
        ({"along": [None, None]}, sent([1, 2]), [[1, 1, 1], [2, 2, 2]]),
        ({"along": [sent([1, 0]), steps(0, 2)]}, sent([1, 2, 3, 4]), [[2, 4, 0], [1, 3, 0]]),
        ({"along": [sent([0, 0]), steps(0, 1)]}, sent([1, 2]), [[2, 0, 0], [0, 0, 0]]),
        ({"cells": sent([1, 2, 1])}, sent([1, 2, 3]), [[0, 2, 0], [3, 0, 0]]),
        ({"cell": 5.0}, 7, [[0, 0, 0], [0, 0, 7]]),
        ({"mask": torch.tensor([[True, False, True], [False, False, True]])}, sent([1, 2, 3]),
         [[1, 0, 2], [0, 0, 3]]),
        ({"along": [None, steps(0, 1)]}, torch.tensor([5, 6]), [[5, 0, 0], [6, 0, 0]]),
        ({"along": [None, None]}, np.array([1.0, 2, 3]), [[1, 2, 3], [1, 2, 3]]),
        ({"along": [sent([]), None]}, 1.0, [[0, 0, 0], [0, 0, 0]]),
    ],
)  # fmt: skip
def test_a_copy_is_changed_as_r_does_and_the_tensor_is_kept(x, index, value, expected):
    found = assign.put(x, index, value)
    assert found.tolist() == expected
    assert found.dtype == x.dtype
    assert not x.any()
    assert assign.put_in_place(x, index, value) is x
    assert x.tolist() == expected


def test_gradients_flow_to_the_rest_and_to_the_value(x):
    x.requires_grad_()
    value = torch.ones(3, requires_grad=True)
    assign.put(x, {"along": [steps(0, 1), None]}, value).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert value.grad.tolist() == [1, 1, 1]


def test_the_replacement_of_a_leaf_is_a_leaf_where_nothing_is_recorded(x):
    x.requires_grad_()
    x.sum().backward()
    with torch.no_grad():
        found = assign.put(x, {"cell": 0.0}, 1)
    assert found.requires_grad
    assert found.is_leaf
    assert torch.equal(found.grad, x.grad)
    assert found.grad is not x.grad


def test_what_cannot_be_written_in_place_is_an_error(x):
    with pytest.raises(TensorError, match="Several elements"):
        assign.put_in_place(torch.zeros(1).expand(3), {"cell": 0.0}, 1)
    x.requires_grad_()
    with pytest.raises(TensorError, match=r"no_grad"):
        assign.put_in_place(x, {"cell": 0.0}, 1)
    with torch.no_grad():
        assert assign.put_in_place(x, {"cell": 0.0}, 1)[0, 0] == 1


def test_overlapping_memory_is_copied_first():
    x = torch.arange(4.0)
    assign.put_in_place(x, {"along": [steps(1, 3)]}, x[:3])
    assert x.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("index", "value", "said"),
    [
        (
            {"along": [None, None]},
            sent([1, 2, 3, 4]),
            r"elements to replace \(6\) is not a multiple",
        ),
        ({"along": [None, None]}, torch.ones(2), r"must fit the selected elements \(2x3\)"),
        ({"along": [None, None]}, object(), "`value` must be numbers or a tensor"),
        ({"along": [{"places": torch.ones(1, 1).long()}, None]}, 1, "read, not changed"),
        ({"cell": 0.0}, torch.tensor(1j), "Complex"),
    ],
)
def test_values_that_do_not_fit_are_errors(x, index, value, said):
    with pytest.raises(TensorError, match=said):
        assign.put(x, index, value)
    with pytest.raises(TensorError, match=r"2\.5 does not fit into a 2x3 int64"):
        assign.put(x.long(), {"cell": 0.0}, 2.5)


def test_dimensions_are_folded_by_columns_in_a_copy():
    x = torch.tensor([1.0, 2, 3, 4], requires_grad=True)
    x.sum().backward()
    with torch.no_grad():
        found = assign.with_dim(x, [2.0, 2.0])
    assert found.tolist() == [[1, 3], [2, 4]]
    assert found.grad.shape == (2, 2)
    assert found.data_ptr() != x.data_ptr()
    with pytest.raises(TensorError, match="3 do not fit a length-4"):
        assign.with_dim(x, [3.0])


def test_lengths_cut_or_fill_up():
    x = torch.tensor([[1.0, 3], [2, 4]])
    assert assign.with_length(x, 3).tolist() == [1, 2, 3]
    assert assign.with_length(x, 5).isnan().tolist() == [False] * 4 + [True]
    with pytest.raises(TensorError, match="cannot hold the missing values"):
        assign.with_length(x.long(), 5)
