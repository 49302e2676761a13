"""Taking parts by R's indices, made zero-based."""

import pytest
import torch

from pytwolayer.r_interop.tensors import index
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent


@pytest.fixture
def x():
    return torch.arange(12.0).reshape(3, 4)


def steps(start, count, step=1):
    return {"start": float(start), "count": float(count), "step": float(step)}


@pytest.mark.parametrize(
    "entries",
    [[None, None], [steps(1, 2), None], [None, steps(0, 2, 2)], [steps(2, 1), steps(1, 1)]],
)
def test_runs_give_views(x, entries):
    found = index.take(x, {"along": entries}, True)
    assert found is not x
    found.fill_(-1)
    assert (x == -1).sum() == found.numel()


def test_single_positions_count_down_the_columns_and_give_views(x):
    found = index.take(x, {"cell": 4.0}, True)
    assert (found.item(), found.dim()) == (5, 0)
    found.fill_(-1)
    assert x[1, 1] == -1
    assert index.take(x, {"cell": 0.0}, False).shape == (1,)
    assert index.cell(x, {"cell": 4.0}) == (1, 1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"along": [sent([2, 0]), None]}, [[8, 9, 10, 11], [0, 1, 2, 3]]),
        ({"along": [{"places": torch.tensor([-1])}, steps(0, 2)]}, [8, 9]),
        ({"along": [{"places": torch.tensor([[0, 1]])}, steps(0, 1)]}, [0, 4]),
        ({"cells": sent([0, 4]), "vector": True}, [0, 5]),
    ],
)
def test_other_indices_give_copies(x, given, expected):
    found = index.take(x, given, True)
    assert found.tolist() == expected
    found.fill_(-1)
    assert (x >= 0).all()


def test_masks_give_elements_in_rs_order(x):
    assert index.take(x, {"mask": x.remainder(5) == 0}, True).tolist() == [0, 5, 10]
    mask = torch.tensor([[True, True], [True, False]])
    assert index.take(torch.tensor([[1, 2], [3, 4]]), {"mask": mask}, True).tolist() == [1, 3, 2]
    with pytest.raises(TensorError, match=r"For rows write `x\[mask, \]`"):
        index.take(x, {"mask": torch.ones(3).bool()}, True)


def test_dimensions_of_length_one_may_be_kept(x):
    assert index.take(x, {"along": [steps(1, 1), None]}, True).shape == (4,)
    assert index.take(x, {"along": [steps(1, 1), None]}, False).shape == (1, 4)
    assert index.take(torch.tensor(5), {"along": []}, True).item() == 5


def test_tensors_are_masks_or_positions(x):
    assert index.index_kind(torch.tensor([True])) == "mask"
    assert index.index_kind(torch.tensor([1])) == "positions"
    for wrong in (torch.tensor([1], dtype=torch.uint8), torch.tensor([1.0])):
        with pytest.raises(TensorError):
            index.index_kind(wrong)
    for outside in (3, -4):
        with pytest.raises(TensorError, match=f"dimension 1 has 3 elements.* is {outside}"):
            index.take(x, {"along": [{"places": torch.tensor([outside])}, None]}, True)


def test_parts_of_an_index(x):
    assert index.run(None, 4) == slice(0, 4)
    assert index.run(steps(1, 2, 2), 4) == slice(1, 4, 2)
    assert index.run(steps(1, 0), 4) == slice(1, 1, 1)
    assert index.is_block({"places": torch.ones(1, 1)})
    assert not index.is_block(None)
    assert index.positions(sent([2, 0]), x).dtype == torch.int64
    assert index.positions_along({"places": torch.tensor([-1])}, x, 1).tolist() == [3]
    rows, columns = index.coordinates(torch.tensor([0, 4]), x)
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [0, 1])
    assert [part.tolist() for part in index.cells(x, {"cell": 4.0})] == [[1], [1]]


def test_gradients_flow_through_all_of_them(x):
    x.requires_grad_()
    for given in ({"along": [steps(0, 2), None]}, {"cells": sent([0, 0, 1])}, {"mask": x > 3}):
        x.grad = None
        index.take(x, given, True).sum().backward()
        assert x.grad.sum() == index.take(x, given, True).numel()
