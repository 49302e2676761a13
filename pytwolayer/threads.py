"""How many threads compute: one where a step is so small that more would only wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytwolayer.torch_loading import torch

# Multiplications in a step's largest matrix product. Measured: below it a second thread gains
# nothing on quiet processors, and on busy ones costs ten times the time and more.
_SMALL = 4_000_000


class _Usual:
    """The number of threads outside of all small fits that are under way.

    Fits in several threads of Python overlap; what one has set must not be what another
    puts back.
    """

    def __init__(self) -> None:
        self._lock, self._under_way, self._threads = threading.Lock(), 0, 1

    def enter(self) -> int:
        with self._lock:
            if not self._under_way:
                self._threads = torch.get_num_threads()
            self._under_way += 1
            return self._threads

    def leave(self) -> None:
        with self._lock:
            self._under_way -= 1


_usual = _Usual()


@contextmanager
def threads_for(multiplications: int) -> Iterator[None]:
    """Compute with one thread if the work is small; as many as before afterwards.

    So the digits of a small fit do not depend on the number of threads.
    """
    if multiplications >= _SMALL:
        yield
        return
    before = _usual.enter()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _usual.leave()
