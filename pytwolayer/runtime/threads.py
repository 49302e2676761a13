"""How many threads compute: one where a step is so small that more would only wait."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytwolayer.runtime import torch_loading
from pytwolayer.runtime.torch_loading import torch

# Multiplications in a step's largest matrix product. Measured: below it a second thread gains
# nothing on quiet processors, and on busy ones costs ten times the time and more.
_SMALL = 4_000_000

_process = torch_loading.LOADING_PID
_lock = threading.Lock()


def reset_after_fork() -> None:
    """Compute with one thread in a forked child, whoever forked it; once in each.

    The threads that its parent computed with are not there, but OpenMP would wait for them
    for ever. ``os.register_at_fork()`` does not see a fork of C, such as that of R's
    ``mclapply()``.
    """
    global _process, _lock
    if os.getpid() != _process:
        _process = os.getpid()
        _lock = threading.Lock()  # who held it may not be here
        torch.set_num_threads(1)


@contextmanager
def limit_threads(multiplications: int) -> Iterator[None]:
    """Compute with one thread if the work is small; as many as before afterwards.

    So the digits of a small fit do not depend on the number of threads.
    """
    reset_after_fork()
    with _lock:  # where this thread of Python is new to PyTorch, its number is settled here
        before = torch.get_num_threads()
    if multiplications >= _SMALL or before == 1:
        yield
        return
    _compute_alone(before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _compute_alone(before: int) -> None:
    """Have this thread of Python compute with one thread, and new ones as before.

    The number belongs to each thread of Python, but one that is new to PyTorch begins with
    what was set last, anywhere; so the last to set it must not be a small fit.
    """
    with _lock:
        torch.set_num_threads(1)
        try:
            other = threading.Thread(target=torch.set_num_threads, args=(before,))
            other.start()
            other.join()
        except RuntimeError:  # no room for another thread, or Python is about to end
            return
