"""R's functions by element."""

import math

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import elementwise as e
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

NAN = math.nan


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("abs", -2.0, 2), ("sqrt", 4.0, 2), ("ceiling", 1.2, 2), ("trunc", -1.7, -1),
        ("sign", -3.0, -1), ("exp", 0.0, 1), ("log10", 1000.0, 3), ("cospi", 0.5, 0),
        ("sinpi", 1.0, 0), ("tanpi", 0.25, 1), ("gamma", 5.0, 24), ("lgamma", 1.0, 0),
        ("gamma", -0.5, -2 * math.sqrt(math.pi)), ("digamma", 1.0, -0.5772156649015329),
        ("trigamma", 1.0, math.pi**2 / 6), ("trigamma", -0.5, 8.934802200544679),
        ("trigamma", math.inf, 0),
    ],
)  # fmt: skip
def test_functions_of_the_group_math(name, value, expected):
    assert e.elementwise(name, numbers(value)).item() == pytest.approx(
        expected, rel=1e-12, abs=1e-15
    )


@pytest.mark.parametrize(
    ("name", "value"), [("gamma", -1.0), ("digamma", 0.0), ("tanpi", 0.5), ("sign", NAN)]
)
def test_poles_and_missing_values_are_nan(name, value):
    assert e.elementwise(name, numbers(value)).isnan().all()


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.15, 1, 0.1), (2.5, 0, 2), (-1.005, 2, -1.0), (1234.5, -2, 1200), (0.285, 2, 0.28),
        (5e307, -308, 0), (1e-300, 305, 1e-300), (math.inf, 2, math.inf), (1.5, 400, 1.5),
    ],
)  # fmt: skip
def test_rounding_is_rs(value, digits, expected):
    assert e.round_to(numbers(value), digits).item() == expected


def test_whole_numbers_are_rounded_exactly():
    assert e.round_to(torch.tensor([25, 35, -25, 2**62]), -1).tolist()[:3] == [20, 40, -20]
    assert e.round_to(torch.tensor([7]), 2).tolist() == [7]
    assert e.round_to(torch.tensor([7]), -30).tolist() == [0]
    assert e.significant(torch.tensor([123456]), 2).tolist() == [120000]
    with pytest.raises(TensorError, match="Rounded numbers do not fit"):
        e.round_to(torch.tensor([127], dtype=torch.int8), -1)


def test_significant_digits():
    assert e.significant(numbers(123.456, 0.00012345, 0, math.inf), 3).tolist() == [
        123, 0.000123, 0, math.inf,
    ]  # fmt: skip
    assert e.significant(numbers(1.2345e-310), 2).item() == pytest.approx(1.2e-310)


def test_logarithms_to_a_base():
    assert e.log(numbers(8), 2).item() == 3
    assert e.log(numbers(9), numbers(3)).item() == pytest.approx(2)
    assert e.log(numbers(1000), 10).item() == 3
    assert e.elementwise("log", numbers(8, 9), sent([2, 3])).tolist() == pytest.approx([3, 2])


def test_cumulative_functions_run_down_the_columns():
    x = torch.tensor([[1, 3], [2, 4]])
    assert e.elementwise("cumsum", x).tolist() == [1, 3, 6, 10]
    assert e.elementwise("cumprod", x).dtype == torch.float64
    assert e.elementwise("cummax", torch.tensor([2, 1, 3])).tolist() == [2, 2, 3]
    assert e.elementwise("cummin", torch.tensor([2, 1, 3])).tolist() == [2, 1, 1]


def test_functions_of_real_numbers_refuse_complex_ones():
    with pytest.raises(TensorError, match=r"`floor\(\)` takes real numbers only"):
        e.elementwise("floor", torch.tensor([1j]))


def test_predicates_are_rs_logicals():
    got = e.predicate(torch.tensor([NAN, math.inf, 1]), "is.finite")
    assert got["kind"] == "logical"
    assert np.frombuffer(got["bytes"][0], np.int32).tolist() == [0, 0, 1]


@pytest.mark.parametrize("name", ["round", "signif", "exp", "gamma", "trigamma", "cospi"])
def test_gradients_are_finite_and_zero_where_rounded(name):
    x = numbers(0.7, 2.3).requires_grad_()
    e.elementwise(name, x, *([1] if name in ("round", "signif") else [])).sum().backward()
    assert x.grad.isfinite().all()
    assert bool((x.grad == 0).all()) == (name in ("round", "signif"))


def test_two_way_functions_recycle():
    assert e.two_way(numbers(1, -1), 1, "atan2").tolist() == pytest.approx(
        [math.pi / 4, -math.pi / 4]
    )
    assert e.two_way(torch.tensor([2]), sent([3, 4]), "beta").tolist() == pytest.approx(
        [1 / 12, 1 / 20]
    )
    assert e.two_way(numbers(1), 1, "lbeta").item() == 0
    with pytest.raises(TensorError, match="no elements to recycle"):
        e.two_way(numbers(1, 2), numbers(), "atan2")


def test_parallel_extremes_take_the_shape_of_the_largest():
    matrix = torch.tensor([[1.0, 5], [3, NAN]])
    assert e.extreme("pmax", False, [sent([2, 4]), matrix]).tolist()[0] == [2, 5]
    assert e.extreme("pmin", True, [matrix, 2]).tolist() == [[1, 2], [2, 2]]
    assert e.extreme("pmax", False, [torch.tensor([]), 1.0]).shape == (0,)


def test_choices_keep_the_shape_of_the_test_and_the_gradient():
    x = numbers(1, 2, 3).requires_grad_()
    found = e.choose(x, 0.0, sent([1, 0, 1], "logical"))
    found.sum().backward()
    assert (found.tolist(), x.grad.tolist()) == ([1, 0, 3], [1, 0, 1])
    missing = e.choose(torch.tensor([1, 2]), 5, sent([1, NAN]))
    assert missing.dtype == torch.float64
    assert missing.isnan().tolist() == [False, True]
    assert e.choose(numbers(7), 1, torch.tensor([[True], [False]])).tolist() == [[7], [1]]
