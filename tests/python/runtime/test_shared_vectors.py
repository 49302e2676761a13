"""Vectors that processes of one machine exchange by shared memory, and what ends the waiting."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from launched import launch_loaded

from conftest import HANGS
from pytwolayer.runtime import shared_vectors
from pytwolayer.runtime.shared_vectors import SharedVectors, share_vectors, size_of

needs_it = pytest.mark.skipif(
    shared_vectors._place() is None, reason="only on Linux, on processors that keep an order"
)
LENGTH = 5


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "vectors"
    file.write_bytes(bytes(size_of(2, LENGTH)))
    return file


@needs_it
def test_each_gets_what_each_has_written_exchange_after_exchange(path, monkeypatch):
    # Locks are of a process, and here one process plays both parts.
    monkeypatch.setattr(SharedVectors, "_is_gone", lambda self, rank: False)
    sent = torch.randn(2, 500, LENGTH, generator=torch.Generator().manual_seed(1))
    received = torch.zeros(2, 500, 2, LENGTH)

    def play(rank):
        vectors = SharedVectors(path, rank, 2, LENGTH)
        for own, every in zip(sent[rank], received[rank], strict=True):
            vectors.exchange(own, every, HANGS)

    players = [threading.Thread(target=play, args=(rank,)) for rank in (0, 1)]
    for player in players:
        player.start()
    for player in players:
        player.join(HANGS)
    assert torch.equal(received[0], sent.transpose(0, 1))
    assert torch.equal(received[1], received[0])


OTHER = """
import sys, torch
from pathlib import Path
from pytwolayer.runtime.shared_vectors import SharedVectors
vectors = SharedVectors(Path(sys.argv[1]), 1, 2, 5)
print("here", flush=True)
if sys.stdin.readline() == "leave\\n":
    vectors.close()
    print("left", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other(path):
    """Another process of the group, which exchanges nothing."""
    command = [sys.executable, "-c", OTHER, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


def exchange(path, seconds):
    own = torch.zeros(LENGTH)
    SharedVectors(path, 0, 2, LENGTH).exchange(own, own.new_empty(2, LENGTH), seconds)


@needs_it
def test_a_process_that_was_killed_is_not_waited_for(path, other):
    other.send_signal(signal.SIGKILL)
    with pytest.raises(RuntimeError, match="process 1 has ended"):
        exchange(path, HANGS)


@needs_it
def test_a_process_that_has_left_is_not_waited_for(path, other):
    other.stdin.write("leave\n")
    other.stdin.flush()
    assert other.stdout.readline() == "left\n"
    with pytest.raises(RuntimeError, match="process 1 has ended"):
        exchange(path, HANGS)


@needs_it
def test_a_process_that_hangs_is_waited_for_so_long(path, other):
    other.send_signal(signal.SIGSTOP)
    with pytest.raises(RuntimeError, match="timed out waiting for process 1"):
        exchange(path, 0.1)


def files():
    return {each.name for each in Path("/dev/shm").glob("pytwolayer-*")}


@needs_it
def test_alone_it_works_and_leaves_no_file():
    before = files()
    vectors = share_vectors(0, 1, LENGTH, lambda value: [value], lambda value: value)
    own, every = torch.arange(5.0), torch.zeros(1, LENGTH)
    for _ in range(3):
        vectors.exchange(own, every, HANGS)
        assert torch.equal(every[0], own)
    vectors.close()
    vectors.close()
    assert files() <= before


@needs_it
def test_where_another_process_ends_before_it_has_come_no_file_is_left():
    before, answers = files(), iter([[shared_vectors._place()] * 2])

    def gather(value):
        for answer in answers:
            return answer
        raise RuntimeError("connection closed by peer")

    with pytest.raises(RuntimeError):
        share_vectors(0, 2, LENGTH, gather, lambda value: value)
    assert files() <= before


@pytest.mark.parametrize("why", ["another machine", "no room", "another folder"])
def test_where_memory_cannot_be_shared_there_is_none(why, monkeypatch):
    answers = {"another machine": lambda value: [value, ("other", "net:[1]")]}
    gather = answers.get(why, lambda value: [value, value])
    monkeypatch.setattr(shared_vectors, "_place", lambda: ("here", "net:[2]"))
    if why == "no room":
        monkeypatch.setattr(shared_vectors, "_new_file", lambda size: None)
    if why == "another folder":
        monkeypatch.setattr(shared_vectors, "_new_file", lambda size: Path("/not/there"))
    assert share_vectors(0, 2, LENGTH, gather, lambda value: value) is None


GATHERED = """
import torch
from pytwolayer.runtime import process_group, shared_vectors
from pytwolayer.runtime.process_group import join_group

if rank == 1 and "sockets" in sys.argv[1]:
    shared_vectors._place = lambda: None
with join_group(60) as group:
    for turn in range(3):
        every = torch.zeros(2, 2, 3)
        group.gather_vectors(torch.full((2, 3), turn + rank / 2), every)
        tell(f"{turn}", every[:, 0, 0].tolist())
    tell("shared", group._shared[6] is not None)
"""


@needs_it
@pytest.mark.parametrize("how", ["memory", "sockets"])
def test_a_group_uses_it_where_all_can(how, tmp_path):
    folder = tmp_path / how
    folder.mkdir()
    told = launch_loaded(folder, GATHERED, 2)
    assert told == {"0": [0, 0.5], "1": [1, 1.5], "2": [2, 2.5], "shared": how == "memory"}
