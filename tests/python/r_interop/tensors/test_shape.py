"""Elements joined and moved."""

import pytest
import torch

from pytwolayer.r_interop.tensors import shape
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

X = torch.tensor([[1.0, 3, 5], [2, 4, 6]])


def test_elements_are_joined_in_rs_order():
    found = shape.combine([X, 7, sent([8, 9], "integer")])
    assert found.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert found.dtype == torch.float32


def test_elements_are_gathered_by_position_with_their_gradient():
    x = X.clone().requires_grad_()
    found = shape.gather(x, sent([1, 1, 6, 2], "integer"), [2.0, 2.0])
    assert found.tolist() == [[1, 6], [1, 2]]
    found.sum().backward()
    assert x.grad.tolist() == [[2, 0, 0], [1, 0, 1]]


def test_dimensions_are_moved_as_views():
    assert shape.permute(X, [1.0, 0.0]).data_ptr() == X.data_ptr()
    assert shape.transpose(X).shape == (3, 2)
    assert shape.transpose(X).data_ptr() == X.data_ptr()
    assert shape.transpose(torch.ones(2)).shape == (1, 2)
    with pytest.raises(TensorError, match=r"`t\(\)` takes a tensor of at most 2 dimensions"):
        shape.transpose(torch.ones(1, 1, 1))


def test_elements_are_folded_by_columns():
    assert shape.reshape(X, [3.0, 2.0]).tolist() == [[1, 4], [2, 5], [3, 6]]
