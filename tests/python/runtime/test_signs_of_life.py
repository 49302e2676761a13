"""Processes tell each other how far they are, and why they fail."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from shelf import Shelf

from pytwolayer.errors import ArgumentError, WorkerError
from pytwolayer.runtime import signs_of_life
from pytwolayer.runtime.signs_of_life import SignsOfLife


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch):
    for name, seconds in (("_BEAT", 0.01), ("_QUIET", 1.0), ("_PATIENCE", 0.5), ("_LOOK", 0.01)):
        monkeypatch.setattr(signs_of_life, name, seconds)


@pytest.fixture
def make():
    with ExitStack() as stack:

        def of(steps, store=None):
            store = store or Shelf()
            lives = [
                SignsOfLife(store, rank, len(steps), lambda at=at: at)
                for rank, at in enumerate(steps)
            ]
            for each in lives:
                stack.callback(each.end)
            return lives

        yield of


def explanation(first):
    """Wait until the first has read of all, as it has where an exchange took too long."""
    while not all(sign.text for sign in first._signs.values()):
        time.sleep(0.01)
    return str(first.who_is_behind(600))


def test_who_did_not_come_to_an_exchange_is_named(make):
    first, *_ = make([7, 7, 6])
    assert explanation(first).startswith("Worker 2 on ")
    assert "did not go on for 600 seconds" in explanation(first)


def test_who_gives_no_sign_of_life_is_named_before_who_is_behind(make):
    first, second, _ = make([7, 7, 6])
    explanation(first)
    second.end()
    time.sleep(1.2)
    assert explanation(first).startswith("Worker 1 on ")
    assert "gave no sign of life, and was waited for 600 seconds" in explanation(first)


def test_nobody_is_named_where_all_are_there(make):
    first, *others = make([7, 7, 7])
    assert explanation(first) == "None"
    assert others[0].who_is_behind(600) is None


@pytest.mark.parametrize(
    ("problem", "firsts"),
    [
        (ZeroDivisionError("of the user's"), ZeroDivisionError),
        (ArgumentError("x", "a path", "none"), WorkerError),
        (OSError("full"), WorkerError),
        (RuntimeError(threading.Lock()), WorkerError),  # which cannot be sent
    ],
)
def test_a_failure_is_told_as_itself_to_the_first_unless_it_may_be_a_machines(
    make, problem, firsts
):
    first, second, third = make([1, 1, 1])
    also = []
    second.tell_failure(problem, lambda: also.append(1))
    assert also == [1]
    assert type(first.failure()) is firsts
    told = third.failure()
    assert type(told) is WorkerError
    assert told.rank == 1
    assert str(told).endswith(f"failed: {type(problem).__name__}: {problem}".rstrip(".") + ".")


def test_where_nobody_says_why_it_is_not_known(make):
    assert make([1, 1])[0].failure() is None


def test_who_failed_is_known_at_once_or_not(make):
    first, second = make([1, 1])
    assert first.who_failed() is None
    second.tell_failure(ZeroDivisionError("of the user's"), lambda: None)
    assert str(first.who_failed()).endswith("failed: ZeroDivisionError: of the user's.")


def test_the_first_failure_stays(make):
    first, second, third = make([1, 1, 1])
    for each, text in ((second, "the first"), (third, "what came of it")):
        each.tell_failure(ValueError(text), lambda: None)
    assert str(first.failure()) == "the first"


def test_all_wait_for_each_other_at_each_point(make):
    lives, left = make([1, 1, 1]), []

    def work(life, seconds):
        for point in (1, 2):
            time.sleep(seconds)
            life.wait_for_all(point, 30)
            left.append(point)

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(work, *each) for each in zip(lives, (0, 0.1, 0.2), strict=True)]
    assert [each.exception() for each in done] == [None] * 3
    assert left == [1, 1, 1, 2, 2, 2]


def test_who_waits_is_told_of_a_failure(make):
    first, second, _ = make([1, 1, 1])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.wait_for_all, 1, 30)
        first.tell_failure(ValueError("the data"), lambda: None)
    with pytest.raises(WorkerError, match=r"Worker 0 on .* failed: ValueError: the data"):
        waiting.result()


@pytest.mark.parametrize(("waits", "quiet"), [(0, 1), (1, 0)])
def test_who_waits_notices_that_another_gives_no_sign_of_life(make, waits, quiet):
    lives = make([1, 1])
    time.sleep(0.1)
    lives[quiet].end()
    with pytest.raises(WorkerError, match=r"gave no sign of life for 0\.3 seconds") as info:
        lives[waits].wait_for_all(1, 0.3)
    assert info.value.rank == quiet
