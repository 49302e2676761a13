"""The number of threads: one for small steps, where more would only wait for each other."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytwolayer.runtime import torch_loading
from pytwolayer.runtime.torch_loading import torch

# Multiplications in a step's largest matrix product. Measured by benchmarks/threads.py: below this
# a second thread makes steps slower, on idle processors by up to 5 times, since the threads sleep
# while they wait for each other, and beside other processes by 5 % and more.
_SMALL = 500_000_000

_process = torch_loading.LOADING_PID
_lock = threading.Lock()


def reset_after_fork() -> None:
    """Limit a forked child to one thread, on the first call in it; elsewhere fix the number.

    PyTorch fixes a Python thread's number on its first use there. That must not be while another
    Python thread has set its own.

    A child does not have the threads of its parent's OpenMP pool, but would wait for them for
    ever. ``os.register_at_fork()`` is no help: it does not see forks by C code, such as R's
    ``mclapply()``.
    """
    global _process, _lock
    if os.getpid() != _process:
        _process = os.getpid()
        _lock = threading.Lock()  # its holder may not exist in the child
        torch.set_num_threads(1)
    else:
        with _lock:
            torch.get_num_threads()


@contextmanager
def limit_threads(multiplications: int) -> Iterator[None]:
    """Compute with one thread if the work is small; restore the number of threads afterwards.

    The results of small fits then do not depend on the number of threads.
    """
    reset_after_fork()
    before = torch.get_num_threads()
    if multiplications >= _SMALL or before == 1:
        yield
        return
    _use_one_thread(before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _use_one_thread(before: int) -> None:
    """Set one thread for this Python thread, and leave other Python threads as they are.

    The setting belongs to each Python thread, but a thread that uses PyTorch for the first time
    takes the number that was set last in any thread. So another thread sets the old number last.
    """
    with _lock:
        torch.set_num_threads(1)
        try:
            other = threading.Thread(target=torch.set_num_threads, args=(before,))
            other.start()
            other.join()
        except RuntimeError:  # no thread can be started, or Python is shutting down
            return
