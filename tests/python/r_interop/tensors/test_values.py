"""R's vectors and arrays to tensors and back."""

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import values
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent


def test_a_vector_keeps_its_numbers_and_an_array_is_folded_by_columns():
    assert values.from_r(sent([1.5, 2])).tolist() == [1.5, 2]
    matrix = values.from_r(sent([1, 2, 3, 4, 5, 6], "integer", [2.0, 3.0]))
    assert matrix.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert matrix.dtype == torch.int32
    assert values.from_r(sent([1, 0], "logical")).tolist() == [True, False]
    assert values.from_r(sent([1, 2], "integer", [2.0, 1.0]), flat=True).shape == (2,)
    assert values.from_r(sent([])).shape == (0,)


def test_pieces_are_joined():
    halves = {
        "bytes": [*sent([1.0])["bytes"], *sent([2.0])["bytes"]],
        "kind": "double",
        "dim": None,
    }
    assert values.from_r(halves).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("x", "kind", "back"),
    [
        (torch.tensor([[1.5, 2], [3, 4]]), "double", [1.5, 3, 2, 4]),
        (torch.tensor([True, False]), "logical", [1, 0]),
        (torch.tensor([2**31 - 1]), "integer", [2**31 - 1]),
        (torch.tensor([-(2**31)]), "double", [-(2.0**31)]),
        (torch.tensor([2**53]), "double", [2.0**53]),
        (torch.tensor(3, dtype=torch.uint8), "integer", [3]),
        (torch.tensor([1.0], requires_grad=True).half(), "double", [1]),
        (torch.eye(2).to_sparse(), "double", [1, 0, 0, 1]),
    ],
)
def test_r_gets_the_type_that_holds_the_numbers(x, kind, back):
    got = values.to_r(x)
    assert got["kind"] == kind
    assert got["dim"] == list(map(float, x.shape))
    dtype = np.float64 if kind == "double" else np.int32
    assert np.frombuffer(b"".join(got["bytes"]), dtype).tolist() == back


def test_what_r_cannot_hold_is_an_error():
    with pytest.raises(TensorError, match=r"beyond 2\^53"):
        values.to_r(torch.tensor([2**53 + 1]))
    with pytest.raises(TensorError, match="Complex numbers cannot be passed to R"):
        values.to_r(torch.tensor([1j]))


def test_order_by_columns_is_a_view_both_ways():
    flat = torch.arange(6)
    folded = values.column_major(flat, [2, 3])
    assert folded.tolist() == [[0, 2, 4], [1, 3, 5]]
    assert folded.data_ptr() == flat.data_ptr()
    assert values.flatten(folded).data_ptr() == flat.data_ptr()
    assert values.flatten(torch.arange(4).reshape(2, 2)).tolist() == [0, 2, 1, 3]
    assert values.recycle(torch.tensor([1, 2, 3]), [2, 2]).tolist() == [[1, 3], [2, 1]]


def test_numbers_take_the_type_of_real_numbers_beside_them():
    half = torch.zeros(1, dtype=torch.float16)
    whole = torch.zeros(1, dtype=torch.int16)
    assert values.as_tensor(2, half).dtype == torch.float16
    assert values.as_tensor(sent([1], "integer"), half).dtype == torch.float16
    assert values.as_tensor(2.5, whole).dtype == torch.float64
    assert values.as_tensor(True, whole).dtype == torch.bool
    assert values.as_tensor(sent([1], "integer"), whole).dtype == torch.int32
    assert values.as_tensor(np.float32(1), half).dtype == torch.float32
    assert values.as_tensor(whole, half) is whole
    first, second = values.as_tensors(1, half)
    assert (first.dtype, second) == (torch.float16, half)
    assert (
        values.convert_like(torch.tensor([0.5]).double(), whole, torch.float32).dtype
        == torch.float32
    )


def test_other_objects_are_named_in_the_error():
    with pytest.raises(
        TensorError, match="`value` must be numbers or a tensor, not a Python object"
    ):
        values.to_tensor(object(), "`value`")


def test_values_are_described_by_shape_and_type():
    assert values.describe(torch.zeros(2, 3)) == "a 2x3 float32 tensor"
    assert values.describe(torch.tensor(1)) == "a 0-dimensional int64 tensor"
    assert values.describe(torch.zeros(2).bool()) == "a length-2 bool tensor"
    assert values.describe(1.5) == "the number 1.5"
    assert values.describe(sent([1])) == "R numbers"


def test_whole_numbers_and_bools_compute_as_in_r():
    assert values.countable(torch.tensor([True])).dtype == torch.int64
    assert values.countable(torch.tensor([1.0])).dtype == torch.float32
    assert values.as_double(torch.tensor([1])).dtype == torch.float64
    assert values.as_double(torch.tensor([1.0])).dtype == torch.float32
    one, other = values.promoted(torch.tensor([1]), torch.tensor([1.5]))
    assert one.dtype == other.dtype == torch.float32
    assert values.widest(one) == torch.float64
    assert values.first_tensor([1, one, other]) is one


def test_facts_of_a_tensor():
    x = torch.zeros(2, 3, requires_grad=True)
    assert values.sizes(x) == values.sizes(x.shape) == [2.0, 3.0]
    assert values.needs_gradient(x)


def test_only_the_first_line_of_pytorchs_message_is_kept():
    long = RuntimeError("wrong shape\nframe #0: libtorch")
    assert values.first_line(long) == "wrong shape"
    assert values.first_line(ValueError()) == "ValueError"
