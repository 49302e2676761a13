"""The processes of one run meet in the launcher's store, also after a restart."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from shelf import Shelf

from pytwolayer.errors import WorkerError
from pytwolayer.runtime import meeting
from pytwolayer.runtime.meeting import meet


def all_meet(store, size, first_to_come=None, seconds=30):
    with ThreadPoolExecutor(size) as pool:
        ranks = sorted(range(size), key=lambda rank: rank != first_to_come)
        coming = {rank: pool.submit(meet, store, rank, size, seconds) for rank in ranks}
    return [coming[rank].exception() or coming[rank].result() for rank in range(size)]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_each_attempt_has_one_name_of_its_own(size):
    store = Shelf()
    attempts = [all_meet(store, size, first_to_come=turn % size) for turn in range(4)]
    assert all(len(set(names)) == 1 for names in attempts)
    assert len({names[0] for names in attempts}) == 4


def test_what_processes_left_that_died_while_they_waited_is_passed_over(monkeypatch):
    store = Shelf()
    monkeypatch.setattr(meeting, "_LONGER", 0)
    with pytest.raises(WorkerError):
        meet(store, 1, 3, 0.05)  # it waits for a first that never comes
    with pytest.raises(WorkerError, match="in vain for workers 1, 2"):
        meet(store, 0, 3, 0.05)  # the dead one is told the name, and does not answer
    names = all_meet(store, 3)
    assert len(set(names)) == 1
    assert isinstance(names[0], str)


def test_who_does_not_come_is_named_by_all_who_came():
    store = Shelf()
    with ThreadPoolExecutor(2) as pool:
        coming = [pool.submit(meet, store, rank, 4, 0.2) for rank in (0, 2)]
    said = [str(each.exception()) for each in coming]
    assert said[0] == said[1]
    assert said[0].endswith("waited 0.2 seconds in vain for workers 1, 3.")


def test_a_first_that_does_not_come_is_named(monkeypatch):
    monkeypatch.setattr(meeting, "_LONGER", 0.1)
    with pytest.raises(WorkerError, match=r"waited 0\.2 seconds in vain for worker 0\.") as info:
        meet(Shelf(), 1, 2, 0.1)
    assert info.value.rank is None
