"""A process ends when the one that started it has died."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_INTERVAL = 0.5  # seconds


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Have the system send this process a signal when its parent has died.

    Where the system cannot, a thread looks for it.
    """
    parent = os.getppid()
    if not _set_death_signal(number):
        when_orphaned(parent, lambda: os.kill(os.getpid(), number))
    elif os.getppid() != parent:  # it died in the meantime
        os.kill(os.getpid(), number)


def is_orphan(parent: int) -> bool:
    """Tell whether another process than this one is the parent by now."""
    return hasattr(os, "getppid") and os.getppid() != parent


def when_orphaned(parent: int, act: Callable[[], object]) -> None:
    """Call a function, in a thread, once the parent has died."""

    def look() -> None:
        while not is_orphan(parent):
            time.sleep(_INTERVAL)
        act()

    threading.Thread(target=look, daemon=True).start()


def _set_death_signal(number: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0) == 0)
    except (AttributeError, OSError):
        return False
