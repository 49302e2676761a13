"""Tensors of R's vectors, matrices and data frames."""

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import create
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent


def columns(vectors, kinds, dim, matrix=False):
    held = [np.asarray(each, np.float64).tobytes() for each in vectors]
    return {"holder": None, "values": held, "kinds": kinds, "dim": dim, "matrix": matrix}


def test_a_tensor_has_pytorchs_usual_type_or_the_one_named():
    assert create.create(sent([1.5]), None, "cpu").dtype == torch.float32
    assert create.create(sent([1], "integer"), None, "cpu").dtype == torch.int64
    assert create.create(sent([1], "logical"), None, "cpu").dtype == torch.bool
    made = create.create(sent([1, 2, 3, 4], dim=[2.0, 2.0]), torch.int8, "cpu")
    assert made.tolist() == [[1, 3], [2, 4]]
    assert made.is_contiguous()
    with pytest.raises(TensorError, match="300"):
        create.create(sent([300]), torch.uint8, "cpu")


def test_conversion_keeps_a_tensor_that_needs_none_and_copies_arrays():
    x = torch.ones(2, requires_grad=True)
    assert create.convert(x, None, None) is x
    assert create.convert(x, torch.float64, None).sum().grad_fn is not None
    array = np.ones(2)
    made = create.convert(array, None, "cpu")
    array[0] = 5
    assert made.tolist() == [1, 1]
    with pytest.raises(TensorError, match="not a Python object of class list"):
        create.convert([1], None, None)


@pytest.mark.parametrize("rows", [1, 3, 5000])
@pytest.mark.parametrize("dtype", [None, torch.bfloat16, torch.int16, torch.float64])
def test_columns_become_rows(rows, dtype):
    first, second = np.arange(rows) % 100, -np.arange(rows) % 100
    frame = columns([first, second], ["double", "integer"], [float(rows), 2.0])
    made = create.create_from_columns(frame, dtype, "cpu")
    assert made.dtype == (dtype or torch.float32)
    assert made.is_contiguous()
    assert torch.equal(made.double(), torch.tensor(np.stack([first, second], 1)).double())
    matrix = columns([np.r_[first, second]], ["double"], [float(rows), 2.0], matrix=True)
    assert torch.equal(create.create_from_columns(matrix, dtype, "cpu"), made)


def test_columns_are_checked_and_may_be_empty():
    with pytest.raises(TensorError, match="300"):
        create.create_from_columns(columns([[300.0]], ["double"], [1.0, 1.0]), torch.uint8, "cpu")
    empty = create.create_from_columns(columns([[]], ["logical"], [0.0, 1.0]), None, "cpu")
    assert (empty.shape, empty.dtype) == ((0, 1), torch.bool)
