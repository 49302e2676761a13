"""Exchanges that are queued on a GPU: when they are waited for, and how that is given up."""

import os
import threading
from types import SimpleNamespace

import pytest
import torch

from pytwolayer import WorkerError
from pytwolayer.runtime import gpu_vectors
from pytwolayer.runtime.gpu_vectors import GpuVectors, briefly
from pytwolayer.runtime.process_group import TorchGroup

HANDLING = "TORCH_NCCL_ASYNC_ERROR_HANDLING"


class Gpu:
    """A GPU that comes to an exchange's end after so many looks, and NCCL's part."""

    def __init__(self, looks=0, noticed=False, failure=None):
        self.looks, self.noticed, self.failure = looks, noticed, failure
        self.done = []

    def new_group(self, **how):
        self.done.append(("made", how["backend"], os.environ.get(HANDLING)))
        return "group"

    def gather(self, every, own, *, group, async_op):
        assert (group, async_op) == ("group", True)
        self.done.append("queued")
        return SimpleNamespace(wait=lambda: None, is_completed=lambda: self.noticed)

    def record(self):
        self.done.append("recorded")

    def query(self):
        if self.failure is not None:
            raise self.failure
        self.looks -= 1
        return self.looks < 0


@pytest.fixture
def vectors(monkeypatch):
    def make(gpu, seconds=60.0, has_failed=lambda: False):
        core = torch.distributed.distributed_c10d
        monkeypatch.setattr(torch.distributed, "new_group", gpu.new_group)
        monkeypatch.setattr(torch.distributed, "all_gather_single", gpu.gather, raising=False)
        ends = {"_abort_process_group": "aborted", "destroy_process_group": "destroyed"}
        for name, what in ends.items():
            for module in (core, torch.distributed):
                monkeypatch.setattr(
                    module, name, lambda group, what=what: gpu.done.append(what), raising=False
                )
        monkeypatch.setattr(gpu_vectors, "new_event", lambda device: gpu)
        return GpuVectors(torch.device("cuda"), seconds, has_failed)

    return make


def test_an_exchange_is_queued_and_waited_for_later(vectors):
    own = vectors(gpu := Gpu(looks=5))
    own.exchange(torch.ones(2), torch.ones(4))
    own.exchange(torch.ones(2), torch.ones(4))
    assert gpu.done[1:] == ["queued", "recorded"] * 2
    assert gpu.looks == 5
    own.settle()
    assert gpu.looks == -1
    own.settle()  # nothing is left to wait for
    assert gpu.looks == -1
    own.end()
    assert gpu.done[-1] == "destroyed"


ENDLESS = 10**9


@pytest.mark.parametrize(
    ("gpu", "how", "why"),
    [
        ({}, {"seconds": 0.1}, "timed out waiting for another process"),
        ({"noticed": True}, {}, "NCCL has lost another process"),
        ({}, {"has_failed": lambda: True}, "another process has failed"),
    ],
    ids=["silent", "lost", "failed"],
)
def test_what_does_not_come_to_an_end_is_given_up_and_the_gpu_is_free(vectors, gpu, how, why):
    own = vectors(gpu := Gpu(looks=ENDLESS, **gpu), **how)
    own.exchange(torch.ones(2), torch.ones(4))
    with pytest.raises(RuntimeError, match=why):
        own.settle()
    assert gpu.done[-1] == "aborted"
    for again in (own.settle, lambda: own.exchange(torch.ones(2), torch.ones(4))):
        with pytest.raises(RuntimeError, match=why):
            again()
    own.abort()
    own.end()
    assert gpu.done.count("aborted") == 1
    assert "destroyed" not in gpu.done


@pytest.mark.parametrize(("chosen", "there"), [(None, "0"), ("3", "3")])
def test_errors_are_left_to_us_unless_the_user_has_chosen(vectors, monkeypatch, chosen, there):
    monkeypatch.delenv(HANDLING, raising=False)
    if chosen is not None:
        monkeypatch.setenv(HANDLING, chosen)
    vectors(gpu := Gpu())
    assert gpu.done == [("made", "nccl", there)]
    assert os.environ.get(HANDLING) == chosen


@pytest.fixture
def group(vectors, monkeypatch):
    """A group of two processes, of which the other is not heard of."""
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)

    def make(gpu, **how):
        made = TorchGroup(seconds=0.1)
        made._gpus = vectors(gpu, **how)
        made.gather_vectors(torch.ones(2), torch.ones(2, 2))
        return made

    return make


def test_another_process_is_an_error_of_its_own_class(group):
    with pytest.raises(WorkerError, match="has waited for another one in vain") as caught:
        group(Gpu(looks=ENDLESS), seconds=0.1).settle()
    assert not caught.value.may_go_on
    with pytest.raises(WorkerError, match="has lost another one") as caught:
        group(Gpu(looks=ENDLESS, noticed=True)).settle()
    assert caught.value.may_go_on


@pytest.mark.parametrize(
    "problem",
    [
        RuntimeError("CUDA error: device-side assert triggered"),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_what_is_wrong_with_this_processs_own_gpu_stays_what_it_is(group, problem):
    with pytest.raises(type(problem)) as caught:
        group(Gpu(failure=problem)).settle()
    assert caught.value is problem


def test_what_nccl_cannot_do_is_about_the_others(group, monkeypatch):
    def gather(*given, **how):
        raise torch.distributed.DistBackendError("NCCL error, unhandled cuda error: CUDA error")

    own = group(Gpu())
    own._gpus._gather = gather
    with pytest.raises(WorkerError, match="has lost another one"):
        own.gather_vectors(torch.ones(2), torch.ones(2, 2))


def test_what_hangs_is_left_after_a_while(monkeypatch):
    monkeypatch.setattr(gpu_vectors, "_PATIENCE", 0.05)
    never = threading.Event()
    briefly(never.wait)
    briefly(lambda: 1 / 0)
    never.set()
