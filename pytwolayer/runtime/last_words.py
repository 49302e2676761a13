"""What a process says before SIGTERM ends it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_STDERR = 2


@contextmanager
def last_words(words: Callable[[], str | None]) -> Iterator[None]:
    """Have this process write a line to its standard error before SIGTERM ends it.

    It is ended as it would be without: at once, by the signal. Where the program has a handler of
    its own, or ignores the signal, and in other threads than the main one, nothing is done.

    Parameters
    ----------
    words : callable
        Returns the line; None: there is nothing to say.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        with suppress(Exception):  # whatever happens, this process has to end
            if (line := words()) is not None:
                # Not by `sys.stderr`, which the signal may have interrupted in its work.
                os.write(_STDERR, f"pytwolayer: {line}\n".encode())
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
