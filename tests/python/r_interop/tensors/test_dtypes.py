"""Types of tensors, and what fits into them."""

import math

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import dtypes
from pytwolayer.r_interop.tensors.values import TensorError


def test_types_have_names_with_or_without_the_module():
    assert dtypes.dtype_named("float32") == dtypes.dtype_named("torch.float32") == torch.float32
    assert dtypes.type_name(torch.int8) == "int8"
    assert dtypes.dtype_named("nn") is None
    assert dtypes.dtype_named("flaot") is None


def test_kinds_of_numbers():
    assert dtypes.kind_of_numbers(torch.tensor(True)) == "logical"
    assert dtypes.kind_of_numbers(torch.tensor(1)) == "numeric"
    assert dtypes.kind_of_numbers(torch.tensor(1j)) == "complex"
    assert dtypes.default_dtype(["integer", "double"]) == torch.float32
    assert dtypes.default_dtype(["logical", "integer"]) == torch.int64
    assert dtypes.default_dtype(["logical"]) == torch.bool
    assert dtypes.is_whole(torch.tensor(True))
    assert not dtypes.is_whole(torch.tensor(1j))
    assert dtypes.holds_fractions(torch.bfloat16)
    assert dtypes.limits(torch.uint8) == (0, 255)
    assert dtypes.limits(torch.bool) == (0, 1)


@pytest.mark.parametrize("value", [-1, 256, math.inf, -math.inf])
def test_numbers_beyond_a_type_are_refused(value):
    with pytest.raises(TensorError, match="does not fit into a tensor of type uint8"):
        dtypes.check_range(np.array([1.0, value]), torch.uint8)


def test_numbers_within_a_type_and_fractions_pass():
    dtypes.check_range(np.array([0, 255.9]), torch.uint8)
    dtypes.check_range(torch.tensor([math.nan, math.inf]), torch.float16)
    dtypes.check_range(np.array([]), torch.int8)
    dtypes.check_range(np.array(["a"]), torch.int8)
    dtypes.check_range(np.array([7]), torch.bool)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_missing_values_need_a_type_that_holds_them(dtype):
    with pytest.raises(TensorError, match=r"Missing values .* type (int64|bool)"):
        dtypes.check_range(np.array([1, math.nan]), dtype)
    with pytest.raises(TensorError, match="Missing values"):
        dtypes.refuse_missing(dtype)
    dtypes.refuse_missing(torch.float32)


def test_what_is_assigned_must_be_held_exactly():
    whole = torch.zeros(2, dtype=torch.int8)
    dtypes.check_exact(torch.tensor([-128.0, 127]), whole)
    dtypes.check_exact(torch.tensor([0.5]), torch.zeros(1))
    for value in (0.5, 128.0, math.nan):
        with pytest.raises(TensorError, match=f"{value} does not fit into a length-2 int8 tensor"):
            dtypes.check_exact(torch.tensor([value]).double(), whole)
    with pytest.raises(TensorError, match="2 does not fit"):
        dtypes.check_exact(torch.tensor([2]), whole.bool())
    with pytest.raises(TensorError, match="Complex numbers"):
        dtypes.check_exact(torch.tensor([1j]), torch.zeros(1))
