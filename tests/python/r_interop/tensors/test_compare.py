"""Comparison of tensors, exact whatever their types."""

import operator

import pytest
import torch

from pytwolayer.r_interop.tensors.compare import COMPARISON, compare, fits, same
from pytwolayer.r_interop.tensors.values import TensorError

NAMES = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
LARGE = 2**53


@pytest.mark.parametrize("symbol", COMPARISON)
@pytest.mark.parametrize("whole", [LARGE - 1, LARGE, LARGE + 1, -LARGE - 1, 2**63 - 1])
@pytest.mark.parametrize("real", [float(LARGE), -float(LARGE), 2.0**63, -(2.0**63), float("inf")])
def test_whole_and_real_numbers_are_compared_as_pythons(symbol, whole, real):
    right = getattr(operator, NAMES[symbol])(whole, real)
    assert compare(symbol, torch.tensor([whole]), torch.tensor([real]).double()).tolist() == [right]
    assert compare(symbol, torch.tensor([whole]), real).tolist() == [right]
    mirrored = getattr(operator, NAMES[symbol])(real, whole)
    assert compare(symbol, real, torch.tensor([whole])).tolist() == [mirrored]
    assert compare(symbol, torch.tensor([real]).double(), torch.tensor([whole])).tolist() == [
        mirrored
    ]


@pytest.mark.parametrize("symbol", COMPARISON)
@pytest.mark.parametrize("number", [-1, 44, 300, 2.5, 1e300, float("nan")])
def test_a_small_type_does_not_wrap_the_number_round(symbol, number):
    found = compare(symbol, torch.tensor([44], dtype=torch.uint8), number)
    assert found.tolist() == [getattr(operator, NAMES[symbol])(44, number)]
    assert found.dtype == torch.bool


def test_real_numbers_are_compared_in_the_tensors_type():
    assert compare("==", torch.tensor(0.1), 0.1).item()
    assert not compare("==", torch.tensor(float("inf")), 1e300).item()
    assert compare("==", torch.tensor([1], dtype=torch.uint8), torch.tensor(257)).tolist() == [
        False
    ]


def test_wide_unsigned_numbers_are_compared_up_to_2_to_63():
    if not hasattr(torch, "uint64"):
        pytest.skip("an older PyTorch")
    x = torch.tensor([5], dtype=torch.int64).to(torch.uint64)
    assert compare("<", x, 6).tolist() == [True]
    with pytest.raises(TensorError, match=r"2\^63"):
        compare("<", torch.tensor([-1]).view(torch.uint64), 6)


def test_a_type_holds_a_number_or_not():
    assert fits(255, torch.zeros(1, dtype=torch.uint8))
    assert not fits(256, torch.zeros(1, dtype=torch.uint8))
    assert not fits(1, torch.zeros(1).bool())


def test_same_tensors_have_type_shape_and_values_alike():
    x = torch.tensor([1.0, float("nan")])
    assert same(x, x.clone().requires_grad_())
    assert not same(x, x.double())
    assert not same(x, x.reshape(2, 1))
    assert not same(x, torch.tensor([1.0, 2]))
