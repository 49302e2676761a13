"""A thread that reads ahead ends with the one that uses what it reads."""

import threading
import time
from collections.abc import Iterator

import pytest

from pytwolayer.files import read_ahead as module
from pytwolayer.files.read_ahead import read_ahead


def readers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "pytwolayer-reader"]


def wait_for_readers() -> list[str]:
    end = time.monotonic() + 10
    while readers() and time.monotonic() < end:
        time.sleep(0.01)
    return readers()


def test_items_come_in_order_and_the_thread_is_gone() -> None:
    assert list(read_ahead(iter(range(100)))) == list(range(100))
    assert not readers()


def test_the_thread_ends_where_its_start_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(read_ahead(iter(range(100))))
    assert not wait_for_readers()


def test_the_thread_ends_where_waiting_for_its_end_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.set()

    items = read_ahead(numbers())
    assert next(items) == 0
    alive = threading.Thread.is_alive

    def interrupted(thread: threading.Thread) -> bool:
        if thread.name == "pytwolayer-reader":
            raise KeyboardInterrupt
        return alive(thread)

    with monkeypatch.context() as patch:
        patch.setattr(module.Thread, "is_alive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            items.close()  # type: ignore[attr-defined]
    assert closed.wait(10)
    assert not wait_for_readers()
