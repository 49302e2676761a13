"""What a worker's error becomes when it is sent."""

import errno
import pickle

from pytwolayer.launching.worker import _described


def test_an_error_that_can_be_sent_is_sent_as_itself():
    data, _, trace = _described(KeyError("mine"), 1)
    problem = pickle.loads(data)
    assert isinstance(problem, KeyError)
    assert problem.args == ("mine",)
    assert "mine" in trace


def test_an_error_that_cannot_be_sent_is_told_with_type_and_text():
    class OwnError(Exception):
        pass

    data, stand_in, _ = _described(OwnError("of a kind of its own"), 2)
    assert data is None
    assert stand_in.rank == 2
    assert "OwnError: of a kind of its own" in str(stand_in)


def test_a_full_disk_is_told_with_the_rank():
    problem = OSError(errno.ENOSPC, "No space left on device")
    data, stand_in, _ = _described(problem, 1)
    assert data is None
    assert "Worker 1" in str(stand_in)
    assert "No space left on device" in str(stand_in)
