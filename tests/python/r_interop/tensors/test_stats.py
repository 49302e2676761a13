"""R's functions of statistics. The expected numbers are R's."""

import math

import pytest
import torch

from pytwolayer.r_interop.tensors import stats
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

NAN = math.nan
X = torch.tensor([1, 2, 4, 8, 16], dtype=torch.float64)


def test_differences():
    assert stats.differences(X, 1, 2).tolist() == [1, 2, 4]
    assert stats.differences(X, 2, 1).tolist() == [3, 6, 12]
    assert stats.differences(torch.tensor([[1, 2], [4, 8]]), 1, 1).tolist() == [[3, 6]]
    assert stats.differences(X, 5, 1).shape == (0,)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (1, [1, 2, 8]), (2, [1, 2, 8]), (3, [1, 1, 8]), (4, [1, 1.25, 7]), (5, [1, 1.75, 10]),
        (6, [1, 1.5, 12]), (7, [1.4, 2, 8]), (8, [1, 5 / 3, 32 / 3]), (9, [1, 1.6875, 10.5]),
    ],
)  # fmt: skip
def test_quantiles_by_rs_nine_definitions(definition, expected):
    found = stats.quantiles(X.flip(0), sent([0.1, 0.25, 0.75]), False, definition)
    assert found.tolist() == pytest.approx(expected, rel=1e-14)


def test_quantiles_with_missing_values():
    with pytest.raises(TensorError, match=r"unless `na\.rm`"):
        stats.quantiles(torch.tensor([1.0, NAN]), sent([0.5]), False, 7)
    assert stats.quantiles(torch.tensor([1.0, NAN, 3]), sent([0.5, NAN]), True, 7).tolist()[0] == 2
    assert stats.quantiles(torch.tensor([]), sent([0.5]), False, 7).isnan().tolist() == [True]
    infinite = torch.tensor([1, math.inf, math.inf])
    assert stats.quantiles(infinite, sent([0, 0.75]), False, 7).tolist() == [1, math.inf]


def test_medians():
    assert stats.median(X, False).item() == 4
    assert stats.median(torch.tensor([1, 2]), False).item() == 1.5
    assert stats.median(torch.tensor([1.0, NAN]), False).isnan()
    assert stats.median(torch.tensor([1.0, NAN]), True).item() == 1
    assert stats.median(torch.tensor([]), False).isnan()


def test_variances_and_correlations():
    assert stats.covariance(X, None, "var", "everything").item() == pytest.approx(37.2)
    assert stats.covariance(X, sent([5, 4, 3, 2, 1]), "cor", "everything").item() == pytest.approx(
        -0.9332565252573827
    )
    matrix = torch.tensor([[1.0, 2], [2, 4], [4, 7]])
    found = stats.covariance(matrix, None, "cov", "everything")
    assert found.flatten().tolist() == pytest.approx([7 / 3, 23 / 6, 23 / 6, 19 / 3])
    assert stats.covariance(matrix, matrix[:, 0], "cor", "everything").shape == (2, 1)
    assert stats.covariance(torch.tensor([1]), None, "var", "everything").isnan()
    assert stats.covariance(torch.tensor([]), None, "var", "everything").isnan()


@pytest.mark.parametrize(
    ("use", "expected"),
    [("everything", NAN), ("complete.obs", 0.5), ("na.or.complete", 0.5)],
)
def test_missing_observations(use, expected):
    x = torch.tensor([1.0, 2, NAN])
    assert stats.covariance(x, None, "var", use).item() == pytest.approx(expected, nan_ok=True)


def test_impossible_covariances_are_errors():
    x = torch.tensor([NAN])
    for use, said in (
        ("all.obs", "missing values"),
        ("complete.obs", "No observation is complete"),
    ):
        with pytest.raises(TensorError, match=said):
            stats.covariance(x, None, "var", use)
    with pytest.raises(TensorError, match="as many elements on both sides"):
        stats.covariance(X, x, "cov", "everything")
    with pytest.raises(TensorError, match="needs `x` and `y`"):
        stats.covariance(X, None, "cor", "everything")
    with pytest.raises(TensorError, match="complex"):
        stats.covariance(torch.tensor([1j]), None, "var", "everything")


def test_weighted_means():
    assert stats.weighted_mean(X, sent([1, 1, 0, 0, 2]), False).item() == pytest.approx(8.75)
    assert stats.weighted_mean(torch.tensor([NAN, 2]), sent([0, 1]), False).item() == 2
    assert stats.weighted_mean(torch.tensor([NAN, 2]), sent([1, 1]), True).item() == 2
    with pytest.raises(TensorError, match="same length: 5, 1"):
        stats.weighted_mean(X, 1.0, False)


def test_scaled_columns():
    matrix = torch.tensor([[1.0, 2], [3, NAN], [5, 6]])
    found = stats.scaled(matrix, True, True)
    assert found[:, 0].tolist() == [-1, 0, 1]
    assert found[::2, 1].tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5])
    assert stats.scaled(matrix, sent([1, 2]), False)[0].tolist() == [0, 0]
    assert stats.scaled(matrix, False, sent([1, 2]))[0].tolist() == [1, 1]
    with pytest.raises(TensorError, match="`scale` must be the number of columns, 2"):
        stats.scaled(matrix, False, 1.0)


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: stats.covariance(x, None, "var", "everything"),
        lambda x: stats.quantiles(x, sent([0.3]), False, 7),
        lambda x: stats.median(x, False),
        lambda x: stats.weighted_mean(x, 1.0 + X, False),
        lambda x: stats.scaled(x, True, True)[0],
    ],
)
def test_gradients_are_those_of_finite_differences(compute):
    assert torch.autograd.gradcheck(compute, X.clone().requires_grad_())
