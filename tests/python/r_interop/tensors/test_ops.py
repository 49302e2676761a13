"""R's operators."""

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import ops
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

MATRIX = torch.arange(6.0).reshape(2, 3)


def test_tensors_are_broadcast_as_in_python_and_vectors_recycled_as_in_r():
    assert torch.equal(ops.binary("+", MATRIX, torch.ones(3)), MATRIX + 1)
    found = ops.binary("*", MATRIX, sent([1, 10]))
    assert found.tolist() == [[0, 1, 2], [30, 40, 50]]
    assert ops.binary("+", sent([1, 2, 3, 4, 5, 6]), MATRIX).tolist() == [[1, 4, 7], [5, 8, 11]]
    with pytest.raises(TensorError, match="length 4 cannot be recycled over a 2x3"):
        ops.binary("+", MATRIX, sent([1, 2, 3, 4]))


@pytest.mark.parametrize(
    ("left", "right", "dtype"),
    [
        (torch.ones(2).half(), 2.5, torch.float16),
        (torch.ones(2).half(), sent([2.5, 1]), torch.float16),
        (torch.ones(2, dtype=torch.int32), 2, torch.int32),
        (torch.ones(2, dtype=torch.int32), sent([2.5, 1]), torch.float32),
        (torch.ones(2, dtype=torch.uint8), 300, torch.int64),
        (torch.ones(2).bool(), True, torch.int64),
        (torch.ones(2), np.ones(2), torch.float64),
    ],
)
def test_types_of_results(left, right, dtype):
    assert ops.binary("+", left, right).dtype == dtype


def test_remainder_and_quotient_are_rs():
    x = torch.tensor([-5.0, 5])
    assert ops.binary("%%", x, 3.0).tolist() == [1, 2]
    assert ops.binary("%/%", x, 3.0).tolist() == [-2, 1]
    with pytest.raises(TensorError, match=r"`%%` fails .*division by zero"):
        ops.binary("%%", torch.tensor([1]), 0)


def test_matrix_products_promote_rs_numbers_and_do_not_recycle():
    assert ops.binary("%@%", MATRIX, sent([1, 2, 3])).tolist() == [8, 26]
    whole = torch.ones(2, 2, dtype=torch.int32)
    assert ops.binary("%@%", whole, sent([1.5, 2])).tolist() == [3.5, 3.5]
    with pytest.raises(TensorError, match="`%@%` fails between a 2x3 float32 tensor and R numbers"):
        ops.binary("%@%", MATRIX, sent([1, 2]))


def test_results_without_dimensions_bring_rs_truth_value():
    tensor, value = ops.binary("<", torch.tensor(1), 2)
    assert (tensor.dtype, tensor.dim(), value) == (torch.bool, 0, True)
    assert isinstance(ops.binary("<", torch.tensor([1]), 2), torch.Tensor)
    assert ops.unary("!", torch.tensor(5.0))[1] is False
    assert isinstance(ops.flagged(torch.empty((), device="meta")), torch.Tensor)
    missing, value = ops.truth_value(MATRIX, None)
    assert missing.isnan()
    assert value is None


def test_logic_takes_any_number_but_no_missing_one():
    two, none = torch.tensor([2, 0], dtype=torch.uint8), torch.tensor([0, 0])
    assert ops.binary("|", two, none).tolist() == [True, False]
    assert ops.binary("&", two, 0.5).tolist() == [True, False]
    assert ops.unary("!", two).tolist() == [False, True]
    for missing in (torch.tensor([float("nan")]), float("nan")):
        with pytest.raises(TensorError, match="Missing values"):
            ops.truth(missing, two)


def test_signs():
    assert ops.unary("-", torch.tensor([True])).tolist() == [-1]
    assert ops.unary("+", torch.tensor([1.5])).tolist() == [1.5]


def test_a_comparison_with_numbers_that_the_type_does_not_hold():
    assert ops.converted(sent([1e300]), torch.ones(1), "<").dtype == torch.float64
    assert ops.converted(sent([1e300]), torch.ones(1), "+").dtype == torch.float32
    assert ops.converted(sent([0.5]), torch.tensor([1]), "<").dtype == torch.float64


def test_gradients_flow_through_both_operands():
    x = torch.ones(2, requires_grad=True)
    y = torch.ones(2, requires_grad=True)
    ops.binary("*", ops.binary("^", x, 3.0), y).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert y.grad.tolist() == [1, 1]


def test_errors_name_the_operator_and_the_operands():
    with pytest.raises(TensorError, match=r"`\+` fails between a 2x3 .* and a length-2"):
        ops.binary("+", MATRIX, torch.ones(2))
    with pytest.raises(TensorError, match="takes tensors and numbers, not a Python object"):
        ops.binary("+", MATRIX, [1])
    with pytest.raises(TensorError, match="`exp` fails for a 2x3"):
        ops.named("exp", MATRIX, lambda: MATRIX @ MATRIX)
