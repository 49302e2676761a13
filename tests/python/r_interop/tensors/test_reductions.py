"""R's group Summary and ``mean()``."""

import math

import pytest
import torch

from pytwolayer.r_interop.tensors import reductions as r
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

NAN = math.nan
X = torch.tensor([[1.0, NAN], [3, 4]])


def test_all_elements_of_all_arguments_count():
    assert r.summary("sum", "nan", [X, 2, sent([1, 1], "integer")]).item() == 12
    assert r.summary("sum", "", [torch.tensor([True, True])]).item() == 2
    assert r.summary("prod", "", [torch.tensor([2, 3])]).dtype == torch.float64
    assert r.summary("range", "nan", [X]).tolist() == [1, 4]
    assert r.summary("max", "", [X]).isnan()
    assert r.summary("range", "infinite", [torch.tensor([1, math.inf])]).tolist() == [1, 1]


def test_without_elements_r_is_to_warn():
    found, warned = r.summary("max", "", [torch.tensor([], dtype=torch.int64)])
    assert (found.item(), warned) == (-math.inf, ["max"])
    found, warned = r.summary("range", "nan", [torch.tensor([NAN])])
    assert (found.tolist(), warned) == ([math.inf, -math.inf], ["min", "max"])


def test_whole_and_real_numbers_are_compared_exactly():
    large = torch.tensor([2**24 + 1])
    found = r.summary("max", "", [large, torch.tensor([1.0])])
    assert (found.item(), found.dtype) == (2**24 + 1, torch.float64)
    assert r.summary("max", "", [torch.tensor([1.0]), sent([2], "integer")]).dtype == torch.float32
    with pytest.raises(TensorError, match="no tensor of float64 holds"):
        r.summary("max", "", [torch.tensor([2**53 + 1]), torch.tensor([1.0])])


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("any", [1.0, NAN], True), ("any", [0.0, NAN], None), ("any", [0.0], False),
        ("all", [1.0, NAN], None), ("all", [0.0, NAN], False), ("all", [1.0], True),
        ("all", [], True),
    ],
)  # fmt: skip
def test_missing_values_decide_as_in_r(name, values, expected):
    tensor, value = r.decide(name, "", [torch.tensor(values)])
    assert value is expected
    assert tensor.dim() == 0
    assert bool(tensor.isnan()) == (expected is None)


def test_missing_values_may_be_dropped_before():
    assert r.decide("all", "nan", [torch.tensor([1.0, NAN])])[1] is True


def test_means():
    assert r.mean(torch.tensor([1, 2]), False, 0).item() == 1.5
    assert r.mean(X, True, 0).item() == pytest.approx(8 / 3)
    assert r.mean(torch.tensor([9.0, 1, 2, 3, -5]), False, 0.2).item() == 2
    assert r.mean(torch.tensor([9.0, 1, 2]), False, 0.5).item() == 2
    assert r.mean(X, False, 0.4).isnan()


def test_dimensions_count_from_0():
    assert r.checked_dims(X, None) == (0, 1)
    assert r.checked_dims(X, [-1.0]) == (1,)
    for wrong in ([2.0], [-3.0], [0.5]):
        with pytest.raises(TensorError, match="counts from 0"):
            r.checked_dims(X, wrong)
    with pytest.raises(TensorError, match="twice"):
        r.checked_dims(X, [0.0, -2.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sum", [4, 4]),
        ("prod", [3, 4]),
        ("max", [3, 4]),
        ("min", [1, 4]),
        ("range", [[1, 4], [3, 4]]),
    ],
)
def test_summaries_along_a_dimension_may_drop_missing_values(name, expected):
    assert r.summary_along(name, X, [0.0], False, "nan").tolist() == expected


def test_dimensions_may_be_kept_and_be_several():
    assert r.summary_along("sum", X, [0.0], True, "").shape == (1, 2)
    assert r.summary_along("max", torch.ones(2, 3, 4), [0.0, 2.0], False, "").shape == (3,)
    assert r.summary_along("sum", torch.tensor(2.0), None, False, "").item() == 2


def test_the_gradient_of_an_extreme_goes_to_one_place_or_to_all():
    x = torch.ones(2, 2, requires_grad=True)
    r.summary_along("max", x, [0.0], False, "").sum().backward()
    assert sorted(x.grad.flatten().tolist()) == [0, 0, 1, 1]
    x.grad = None
    r.summary_along("max", x, None, False, "").backward()
    assert x.grad.flatten().tolist() == [0.25] * 4


def test_nothing_along_a_dimension_gives_infinities_and_a_warning():
    found, warned = r.summary_along("max", torch.ones(0, 2), [0.0], False, "")
    assert (found.tolist(), warned) == ([-math.inf] * 2, ["max"])
    _, warned = r.summary_along("min", torch.full((2, 1), NAN), [0.0], False, "nan")
    assert warned == ["min"]


def test_what_is_undecided_along_a_dimension_is_an_error():
    assert r.summary_along("any", X, [0.0], False, "").tolist() == [True, True]
    with pytest.raises(TensorError, match="undecided"):
        r.summary_along("all", X, [0.0], False, "")
    assert r.summary_along("all", X, [0.0], False, "nan").tolist() == [True, True]
    assert r.summary_along("all", torch.ones(2), None, False, "")[1] is True


def test_means_along_a_dimension():
    assert r.mean_along(X, [0.0], False, True).tolist() == [2, 4]
    assert r.mean_along(torch.tensor([[1, 2]]), [1.0], True, False).tolist() == [[1.5]]


def test_margins_are_of_rows_or_columns():
    cube = torch.arange(8.0).reshape(2, 2, 2)
    assert r.margins("rowSums", cube, False, 1).tolist() == [6, 22]
    assert r.margins("colSums", cube, False, 1).shape == (2, 2)
    assert r.margins("colMeans", X, True, 1).tolist() == [2, 4]
    assert r.margins("rowMeans", torch.tensor([[True, False]]), False, 1).tolist() == [0.5]
    with pytest.raises(TensorError, match="at least two dimensions"):
        r.margins("rowSums", torch.ones(2), False, 1)
    with pytest.raises(TensorError, match="`dims` from 1 to 1"):
        r.margins("rowSums", X, False, 2)
