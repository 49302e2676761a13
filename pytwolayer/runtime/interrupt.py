"""Ctrl-C while the network is trained: noted at once, acted on between two batches.

A KeyboardInterrupt in the middle of a step would lose the fit, and inside R it can end the
process. So for the time of the training SIGINT sets a flag, and the loop looks at it.
"""

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ROOM = 256  # bytes; no system's struct sigaction is larger


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False

    def __call__(self, number: int, frame: Any) -> None:
        """Note the first press; a second one ends the program in the usual way."""
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


@contextmanager
def watch_for_interrupt() -> Iterator[Interrupt]:
    """Note Ctrl-C for the time being; only the main thread can.

    Whatever answered SIGINT before, Python's handler or one of C (R's), does so again
    afterwards. Where it is ignored, as in a job in the background, it stays ignored.
    """
    interrupt = Interrupt()
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield interrupt
        return
    c_handler = _c_handler()
    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)
        if c_handler is not None:
            _sigaction(c_handler, None)


def _c_handler() -> Any:
    """Save what answers SIGINT now in C.

    Python does not tell: where R runs, reticulate may have put a handler of C over the one
    that Python knows.
    """
    saved = ctypes.create_string_buffer(_ROOM)
    return saved if _sigaction(None, saved) else None


def _sigaction(new: Any, old: Any) -> bool:
    try:
        return bool(ctypes.CDLL(None).sigaction(int(signal.SIGINT), new, old) == 0)
    except (AttributeError, OSError, TypeError):  # no such function in this system
        return False
