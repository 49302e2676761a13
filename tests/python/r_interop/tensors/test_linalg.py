"""R's functions of matrices."""

import pytest
import torch

from pytwolayer.r_interop.tensors import linalg
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

A = torch.tensor([[4.0, 1], [1, 3]], dtype=torch.float64)


def test_a_vector_is_a_column_and_shares_its_memory():
    x = torch.ones(3)
    assert linalg.as_matrix(x).shape == (3, 1)
    assert linalg.as_matrix(x).data_ptr() == x.data_ptr()
    assert linalg.as_matrix(A) is A
    with pytest.raises(TensorError, match="vector or a matrix"):
        linalg.as_matrix(torch.ones(1, 1, 1))


def test_cross_products():
    x = torch.tensor([[1, 2], [3, 4], [5, 6]])
    assert linalg.cross_product(x, None, "crossprod").tolist() == [[35, 44], [44, 56]]
    assert linalg.cross_product(x, sent([1, 2], dim=[1.0, 2.0]), "tcrossprod").tolist() == [
        [5],
        [11],
        [17],
    ]
    assert linalg.cross_product(x, sent([1, 1, 1.5]), "crossprod").dtype == torch.float64
    with pytest.raises(TensorError, match=r"`crossprod\(\)` has non-conformable"):
        linalg.cross_product(x, A, "crossprod")


def test_outer_products_have_the_shape_asked_for():
    found = linalg.outer(torch.tensor([1, 2]), sent([1, 2, 3], "integer"), [2.0, 3.0])
    assert found.tolist() == [[1, 2, 3], [2, 4, 6]]
    assert linalg.outer(torch.tensor([True]), 2, [1.0, 1.0]).dtype == torch.int64


@pytest.mark.parametrize(
    ("x", "rows", "width", "expected"),
    [
        (torch.tensor(2), None, None, [[1, 0], [0, 1]]),
        (torch.tensor([5]), None, 2.0, [[5, 0], [0, 5]]),
        (torch.tensor([5]), 2.0, None, [[5, 0], [0, 5]]),
        (torch.tensor([1, 2]), None, None, [[1, 0], [0, 2]]),
        (torch.tensor([1, 2]), 3.0, None, [[1, 0, 0], [0, 2, 0], [0, 0, 1]]),
        (torch.tensor([1, 2]), None, 3.0, [[1, 0, 0], [0, 2, 0]]),
        (torch.tensor([1, 2]), 1.0, 2.0, [[1, 0]]),
        (torch.tensor([1, 2]), 3.0, 1.0, [[1], [0], [0]]),
    ],
)
def test_diagonal_matrices_are_rs(x, rows, width, expected):
    assert linalg.diagonal(x, rows, width).tolist() == expected


def test_the_diagonal_of_a_matrix_is_a_view():
    x = torch.ones(2, 2)
    linalg.diagonal(x, None, None).fill_(5)
    assert x.tolist() == [[5, 1], [1, 5]]
    with pytest.raises(TensorError, match=r"`diag\(\)` takes"):
        linalg.diagonal(torch.ones(1, 1, 1), None, None)


def test_decompositions():
    upper = linalg.decompose("chol", A)
    assert torch.allclose(upper.t() @ upper, A)
    assert torch.equal(upper, upper.triu())
    assert torch.allclose(linalg.decompose("inverse", A) @ A, torch.eye(2).double())
    sign, logarithm = linalg.decompose("determinant", -A[:1, :1])
    assert (sign.item(), logarithm.exp().item()) == (-1, pytest.approx(4))


def test_systems_of_equations():
    assert linalg.solve(A, sent([5, 4])).tolist() == pytest.approx([1, 1])
    assert linalg.solve(A, A).shape == (2, 2)
    assert linalg.solve(torch.tensor([[2]]), 1).tolist() == [0.5]


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: linalg.solve(x, sent([1, 2])),
        lambda x: linalg.decompose("determinant", x)[1],
        lambda x: linalg.cross_product(x, None, "tcrossprod"),
        lambda x: linalg.outer(x, x, [4.0, 4.0]),
        lambda x: linalg.diagonal(x[0], 3.0, None),
    ],
)
def test_gradients_are_those_of_finite_differences(compute):
    assert torch.autograd.gradcheck(compute, A.clone().requires_grad_())
