"""What passes between R and PyTorch's own functions."""

from collections import OrderedDict

import numpy as np
import pytest
import torch

from pytwolayer.r_interop.tensors import calls
from pytwolayer.r_interop.tensors.values import TensorError

from .sent import sent

NAN = float("nan")


def test_whole_numbers_beyond_rs_integer_become_doubles_with_their_neighbours():
    large = 2**31
    assert calls.numbers_for_r(large) == float(large)
    assert isinstance(calls.numbers_for_r(large), float)
    found = calls.numbers_for_r([1, large, [2], True])
    assert [type(each) for each in found] == [float, float, list, bool]
    assert type(calls.numbers_for_r({"a": (1, -large)})["a"][1]) is float
    assert isinstance(calls.numbers_for_r(OrderedDict(a=large)), OrderedDict)


def test_containers_without_large_numbers_are_given_back_themselves():
    for value in ([1, [2.5, None]], (1, "a"), {"a": {"b": [1]}}, 2**31 - 1, torch.Size([2])):
        assert calls.numbers_for_r(value) is value


def test_numbers_beyond_a_double_are_an_error():
    assert calls.numbers_for_r(2**53) == 2.0**53
    for value in (2**53 + 1, [2**53 + 1], {"a": (1, -(2**60))}):
        with pytest.raises(TensorError, match=r"beyond 2\^53") as caught:
            calls.numbers_for_r(value)
        assert caught.value.number in ("9007199254740993", "-1152921504606846976")


def test_arrays_of_numbers_go_to_r_as_tensors_do():
    got = calls.array_for_r(np.array([[1.0, 2], [3, 4]], ">f4"))
    assert got["kind"] == "double"
    assert np.frombuffer(got["bytes"][0]).tolist() == [1, 3, 2, 4]
    read_only = np.arange(2)
    read_only.flags.writeable = False
    assert calls.array_for_r(read_only)["kind"] == "integer"
    assert calls.array_for_r(np.array(["a"])) is None


def test_arrays_of_r_are_copies_with_their_dimensions():
    r = sent([1, 2, 3, 4], dim=[2.0, 2.0])
    array = calls.array_from_r(r)
    array[0, 0] = 9
    assert np.frombuffer(r["bytes"][0])[0] == 1
    assert array.tolist() == [[9, 3], [2, 4]]
    assert calls.array_from_r(sent([1j, 2], "complex", [1.0, 2.0])).tolist() == [[1j, 2]]


@pytest.mark.parametrize(
    ("function", "args", "named"),
    [
        (torch.tensor, [[1, NAN]], {"dtype": torch.int64}),
        (torch.full, [[2], NAN], {"dtype": torch.bool}),
        (torch.zeros(2, dtype=torch.int64).fill_, [NAN], {}),
        (torch.nn.init.constant_, [torch.zeros(2, dtype=torch.int64), NAN], {}),
        (torch.add, [torch.ones(1), NAN], {"out": torch.ones(1, dtype=torch.int32)}),
        (torch.zeros(2, dtype=torch.int64).masked_fill, [torch.ones(2).bool(), NAN], {}),
    ],
)
def test_missing_values_for_types_that_cannot_hold_them_are_an_error(function, args, named):
    with pytest.raises(TensorError, match=r"[Mm]issing values"):
        calls.call_with_care(function, args, named, True)


def test_an_unwritten_tensor_keeps_its_values_after_such_an_error():
    x = torch.ones(2, dtype=torch.int64)
    with pytest.raises(TensorError):
        calls.call_with_care(x.fill_, [NAN], [], True)
    assert x.tolist() == [1, 1]


def test_missing_values_pass_where_they_have_a_place_or_do_not_matter():
    assert calls.call_with_care(torch.tensor, [[1, NAN]], [], True).isnan().tolist() == [
        False,
        True,
    ]
    places = calls.call_with_care(torch.searchsorted, [torch.tensor([1.0]), NAN], [], True)
    assert places.item() == 1
    assert calls.call_with_care(torch.isnan, [torch.tensor([NAN])], [], True).tolist() == [True]


def test_arrays_beyond_the_type_named_are_an_error():
    with pytest.raises(TensorError, match="300 does not fit"):
        calls.call_with_care(torch.tensor, [np.array([300])], {"dtype": torch.uint8}, False)
