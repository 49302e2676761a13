"""Reading ahead: the next item of an iterator is made in a thread while this one is used."""

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

_T = TypeVar("_T")
_LOOK_SECONDS = 0.1  # a thread with nothing to do looks this often whether it is to end


def read_ahead(items: Iterator[_T], depth: int = 1) -> Iterator[_T]:
    """Yield the items of an iterator, which a thread makes ahead of time.

    An error in the thread is raised here. Where this iterator is left before its end, the thread
    ends after the item that it is making.

    Parameters
    ----------
    items : iterator
        It is closed at the end if it can be.
    depth : int
        Number of items that wait; one more is being made.
    """
    reader = _Reader(items, depth)
    try:
        reader.start()
        yield from reader.items()
    finally:
        reader.stop()


class _Reader(Generic[_T]):
    """The thread and its queue."""

    def __init__(self, items: Iterator[_T], depth: int) -> None:
        self._items = items
        self._queue: Queue[tuple[bool, _T | BaseException | None]] = Queue(depth)
        self._stopped = Event()
        self._thread = Thread(target=self._read, name="pytwolayer-reader", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def items(self) -> Iterator[_T]:
        """Yield the items."""
        while True:
            is_item, item = self._queue.get()
            if is_item:
                yield item  # type: ignore[misc]
            elif isinstance(item, BaseException):
                raise item
            else:
                return

    def stop(self) -> None:
        """End the thread, and wait for its end."""
        self._stopped.set()  # first: the thread then ends also where this is interrupted
        while self._thread.is_alive():
            with suppress(Empty):  # makes room for an item that waits to be put in
                self._queue.get(timeout=0.01)

    def _put(self, entry: tuple[bool, _T | BaseException | None]) -> None:
        """Put an entry into the queue as soon as there is room, unless nobody wants it."""
        while not self._stopped.is_set():
            with suppress(Full):
                self._queue.put(entry, timeout=_LOOK_SECONDS)
                return

    def _read(self) -> None:
        last: BaseException | None = None
        try:
            for item in self._items:
                self._put((True, item))
                if self._stopped.is_set():
                    break
        except BaseException as problem:  # noqa: BLE001  (raised where the items are used)
            last = problem
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
        self._put((False, last))
