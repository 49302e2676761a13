"""Ctrl-C during training: recorded by a flag, which the loop checks between batches.

A KeyboardInterrupt in the middle of a step would lose the fit, and inside R it can end the
process. So during training SIGINT only sets a flag.
"""

import ctypes
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_ROOM = 256  # bytes; no system's struct sigaction is larger


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False

    def __call__(self, number: int, frame: Any) -> None:
        """Record the first press; a second one raises KeyboardInterrupt."""
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True

    def settle(self) -> None:
        """Learn what was still to be read."""


class AgreedInterrupt(Interrupt):
    """Whether Ctrl-C was pressed, as several processes have agreed at a step.

    Parameters
    ----------
    own : Interrupt
        That of this process, of which the others are told.
    """

    def __init__(self, own: Interrupt) -> None:
        self._own, self._agreed = own, False
        self._unread: Callable[[], bool] | None = None

    @property
    def pressed(self) -> bool:
        """Whether they have agreed on it; set, it is what this process says."""
        return self._agreed

    @pressed.setter
    def pressed(self, value: bool) -> None:
        self._own.pressed = value

    @property
    def asked_here(self) -> bool:
        """Whether this process was asked."""
        return self._own.pressed

    def agree(self, pressed: bool) -> None:
        """Take note of what they have agreed on."""
        self._agreed, self._unread = pressed, None

    def agree_later(self, read: Callable[[], bool]) -> None:
        """Take note of how to read what they have agreed on, which takes time."""
        self._unread = read

    def settle(self) -> None:
        """Read what they have agreed on; all of them have to do so at the same step."""
        if self._unread is not None:
            self.agree(self._unread())


@contextmanager
def watch_for_interrupt() -> Iterator[Interrupt]:
    """Record Ctrl-C within the context; in other threads than the main one nothing is done.

    The handler of before, Python's or one in C (R's), is restored afterwards. If SIGINT is
    ignored, as in a background job, it stays ignored.
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
    """Save the process's present handler of SIGINT, a C struct.

    ``signal.getsignal()`` does not return it: inside R, reticulate may have replaced Python's
    handler by its own in C.
    """
    saved = ctypes.create_string_buffer(_ROOM)
    return saved if _sigaction(None, saved) else None


@cache
def _this_process() -> ctypes.CDLL:
    """Open the process's own functions; to do it anew takes as long as a step of a small fit."""
    return ctypes.CDLL(None)


def _sigaction(new: Any, old: Any) -> bool:
    try:
        return bool(_this_process().sigaction(int(signal.SIGINT), new, old) == 0)
    except (AttributeError, OSError, TypeError):  # the system has no such function
        return False
