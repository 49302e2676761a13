"""R's vectors as arrays, as far as it goes without R."""

import ctypes

import numpy as np
import pytest

from pytwolayer.r_interop import bridge
from pytwolayer.r_interop.shared_memory import (
    UnsharedError,
    sent_vectors,
    vectors_of,
)


def closure_over(held):
    return lambda: held


def test_vectors_sent_as_bytes_are_seen_and_cannot_be_changed():
    sent = {"holder": None, "library": None, "values": [np.array([1.0, 2.0]).tobytes(), b""]}
    first, second = sent_vectors(sent)
    assert first.tolist() == [1.0, 2.0]
    assert second.tolist() == []
    assert not first.flags.writeable


@pytest.mark.parametrize("holder", [closure_over(1), len, ctypes.c_int])
def test_what_is_no_function_of_r_cannot_be_shared(holder):
    with pytest.raises(UnsharedError):
        vectors_of(holder, "/nowhere/libR.so")
    assert bridge.can_share(holder, "/nowhere/libR.so") is False
