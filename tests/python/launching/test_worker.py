"""What a worker's error becomes when it is sent."""

import errno
import pickle
import sys
from types import ModuleType

import pytest

from pytwolayer.errors import WorkerError
from pytwolayer.launching.job_file import Job, write_job
from pytwolayer.launching.worker import _content, _described


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


def test_what_was_given_of_a_module_that_is_not_here_is_told_with_its_name(tmp_path, monkeypatch):
    module = ModuleType("of_the_caller")
    exec("def loss(output, y): return output - y", module.__dict__)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "of_the_caller", module)
        file = write_job(Job("toy_worker", module.loss, 2), tmp_path, None, b"")
    with pytest.raises(WorkerError) as caught:
        _content(file, 1)
    expected = (
        "cannot read what it was given: ModuleNotFoundError: No module named 'of_the_caller'."
    )
    assert str(caught.value).startswith("Worker 1 on ")
    assert str(caught.value).endswith(expected)
