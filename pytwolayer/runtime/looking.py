"""Waiting for what comes within microseconds as a rule, without being woken up."""

import os
import time
from collections.abc import Callable

_LOOKING = 1e-3  # seconds of looking again and again, before naps
_NAP = 1e-4


def look_until(
    is_there: Callable[[], bool], check: Callable[[float], object], every: float
) -> None:
    """Look again and again for a moment, and then with naps, until it is there.

    Parameters
    ----------
    is_there : callable
    check : callable
        Is called now and then with the seconds waited, to give up by an error.
    every : float
        Seconds from one such call to the next.
    """
    start = checked = time.monotonic()
    while not is_there():
        now = time.monotonic()
        if now - start < _LOOKING:
            _let_others_go()
            continue
        time.sleep(_NAP)
        if now - checked >= every:
            checked = now
            check(now - start)


def _let_others_go() -> None:
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)
